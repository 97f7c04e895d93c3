"""Guests become members on the portal's page of joining: a card alone, or a number with a code that the door's modem sends.

Implements `hub.storefront.joiner.Joiner`. No hub is needed: facts and the sealed row wait on the door's disk.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Literal

from edge.portal.ways.entry import CodeSent as Sent
from edge.portal.ways.entry import NotYet as Not
from edge.portal.ways.members import Members
from edge.portal.ways.sentences import join_message
from edge.portal.ways.sms import SmsCodes
from edge.portal.ways.store import WaysStore
from hub.client.becoming import Yes
from hub.client.db import writing
from hub.storefront.consent_words import VERSION, consent_text
from hub.storefront.joiner import CodeSent, Joined, NotYet, Wish
from hub.storefront.numbers import read_number
from hub.wire.fact import Medium
from hub.wire.sync_members import Fields

FORM_LIVES_S = 3_600.0
MOST_FORMS = 2_000


class PortalJoiner:
    """Takes guests in. `sms`: None where this door sends no codes. `country`: whose numbers are typed without +."""

    def __init__(
        self,
        store: WaysStore,
        members: Members,
        sms: SmsCodes | None,
        country: str,
        random: Callable[[int], bytes],
    ) -> None:
        self._store = store
        self._members = members
        self._sms = sms
        self._country = country
        self._random = random
        self._lock = threading.Lock()
        self._forms: OrderedDict[str, float] = OrderedDict()

    def new_form(self, now: float) -> str:
        """A mark that only this page has."""
        mark = self._random(16).hex()
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
        """Whether there is a modem."""
        return self._sms is not None

    def send(self, typed: str, form: str, place: str, language: str, now: float) -> CodeSent | NotYet:
        """Have the door's modem send a code, within its limits."""
        del form
        if self._sms is None:
            return NotYet({"en": "No code can be sent from here.", "zh": "这里无法发送验证码。"})
        answer = self._sms.send(typed, place, language, now, words=join_message)
        return _of(answer) if isinstance(answer, Not) else _sent(answer)

    def check(self, handle: str, typed: str, code: str, place: str, now: float) -> str | NotYet:
        """The number, where this code was sent to it for this handle."""
        number = read_number(typed, self._country)
        if self._sms is None or number is None or not self._sms.went_to(handle, number):
            return NotYet({"en": "Type the number once more.", "zh": "请重新输入号码。"})
        wrong = self._sms.check(handle, code, place, now)
        if wrong is not None:
            return _of(wrong)
        self._sms.used(handle)
        return number.e164

    def join(self, wish: Wish, now: float) -> Joined:
        """Take somebody in, on disk before the card is shown. StorageError where the disk takes none of it."""
        agreed = [_yes("recognise", "", wish), *(_yes("messages", one, wish) for one in wish.mediums)]
        with writing(self._store.pool.here()) as conn:
            made = self._members.take_in(
                conn, Fields(phone=wish.number), agreed, language=wish.language, now=now
            )
        return Joined(made.member, made.token, made.code)

    def invited(self, invitation: str, now: float) -> bool:
        """Tills ask through the hub's pages."""
        del invitation, now
        return False

    def refuse(self, invitation: str, now: float) -> None:
        """Nobody asked here."""

    def waiting(self, now: float) -> str:
        """There is no till beside a phone."""
        del now
        return ""

    def phone_url(self, now: float) -> str:
        """They are on their own phone."""
        del now
        return ""


def _yes(purpose: Literal["recognise", "messages"], medium: Medium | Literal[""], wish: Wish) -> Yes:
    proof = "code" if wish.number else "page"
    return Yes(purpose, consent_text(purpose, medium, wish.language), VERSION, proof, medium)


def _sent(answer: Sent) -> CodeSent:
    return CodeSent(answer.handle, answer.to)


def _of(answer: Not) -> NotYet:
    return NotYet(answer.sentence, answer.wait_s, answer.handle)
