"""A simulated shop that is calibrated by counting heads as the installer's page asks for it, and then watched for a day.

The shop's habits are drawn anew each time, and neither the door nor the calibration knows any of them. What the door is told is
what a shop can know: packets, and how many people somebody counted.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from statistics import fmean

from edge.door import Door
from edge.headcount import HeadCount, HeadSample, doubt_at, fit_heads, more_counts
from edge.occupancy import SLICES, Correction, Occupancy, estimate
from edge.replay import in_batches
from edge.tally import COUNT_S, Tally
from hardware.ble.shops import Shop, draw_shop
from hardware.ble.street import Street
from hardware.ble.walks import DAY_S, HOUR_S, SHOP_OPEN_H, SHOP_SHUT_H

A_DAY = 1_790_000_000 // DAY_S * DAY_S
COUNTS_A_DAY = 2
# Nobody believes one count alone, whatever it says of itself; and nobody counts for more than three weeks.
FEWEST_COUNTS, MOST_COUNTS = 4, 40
# How people miscount: somebody overlooked for a while, and now and then a number that is wrong from beginning to end.
OVERLOOKED = 0.05
WRONG_COUNT, WRONG_BY = 0.05, 3


@dataclass(frozen=True, slots=True)
class Window:
    """What the door said of one window, what it would have said without any count, and how many people there were."""

    people: float
    low: float
    high: float
    usual: float
    usual_held: bool
    truth: float

    @property
    def held(self) -> bool:
        """Whether the band holds the truth."""
        return self.low <= self.truth <= self.high


@dataclass(frozen=True, slots=True)
class ShopDay:
    """One day of one shop."""

    shop: Shop
    counts: int
    doubt: float
    correction: Correction
    visits: int
    windows: list[Window]

    @property
    def truth(self) -> float:
        """People inside, mean over the day."""
        return fmean(window.truth for window in self.windows)

    @property
    def error(self) -> float:
        """How far the day's mean is off, as a share of the truth."""
        return fmean(window.people for window in self.windows) / self.truth - 1

    @property
    def usual_error(self) -> float:
        """The same, had nobody ever counted."""
        return fmean(window.usual for window in self.windows) / self.truth - 1


class Truth:
    """How many people are really inside, at any moment of some hours."""

    def __init__(self, street: Street, start: float, end: float) -> None:
        visits = street.visits(start, end)
        self._entered = sorted(visit.entered_at for visit in visits)
        self._left = sorted(visit.left_at for visit in visits)
        self._street = street
        self.visits = len(visits)

    def inside(self, at: float) -> int:
        """Shoppers and staff."""
        return bisect_right(self._entered, at) - bisect_right(self._left, at) + self._street.staff_inside(at)

    def over(self, window: Occupancy) -> float:
        """Mean over a window."""
        slice_s = window.window_s / SLICES
        return fmean(self.inside(window.at - slice_s * (place + 0.5)) for place in range(SLICES))


def watch(
    street: Street, start: float, end: float, correction: Correction, chance: Random
) -> Iterator[Occupancy]:
    """What the door makes of these hours."""
    door = Door("shop", chance.randbytes, correction=correction)
    for batch in in_batches(street.run(start, end)):
        yield from door.hear(batch).measured


def count_heads(street: Street, start: float, usual: Correction, chance: Random) -> HeadCount:
    """Somebody stands in the shop for a quarter of an hour and counts, about as well as people do."""
    truth = Truth(street, start - 60, start + COUNT_S + 60)
    wrong_by = chance.choice((-WRONG_BY, WRONG_BY)) if chance.random() < WRONG_COUNT else 0
    end = start + COUNT_S + 1

    def seen(at: float) -> int:
        overlooked = 1 if chance.random() < OVERLOOKED else 0
        return max(0, truth.inside(at) + wrong_by - overlooked)

    tally = Tally(seen(start), start)
    told = start
    for window in watch(street, start, end, usual, chance):
        while told + 10 <= window.at:
            told += 10
            tally.tick(told)
            tally.tap(seen(told))
        tally.measured([window])
    return HeadCount(start, tuple(HeadSample(one.names, one.heads) for one in tally.counted))


def calibrate(street: Street, usual: Correction, chance: Random) -> list[HeadCount]:
    """Counts on the days before, until the product says that it is enough."""
    counts: list[HeadCount] = []
    while len(counts) < FEWEST_COUNTS or (len(counts) < MOST_COUNTS and more_counts(counts, usual)):
        day = A_DAY - (1 + len(counts) // COUNTS_A_DAY) * DAY_S
        begin = chance.uniform(SHOP_OPEN_H * HOUR_S, SHOP_SHUT_H * HOUR_S - COUNT_S - 60)
        counts.append(count_heads(street, day + begin, usual, chance))
    return counts


def shop_day(seed: str, busy: float = 1.0) -> ShopDay:
    """Draw a shop, calibrate it, and watch it from opening to closing. `busy`: a share of the customers that were drawn."""
    chance = Random(seed)
    shop, usual = draw_shop(chance), Correction()
    street = Street(chance.randrange(2**31), busy=busy, hours="shop", shop=shop)
    counts = calibrate(street, usual, chance)
    correction = fit_heads(counts, usual)
    start, end = float(A_DAY + SHOP_OPEN_H * HOUR_S), float(A_DAY + SHOP_SHUT_H * HOUR_S)
    truth = Truth(street, start, end)
    windows = []
    for window in watch(street, start, end, correction, chance):
        really = truth.over(window)
        before = estimate(window.working.names, usual)
        windows.append(
            Window(
                window.people,
                window.low,
                window.high,
                before.people,
                before.low <= really <= before.high,
                really,
            )
        )
    mean = fmean(window.truth for window in windows)
    return ShopDay(shop, len(counts), doubt_at(mean, correction), correction, truth.visits, windows)
