"""Times by which figures are cut: how each is named in a key, which there are in a period, and with which one each is compared.

Pure. Days are ordinals here (`date.toordinal()`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from hub.figures.question import TIMES, Days, Dimension


def name_of(dimension: Dimension, value: str | int) -> str:
    """A value of a dimension as it stands in a key."""
    if dimension in (Dimension.DAY, Dimension.WEEK, Dimension.MONTH):
        return _day_name(int(value))
    return str(value)


@lru_cache(maxsize=4_096)
def _day_name(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def order_of(dimension: Dimension, name: str) -> tuple[int, str]:
    """By what keys are sorted: numbers by their size, all else as text."""
    numbered = dimension in (
        Dimension.HOUR,
        Dimension.WEEKDAY,
        Dimension.WEEKHOUR,
        Dimension.CAMPAIGN,
        Dimension.SHOP,
    )
    return (int(name), "") if numbered else (0, name)


def all_of(dimension: Dimension, days: Days) -> list[str] | None:
    """Every value that a dimension of time has in a period, first to last; None for what is no time."""
    match dimension:
        case Dimension.HOUR:
            return [str(hour) for hour in range(24)]
        case Dimension.WEEKDAY:
            return sorted({str(day.weekday()) for day in _days(days)})
        case Dimension.WEEKHOUR:
            weekdays = sorted({day.weekday() for day in _days(days)})
            return [str(weekday * 24 + hour) for weekday in weekdays for hour in range(24)]
        case Dimension.DAY | Dimension.WEEK | Dimension.MONTH:
            return list(dict.fromkeys(_begins(dimension, day).isoformat() for day in _days(days)))
        case _:
            return None


def months(days: Days) -> Iterator[tuple[date, Days]]:
    """Each month of a period by its first day, with the days of it that are in the period."""
    first = days.first.replace(day=1)
    while first <= days.last:
        following = (first.replace(day=28) + _WEEK).replace(day=1)
        yield first, Days(max(first, days.first), min(following - _DAY, days.last))
        first = following


def last_day(dimension: Dimension, name: str, days: Days) -> date:
    """The last day of a period that belongs to a cut: the latest that anything could still be added to."""
    match dimension:
        case Dimension.DAY:
            return date.fromisoformat(name)
        case Dimension.WEEK:
            return min(days.last, date.fromisoformat(name) + 6 * _DAY)
        case Dimension.MONTH:
            first = date.fromisoformat(name)
            return min(days.last, (first.replace(day=28) + _WEEK).replace(day=1) - _DAY)
        case _:
            return days.last


def counterparts(dimension: Dimension, days: Days, before: Days) -> dict[str, str]:
    """The name of each value in the days of a comparison, by that in these days: the same hour, the day at the same place."""
    if dimension not in TIMES or dimension in (Dimension.HOUR, Dimension.WEEKDAY, Dimension.WEEKHOUR):
        return {}
    if dimension is Dimension.DAY:
        ahead = days.first - before.first
        return {day.isoformat(): (day - ahead).isoformat() for day in _days(days)}
    return dict(zip(all_of(dimension, days) or (), all_of(dimension, before) or (), strict=False))


_DAY = date(2000, 1, 2) - date(2000, 1, 1)
_WEEK = 7 * _DAY


def _begins(dimension: Dimension, day: date) -> date:
    match dimension:
        case Dimension.WEEK:
            return day - day.weekday() * _DAY
        case Dimension.MONTH:
            return day.replace(day=1)
        case _:
            return day


def _days(days: Days) -> Iterator[date]:
    for place in range(days.count):
        yield days.first + place * _DAY
