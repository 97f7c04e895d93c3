"""A shop's wall clock: what it shows at a moment, and when it shows something.

Pure. Where the clock is put forward, a time that it leaves out is reached when the gap is over; where it is put back, a time that
it shows twice is reached the first time (RFC 5545, 3.3.5, says the same of both but for the gap's length).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from hub.store.local_days import LAST_KNOWN, QUARTER_S, zone_of

DAY_MINUTES = 1_440
_LATEST = LAST_KNOWN * QUARTER_S


def shown(timezone: str, moment: float) -> datetime:
    """What the clock shows at a moment (seconds of UTC)."""
    return datetime.fromtimestamp(min(moment, _LATEST), zone_of(timezone))


def day_of(timezone: str, moment: float) -> date:
    """The shop's day of a moment."""
    return shown(timezone, moment).date()


def reached(timezone: str, day: date, minute: int) -> float:
    """When the clock first shows minute `minute` (0 to 1440) of that day, or something later: seconds of UTC."""
    if minute >= DAY_MINUTES:
        day, minute = day + timedelta(days=1), minute - DAY_MINUTES
    zone = zone_of(timezone)
    wall = datetime.combine(day, time(minute // 60, minute % 60), zone)
    first = wall.astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return first.timestamp()
    # It was left out. Both readings of it lie around the gap (PEP 495); between them is the moment of the change.
    early = int(wall.replace(fold=1).timestamp())
    late = int(wall.replace(fold=0).timestamp())
    low, high = min(early, late), max(early, late)
    offset = datetime.fromtimestamp(low, zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return float(high)


def turned(timezone: str, day: date) -> float | None:
    """The moment of that day at which the clock is put forward or back; None where it is not."""
    zone = zone_of(timezone)
    low = int(reached(timezone, day, 0))
    high = int(reached(timezone, day + timedelta(days=1), 0))
    before = datetime.fromtimestamp(low, zone).utcoffset()
    if datetime.fromtimestamp(high, zone).utcoffset() == before:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return float(high)


def days_later(timezone: str, moment: float, days: int) -> float:
    """The same time on the wall so many days later; to the second."""
    wall = shown(timezone, moment)
    day = wall.date() + timedelta(days=days)
    return reached(timezone, day, wall.hour * 60 + wall.minute) + wall.second + wall.microsecond / 1e6
