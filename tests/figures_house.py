"""A shop in which some weeks have happened, told through `/v1/sync`: visits in two zones, the street, people present, offers by
several channels, purchases. Saturday, 14 November 2026 was better than the one before, in the café, in the afternoon.
"""

from __future__ import annotations

import io
import random
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from PIL import Image, ImageDraw

from hub.people import add_manager, add_staff
from hub.pepper import hub_pepper
from hub.store.fleet_records import Floor, Post
from hub.store.records import PictureRecord
from hub.wire.events import (
    Channel,
    CouponRedeemed,
    Fact,
    OccupancyMeasured,
    OfferSeen,
    OfferShown,
    PurchasePaid,
    StreetCounted,
    VisitClosed,
    write_event,
)
from hub.wire.snapshot import Offer, Shop, Value
from tests.hub_house import NOON, House, HouseNode, campaign
from tests.hub_office import PASSWORD

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = datetime.fromtimestamp(NOON, BERLIN).date()
BUSY_SATURDAY = date(2026, 11, 14)
CHANNELS: tuple[Channel, ...] = ("portal", "kiosk", "poster", "link")
TOGETHER = 500
"""Events that are sent at once."""


def moment(day: date, hour: float) -> float:
    """Seconds of UTC of a time on the shop's clock, in hours."""
    whole = datetime.combine(day, time(int(hour)), BERLIN).timestamp()
    return whole + (hour - int(hour)) * 3_600


class FiguresHouse(House):
    """The shop; `tell(days)` lets that many days up to today happen."""

    def __init__(self, folder: Path, seed: int = 1) -> None:
        super().__init__(folder)
        self.random = random.Random(seed)
        self.store.shop.save(
            Shop(7, {"en": "Corner Bakery", "zh": "街角面包店"}, timezone="Europe/Berlin", currency="EUR"),
            NOON,
        )
        begun = int(NOON) - 60 * 86_400
        tart = Offer({"en": "A warm cherry tart", "zh": "温热樱桃挞"}, {}, Value("amount", 150))
        loaf = Offer({"en": "A loaf of rye", "zh": "黑麦面包"}, {}, Value("amount", 100))
        self.publish(campaign(1, offer=tart, starts_at=begun))
        self.publish(campaign(2, offer=loaf, starts_at=begun))
        add_manager(self.store, "Ines", PASSWORD, NOON, who="test")
        for name in ("Ann", "Ben"):
            add_staff(self.store, name, None, NOON, who="test", pepper=hub_pepper(folder))
        self.door = self.node("edge", "Door")
        self.cafe = self.node("edge", "Café corner")
        self.till = self.node("kiosk", "Till 1")

    def tell(self, days: int) -> None:
        """What happened on these days, today up to now."""
        for back in reversed(range(days)):
            self.day(TODAY - timedelta(days=back))
        for node in (self.door, self.cafe, self.till):
            node.send()

    def day(self, day: date) -> None:
        """One day of everything."""
        last = (NOON - moment(day, 0)) / 3_600 if day == TODAY else 19.0
        busy = {5: 1.6, 6: 0.5}.get(day.weekday(), 1.0)
        told: dict[HouseNode, list[tuple[Fact, float]]] = {self.door: [], self.cafe: [], self.till: []}
        for hour in range(8, 19):
            if hour >= last:
                break
            festival = 4.0 if day == BUSY_SATURDAY and 14 <= hour < 17 else 1.0
            lunch = 1.8 if hour in (12, 13) else 1.0
            for zone, node, mean in (("door", self.door, 6.0), ("café", self.cafe, 4.0 * festival)):
                self._zone(
                    told[node], zone, day, hour, round(mean * busy * lunch * self.random.uniform(0.8, 1.2))
                )
            self._offers(told[self.till], day, hour, busy * festival)
        for node, facts in told.items():
            for first in range(0, len(facts), TOGETHER):
                node.send(
                    *(write_event(node.event(fact, at)) for fact, at in facts[first : first + TOGETHER])
                )

    def _zone(self, told: list[tuple[Fact, float]], zone: str, day: date, hour: int, visits: int) -> None:
        for _ in range(visits):
            at = moment(day, hour + self.random.random() * 0.99)
            stay = self.random.uniform(120, 1_500)
            told.append(
                (
                    VisitClosed(
                        id="v", zone=zone, arrived_at=at, departed_at=at + stay, dwell_s=stay, peak_dbm=-60
                    ),
                    min(at + stay, NOON),
                )
            )
        for quarter in range(4):
            at = min(moment(day, hour + quarter / 4 + 0.2), NOON - 30)
            people = visits * self.random.uniform(0.2, 0.4)
            measured = OccupancyMeasured(
                zone=zone, window_s=60.0, people=people, low=people * 0.7, high=people * 1.4, addresses=visits
            )
            told.append((measured, at))
        if zone == "door":
            passers = round(visits * self.random.uniform(2.5, 4.0))
            told.append(
                (
                    StreetCounted(zone=zone, window_s=900.0, passers=passers, entrants=visits),
                    moment(day, hour + 0.5),
                )
            )

    def _offers(self, told: list[tuple[Fact, float]], day: date, hour: int, busy: float) -> None:
        for number in (1, 2):
            at = moment(day, hour + 0.4)
            told.append(
                (OfferShown(campaign=number, channel="kiosk", times=round(9 * busy), shown_s=90.0), at)
            )
            for place in range(round(3 * busy)):
                channel = self.random.choice(CHANNELS)
                told.append((OfferSeen(campaign=number, channel=channel), at + place))
                if self.random.random() < 0.5:
                    continue
                fact, _ = self.till.mint(number, expires_at=int(NOON) + 30 * 86_400)
                fact = msgspec.structs.replace(fact, channel=channel)
                told.append((fact, at + 60 + place))
                if self.random.random() < 0.4:
                    cents = self.random.randint(300, 2_500)
                    act = CouponRedeemed(
                        serial=fact.serial, campaign=number, nonce=f"n{fact.serial}", till=self.till.device,
                        staff=self.random.choice(("s1", "s2")), value_cents=150 if number == 1 else 100,
                        basket_cents=cents, offline=True, purchase=f"p{fact.serial}",
                    )  # fmt: skip
                    told.append((act, at + 600 + place))
        for place in range(round(4 * busy)):
            cents = self.random.randint(200, 3_000)
            paid = PurchasePaid(
                id=f"{day}-{hour}-{place}", till=self.till.device, staff="s1", cents=cents, items=2
            )
            told.append((paid, moment(day, hour + 0.7) + place))

    def place_on_plan(self) -> None:
        """A floor with its plan, and where the two receivers stand on it."""
        image = Image.new("RGB", (800, 500), "#FFFFFF")
        draw = ImageDraw.Draw(image)
        draw.rectangle((20, 20, 780, 480), outline="#555555", width=6)
        draw.line((430, 20, 430, 300), fill="#555555", width=4)
        draw.rectangle((80, 60, 360, 130), outline="#999999", width=3)
        body = io.BytesIO()
        image.save(body, "PNG")
        name = sha256(body.getvalue()).hexdigest()
        self.store.campaigns.put_picture(PictureRecord(name, "image/png", body.getvalue(), 800, 500), NOON)
        self.store.fleet.put_floor(Floor("Ground floor", name, 800, 500), NOON)
        for node, x, y in ((self.door, 0.2, 0.75), (self.cafe, 0.75, 0.35)):
            self.store.fleet.put_post(Post(node.device, floor="Ground floor", x=x, y=y))
