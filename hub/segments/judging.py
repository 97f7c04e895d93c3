"""Whether a member belongs to a segment today, and until which day that is sure if they do nothing.

Pure. Conditions that turn true by time alone need no scan of everybody: each member has a day on which they are looked at again,
the first on which the answer could be another one. Days are ordinals on the shop's clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from hub.segments.definition import (
    Agreed,
    All,
    Answered,
    Any,
    Away,
    Bought,
    Came,
    Date,
    Definition,
    Holds,
    Joined,
    Leaf,
    Listed,
    Not,
    Score,
    Speaks,
    Spent,
    Stayed,
    Used,
    Way,
    Zone,
)
from hub.segments.portrait import Day, Portrait

NEVER = 4_000_000
"""Later than every day of the calendar."""

MINUTE_MS = 60_000


class Verdict(NamedTuple):
    """Whether it holds, and the first day on which it might not be so any more (`NEVER`: none)."""

    holds: bool
    until: int


def judge(definition: Definition, number: int, portrait: Portrait, today: int) -> Verdict:
    """Whether this member is in the segment of that number and definition. Who does not stand is in none."""
    if not portrait.standing:
        return Verdict(False, NEVER)
    return _judge(definition, number, portrait, today)


def _judge(definition: Definition, number: int, portrait: Portrait, today: int) -> Verdict:
    match definition:
        case All(of=parts):
            return _joined([_judge(part, number, portrait, today) for part in parts], decisive=False)
        case Any(of=parts):
            return _joined([_judge(part, number, portrait, today) for part in parts], decisive=True)
        case Not(that=that):
            holds, until = _judge(that, number, portrait, today)
            return Verdict(not holds, until)
        case _:
            return _leaf(definition, number, portrait, today)


def _joined(verdicts: list[Verdict], *, decisive: bool) -> Verdict:
    """`decisive`: the answer of one part that decides for all: yes for "any", no for "all". While any such part stays so, nothing
    changes; where there is none, the first part that turns."""
    deciding = [until for holds, until in verdicts if holds is decisive]
    if deciding:
        return Verdict(decisive, max(deciding))
    return Verdict(not decisive, min(until for _, until in verdicts))


def _leaf(leaf: Leaf, number: int, portrait: Portrait, today: int) -> Verdict:
    match leaf:
        case Came():
            return _counted(leaf, ((one.day, 1) for one in portrait.days if _came(one)), today)
        case Bought():
            return _counted(leaf, ((one.day, one.purchases) for one in portrait.days), today)
        case Spent():
            return _counted(leaf, ((one.day, one.cents) for one in portrait.days), today)
        case Used(campaign=campaign):
            used = ((day, 1) for offer, day in portrait.used if campaign is None or offer == campaign)
            return _counted(leaf, used, today)
        case Stayed(zone=zone):
            stays = ((one.day, one.dwell_ms) for one in portrait.stays if zone is None or one.zone == zone)
            return _counted(leaf, stays, today, MINUTE_MS)
        case Zone(zone=zone):
            return _counted(
                leaf, ((one.day, one.visits) for one in portrait.stays if one.zone == zone), today
            )
        case Away():
            last = max((one.day for one in portrait.days if _came(one)), default=portrait.joined_day)
            return _ago(leaf.at_least, leaf.at_most, last, today)
        case Joined():
            return _ago(leaf.at_least, leaf.at_most, portrait.joined_day, today)
        case Date():
            return _yearly(leaf, portrait, today)
        case Holds(campaign=campaign):
            last = max((day for offer, day in portrait.held if offer == campaign), default=0)
            return Verdict(True, last + 1) if last >= today else Verdict(False, NEVER)
        case Answered():
            return _answered(leaf, portrait, today)
        case _:
            return Verdict(_timeless(leaf, number, portrait), NEVER)


def _timeless(leaf: Leaf, number: int, portrait: Portrait) -> bool:
    match leaf:
        case Speaks(any_of=codes):
            return portrait.language in codes or portrait.language.split("-")[0] in codes
        case Agreed(purpose=purpose, medium=medium):
            return any(
                one == purpose and (medium is None or channel == medium) for one, channel in portrait.agreed
            )
        case Way(any_of=ways):
            return portrait.way in ways
        case Listed():
            return number in portrait.listed
        case Score():
            return _scored(leaf, portrait)
        case _:
            return False


def _came(day: Day) -> bool:
    """A day on which something stands that was taken back again is none on which they came."""
    return bool(day.visits or day.purchases or day.redemptions)


def _within(low: int | None, high: int | None, number: float) -> bool:
    return (low is None or number >= low) and (high is None or number <= high)


def _counted(
    leaf: Came | Bought | Spent | Used | Stayed | Zone,
    entries: Iterable[tuple[int, int]],
    today: int,
    unit: int = 1,
) -> Verdict:
    """A sum over days. With a window it becomes less as its days grow old: it is followed to the day when the answer turns."""
    if leaf.days is None:
        return Verdict(_within(leaf.at_least, leaf.at_most, sum(n for _, n in entries) // unit), NEVER)
    inside: dict[int, int] = {}
    for day, count in entries:
        if day > today - leaf.days:
            inside[day] = inside.get(day, 0) + count
    left = sum(inside.values())
    holds = _within(leaf.at_least, leaf.at_most, left // unit)
    for day in sorted(inside):
        left -= inside[day]
        if _within(leaf.at_least, leaf.at_most, left // unit) is not holds:
            return Verdict(holds, day + leaf.days)
    return Verdict(holds, NEVER)


def _ago(low: int | None, high: int | None, since: int | None, today: int) -> Verdict:
    """How many days ago something was. What never was is not long ago: it does not hold."""
    if since is None:
        return Verdict(False, NEVER)
    ago = max(0, today - since)
    if low is not None and ago < low:
        return Verdict(False, since + low)
    if high is None:
        return Verdict(True, NEVER)
    return Verdict(True, since + high + 1) if ago <= high else Verdict(False, NEVER)


def _yearly(leaf: Date, portrait: Portrait, today: int) -> Verdict:
    """A day that comes every year: the stretch around it that holds today or comes next."""
    if leaf.which == "joined":
        if portrait.joined_day is None:
            return Verdict(False, NEVER)
        joined = date.fromordinal(portrait.joined_day)
        month, day, first = joined.month, joined.day, joined.year + 1
    elif portrait.birthday is None:
        return Verdict(False, NEVER)
    else:
        (month, day), first = portrait.birthday, 1
    year = date.fromordinal(today).year
    for one in range(max(first, year - 1), max(first, year) + 3):
        at = occurrence(one, month, day)
        if today < at - leaf.ahead:
            return Verdict(False, at - leaf.ahead)
        if today <= at + leaf.behind:
            return Verdict(True, at + leaf.behind + 1)
    return Verdict(False, today + 1)


def occurrence(year: int, month: int, day: int) -> int:
    """The ordinal of a yearly day in a year; what falls on 29 February is on the 28th where there is none."""
    try:
        return date(year, month, day).toordinal()
    except ValueError:
        return date(year, month, 28).toordinal()


def _scored(leaf: Score, portrait: Portrait) -> bool:
    """Nobody of whom nothing is thought yet."""
    scores = portrait.scores
    if scores is None:
        return False
    number = {
        "loss": scores.loss * 100,
        "alive": scores.alive * 100,
        "expected": scores.expected * 100,
        "value": scores.value_cents,
    }[leaf.which]
    return number is not None and _within(leaf.at_least, leaf.at_most, number)


def _answered(leaf: Answered, portrait: Portrait, today: int) -> Verdict:
    fitting = [
        day
        for plan, outcome, day in portrait.answers
        if outcome in leaf.any_of and (leaf.plan is None or plan == leaf.plan)
    ]
    if leaf.days is None:
        return Verdict(bool(fitting), NEVER)
    latest = max(fitting, default=None)
    if latest is None or latest <= today - leaf.days:
        return Verdict(False, NEVER)
    return Verdict(True, latest + leaf.days)
