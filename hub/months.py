"""What runs when: a month's days with the offers on them, stretches in which nothing changes, and offers that run at once.

Pure. `hub.admin.calendar` and the command line show it. Days are the shop's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hub.promises import Standing, standing
from hub.store.records import CampaignRecord
from hub.typed_hours import minutes_of

FIRST_YEAR, LAST_YEAR = 2000, 2100


@dataclass(frozen=True, slots=True)
class Run:
    """An offer from its first day to its last, both included, on the shop's clock."""

    record: CampaignRecord
    standing: Standing
    first: date
    last: date

    @property
    def number(self) -> int:
        """The offer's number."""
        return self.record.number


@dataclass(frozen=True, slots=True)
class Piece:
    """The part of a run that stands in one week: over how many of its days; whether the run begins or ends there."""

    run: Run
    days: int
    begins: bool
    ends: bool


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the page. `lanes`: a piece that begins here, `...` where one goes on, None where a lane is empty."""

    day: date
    inside: bool
    lanes: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days on which the same offers run."""

    first: date
    last: date
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two offers that run at the same time and place. `places`: channels, and `air` where both speak on Bluetooth."""

    one: Run
    other: Run
    first: date
    last: date
    places: tuple[str, ...]


def read_month(text: str, today: date) -> date:
    """The first day of the month that a text such as `2026-11` names; this month where it names none."""
    try:
        year, month = (int(part) for part in text.split("-"))
        if FIRST_YEAR <= year <= LAST_YEAR:
            return date(year, month, 1)
    except ValueError:
        pass
    return today.replace(day=1)


def next_month(first: date, by: int = 1) -> date:
    """The first day of the month before (-1) or after (1) this one."""
    return (first + timedelta(days=31) if by > 0 else first - timedelta(days=1)).replace(day=1)


def runs_of(records: Iterable[CampaignRecord], first: date, timezone: str, now: float) -> list[Run]:
    """The offers that have a day in the month that begins on `first`, the earlier first."""
    zone = ZoneInfo(timezone)
    end = next_month(first) - timedelta(days=1)
    runs = []
    for record in records:
        campaign = record.campaign
        starts = datetime.fromtimestamp(campaign.starts_at, zone).date()
        # `ends_at` is the first second that is too late.
        ends = datetime.fromtimestamp(max(campaign.starts_at, campaign.ends_at - 1), zone).date()
        if record.state == "ended":
            # Ended by hand: it ran until then.
            ends = min(ends, datetime.fromtimestamp(record.changed_at, zone).date())
        if starts <= ends and starts <= end and ends >= first:
            runs.append(Run(record, standing(record.state, campaign, now), starts, ends))
    return sorted(runs, key=lambda run: (run.first, -(run.last - run.first).days, run.number))


def weeks_of(runs: Sequence[Run], first: date, first_weekday: int = 0) -> list[list[Day]]:
    """The month as weeks of seven days, each run in a lane of its own as long as the week lasts."""
    weeks = []
    earliest = first - timedelta(days=(first.weekday() - first_weekday) % 7)
    whole = (next_month(first) - earliest).days
    for start_of_week in range(0, whole, 7):
        days = [earliest + timedelta(days=start_of_week + step) for step in range(7)]
        here = [run for run in runs if run.first <= days[-1] and run.last >= days[0]]
        lanes: list[list[object]] = []
        for run in here:
            start = max(0, (run.first - days[0]).days)
            stop = min(6, (run.last - days[0]).days)
            lane = next((one for one in lanes if all(one[at] is None for at in range(start, stop + 1))), None)
            if lane is None:
                lane = [None] * 7
                lanes.append(lane)
            lane[start] = Piece(run, stop - start + 1, run.first >= days[0], run.last <= days[-1])
            for at in range(start + 1, stop + 1):
                lane[at] = ...
        weeks.append(
            [
                Day(day, day.month == first.month, tuple(lane[at] for lane in lanes))
                for at, day in enumerate(days)
            ]
        )
    return weeks


def stretches_of(runs: Sequence[Run], first: date) -> list[Stretch]:
    """The month cut where something begins or ends; stretches on which nothing runs are left out."""
    last = next_month(first) - timedelta(days=1)
    cuts = {first, last + timedelta(days=1)}
    for run in runs:
        cuts |= {day for day in (run.first, run.last + timedelta(days=1)) if first <= day <= last}
    edges = sorted(cuts)
    found = [
        Stretch(
            start, end - timedelta(days=1), tuple(r for r in runs if r.first <= start and r.last >= start)
        )
        for start, end in pairwise(edges)
    ]
    return [one for one in found if one.runs]


def overlaps_of(runs: Sequence[Run], first: date) -> list[Overlap]:
    """Which two run at once in this month, on the same channel and in hours that they share. What is over does not count."""
    last = next_month(first) - timedelta(days=1)
    live = [run for run in runs if run.standing != "ended"]
    found = []
    for place, one in enumerate(live):
        for other in live[place + 1 :]:
            start, end = max(one.first, other.first, first), min(one.last, other.last, last)
            places = _shared_places(one, other)
            if start <= end and places and _at_once(one, other):
                found.append(Overlap(one, other, start, end, places))
    return found


def _shared_places(one: Run, other: Run) -> tuple[str, ...]:
    mine, theirs = one.record.campaign, other.record.campaign
    places = tuple(channel for channel in mine.channels if channel in theirs.channels)
    return (*places, "air") if mine.air and theirs.air else places


def _at_once(one: Run, other: Run) -> bool:
    mine, theirs = one.record.campaign, other.record.campaign
    if mine.starts_at >= theirs.ends_at or theirs.starts_at >= mine.ends_at:
        return False
    if not mine.hours or not theirs.hours:
        return True
    return bool(minutes_of(mine.hours) & minutes_of(theirs.hours))
