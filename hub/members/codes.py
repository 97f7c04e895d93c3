"""Codes to a phone number, at the hub: who may have one, how often, and whether the one that comes back is right.

The database holds keyed hashes of number and code, for a day. A number waits half a minute between two codes and has five a day;
a shop sends two hundred a day, for each costs it money; a code is good for ten minutes and five wrong tries.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass

from hub.members.people_key import PeopleKey
from hub.messages.outbox import Letter, Queued, queue
from hub.store.base import Store
from hub.store.door_records import CodeRow
from hub.storefront.numbers import Number
from hub.wire.snapshot import Text, say
from hub.wire.sync_doors import WhyNot

CODE_DIGITS = 6
CODE_LIVES_S = 600.0
WRONG_TRIES = 5
COOL_DOWN_S = 30.0
SENDS_A_DAY = 5
SHOP_SENDS_A_DAY = 200
DAY_S = 86_400.0
USED, NEVER_SENT = 1, 2

MESSAGE: Text = {
    "en": "{code} is your code at {shop}, good for ten minutes. You did not ask for it? Then ignore it.",
    "zh": "{code} 是您在{shop}的验证码，十分钟内有效。不是您要的，请忽略。",
}


@dataclass(frozen=True, slots=True)
class Held:
    """Not sent, or not right. `wait_s`: when to ask again."""

    why: WhyNot
    wait_s: float = 0.0


class Codes:
    """The codes of the store's shop. `random` gives octets that nobody can guess."""

    def __init__(self, store: Store, key: PeopleKey, random: Callable[[int], bytes]) -> None:
        self._store = store
        self._key = key
        self._random = random

    def send(self, number: Number, handle: str, language: str, now: float) -> Held | None:
        """Send a code for this handle, which nobody else knows; None where it is on its way. The same handle sends one."""
        with self._store.writing():
            if self._store.doors.code(handle) is not None:
                return None
            held = self._held(number.e164, now)
            if held is not None:
                return held
            self._store.doors.forget(now - DAY_S)
            code = f"{int.from_bytes(self._random(8), 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}d}"
            shop = self._store.shop.get()
            text = say(MESSAGE, language).format(code=code, shop=say(shop.name, language) if shop else "")
            letter = Letter(
                id=f"code-{handle}",
                medium="sms",
                why="code",
                text=text,
                number=number.e164,
                not_after=now + CODE_LIVES_S,
                language=language,
            )
            if not isinstance(queue(self._store, letter, now, key=self._key.secret), Queued):
                return Held("wrong-number")
            self._store.doors.put_code(
                CodeRow(handle, self._mark("door number", number.e164), self._hash(handle, code), now)
            )
        return None

    def check(self, handle: str, e164: str, typed: str, now: float) -> Held | None:
        """None where this is the code that was sent to this number for this handle. It is used up by that."""
        with self._store.writing():
            kept = self._store.doors.code(handle)
            is_dead = kept is None or kept.done or kept.tries >= WRONG_TRIES
            if kept is None or is_dead or abs(now - kept.sent_at) > CODE_LIVES_S:
                return Held("over")
            if not hmac.compare_digest(kept.number, self._mark("door number", e164)):
                return Held("over")
            right = hmac.compare_digest(kept.code, self._hash(handle, folded_digits(typed)))
            self._store.doors.count_try(handle, USED if right else 0)
            if right:
                return None
            return Held("over" if kept.tries + 1 >= WRONG_TRIES else "wrong-code")

    def _held(self, e164: str, now: float) -> Held | None:
        before = self._store.doors.sent_to(self._mark("door number", e164), now - DAY_S)
        if before and abs(now - before[-1]) < COOL_DOWN_S:
            return Held("too-often", COOL_DOWN_S - abs(now - before[-1]))
        if len(before) >= SENDS_A_DAY:
            return Held("too-often", max(1.0, before[0] + DAY_S - now))
        if self._store.doors.sent(now - DAY_S) >= SHOP_SENDS_A_DAY:
            return Held("too-often", DAY_S / 24)
        return None

    def _hash(self, handle: str, code: str) -> str:
        return self._mark("door code", f"{handle} {code}")

    def _mark(self, kind: str, value: str) -> str:
        return self._key.mark(self._store.shop.number, kind, value)


def folded_digits(typed: str) -> str:
    """What was typed as its digits: spaces and dashes do not matter, nor do full-width digits of a Chinese keyboard."""
    kept = [sign for sign in typed[:40] if sign not in " -–\t\u3000"]
    return "".join(str(int(sign)) for sign in kept) if all(sign.isdecimal() for sign in kept) else ""
