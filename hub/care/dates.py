"""Dates that come round each year, and the moment at which they do.

Pure. Whoever was born on 29 February has their day on 28 February in years without one: the day before is never too late.
"""

from __future__ import annotations

from datetime import date, timedelta

from hub.care.localtime import day_of, reached

LEAP_DAY = (2, 29)


def read_date(text: str) -> tuple[int | None, int, int] | None:
    """Year (None where it was not told), month, day of a date such as 1980-02-29 or --02-29; None where it is none."""
    year, month, day = _parts(text)
    try:
        number = None if year == "-" else int(year)
        found = date(2000 if number is None else number, int(month), int(day))
    except ValueError:
        return None
    return number, found.month, found.day


def _parts(text: str) -> tuple[str, str, str]:
    parts = ["-", *text[2:].split("-")] if text.startswith("--") else text.split("-")
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else ("", "", "")


def in_year(year: int, month: int, day: int) -> date:
    """The day in that year; 28 February for a 29th that it does not have."""
    if (month, day) == LEAP_DAY:
        return date(year, 3, 1) - timedelta(days=1)
    return date(year, month, day)


def next_time(text: str, shift: int, minute: int, timezone: str, now: float, *, yearly: bool) -> float | None:
    """When minute `minute` of the day that lies `shift` days after this date is next reached, at `now` or later; None where the
    text is no date, or a date that does not come again is over."""
    found = read_date(text)
    if found is None:
        return None
    year, month, day = found
    if not yearly:
        if year is None:
            return None
        moment = reached(timezone, date(year, month, day) + timedelta(days=shift), minute)
        return moment if moment >= now else None
    this = day_of(timezone, now).year
    for one in range(this - 1, this + 3):
        moment = reached(timezone, in_year(one, month, day) + timedelta(days=shift), minute)
        if moment >= now:
            return moment
    return None
