"""What happened in the shops whose numbers are proved: facts at random, by a seed, and how they come to the hub.

They lie on days that are told apart badly: both days on which each shop's clocks are changed, ends of months, the same days a
year ago, today; at midnight to the second, in hours that there are twice and just before those that there are not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from hub.wire.events import (
    ConsentGiven,
    ConsentWithdrawn,
    CouponIssued,
    CouponRedeemed,
    CouponRefused,
    CouponReversed,
    OccupancyMeasured,
    OfferSeen,
    OfferShown,
    PortalJoined,
    PurchasePaid,
    StreetCounted,
    VisitClosed,
)
from tests.prove._numbers_shops import (
    CAMPAIGNS,
    HOME,
    NOW,
    SECOND,
    STRANGER,
    TIMEZONES,
    VOUCHER,
    Shops,
    Telling,
)

CLOCKS_CHANGE = {
    HOME: (date(2026, 3, 29), date(2026, 10, 25)),
    SECOND: (date(2026, 3, 8), date(2026, 11, 1)),
    STRANGER: (),
}
"""The days on which an hour is left out, and on which one comes twice."""

ZONES = ("door", "back", "cellar")
STAFF = ("ann", "bo", "")
CHANNELS = ("portal", "kiosk", "link", "poster", "beacon", "sms")
MEMBERS = 40
CODE = "23456789ABCD"
DAY_S = 86_400


@dataclass(slots=True)
class World:
    """One shop: its devices, and what was made for it so far."""

    shop: int
    rnd: Random
    doors: list[Telling]
    tills: list[Telling]
    days: list[date]
    zone: ZoneInfo
    issues: list[tuple[Telling, CouponIssued, float]] = field(default_factory=list)
    acts: list[tuple[Telling, CouponRedeemed, float]] = field(default_factory=list)
    purchases: list[tuple[str, float]] = field(default_factory=list)
    made: int = 0

    def moment(self) -> float:
        """When something happened, often at an edge."""
        rnd = self.rnd
        day = rnd.choice(self.days)
        hour = rnd.choice((0, 1, 2, 2, 3, 9, 12, 14, 17, 23))
        if rnd.random() < 0.1:
            local = datetime.combine(day, time(hour, rnd.choice((0, 30))), self.zone)
        else:
            local = datetime.combine(day, time(hour, rnd.randrange(60), rnd.randrange(60)), self.zone)
        # In an hour that comes twice half of it happens in the second one.
        at = local.replace(fold=rnd.randrange(2)).timestamp() + rnd.choice((0.0, 0.0, 0.999, 0.25))
        return min(at, NOW - rnd.randrange(1, 7_200)) if at > NOW else at

    def member(self, often: float) -> str:
        """Somebody who joined, or nobody."""
        return f"member-{self.rnd.randrange(MEMBERS):04}" if self.rnd.random() < often else ""

    def serial(self) -> str:
        """A new coupon's number."""
        return f"{self.rnd.getrandbits(64):016x}"


def days_of(shop: int) -> list[date]:
    """On which days something happens in a shop: some many times, so that figures come to more than ten."""
    today = datetime.fromtimestamp(NOW, ZoneInfo(TIMEZONES[shop])).date()
    changes = [day + timedelta(days=more) for day in CLOCKS_CHANGE[shop] for more in (-1, 0, 0, 0, 1)]
    ends = [date(2026, 9, 30), date(2026, 10, 1), date(2026, 10, 31), date(2026, 11, 1)]
    late = [today - timedelta(days=back) for back in (0, 0, 0, 0, 1, 1, 2, 3, 5, 6, 7, 8, 13, 20, 27)]
    year = [
        day - timedelta(days=364) for day in (today, today - timedelta(days=1), today - timedelta(days=6))
    ]
    return [*changes, *ends, *late, *year]


def open_worlds(shops: Shops, rnd: Random) -> dict[int, World]:
    """The shops with their devices, before anything has happened."""
    worlds = {}
    for shop, timezone in TIMEZONES.items():
        doors = [shops.device(shop, "edge", f"Door {place} of {shop}") for place in (1, 2)]
        tills = [shops.device(shop, "kiosk", f"Till {place} of {shop}") for place in (1, 2)]
        worlds[shop] = World(shop, rnd, doors, tills, days_of(shop), ZoneInfo(timezone))
    return worlds


def happen(world: World, count: int) -> None:
    """So many things happen in a shop, and its devices write them down."""
    for _ in range(count):
        world.made += 1
        _pick(world.rnd)(world)


def _pick(rnd: Random) -> Callable[[World], None]:
    return rnd.choices([make for make, _ in _MAKERS], [weight for _, weight in _MAKERS])[0]


def _visit(world: World) -> None:
    rnd = world.rnd
    arrived = world.moment()
    door = rnd.choice(world.doors)
    # A device that was left in the shop; of a door that is behind it would be told on a day that is over long since.
    left_behind = 9 * 86_400.0 if door is world.doors[0] else 600.0
    dwell_s = rnd.choice((rnd.random() * 3_000, rnd.random() * 3_000, 0.0, 59.9996, left_behind))
    fact = VisitClosed(
        id=f"v{world.made}",
        zone=rnd.choices(ZONES, (70, 28, 2))[0],
        arrived_at=arrived,
        departed_at=arrived + dwell_s,
        dwell_s=dwell_s,
        peak_dbm=-rnd.randrange(30, 90),
        known=world.member(0.15),
        simulated=rnd.random() < 0.03,
    )
    # It is told when it is over: often on the next day, and by a clock that says something else.
    door.make(fact, min(NOW, arrived + dwell_s), rnd.choice(("ntp", "ntp", "lan", "restored")))


def _occupancy(world: World) -> None:
    rnd = world.rnd
    low = rnd.random() * 12
    people = low + rnd.random() * 4
    fact = OccupancyMeasured(
        zone=rnd.choice(ZONES[:2]),
        window_s=rnd.choice((60.0, 300.0)),
        people=people,
        low=low,
        high=people + rnd.random() * 5,
        addresses=int(people * 2),
    )
    rnd.choice(world.doors).make(fact, world.moment())


def _street(world: World) -> None:
    rnd = world.rnd
    fact = StreetCounted(
        zone=rnd.choice(ZONES[:2]),
        window_s=rnd.choice((900.0, 137.5, 3_600.0)),
        passers=rnd.choice((0, rnd.randrange(60), 2_000_000)) if rnd.random() < 0.05 else rnd.randrange(60),
        entrants=rnd.randrange(25),
    )
    rnd.choice(world.doors).make(fact, world.moment())


def _guest(world: World) -> None:
    way = world.rnd.choices(("click", "sms", "code", "coupon", "member"), (60, 20, 10, 8, 2))[0]
    fact = PortalJoined(way=way, seconds=3_600, member=world.member(0.4))  # type: ignore[arg-type]  # one of its literals
    world.rnd.choice(world.doors).make(fact, world.moment())


def _consent(world: World) -> None:
    rnd = world.rnd
    member = f"member-{rnd.randrange(MEMBERS):04}"
    place = rnd.choice(world.doors)
    if rnd.random() < 0.25:
        purpose = rnd.choice(("recognise", "messages", "all"))
        place.make(ConsentWithdrawn(member=member, purpose=purpose, place="portal"), world.moment())
        return
    fact = ConsentGiven(
        member=member,
        purpose=rnd.choice(("recognise", "messages")),
        text="Remember me.",
        text_version="1",
        language="en",
        place="portal",
    )
    place.make(fact, world.moment())


def _seen(world: World) -> None:
    rnd = world.rnd
    campaign, channel = rnd.choice((*CAMPAIGNS, 99)), rnd.choice(CHANNELS)
    device = rnd.choice(world.doors + world.tills)
    if rnd.random() < 0.4:
        seen = OfferSeen(campaign=campaign, channel=channel, simulated=rnd.random() < 0.05)  # type: ignore[arg-type]  # one of its literals
        device.make(seen, world.moment())
        return
    fact = OfferShown(campaign=campaign, channel=channel, times=rnd.randrange(30), shown_s=rnd.random() * 60)  # type: ignore[arg-type]  # one of its literals
    device.make(fact, world.moment())


def _issue(world: World) -> None:
    rnd = world.rnd
    device, at = rnd.choice(world.doors + world.tills), world.moment()
    fact = CouponIssued(
        serial=world.serial(),
        campaign=rnd.choice(CAMPAIGNS),
        code=CODE,
        key_number=device.place.key_number,
        expires_at=int(NOW) + DAY_S,
        channel=rnd.choice(CHANNELS),  # type: ignore[arg-type]  # one of its literals
        member=world.member(0.3),
    )
    world.issues.append((device, fact, at))
    if rnd.random() < 0.93:
        device.make(fact, at)
    if rnd.random() < 0.12:
        # The same coupon taken a second time: a flaw, which counts for nothing.
        rnd.choice(world.doors).make(fact, at + 60)


def _purchase(world: World, at: float | None = None) -> str:
    rnd = world.rnd
    at = world.moment() if at is None else at
    name = f"receipt-{world.made}"
    till = rnd.choice(world.tills)
    fact = PurchasePaid(
        id=name,
        till=f"Till {world.tills.index(till) + 1}",
        staff=rnd.choice(STAFF),
        cents=rnd.randrange(50, 9_000),
        member=world.member(0.3),
        items=rnd.choice((None, rnd.randrange(1, 30))),
        zone=rnd.choice(("", *ZONES)),
        simulated=rnd.random() < 0.05,
    )
    world.purchases.append((name, at))
    till.make(fact, at)
    if rnd.random() < 0.1:
        # Told a second time, by another device and with another sum: it stays what it was.
        rnd.choice(world.tills).make(
            PurchasePaid(id=name, till="Again", staff="ann", cents=1, member=fact.member), at + 30
        )
    return name


def _redemption(world: World) -> None:
    rnd = world.rnd
    if not world.issues or rnd.random() < 0.05:
        _issue(world)
    # Mostly a coupon that was taken lately: a second acceptance is the exception.
    _, issued, taken_at = rnd.choice(world.issues if rnd.random() < 0.3 else world.issues[-12:])
    at = max(world.moment(), min(taken_at, NOW - 60))
    till = rnd.choice(world.tills)
    basket = rnd.randrange(200, 9_000) if rnd.random() < 0.75 else None
    purchase = ""
    if rnd.random() < 0.5:
        purchase, at = (
            rnd.choice(world.purchases[-4:])
            if world.purchases and rnd.random() < 0.6
            else (_purchase(world, at), at)
        )
    voucher = issued.campaign == VOUCHER
    fact = CouponRedeemed(
        serial=issued.serial,
        campaign=issued.campaign,
        nonce=f"alone-{world.shop}-{world.made:06}",
        till=f"Till {world.tills.index(till) + 1}",
        staff=rnd.choice(STAFF),
        value_cents=rnd.choice((100, 250, 400)),
        basket_cents=basket,
        offline=True,
        member=issued.member or world.member(0.1),
        balance_cents=rnd.choice((0, 200, 600)) if voucher else None,
        purchase=purchase,
    )
    world.acts.append((till, fact, at))
    till.make(fact, at)
    if rnd.random() < 0.05:
        # The same act once more in the journal: a till that was not sure.
        till.make(fact, at + 1)


def _reversal(world: World) -> None:
    rnd = world.rnd
    if not world.acts:
        return
    till, act, at = rnd.choice(world.acts)
    fact = CouponReversed(
        serial=act.serial if rnd.random() < 0.95 else "00" * 8,
        campaign=act.campaign,
        of=act.nonce,
        redeemed_by=till.place.device,
        nonce=f"back-{world.shop}-{world.made:06}",
        till=act.till,
        staff=rnd.choice(STAFF),
        by="staff",
        reason="a slip",
        value_cents=act.value_cents,
        offline=True,
    )
    # Sometimes another till says so, which it may not.
    (till if rnd.random() < 0.9 else rnd.choice(world.tills)).make(
        fact, min(NOW, at + rnd.randrange(2 * DAY_S))
    )


def _refusal(world: World) -> None:
    rnd = world.rnd
    _, issued, _ = rnd.choice(world.issues) if world.issues else (None, None, None)
    fact = CouponRefused(
        refusal=rnd.choice(("expired", "already_redeemed", "a_reason_of_another_release")),
        nonce=f"no-{world.made}",
        till="Till 1",
        staff=rnd.choice(STAFF),
        serial=issued.serial if issued is not None else None,
        campaign=rnd.choice((None, *CAMPAIGNS)),
        offline=rnd.random() < 0.5,
    )
    rnd.choice(world.tills).make(fact, world.moment())


def _strange(world: World) -> None:
    """What this release does not understand: a kind of another one, and facts that are broken."""
    rnd = world.rnd
    device = rnd.choice(world.doors)
    kind, data = rnd.choice(
        (
            ("parade.passed", '{"elephants": 3}'),
            ("visit.closed", '{"id": "x", "zone": "door", "arrived_at": 1790000000.0}'),
            ("offer.seen", '{"campaign": 1, "channel": "pigeon"}'),
            ("purchase.paid", '{"id": "", "till": "Till 1", "staff": "ann", "cents": 100}'),
        )
    )
    device.make_raw(kind, data, world.moment())


_MAKERS: tuple[tuple[Callable[[World], None], int], ...] = (
    (_visit, 300),
    (_occupancy, 40),
    (_street, 40),
    (_guest, 120),
    (_consent, 20),
    (_seen, 90),
    (_issue, 110),
    (_purchase, 60),
    (_redemption, 120),
    (_reversal, 20),
    (_refusal, 25),
    (_strange, 5),
)
