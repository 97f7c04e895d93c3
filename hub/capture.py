"""How many of those who came near came in: the capture rate of a shop front, with what chance alone does to it.

Pure. The figures are those of `hub.figures`; nothing in them stands for anybody.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt

import msgspec

from hub.figures.answer import Answer
from hub.store.counts import StreetCount

BAND_Z = 1.645
"""Standard deviations on each side that hold nine of ten draws, the same nine in ten as of people present."""


class StreetZone(msgspec.Struct, frozen=True):
    """One zone's part."""

    zone: str
    passers: int
    entrants: int


class Street(msgspec.Struct, frozen=True):
    """Who came near in a period, and who of them came in. `rate` is None where nobody came near. `noisy`: counts carry noise.

    `low` and `high` hold the true share nine times in ten, as far as chance goes. `latest_at` is when a door last told,
    `age_s` how long ago that was.
    """

    near: int
    passers: int
    entrants: int
    rate: float | None
    low: float | None
    high: float | None
    windows: int
    latest_at: float | None
    age_s: float | None
    simulated: bool
    by_zone: list[StreetZone]
    noisy: bool = False


def band(part: int, whole: int) -> tuple[float, float]:
    """The share's band for `part` of `whole` (1 or more): the score interval of E. B. Wilson (1927).

    The plain one, of the normal curve around the share, is of no width where nobody or everybody came in.
    """
    share, spread = part / whole, BAND_Z * BAND_Z / whole
    middle = (share + spread / 2) / (1 + spread)
    half = BAND_Z * sqrt(share * (1 - share) / whole + spread / (4 * whole)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def street_of(by_zone: Answer, counts: Iterable[StreetCount], now: float) -> Street:
    """The answer for passers, entrants and capture rate by zone, with how fresh the counts behind it are."""
    counts = list(counts)
    total = by_zone.total.values
    passers, entrants = (round(total[name].number or 0) for name in ("passers", "entrants"))
    near, rate = passers + entrants, total["capture_rate"].number
    low, high = band(min(entrants, near), near) if near > 0 and rate is not None else (None, None)
    latest_at = max((count.latest_at for count in counts), default=None)
    return Street(
        near=near,
        passers=passers,
        entrants=entrants,
        rate=None if rate is None else round(rate, 4),
        low=None if low is None else round(low, 4),
        high=None if high is None else round(high, 4),
        windows=sum(count.windows for count in counts),
        latest_at=latest_at,
        age_s=None if latest_at is None else max(0.0, now - latest_at),
        simulated=by_zone.simulated,
        by_zone=[
            StreetZone(row.key[0], *(round(row.values[name].number or 0) for name in ("passers", "entrants")))
            for row in by_zone.rows
        ],
        noisy=any(value.noisy for row in (*by_zone.rows, by_zone.total) for value in row.values.values()),
    )
