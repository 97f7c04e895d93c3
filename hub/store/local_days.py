"""On which day and in which hour of a shop a quarter of an hour lies.

Pure. Days are counted as `date.toordinal()` counts them, so 1 is a Monday; hours are those of the wall clock, from 0 to 23. The
hour that a clock shows twice in autumn is one hour here, the one that it leaves out in spring has nothing in it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

QUARTER_S = 900
QUARTERS_OF_A_DAY = 96
EPOCH_DAY = date(1970, 1, 1).toordinal()

LAST_KNOWN = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp()) // QUARTER_S
"""From here on nobody knows when clocks will be put forward: a wild stamp gets the offset of that moment."""

Span = tuple[int, int, int]
"""From a quarter to before another, and by how many quarters the shop's clock is ahead of UTC meanwhile."""


@lru_cache(maxsize=256)
def zone_of(timezone: str) -> ZoneInfo:
    """A timezone by its name; UTC where this machine does not know it."""
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


@lru_cache(maxsize=8_192)
def ahead(timezone: str, quarter: int) -> int:
    """By how many quarters of an hour the shop's clock is ahead of UTC."""
    moment = datetime.fromtimestamp(min(quarter, LAST_KNOWN) * QUARTER_S, zone_of(timezone))
    offset = moment.utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) // QUARTER_S


@lru_cache(maxsize=8_192)
def place(timezone: str, quarter: int) -> tuple[int, int]:
    """Day and hour of a quarter."""
    day, rest = divmod(quarter + ahead(timezone, quarter), QUARTERS_OF_A_DAY)
    return day + EPOCH_DAY, rest // 4


@lru_cache(maxsize=512)
def spans(timezone: str, first: int, end: int) -> tuple[Span, ...]:
    """The quarters from `first` to before `end`, cut where the clock is put forward or back."""
    found: list[Span] = []
    begun, offset, here = first, ahead(timezone, first), first
    while here < end:
        after = min(end, here + QUARTERS_OF_A_DAY) if here < LAST_KNOWN else end
        seen = min(after, end - 1)
        if ahead(timezone, seen) != offset:
            change = _first_other(timezone, here, seen, offset)
            found.append((begun, change, offset))
            begun, offset, after = change, ahead(timezone, change), change
        here = after
    if begun < end:
        found.append((begun, end, offset))
    return tuple(found)


def _first_other(timezone: str, low: int, high: int, offset: int) -> int:
    """The first quarter above `low`, up to `high`, with another offset."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if ahead(timezone, middle) == offset else (low, middle)
    return high


def spans_of_days(timezone: str, first_day: int, last_day: int) -> tuple[Span, ...]:
    """Quarters among which all of these days are, both included, cut where the clock is put forward or back. Some at either end
    lie on other days: a clock that is put back at midnight shows a day twice, and whoever reads looks at the day itself."""
    low = max(0, (first_day - EPOCH_DAY - 1) * QUARTERS_OF_A_DAY)
    high = (last_day - EPOCH_DAY + 2) * QUARTERS_OF_A_DAY
    return spans(timezone, low, high) if low < high else ()
