"""The hours of an offer as a manager types them: a line for each day of the week, such as "9-11, 15:00-17:30".

Pure. `hub.campaigns` reads a form with it. A stretch that ends before it begins goes over midnight and belongs to the day on
which it begins; a day that stays empty has no hours; all empty is any time at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from hub.sentences import Said, said
from hub.typed import Typed, narrow
from hub.wire.conditions import DAY_MINUTES, Hours, within

WEEK = tuple(range(7))
MOST_STRETCHES = 4
"""In one day. More of them nobody at a till could remember."""

_WEEK_MINUTES = 7 * DAY_MINUTES
_ALL_DAY = ("all day", "allday", "全天", "整天")
_STRETCH = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*(?:-|~|–|—|to|至|到)\s*(\d{1,2})(?::(\d{2}))?")

Stretch = tuple[int, int]


def field_of(day: int) -> str:
    """The name of the field of one day (0 is Monday)."""
    return f"hours_{day}"


def read_day(text: str) -> list[Stretch] | Said:
    """The stretches of one day, from minute to before minute, in their order; or what is wrong."""
    plain = narrow(text).casefold().strip()
    if not plain:
        return []
    if plain in _ALL_DAY:
        return [(0, DAY_MINUTES)]
    found: list[Stretch] = []
    for part in re.split(r"[,;、\n]+", plain):
        if not part.strip():
            continue
        match = _STRETCH.fullmatch(part.strip())
        if match is None:
            return said("Write hours like 9-11, or 9:00-11:30, 15-17.")
        first, first_part, last, last_part = (int(group or 0) for group in match.groups())
        start, end = first * 60 + first_part, last * 60 + last_part
        if first_part > 59 or last_part > 59 or start >= DAY_MINUTES or end > DAY_MINUTES:
            return said("A day has the hours from 0:00 to 24:00.")
        # Until midnight is how people say the end of a day.
        end = end or DAY_MINUTES
        if start == end:
            return said("These hours end when they begin.")
        found.append((start, end))
    if len(found) > MOST_STRETCHES:
        return said("At most %(count)s stretches in one day.", count=MOST_STRETCHES)
    found.sort()
    for (_, end), (start, _) in pairwise(found):
        if start < end:
            return said("These hours overlap.")
    return found


def read_hours(typed: Typed, before: tuple[Hours, ...] = ()) -> tuple[Hours, ...] | dict[str, Said]:
    """The weekly hours that were typed, or what is wrong by field. `before` is kept as it is where it says the same."""
    week: dict[int, list[Stretch]] = {}
    faults: dict[str, Said] = {}
    for day in WEEK:
        read = read_day(typed.get(field_of(day)))
        if isinstance(read, Said):
            faults[field_of(day)] = read
        else:
            week[day] = read
    if faults:
        return faults
    hours = gather(week)
    return before if before and minutes_of(before) == minutes_of(hours) and hours else hours


def gather(week: dict[int, list[Stretch]]) -> tuple[Hours, ...]:
    """Stretches by day as hours: the same stretch of several days is one."""
    days_of: dict[Stretch, list[int]] = {}
    for day, stretches in sorted(week.items()):
        for stretch in stretches:
            days_of.setdefault(stretch, []).append(day)
    ordered = sorted(days_of.items(), key=lambda item: (item[1], item[0]))
    return tuple(Hours(tuple(days), start, end) for (start, end), days in ordered)


def show_hours(hours: Iterable[Hours]) -> dict[str, str]:
    """Weekly hours as the fields show them."""
    week: dict[int, list[Stretch]] = {day: [] for day in WEEK}
    for one in hours:
        for day in one.days:
            week[day].append((one.start, one.end))
    return {field_of(day): show_day(stretches) for day, stretches in week.items()}


def show_day(stretches: Sequence[Stretch]) -> str:
    """The stretches of a day as its field shows them."""
    return ", ".join(f"{clock(start)}-{clock(end)}" for start, end in sorted(set(stretches)))


def clock(minute: int) -> str:
    """A minute of the day: 9:00, 24:00."""
    return f"{minute // 60}:{minute % 60:02d}"


def minutes_of(hours: Sequence[Hours]) -> frozenset[int]:
    """Every minute of the week that these hours hold; all of them where there are none."""
    if not hours:
        return frozenset(range(_WEEK_MINUTES))
    return frozenset(
        minute
        for minute in range(_WEEK_MINUTES)
        if any(within(one, minute // DAY_MINUTES, minute % DAY_MINUTES) for one in hours)
    )
