"""Decides who is let in, by which way, and keeps what they chose to leave. Implements `edge.portal.ways.entry.Ways`."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass

from edge.gate.protocol import Limits, Phone
from edge.portal.guests import Grant, WayIn
from edge.portal.keeper import GateSilent, Keeper, NoGate
from edge.portal.ways.batches import Voucher
from edge.portal.ways.codes import read_short_code
from edge.portal.ways.coupons import coupon_trouble
from edge.portal.ways.entry import Admitted, CodeSent, Entry, NotYet
from edge.portal.ways.joining import PortalJoiner
from edge.portal.ways.members import Members
from edge.portal.ways.sentences import Reason, not_yet
from edge.portal.ways.sms import SmsCodes
from edge.portal.ways.store import WaysStore
from edge.portal.ways.tries import WrongTries
from edge.portal.ways.vouchers import Vouchers
from hardware.modem.modem import Modem
from hub.client.db import StorageError, writing
from hub.client.node import Node
from hub.client.outbox import Outbox
from hub.client.settings import SettingsError
from hub.client.shelf import Shelf
from hub.storefront.numbers import is_country
from hub.wire.card import read_card
from hub.wire.events import PortalJoined
from hub.wire.snapshot import say

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WaySettings:
    """What the shop gives. `mbytes`, `down_kbytes` and `up_kbytes` (per second) 0: no limit.

    `country`: the two letters (ISO 3166-1) of the country whose numbers are typed without +.
    """

    ways: tuple[WayIn, ...] = ("click",)
    minutes: int = 60
    extensions: int = 3
    mbytes: int = 0
    down_kbytes: int = 0
    up_kbytes: int = 0
    country: str = "DE"

    def usual(self, way: WayIn, member: str = "") -> Grant:
        """What a guest gets who comes in by this way."""
        limits = Limits(self.down_kbytes * 1_000, self.up_kbytes * 1_000, self.mbytes * 1_000_000)
        return Grant(way, self.minutes * 60, limits, self.extensions, member)


class WaysDesk:
    """The ways in of one door. Its node's name is the place in records of consent.

    SettingsError where text messages are to be sent from a country that has no phone numbers.

    `keeper` is asked which phone is where, and puts out whoever held a code's place before. `vouchers` is shared with the
    staff's pages.
    """

    def __init__(
        self,
        store: WaysStore,
        outbox: Outbox,
        shelf: Shelf,
        settings: WaySettings,
        *,
        node: Node,
        keeper: Keeper | None = None,
        vouchers: Vouchers | None = None,
        modem: Modem | None = None,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._shelf = shelf
        self._settings = settings
        self._keeper = keeper or NoGate()
        self._vouchers = vouchers or Vouchers(store, random)
        self._members = Members(store, outbox, node, shelf, random)
        self._tries = WrongTries()
        self._sms: SmsCodes | None = None
        if modem is not None and "sms" in settings.ways:
            if not is_country(settings.country):
                raise SettingsError(
                    [f"PORTAL_COUNTRY ({settings.country!r}) is no country with phone numbers."]
                )
            self._sms = SmsCodes(store, modem, random, self._shop_name, settings.country)
        self.joiner = PortalJoiner(store, self._members, self._sms, settings.country, random)
        """The page of joining works with it."""

    def offered(self) -> tuple[WayIn, ...]:
        """The ways that this portal offers now, the usual one first.

        A member may always come in where everybody may by a click; else only where the shop says so, or one voucher would
        open the door for ever. Whoever cannot come in as a member later is not asked to become one.
        """
        ways = tuple(way for way in self._settings.ways if way != "sms" or self._sms is not None)
        return (*ways, "member") if "click" in ways and "member" not in ways else ways

    def enter(self, entry: Entry, now: float) -> Admitted | CodeSent | NotYet:
        """What becomes of a form. Nothing is used up before the gate is open: call `opened` then."""
        if entry.way == "sms" and "sms" in self._settings.ways and self._sms is None:
            return not_yet("no-modem")
        if entry.way not in self.offered():
            return not_yet("not-offered")
        if entry.way == "click":
            return Admitted(self._settings.usual("click"))
        if entry.way == "sms":
            return self._by_sms(entry, now)
        return self._by_code(entry, now)

    def opened(self, entry: Entry, admitted: Admitted, now: float) -> str:
        """The gate is open: count the code as used, record who came in and what they agreed to, in one transaction.

        The answer is the new member's code where the shopper has just joined, else "". StorageError where the disk takes
        none of it; whoever came in with a printed code is put out again then, or it would be good without end.
        """
        grant = admitted.grant
        try:
            return self._record(entry, grant, now)
        except StorageError:
            if grant.way == "code":
                self._put_out(self._keeper.phone_at(entry.place), now)
            raise

    def forget(self, typed: str, now: float) -> bool:
        """Forget the member with this code, everywhere; False where there is none."""
        return self._members.forget(typed, now)

    def close(self) -> None:
        """Send no more messages. The modem is whose who opened it."""
        if self._sms is not None:
            self._sms.close()

    # Text messages

    def _by_sms(self, entry: Entry, now: float) -> Admitted | CodeSent | NotYet:
        assert self._sms is not None  # noqa: S101 - offered() said so; for the type checker
        if not entry.handle:
            return self._sms.send(entry.phone_number, entry.place, entry.language, now)
        return self._sms.check(entry.handle, entry.typed, entry.place, now) or Admitted(
            self._settings.usual("sms")
        )

    def _shop_name(self, language: str) -> str:
        shop = self._shelf.shop()
        return say(shop.name, language) if shop else ""

    # Codes: whoever types one need not know of which kind it is

    def _by_code(self, entry: Entry, now: float) -> Admitted | NotYet:
        if not entry.typed.strip():
            return not_yet("no-code")
        waiting = self._tries.begin(entry.place, now)
        if waiting > 0:
            return not_yet("wait", waiting)
        found = self._found(entry, now)
        if isinstance(found, Grant):
            self._tries.right(entry.place)
            return Admitted(found)
        if found in ("mistyped", "used-up", "over", "coupon-over"):
            # A slip of the finger, or a code that was good once: nobody who guesses gets here.
            self._tries.right(entry.place)
        return not_yet(found)

    def _found(self, entry: Entry, now: float) -> Grant | Reason:
        offered = self.offered()
        if "member" in offered:
            member = self._members.find(entry.typed)
            if member is not None:
                return self._settings.usual("member", member)
            is_card = read_card(entry.typed) is not None
            if entry.way == "member" or is_card:
                return "unknown-member" if is_card else "mistyped"
        code = read_short_code(entry.typed)
        voucher = self._vouchers.look_up(code) if code and "code" in offered else None
        if voucher is not None:
            return self._by_voucher(voucher, entry, now)
        if "coupon" in offered:
            wrong = coupon_trouble(entry.typed, self._shelf, self._store.pool, now)
            if wrong is None:
                return self._settings.usual("coupon")
            if entry.way == "coupon" or wrong == "coupon-over":
                return wrong
        return "unknown-code" if code else "mistyped"

    def _by_voucher(self, voucher: Voucher, entry: Entry, now: float) -> Grant | Reason:
        if voucher.batch.ended_at is not None:
            return "over"
        if not voucher.seconds_at(now):
            return "over" if voucher.until is None else "used-up"
        phone = self._keeper.phone_at(entry.place)
        return self._vouchers.grant(voucher, phone, self._keeper, now) or "used-up"

    # What is written down

    def _record(self, entry: Entry, grant: Grant, now: float) -> str:
        kept, put_out = "", None
        with writing(self._store.pool.here()) as conn:
            member = grant.member
            if grant.way == "code":
                code = read_short_code(entry.typed)
                voucher = self._vouchers.look_up(code) if code else None
                phone = self._keeper.phone_at(entry.place)
                claim = self._vouchers.take(conn, voucher, phone, self._keeper, now) if voucher else None
                # Staff ended the batch between the form and the gate.
                put_out = claim.put_out if claim is not None else phone
            if entry.remember and not member and "member" in self.offered():
                member, kept = self._members.join(conn, entry.language, now)
            joined = PortalJoined(way=grant.way, seconds=grant.seconds, member=member, batch=grant.batch)
            self._outbox.put(conn, joined, now)
        if grant.way == "sms" and self._sms is not None:
            self._sms.used(entry.handle)
        self._put_out(put_out, now)
        return kept

    def _put_out(self, phone: Phone | None, now: float) -> None:
        if phone is None:
            return
        try:
            self._keeper.end(phone, now)
        except GateSilent as silent:
            logger.warning("stay not ended: %s", silent.sentence)
