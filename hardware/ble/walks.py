"""Who walks where on the simulated street, and when: plans that depend on nothing but the seed and the hour.

Repeatable; asked by `hardware.ble.street`.

The radio hangs over the shop floor near the door. x runs along the pavement, y from the door into the shop; metres.
The plan of an hour does not depend on when anybody began to look, so the truth of any moment can be asked for.
"""

from __future__ import annotations

from math import hypot
from random import Random
from typing import Literal, NamedTuple

HOUR_S = 3600
DAY_S = 86400

DOOR = (0.0, 0.0)
# Inside the glass, so that a shopper at the door is nearer than any passer-by.
RADIO = (0.0, 2.0)
SHOP_HALF_WIDTH_M = 4.0
SHOP_DEPTH_M = 8.0
# Beyond this nobody is heard through the shop's front, so nobody is simulated.
STREET_HALF_LENGTH_M = 35.0
PAVEMENT_Y_M = (-7.0, -2.0)

SHOPPERS_PER_HOUR = 40.0
PASSERS_PER_HOUR = 300.0
# Median 7 minutes with a long tail; the longest stay is bounded so that the past that matters is bounded, too.
DWELL_MEDIAN_S = 420.0
DWELL_SPREAD = 0.7
DWELL_LIMITS_S = (45.0, 5400.0)
LONGEST_WALK_S = 7200
STAFF = 2

# A share of the busiest hour. "shop" is a shop from 9 to 19 o'clock; "always" never sleeps, so that a demonstration
# at midnight shows something.
SHAPES: dict[str, tuple[float, ...]] = {
    "always": tuple(0.75 + 0.25 * s for s in (0, 0, 0, 0, 0, 0, 0, 0, 0.2, 0.4, 0.6, 0.8,
                                              1, 0.9, 0.7, 0.7, 0.8, 1, 1, 0.6, 0.3, 0.1, 0, 0)),
    "shop": (0, 0, 0, 0, 0, 0, 0, 0, 0, 0.35, 0.5, 0.7, 1, 0.9, 0.6, 0.6, 0.75, 1, 0.9, 0, 0, 0, 0, 0),
}  # fmt: skip
SHOP_OPEN_H, SHOP_SHUT_H = 9, 19
# Passers-by are fewer at night but never none.
PASSERS_AT_LEAST = 0.05

Kind = Literal["shopper", "passer", "staff"]

# Who comes with others: two to four people, of whom the third and fourth are children with nothing on the air.
FAMILY_SIZES = (2, 3, 4)
ADULTS = 2
# Who stops before the window stays a minute on average.
LINGERS_S = 60.0


class Habits(NamedTuple):
    """How the people of one shop and its street behave. The defaults are the small shop of the demonstration.

    `family_share` of arrivals bring others; `lingering_share` of passers-by stop before the window. `swing` makes the day
    flatter (below 1) or its peaks sharper. `pavement_y_m` is how far from the front people walk: from far to near, negative.
    """

    shoppers_per_hour: float = SHOPPERS_PER_HOUR
    passers_per_hour: float = PASSERS_PER_HOUR
    dwell_median_s: float = DWELL_MEDIAN_S
    dwell_spread: float = DWELL_SPREAD
    family_share: float = 0.0
    lingering_share: float = 0.0
    pavement_y_m: tuple[float, float] = PAVEMENT_Y_M
    staff: int = STAFF
    swing: float = 1.0


class Waypoint(NamedTuple):
    """Here, then."""

    at: float
    x: float
    y: float


class Walk(NamedTuple):
    """One person's way; `entered_at` and `left_at` are the moments on the doorstep, None for passers-by.

    `bare` people carry nothing that is on the air.
    """

    who: str
    kind: Kind
    way: tuple[Waypoint, ...]
    entered_at: float | None = None
    left_at: float | None = None
    bare: bool = False


class Plan(NamedTuple):
    """What rules a street: its seed, how busy it is (1 is a small shop), its hours, hours east of Greenwich, its people."""

    seed: int = 1
    busy: float = 1.0
    hours: str = "always"
    offset_h: float = 0.0
    habits: Habits = Habits()

    def hour(self, number: int) -> list[Walk]:
        """Everybody whose way begins in this hour (counted from 1970), staff excepted."""
        rng = Random(f"{self.seed}:{number}")
        habits = self.habits
        shape = SHAPES[self.hours][int(number + self.offset_h) % 24] ** habits.swing
        begin = float(number * HOUR_S)
        walks: list[Walk] = []
        for at in _arrivals(rng, habits.shoppers_per_hour * shape * self.busy, begin):
            walk = _shopper(rng, f"s{number}.{len(walks)}", at, habits)
            walks.append(walk)
            if habits.family_share and rng.random() < habits.family_share:
                walks += _companions(walk, rng.choice(FAMILY_SIZES))
        passers = habits.passers_per_hour * max(shape, PASSERS_AT_LEAST) * self.busy
        for at in _arrivals(rng, passers, begin):
            walks.append(_passer(rng, f"p{number}.{len(walks)}", at, habits))
        return walks

    def staff(self, day: int) -> list[Walk]:
        """The staff of one day (counted from 1970 in the shop's own hours)."""
        midnight = day * DAY_S - self.offset_h * HOUR_S
        first, last = (SHOP_OPEN_H, SHOP_SHUT_H) if self.hours == "shop" else (0, 24)
        begin, end = midnight + first * HOUR_S, midnight + last * HOUR_S
        walks = []
        for number in range(self.habits.staff):
            rng = Random(f"{self.seed}:staff:{day}:{number}")
            way = [Waypoint(begin, *_spot(rng)), *_wander(rng, begin, end)]
            walks.append(Walk(f"staff{number}", "staff", tuple(way), begin, end))
        return walks


def _arrivals(rng: Random, per_hour: float, begin: float) -> list[float]:
    """Poisson arrivals within one hour."""
    times: list[float] = []
    at = begin
    while per_hour > 0:
        at += rng.expovariate(per_hour / HOUR_S)
        if at >= begin + HOUR_S:
            break
        times.append(at)
    return times


def _pace(rng: Random) -> float:
    return min(max(rng.gauss(1.3, 0.25), 0.6), 2.2)


def _passer(rng: Random, who: str, at: float, habits: Habits) -> Walk:
    side = rng.choice((-1, 1))
    y = rng.uniform(*habits.pavement_y_m)
    duration = 2 * STREET_HALF_LENGTH_M / _pace(rng)
    begin = Waypoint(at, -side * STREET_HALF_LENGTH_M, y)
    if habits.lingering_share and rng.random() < habits.lingering_share:
        return _lingerer(rng, who, begin, side, duration, habits)
    return Walk(who, "passer", (begin, Waypoint(at + duration, side * STREET_HALF_LENGTH_M, y)))


def _lingerer(rng: Random, who: str, begin: Waypoint, side: int, duration: float, habits: Habits) -> Walk:
    """Stops close to the window, looks in, and goes on."""
    x, y = rng.uniform(-SHOP_HALF_WIDTH_M, SHOP_HALF_WIDTH_M), habits.pavement_y_m[1]
    stops = begin.at + duration / 2
    goes = stops + min(rng.expovariate(1 / LINGERS_S), DWELL_LIMITS_S[1])
    end = Waypoint(goes + duration / 2, side * STREET_HALF_LENGTH_M, begin.y)
    return Walk(who, "passer", (begin, Waypoint(stops, x, y), Waypoint(goes, x, y), end))


def _companions(walk: Walk, size: int) -> list[Walk]:
    """Those who come and go with somebody."""
    return [walk._replace(who=f"{walk.who}+{place}", bare=place >= ADULTS) for place in range(1, size)]


def _shopper(rng: Random, who: str, at: float, habits: Habits) -> Walk:
    pace = _pace(rng)
    y = rng.uniform(*habits.pavement_y_m)
    far = hypot(STREET_HALF_LENGTH_M, y) / pace
    entered = at + far
    stay = rng.lognormvariate(0, habits.dwell_spread) * habits.dwell_median_s
    stay = min(max(stay, DWELL_LIMITS_S[0]), DWELL_LIMITS_S[1])
    left = entered + stay
    way = [
        Waypoint(at, rng.choice((-1, 1)) * STREET_HALF_LENGTH_M, y),
        Waypoint(entered, *DOOR),
        *_wander(rng, entered, left),
        Waypoint(left, *DOOR),
        Waypoint(left + far, rng.choice((-1, 1)) * STREET_HALF_LENGTH_M, y),
    ]
    return Walk(who, "shopper", tuple(way), entered, left)


def _wander(rng: Random, begin: float, end: float) -> list[Waypoint]:
    """From shelf to shelf at an easy pace, standing before each, until shortly before the end."""
    points: list[Waypoint] = []
    at = begin
    x, y = DOOR
    while True:
        spot = _spot(rng)
        at += hypot(spot[0] - x, spot[1] - y) / 0.8
        stands_until = at + rng.expovariate(1 / 40.0)
        # The way back to the door takes up to 12 s.
        if stands_until > end - 12.0:
            return points
        points += (Waypoint(at, *spot), Waypoint(stands_until, *spot))
        at, (x, y) = stands_until, spot


def _spot(rng: Random) -> tuple[float, float]:
    return rng.uniform(-SHOP_HALF_WIDTH_M, SHOP_HALF_WIDTH_M), rng.uniform(0.7, SHOP_DEPTH_M)
