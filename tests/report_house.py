"""An offer with a control group, told through `/v1/sync`: members who agreed before it began, what they paid, coupons by several
ways, one accepted twice, one taken back."""

from __future__ import annotations

import random
from hashlib import sha256
from pathlib import Path

from hub.people import add_manager
from hub.wire.events import (
    ConsentGiven,
    CouponIssued,
    CouponRedeemed,
    CouponReversed,
    Fact,
    OfferSeen,
    OfferShown,
    PurchasePaid,
    write_event,
)
from hub.wire.holdout import is_held_out
from hub.wire.snapshot import Campaign, Offer, Shop, Value
from tests.hub_house import NOON, House, HouseNode, campaign
from tests.hub_office import PASSWORD

DAY_S = 86_400
BEGAN = int(NOON) - 20 * DAY_S
TART = Offer({"en": "A warm cherry tart", "zh": "温热樱桃挞"}, {}, Value("amount", 150))
TOGETHER = 400


class ReportHouse(House):
    """The shop. `over`: the offer has ended; `effect`: how much more often members buy who can have it."""

    def __init__(
        self,
        folder: Path,
        members: int = 500,
        *,
        percent: int = 20,
        over: bool = True,
        effect: float = 1.0,
        database: str = "",
    ) -> None:
        super().__init__(folder, database)
        self.random = random.Random(7)
        self.store.shop.save(
            Shop(7, {"en": "Corner Bakery", "zh": "街角面包店"}, timezone="Europe/Berlin", currency="EUR"),
            NOON,
        )
        ends = BEGAN + (14 if over else 40) * DAY_S
        self.offer: Campaign = campaign(
            1, offer=TART, starts_at=BEGAN, ends_at=ends, holdout_percent=percent, holdout_salt="5a" * 8
        )
        self.publish(self.offer)
        add_manager(self.store, "Ines", PASSWORD, NOON, who="test")
        self.door, self.till = self.node("edge", "Door"), self.node("kiosk", "Till 1")
        self.members = [sha256(f"member {number}".encode()).hexdigest()[:16] for number in range(members)]
        self._told: list[tuple[HouseNode, Fact, float]] = []
        for number, member in enumerate(self.members):
            self._member(number, member, effect)
        self._coupons()
        self._send()

    def _member(self, number: int, member: str, effect: float) -> None:
        agreed = ConsentGiven(
            member=member, purpose="messages", text="Yes.", text_version="1", language="en", place="Door"
        )
        self._tell(self.door, agreed, BEGAN - DAY_S * (1 + number % 30))
        often = self.random.gammavariate(1.5, 0.8) * (1 if is_held_out(self.offer, member) else 1 + effect)
        for place in range(min(8, round(often))):
            paid = PurchasePaid(
                id=f"{member}-{place}",
                till="Till 1",
                staff="ann",
                cents=round(900 * self.random.lognormvariate(0, 0.6)),
                member=member,
            )
            self._tell(self.till, paid, BEGAN + self.random.random() * 13 * DAY_S)

    def _coupons(self) -> None:
        ways = ("portal", "portal", "poster", "kiosk")
        for number in range(40):
            at = BEGAN + (number % 13) * DAY_S + (8 + number % 10) * 3_600
            way = ways[number % 4]
            self._tell(self.door, OfferSeen(campaign=1, channel=way), at)
            self._tell(self.door, OfferSeen(campaign=1, channel=way), at + 1)
            taken = CouponIssued(
                serial=f"{number:016x}",
                campaign=1,
                code="0" * 12,
                key_number=1,
                expires_at=BEGAN + 30 * DAY_S,
                channel=way,  # type: ignore[arg-type]  # one of the ways above
            )
            self._tell(self.door, taken, at + 2)
            if number % 2:
                self._tell(self.till, self._used(number, f"use-{number}"), at + 600)
        self._tell(self.till, self._used(1, "use-again"), BEGAN + 3 * DAY_S)
        back = CouponReversed(
            serial=f"{3:016x}",
            campaign=1,
            of="use-3",
            redeemed_by=self.till.device,
            nonce="back-3",
            till="Till 1",
            staff="ann",
            by="staff",
            reason="a slip",
            value_cents=150,
        )
        self._tell(self.till, back, BEGAN + 4 * DAY_S)
        self._tell(self.till, OfferShown(campaign=1, channel="kiosk", times=90, shown_s=900), BEGAN + DAY_S)

    def _used(self, number: int, nonce: str) -> CouponRedeemed:
        return CouponRedeemed(
            serial=f"{number:016x}",
            campaign=1,
            nonce=nonce,
            till="Till 1",
            staff="ann",
            value_cents=150,
            basket_cents=1_200,
        )

    def _tell(self, node: HouseNode, fact: Fact, at: float) -> None:
        self._told.append((node, fact, min(at, NOON - 1)))

    def _send(self) -> None:
        for node in (self.door, self.till):
            mine = [(fact, at) for who, fact, at in self._told if who is node]
            for first in range(0, len(mine), TOGETHER):
                part = mine[first : first + TOGETHER]
                node.send(*(write_event(node.event(fact, at)) for fact, at in part))
