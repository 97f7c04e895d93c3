"""A shop of which everything is known: who came on which day, in which hour, into which zone, and for how long.

Some zones are full, one hardly ever has anybody, some days are closed: what would single somebody out is everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from hub.wire.events import PortalJoined, StreetCounted, VisitClosed
from tests.prove._numbers_shops import HOME, NOW, TIMEZONES, Shops, Telling

ZONES = ("attic", "cafe", "door")
RATES = {"door": 24.0, "cafe": 7.0, "attic": 1.6}
"""Visits on a day that is neither busy nor quiet."""

DAYS = 60
HOURS = range(9, 20)
ZONE = ZoneInfo(TIMEZONES[HOME])
TODAY = datetime.fromtimestamp(NOW, ZONE).date()
FIRST = TODAY - timedelta(days=DAYS)


@dataclass(frozen=True, slots=True)
class Asked:
    """Visits of these days, in these zones (none: all), by `by` (nothing, `zone`, `hour`, `day` or `weekhour`)."""

    first: date
    last: date
    zones: tuple[str, ...] = ()
    by: str = ""


@dataclass(slots=True)
class World:
    """The truth, and how it is told."""

    shops: Shops
    rnd: Random
    door: Telling
    stays: dict[tuple[date, int, str], list[float]] = field(default_factory=dict)
    _sums: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    _times: dict[tuple[str, int], list[float]] = field(default_factory=dict)

    sent: int = 0

    def tell(self) -> None:
        """Let it happen, told by the door."""
        door = self.door
        for place in range(DAYS):
            self._day(door, FIRST + timedelta(days=place))
        self._day(door, TODAY)
        self.send_rest()
        self.reckon()

    def send_rest(self) -> None:
        """Let the door tell what it has not told yet."""
        self.door.write_down()
        while self.sent < len(self.door.made):
            self.door.send(self.door.made[self.sent : self.sent + 200])
            self.sent = min(len(self.door.made), self.sent + 200)

    def _day(self, door: Telling, day: date) -> None:
        busy = self.rnd.choice((0.0, 0.1, 0.5, 1.0, 1.0, 2.0))
        hours = [hour for hour in HOURS if day != TODAY or hour < datetime.fromtimestamp(NOW, ZONE).hour]
        for zone, rate in RATES.items():
            for _ in range(_about(self.rnd, rate * busy)):
                self.visit(door, day, self.rnd.choice(hours), zone)
        for _ in range(_about(self.rnd, 9 * busy)):
            way = self.rnd.choice(("click", "click", "sms"))
            member = "m" * 8 if self.rnd.random() < 0.3 else ""
            at = moment(day, self.rnd.choice(hours), self.rnd.random())
            door.make(PortalJoined(way=way, seconds=60, member=member), at)  # type: ignore[arg-type]  # one of its ways
        for hour in hours:
            passers, entrants = _about(self.rnd, 6 * busy), _about(self.rnd, 2 * busy)
            at = moment(day, hour, 0.9)
            door.make(StreetCounted(zone="door", window_s=600, passers=passers, entrants=entrants), at)

    def visit(self, door: Telling, day: date, hour: int, zone: str, at: float | None = None) -> None:
        """One more. `at`: when it is told; else at its end."""
        arrived = moment(day, hour, self.rnd.random() * 0.9)
        dwell_s = float(self.rnd.randrange(20, 1_800))
        self.stays.setdefault((day, hour, zone), []).append(dwell_s)
        fact = VisitClosed(
            id=f"{self.rnd.getrandbits(64):016x}",
            zone=zone,
            arrived_at=arrived,
            departed_at=arrived + dwell_s,
            dwell_s=dwell_s,
            peak_dbm=-60,
        )
        door.make(fact, at if at is not None else min(NOW - 1, arrived + dwell_s))

    def reckon(self) -> None:
        """Sums over days from the first one on, so that many questions are quick to check."""
        days = [FIRST + timedelta(days=place) for place in range(DAYS + 1)]
        for zone in ZONES:
            for hour in HOURS:
                cells = [self.stays.get((day, hour, zone), []) for day in days]
                self._sums[zone, hour] = [0, *accumulate(len(cell) for cell in cells)]
                self._times[zone, hour] = [0.0, *accumulate(sum(cell) for cell in cells)]

    def count(self, first: date, last: date, zones: Iterable[str], hours: Iterable[int]) -> int:
        """How many there were."""
        low, high = (first - FIRST).days, (last - FIRST).days + 1
        hours = list(hours)
        return sum(
            self._sums[zone, hour][high] - self._sums[zone, hour][low] for zone in zones for hour in hours
        )

    def stayed_s(self, first: date, last: date, zones: Iterable[str], hours: Iterable[int]) -> float:
        """How long they stayed together."""
        low, high = (first - FIRST).days, (last - FIRST).days + 1
        hours = list(hours)
        return sum(
            self._times[zone, hour][high] - self._times[zone, hour][low] for zone in zones for hour in hours
        )

    def truth(self, asked: Asked) -> dict[str, int]:
        """The true numbers of an answer, by the key of its row; "" is the whole."""
        zones: Sequence[str] = asked.zones or ZONES
        found = {"": self.count(asked.first, asked.last, zones, HOURS)}
        match asked.by:
            case "zone":
                found |= {zone: self.count(asked.first, asked.last, [zone], HOURS) for zone in zones}
            case "hour":
                found |= {str(hour): self.count(asked.first, asked.last, zones, [hour]) for hour in HOURS}
            case "day":
                for day in days_of(asked):
                    found[day.isoformat()] = self.count(day, day, zones, HOURS)
            case "weekhour":
                for day in days_of(asked):
                    for hour in HOURS:
                        key = str(day.weekday() * 24 + hour)
                        found[key] = found.get(key, 0) + self.count(day, day, zones, [hour])
            case _:
                pass
        return found


def days_of(asked: Asked) -> list[date]:
    """Every day of a question."""
    return [asked.first + timedelta(days=place) for place in range((asked.last - asked.first).days + 1)]


def moment(day: date, hour: int, part: float) -> float:
    """Seconds of UTC of a time on the shop's clock."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZONE).timestamp() + part * 3_600


def _about(rnd: Random, mean: float) -> int:
    """A number from Poisson's distribution (Knuth, The Art of Computer Programming, 3.4.1)."""
    if mean <= 0:
        return 0
    count, left = 0, rnd.expovariate(1.0)
    while left < mean:
        count += 1
        left += rnd.expovariate(1.0)
    return count


def start(folder: Path, seed: int) -> World:
    """A shop in which nothing has happened yet."""
    shops = Shops(folder)
    door = shops.device(HOME, "edge", "Door")
    shops.now = NOW
    return World(shops, Random(seed), door)
