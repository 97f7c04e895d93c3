"""The outbox: every message that the shop sends waits here, and is sent once.

`queue` puts a letter in, inside the caller's transaction where there is one. Whether its reader may still be written to is asked
when it is handed over, under the same lock under which consent is taken back (`hub.messages.handing`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from hardware.modem.text import weigh
from hub.members.consent import standing
from hub.messages.outbox_limits import LONGEST_TEXT
from hub.messages.outbox_limits import MOST_PARTS as MOST_PARTS
from hub.messages.rules import read_rules
from hub.messages.sealed import Inside, address_hash, close_letter
from hub.store.base import Store
from hub.store.message_records import NewMessage
from hub.wire.events_messages import Why
from hub.wire.fact import Medium

OWN_WISH = frozenset({"campaign", "plan"})
"""What the shop sends of its own accord: it needs consent, keeps quiet hours, counts for caps, and lets others go first."""

LONGEST_ID = 120
_E164 = re.compile(r"\+?[0-9]{3,15}")
"""Also short codes: whoever wrote to us from one may be answered."""

_MAIL = re.compile(r"[^\s@,<>]+@[^\s@,<>]+")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to be sent. `id` (1 to 120 characters, nothing personal in it): the same id is the same message.

    To a `member`, whose address is looked up when it is handed over, or to a `number` (E.164; a mail address for "mail"), where
    nobody knows whose it is. `text` may hold `{name}` (what the member is called), `{page}` (a link to their own page) and
    `{stop}` (a link that ends messages): put in when it is handed over, so that nothing personal waits here. `not_before`,
    `not_after`: seconds of UTC; late messages are not sent at all. `via`: by that channel alone ("answers go back by the channel
    that they came from"); empty: whichever there is. `mailing`: of which messages to many it is one.
    """

    id: str
    medium: Medium
    why: Why
    text: str
    member: str = ""
    number: str = ""
    campaign: int = 0
    plan: str = ""
    step: str = ""
    not_before: float = 0.0
    not_after: float | None = None
    via: str = ""
    subject: str = ""
    language: str = ""
    mailing: int = 0


@dataclass(frozen=True, slots=True)
class Queued:
    """It waits. `number` is its place in the outbox; `again`: it was there before, and nothing has changed."""

    number: int
    again: bool = False


@dataclass(frozen=True, slots=True)
class NotQueued:
    """It cannot be sent: "no-text", "no-reader" (neither member nor number), "bad-number", "too-long", "late"."""

    reason: Literal["no-text", "no-reader", "bad-number", "too-long", "late"]


def queue(store: Store, letter: Letter, now: float, *, key: bytes = b"") -> Queued | NotQueued:
    """Put a letter into the outbox. `key`: the octets of `people.key`; what a person wrote or is to read alone (every `why` but
    campaign and plan, every letter to a number) is kept sealed under it, so those need it (ValueError).

    Call it inside `store.writing()` together with what it belongs to, or alone.
    """
    wrong = _wrong(letter, now)
    if wrong is not None:
        return wrong
    own_wish = letter.why in OWN_WISH
    is_private = bool(letter.number) or not own_wish
    if is_private and not key:
        raise ValueError("a letter to a number, or of this kind, is kept sealed: that needs the key")
    closed = b""
    if is_private:
        closed = close_letter(key, letter.id, Inside(letter.number, letter.text, letter.subject))
    late_s = read_rules(store.messages.rules()).late_hours * 3_600.0
    not_before = max(now, letter.not_before)
    with store.writing():
        # Whoever asked for an answer before they agreed to anything gets it; whoever has agreed is asked again when it goes.
        stood = (
            own_wish or not letter.member or standing(store, letter.member, "messages", letter.medium, now)
        )
        number, is_new = store.messages.add(
            NewMessage(
                id=letter.id,
                medium=letter.medium,
                via=letter.via,
                why=letter.why,
                rank=int(own_wish),
                member=letter.member,
                number_hash=address_hash(key, letter.number) if letter.number else "",
                closed=closed,
                text="" if is_private else letter.text,
                subject="" if is_private else letter.subject,
                language=letter.language,
                campaign=letter.campaign,
                plan=letter.plan,
                step=letter.step,
                mailing=letter.mailing,
                stood=stood,
                queued_at=now,
                not_after=not_before + late_s if letter.not_after is None else letter.not_after,
                next_at=not_before,
            )
        )
    return Queued(number, not is_new)


def silence(store: Store, key: bytes, number: str, now: float) -> None:
    """Somebody at this number said stop: nothing that waits for it now is sent. Whether a member has it does not matter here;
    who hears a stop withdraws the member's consent as well. What this number itself asks for later (a code, a keyword) is
    answered."""
    store.messages.silence(address_hash(key, number), now)


def cancel(store: Store, letter_id: str, now: float) -> bool:
    """Hold one message back; False where it is not there or was handed over already."""
    with store.writing():
        there = store.messages.by_id(letter_id)
        return there is not None and bool(store.messages.stop_waiting("cancelled", now, number=there.number))


def _wrong(letter: Letter, now: float) -> NotQueued | None:
    if not 1 <= len(letter.id) <= LONGEST_ID:
        raise ValueError(f"a letter's id has 1 to {LONGEST_ID} characters")
    if not letter.text.strip():
        return NotQueued("no-text")
    if not letter.member and not letter.number:
        return NotQueued("no-reader")
    if letter.number and letter.medium in ("sms", "mail"):
        pattern = _E164 if letter.medium == "sms" else _MAIL
        if not pattern.fullmatch(letter.number):
            return NotQueued("bad-number")
    most, size = (
        (MOST_PARTS, weigh(letter.text).parts) if letter.medium == "sms" else (LONGEST_TEXT, len(letter.text))
    )
    if size > most:
        return NotQueued("too-long")
    if letter.not_after is not None and letter.not_after < max(now, letter.not_before):
        return NotQueued("late")
    return None
