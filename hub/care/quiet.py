"""Quiet hours: when a shop sends nothing of its own accord, by the clock on its wall, to the minute.

Pure. What counts is what the clock shows. In the hour that it shows twice in autumn both are quiet or neither is; what it leaves
out in spring is left out of the quiet hours too. An hour that begins after midnight belongs to the day on which it lies; a
stretch over midnight belongs to the day on which it began.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from hub.care.localtime import DAY_MINUTES, day_of, reached, shown, turned

EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
_LOOK_AHEAD = 9
"""Days: whatever is quiet, a week later it is the same; beyond it nothing new can come."""


class Stretch(msgspec.Struct, frozen=True):
    """On these days (0 is Monday) from minute `start` of the day to before minute `end`; over midnight where `end` is not after
    `start`."""

    days: Annotated[tuple[Annotated[int, Meta(ge=0, le=6)], ...], Meta(min_length=1, max_length=7)]
    start: Annotated[int, Meta(ge=0, lt=DAY_MINUTES)]
    end: Annotated[int, Meta(ge=1, le=DAY_MINUTES)]


class QuietHours(msgspec.Struct, frozen=True):
    """When nothing is sent. None at all: always may be sent."""

    stretches: Annotated[tuple[Stretch, ...], Meta(max_length=20)] = ()


USUAL = QuietHours((Stretch(EVERY_DAY, 20 * 60, 9 * 60),))
"""Until a manager says otherwise: nothing after eight in the evening and before nine in the morning."""


def is_quiet(hours: QuietHours, timezone: str, moment: float) -> bool:
    """Whether nothing is sent at that moment (seconds of UTC)."""
    wall = shown(timezone, moment)
    minute, today = wall.hour * 60 + wall.minute, wall.weekday()
    return any(_covers(one, today, minute) for one in hours.stretches)


def next_moment(hours: QuietHours, timezone: str, now: float) -> float | None:
    """The first moment from `now` on at which something may be sent: `now` itself where it is not quiet; None where it is always
    quiet."""
    if not is_quiet(hours, timezone, now):
        return now
    today = day_of(timezone, now)
    # Quiet ends where a stretch ends, or where the clock jumps out of one.
    moments: set[float] = set()
    for ahead in range(-1, _LOOK_AHEAD):
        day = today + timedelta(days=ahead)
        change = turned(timezone, day)
        for one in hours.stretches:
            first = reached(timezone, day, one.end)
            moments.add(first)
            if change is not None:
                # The clock may show the end a second time: after it was put back.
                moments |= {first + shift for shift in (1_800.0, 3_600.0, 7_200.0)}
        if change is not None:
            moments.add(change)
    return next(
        (one for one in sorted(moments) if one >= now and not is_quiet(hours, timezone, one)),
        None,
    )


def _covers(one: Stretch, today: int, minute: int) -> bool:
    if one.start < one.end:
        return today in one.days and one.start <= minute < one.end
    return (today in one.days and minute >= one.start) or ((today - 1) % 7 in one.days and minute < one.end)
