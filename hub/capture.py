"""How many of those who came near came in: the capture rate of a shop front, with what chance alone does to it.

Pure. `hub.reports` feeds it with counts by quarter of an hour; nothing in them stands for anybody.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt

import msgspec

from hub.store.counts import StreetCount

BAND_Z = 1.645
"""Standard deviations on each side that hold nine of ten draws, the same nine in ten as of people present."""


class StreetZone(msgspec.Struct, frozen=True):
    """One zone's part."""

    zone: str
    passers: int
    entrants: int


class Street(msgspec.Struct, frozen=True):
    """Who came near in a period, and who of them came in. `rate` is None where nobody came near.

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


def band(part: int, whole: int) -> tuple[float, float]:
    """The share's band for `part` of `whole` (1 or more): the score interval of E. B. Wilson (1927).

    The plain one, of the normal curve around the share, is of no width where nobody or everybody came in.
    """
    share, spread = part / whole, BAND_Z * BAND_Z / whole
    middle = (share + spread / 2) / (1 + spread)
    half = BAND_Z * sqrt(share * (1 - share) / whole + spread / (4 * whole)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def make_street(counts: Iterable[StreetCount], now: float) -> Street:
    """All counts of a period as one figure, and by zone."""
    counts = list(counts)
    zones: dict[str, tuple[int, int]] = {}
    for count in counts:
        passers, entrants = zones.get(count.zone, (0, 0))
        zones[count.zone] = (passers + count.passers, entrants + count.entrants)
    passers = sum(one for one, _ in zones.values())
    entrants = sum(one for _, one in zones.values())
    near = passers + entrants
    low, high = band(entrants, near) if near else (None, None)
    latest_at = max((count.latest_at for count in counts), default=None)
    return Street(
        near=near,
        passers=passers,
        entrants=entrants,
        rate=round(entrants / near, 4) if near else None,
        low=None if low is None else round(low, 4),
        high=None if high is None else round(high, 4),
        windows=sum(count.windows for count in counts),
        latest_at=latest_at,
        age_s=None if latest_at is None else max(0.0, now - latest_at),
        simulated=any(count.simulated for count in counts),
        by_zone=[StreetZone(zone, *zones[zone]) for zone in sorted(zones)],
    )
