"""What somebody wants to know: which figures, of which days, cut by what, of which part of the shop, compared with what.

Pure. `hub.figures.address` reads one from a page's address and writes it back; `hub.figures.engine` answers it. Days are the
shop's own: they begin and end at midnight on its clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

LONGEST_DAYS = 4_000
"""A question covers at most that many days."""

MOST_CUTS = 2


class Dimension(StrEnum):
    """By what a figure may be cut. `weekhour`: hours of the week, 0 is Monday from midnight to one."""

    SHOP = "shop"
    ZONE = "zone"
    WAY = "way"
    CHANNEL = "channel"
    CAMPAIGN = "campaign"
    STAFF = "staff"
    TILL = "till"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    HOUR = "hour"
    WEEKDAY = "weekday"
    WEEKHOUR = "weekhour"


TIMES = frozenset(
    (Dimension.DAY, Dimension.WEEK, Dimension.MONTH, Dimension.HOUR, Dimension.WEEKDAY, Dimension.WEEKHOUR)
)
"""Dimensions of time, which every figure has. A week begins on Monday and is named by that day; a month by its first."""


class Comparison(StrEnum):
    """With which days a figure is compared: none; as many just before; the same weekdays a year ago (364 days); one's own."""

    NONE = "none"
    PREVIOUS = "previous"
    YEAR = "year"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Days:
    """Whole days of the shop, both included."""

    first: date
    last: date

    @property
    def count(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def back(self, days: int) -> Days:
        """The same stretch so many days earlier."""
        return Days(self.first - timedelta(days=days), self.last - timedelta(days=days))


@dataclass(frozen=True, slots=True)
class Filters:
    """Which part is looked at. An empty tuple: all of it. A figure that cannot be cut by a dimension is not narrowed by it, and
    its answer says so (`Answer.not_narrowed`). `shops` are numbers; empty: the shop whose pages these are."""

    shops: tuple[int, ...] = ()
    zones: tuple[str, ...] = ()
    ways: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    campaigns: tuple[int, ...] = ()
    staff: tuple[str, ...] = ()
    tills: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """`figures`: names in `hub.figures.definitions`. `by`: at most `MOST_CUTS` dimensions; rows come in their order."""

    figures: tuple[str, ...]
    days: Days
    by: tuple[Dimension, ...] = ()
    filters: Filters = Filters()
    comparison: Comparison = Comparison.NONE
    against: Days | None = None
    """The days of a comparison of one's own."""

    def compared(self) -> Days | None:
        """The days with which these are compared; None where they are not."""
        match self.comparison:
            case Comparison.PREVIOUS:
                return self.days.back(self.days.count)
            case Comparison.YEAR:
                # Whole weeks, so that a Saturday is compared with a Saturday.
                return self.days.back(364 if self.days.count <= 364 else -(-self.days.count // 364) * 364)
            case Comparison.CUSTOM:
                return self.against
            case _:
                return None
