"""Shoppers become members at the screen: a card at once, a number with the hub's code, or all of it on their own phone.

A card alone needs no hub: facts and the sealed row wait on disk. Nothing that was typed stays here: the number travels to the hub
sealed, and is in the form's hidden field and in the visit's memory until the visit ends.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import Literal

from hub.client.becoming import Becoming, Yes
from hub.client.db import writing
from hub.storefront.consent_words import VERSION, consent_text
from hub.storefront.join_sentences import SENTENCES
from hub.storefront.joiner import CodeSent, Joined, NotYet, Wish
from hub.storefront.numbers import read_number
from hub.wire.fact import Medium
from hub.wire.sealing import seal
from hub.wire.sync_doors import (
    CodeCheckReply,
    CodeCheckRequest,
    CodeReply,
    CodeRequest,
    InviteReply,
    InviteRequest,
    WhyNot,
)
from hub.wire.sync_members import Fields
from kiosk.asking import Asking
from kiosk.counter import Counter

FORM_LIVES_S = 3_600.0
MOST_FORMS = 500
KNOWN_S = 60.0
"""How long it is believed what the hub said of its address and its ways to send."""

NO_WAY = InviteReply("", 0.0)


class KioskJoiner:
    """Implements `hub.storefront.joiner.Joiner` at a counter."""

    def __init__(self, counter: Counter, asking: Asking) -> None:
        self._counter = counter
        self._asking = asking
        self._becoming = Becoming(counter.pool, counter.node, counter.outbox, counter.random)
        self._lock = threading.Lock()
        self._forms: OrderedDict[str, float] = OrderedDict()
        self._ways: tuple[float, InviteReply] = (float("-inf"), NO_WAY)

    def new_form(self, now: float) -> str:
        """A mark that only this page has."""
        mark = self._counter.random(16).hex()
        with self._lock:
            self._forms[mark] = now
            while len(self._forms) > MOST_FORMS:
                self._forms.popitem(last=False)
        return mark

    def may_join(self, form: str, place: str, now: float) -> bool:
        """Made here within the hour."""
        del place
        with self._lock:
            made_at = self._forms.get(form)
        return made_at is not None and abs(now - made_at) <= FORM_LIVES_S

    def sends(self) -> bool:
        """Whether the hub can send a code now, as it said a moment ago."""
        return self._hub_ways().sends

    def send(self, typed: str, form: str, place: str, language: str, now: float) -> CodeSent | NotYet:
        """Have the hub send a code."""
        del place, now
        number = read_number(typed, self._hub_ways().country)
        if number is None:
            return _not_yet("wrong-number")
        handle = hashlib.blake2b(f"{form} {number.e164}".encode(), digest_size=16).hexdigest()
        asked = CodeRequest(handle, self._sealed(number.e164), language)
        answer = self._counter.line.question("/v1/code", asked, CodeReply)
        if not isinstance(answer, CodeReply):
            return _not_yet("no-way")
        if not answer.sent:
            return _not_yet(answer.why or "no-way", answer.wait_s)
        return CodeSent(handle, number.shown)

    def check(self, handle: str, typed: str, code: str, place: str, now: float) -> str | NotYet:
        """Have the hub look at the code that came back."""
        del place, now
        number = read_number(typed, self._hub_ways().country)
        if number is None:
            return _not_yet("wrong-number")
        asked = CodeCheckRequest(handle, self._sealed(number.e164), code)
        answer = self._counter.line.question("/v1/codecheck", asked, CodeCheckReply)
        if not isinstance(answer, CodeCheckReply):
            return _not_yet("no-way")
        if answer.right:
            return number.e164
        return _not_yet(answer.why or "over", handle=handle if answer.why == "wrong-code" else "")

    def join(self, wish: Wish, now: float) -> Joined:
        """Take somebody in, on disk before the card is shown."""
        invitation = self._asking.of_guest(wish.invitation, now)
        way: Literal["till", "kiosk"] = "till" if invitation is not None else "kiosk"
        agreed = [_yes("recognise", "", wish), *(_yes("messages", one, wish) for one in wish.mediums)]
        with writing(self._counter.pool.here()) as conn:
            made = self._becoming.join(
                conn,
                Fields(phone=wish.number),
                agreed,
                way=way,
                language=wish.language,
                now=now,
                staff=invitation.staff if invitation is not None else "",
            )
        if invitation is not None:
            self._asking.settle(invitation.nonce, "joined", made.member)
        self._counter.syncer.kick()
        return Joined(made.member, made.token, made.code)

    def invited(self, invitation: str, now: float) -> bool:
        """Whether the till waits for whoever holds this."""
        return self._asking.of_guest(invitation, now) is not None

    def refuse(self, invitation: str, now: float) -> None:
        """They said no."""
        found = self._asking.of_guest(invitation, now)
        if found is not None:
            self._asking.settle(found.nonce, "refused")

    def waiting(self, now: float) -> str:
        """Whom the screen is to ask."""
        found = self._asking.waiting(now)
        return found.secret if found is not None else ""

    def phone_url(self, now: float) -> str:
        """The hub's page of joining; where the till has asked somebody, theirs."""
        found = self._asking.waiting(now)
        return found.url if found is not None and found.url else self._hub_ways().url

    def _hub_ways(self) -> InviteReply:
        now = self._counter.clock.now()
        with self._lock:
            asked_at, known = self._ways
        if abs(now - asked_at) <= KNOWN_S:
            return known
        nonce = self._counter.random(16).hex()
        answer = self._counter.line.question(
            "/v1/invite", InviteRequest(nonce, "", self._counter.node.name), InviteReply
        )
        known = answer if isinstance(answer, InviteReply) else NO_WAY
        with self._lock:
            self._ways = (now, known)
        return known

    def _sealed(self, e164: str) -> str:
        return seal(bytes.fromhex(self._counter.node.hub), e164.encode(), self._counter.random(32))


def _yes(purpose: Literal["recognise", "messages"], medium: Medium | Literal[""], wish: Wish) -> Yes:
    proof = "code" if wish.number else "page"
    return Yes(purpose, consent_text(purpose, medium, wish.language), VERSION, proof, medium)


def _not_yet(why: WhyNot, wait_s: float = 0.0, handle: str = "") -> NotYet:
    return NotYet(SENTENCES[why], wait_s, handle)
