"""The days that a page speaks of, as they stand in its address.

Pure. Days are the shop's own: they begin and end at midnight on its clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.wire.snapshot import Shop

CHOICES = {"today": 1, "7": 7, "30": 30}
LONGEST_DAYS = 400


@dataclass(frozen=True, slots=True)
class Period:
    """From `first` to `last`, both included. `choice`: which button made it. Times are seconds of UTC."""

    choice: str
    first: date
    last: date
    first_at: float
    end_at: float

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def arguments(self) -> dict[str, str]:
        """How it stands in an address."""
        if self.choice != "custom":
            return {"days": self.choice}
        return {"days": "custom", "from": self.first.isoformat(), "to": self.last.isoformat()}


def read_period(arguments: Mapping[str, str], shop: Shop, now: float, default: str = "today") -> Period:
    """The period that an address asks for; what cannot be read falls back to `default`, what is turned round is turned back."""
    today = datetime.fromtimestamp(now, ZoneInfo(shop.timezone)).date()
    choice = arguments.get("days", default)
    if choice == "custom":
        first, last = _day(arguments.get("from")), _day(arguments.get("to"))
        if first or last:
            first, last = sorted((first or last or today, last or first or today))
            return period_of(shop, max(first, last - timedelta(days=LONGEST_DAYS - 1)), last, "custom")
    choice = choice if choice in CHOICES else default
    return period_of(shop, today - timedelta(days=CHOICES[choice] - 1), today, choice)


def period_of(shop: Shop, first: date, last: date, choice: str = "custom") -> Period:
    """Whole days on the shop's clock."""
    zone = ZoneInfo(shop.timezone)
    start = datetime.combine(first, time(), zone).timestamp()
    end = datetime.combine(last + timedelta(days=1), time(), zone).timestamp()
    return Period(choice, first, last, start, end)


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2100 else None
