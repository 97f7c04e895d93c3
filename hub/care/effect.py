"""What a plan changed: members who walked it and got what it gives, against the control group who walked the same way and got
nothing.

Each member counts once, over as many days after the day on which they first went in as the plan says (`Plan.watch`), and only
when these days are over: so all are looked at for the same time, whenever they came. Whoever left early counts too: groups are
compared as they were drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.care.localtime import day_of
from hub.care.plan import Plan
from hub.care.rules import timezone
from hub.figures.campaign import Effect
from hub.figures.lift import Sample, lift, sample
from hub.store.base import Store
from hub.store.care_records import Observed, PlanRecord

USUAL_DAYS = 180.0
"""A plan has no end of its own; its interval is made for looks over half a year, and holds for longer ones."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The effect; None where nobody's days are over yet. `waiting`: how many members are still being watched."""

    effect: Effect | None
    waiting: int


def effect(store: Store, record: PlanRecord, plan: Plan, now: float) -> Watched:
    """What may be said now."""
    zone = timezone(store)
    yesterday = day_of(zone, now).toordinal() - 1
    seen = store.care.observed(record.number, plan.watch, yesterday)
    everybody = store.care.went_in(record.number)
    waiting = everybody - len(seen)
    if not seen or record.published_at is None:
        return Watched(None, waiting)
    over = record.state == "ended" and waiting == 0
    return Watched(compared(seen, 1.0 if over else passed(now - record.published_at, USUAL_DAYS)), waiting)


def passed(seconds: float, days: float) -> float:
    """Which part of the time that one looks for is over, before the end."""
    return min(0.999, max(0.001, seconds / (days * 86_400.0)))


def compared(seen: list[Observed], elapsed: float) -> Effect:
    """Those who got it against those who were left out by lot. `elapsed`: the part of the time that is over, 1 at the end: an
    interval that is looked at again and again holds all the same (`hub.figures.lift`)."""
    paid = any(one.cents for one in seen)
    value = lift(_cents(seen, control=False), _cents(seen, control=True), elapsed) if paid else None
    days = lift(_days(seen, control=False), _days(seen, control=True), elapsed)
    return Effect(value, days, elapsed)


def _cents(seen: list[Observed], *, control: bool) -> Sample:
    return sample(one.cents for one in seen if one.control is control)


def _days(seen: list[Observed], *, control: bool) -> Sample:
    return sample(one.visits for one in seen if one.control is control)
