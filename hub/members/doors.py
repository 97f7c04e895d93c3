"""Joining at the hub: the public site takes people in, with a card alone or with a number that a code confirmed.

Member and facts are one transaction. The same form is one joining; a number that is a member's already leads to that membership,
and makes no second one.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.members.book import Book
from hub.members.codes import Codes, Held
from hub.members.consent import give, is_forgotten, standing
from hub.members.consent_rules import Purpose
from hub.members.invitations import Invitations
from hub.members.joining import Agreed, join_here
from hub.members.links import member_link
from hub.members.people_key import PeopleKey
from hub.outward import NOWHERE, Outward
from hub.store.base import Store
from hub.storefront.consent_words import VERSION, consent_text
from hub.storefront.join_sentences import SENTENCES
from hub.storefront.joiner import CodeSent, Joined, NotYet, Wish
from hub.storefront.numbers import read_number
from hub.wire.card import MEMBER_RANDOM_BYTES, Card, card_hash, make_card, make_member_code
from hub.wire.coupon import Issued
from hub.wire.events import ClockState
from hub.wire.fact import Medium
from hub.wire.rules import Refused
from hub.wire.snapshot import Campaign
from hub.wire.sync_members import Fields

FORM_LIVES_S = 3_600.0
JOINS_AN_HOUR = 120
"""From one address: a shop's own Wi-Fi comes from one, and a rush fills it; who sends more plays."""

CODES_A_DAY = 40
"""Asked for from one address."""

MOST_PLACES = 4_096
SITE = "Public site"
"""What stands as the place in facts about who joined at these pages."""

_RANDOM_DIGITS, _MAC_DIGITS = 16, 20


@dataclass(slots=True)
class Counts:
    """How often something came from each address lately; in memory, as no address of a phone is kept."""

    most: int
    within_s: float
    lock: threading.Lock = field(default_factory=threading.Lock)
    places: OrderedDict[str, list[float]] = field(default_factory=OrderedDict)

    def may(self, place: str, now: float) -> bool:
        """Count one more; False where there were too many."""
        with self.lock:
            kept = [at for at in self.places.pop(place, []) if abs(now - at) < self.within_s]
            allowed = len(kept) < self.most
            self.places[place] = [*kept, now] if allowed else kept
            while len(self.places) > MOST_PLACES:
                self.places.popitem(last=False)
            return allowed


class OwnDesk(Protocol):
    """The counter of the public site, for one member."""

    def campaigns_for(self, member: str, now: float) -> list[Campaign]:
        """What runs now and is meant for this member, because of what they are."""

    def take(self, campaign: int, request_id: str, now: float, *, member: str = "") -> Issued | Refused:
        """Hand out a coupon that is theirs alone. The same request is the same coupon."""


@dataclass(frozen=True, slots=True)
class Doors:
    """What joining and the member's page need of a hub. `people`: the key of personal fields (StorageError: none). `desk`: hands
    out what is meant for one member; None: nothing is."""

    store: Store
    people: Callable[[], PeopleKey]
    hub: Ed25519PrivateKey
    clock: Callable[[], ClockState]
    outward: Outward = NOWHERE
    random: Callable[[int], bytes] = os.urandom
    desk: OwnDesk | None = None

    @property
    def key(self) -> PeopleKey:
        """The key of personal fields."""
        return self.people()

    def sends(self) -> bool:
        """Whether a text message can be sent now."""
        return self.outward.sends()

    def country(self) -> str:
        """Whose numbers are typed without +."""
        return self.outward.country

    @property
    def book(self) -> Book:
        """The members."""
        return Book(self.store, self.key, self.hub.public_key().public_bytes_raw().hex(), self.random)

    @property
    def codes(self) -> Codes:
        """Codes to numbers."""
        return Codes(self.store, self.key, self.random)

    @property
    def invitations(self) -> Invitations:
        """Guests whom a till has asked."""
        return Invitations(self.store, self.key)

    def card(self, member: str, now: float) -> str:
        """The text of a member's QR, signed by the hub."""
        return make_card(self.hub, Card(None, self.store.shop.number, member, int(now)))


class HubJoiner:
    """Takes people in on the public site. Implements `hub.storefront.joiner.Joiner`."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._joins = Counts(JOINS_AN_HOUR, 3_600.0)
        self._asks = Counts(CODES_A_DAY, 86_400.0)

    def new_form(self, now: float) -> str:
        """When it was made, a random part, and a mark that it was made here."""
        head = f"{int(now):08x}{self._doors.random(_RANDOM_DIGITS // 2).hex()}"
        return head + self._mac(head)

    def may_join(self, form: str, place: str, now: float) -> bool:
        """Made here within the hour, and its address has not sent too many."""
        if not self.is_own(form, now):
            return False
        return self._joins.may(place, now) and not is_forgotten(self._doors.store, self.member_of(form))

    def is_own(self, form: str, now: float) -> bool:
        """Whether this form was made here within the hour."""
        head, mac = form[:-_MAC_DIGITS], form[-_MAC_DIGITS:]
        if len(head) != 8 + _RANDOM_DIGITS or not hmac.compare_digest(mac.encode(), self._mac(head).encode()):
            return False
        return abs(now - int(head[:8], 16)) <= FORM_LIVES_S

    def member_of(self, form: str) -> str:
        """The id of whoever joins with this form."""
        return self._from("member", form, 16).hex()

    def code_of(self, form: str) -> str:
        """The code of their card."""
        return make_member_code(self._from("card", form, MEMBER_RANDOM_BYTES))

    def sends(self) -> bool:
        """Whether a code can be sent."""
        return self._doors.sends()

    def send(self, typed: str, form: str, place: str, language: str, now: float) -> CodeSent | NotYet:
        """Send a code to a number."""
        number = read_number(typed, self._doors.country())
        if number is None:
            return _not_yet(Held("wrong-number"))
        if not self._doors.sends():
            return _not_yet(Held("no-way"))
        if not self._asks.may(place, now):
            return _not_yet(Held("too-often", 3_600.0))
        # Of the form and the number: a form that is sent twice sends one code.
        handle = self._from("handle", f"{form} {number.e164}", 16).hex()
        held = self._doors.codes.send(number, handle, language, now)
        return CodeSent(handle, number.shown) if held is None else _not_yet(held)

    def check(self, handle: str, typed: str, code: str, place: str, now: float) -> str | NotYet:
        """The number, where the code is right."""
        del place
        number = read_number(typed, self._doors.country())
        if number is None:
            return _not_yet(Held("wrong-number"))
        held = self._doors.codes.check(handle, number.e164, code, now)
        if held is None:
            return number.e164
        return _not_yet(held, handle if held.why == "wrong-code" else "")

    def join(self, wish: Wish, now: float) -> Joined:
        """Take somebody in; StorageError where the disk takes none of it."""
        doors = self._doors
        member, code = self.member_of(wish.form), self.code_of(wish.form)
        with doors.store.writing():
            invitation = doors.invitations.held(wish.invitation, now)
            place = invitation.till if invitation else SITE
            known = doors.book.by_number(wish.number) if wish.number else None
            agreed = [
                _agreed("recognise", "", wish),
                *(_agreed("messages", one, wish) for one in wish.mediums),
            ]
            if known is None:
                join_here(
                    doors.book,
                    member,
                    Fields(phone=wish.number),
                    way="till" if invitation else "poster" if wish.by_poster else "link",
                    place=place,
                    language=wish.language,
                    agreed=agreed,
                    now=now,
                    clock=doors.clock(),
                    staff=invitation.staff if invitation else "",
                    code_hash=card_hash(code),
                )
            else:
                member = known
                doors.book.add_card(member, code)
                self._agree(member, agreed, wish.language, place, now)
            if invitation is not None:
                doors.invitations.accept(invitation, member)
        page = member_link(doors.key.secret, member, "page", now)
        return Joined(member, doors.card(member, now), code, f"{page}?lang={wish.language}&made={wish.form}")

    def invited(self, invitation: str, now: float) -> bool:
        """Whether a till waits for whoever holds this."""
        return self._doors.invitations.held(invitation, now) is not None

    def refuse(self, invitation: str, now: float) -> None:
        """They said no."""
        self._doors.invitations.refuse(invitation, now)

    def waiting(self, now: float) -> str:
        """There is no till beside a phone."""
        del now
        return ""

    def phone_url(self, now: float) -> str:
        """They are on their own phone."""
        del now
        return ""

    def _agree(self, member: str, agreed: Sequence[Agreed], language: str, place: str, now: float) -> None:
        """What somebody who is a member already says yes to anew; what stands is not told again."""
        for one in agreed:
            if not standing(self._doors.store, member, one.purpose, one.medium, now):
                give(
                    self._doors.store,
                    member,
                    one.purpose,
                    one.medium,
                    words=one.words,
                    version=one.version,
                    language=language,
                    place=place,
                    proof=one.proof,
                    now=now,
                    clock=self._doors.clock(),
                )

    def _mac(self, head: str) -> str:
        return self._from("form", head, _MAC_DIGITS // 2).hex()

    def _from(self, what: str, text: str, octets: int) -> bytes:
        shop = self._doors.store.shop.number
        return hmac.digest(
            self._doors.key.secret, f"shopbell join {what} {shop} {text}".encode(), hashlib.sha256
        )[:octets]


def _agreed(purpose: Purpose, medium: Medium | Literal[""], wish: Wish) -> Agreed:
    proof = "code" if wish.number else "page"
    return Agreed(purpose, medium, consent_text(purpose, medium, wish.language), VERSION, proof)


def _not_yet(held: Held, handle: str = "") -> NotYet:
    return NotYet(SENTENCES[held.why], held.wait_s, handle)
