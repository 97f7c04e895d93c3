"""What other programs ask about an offer's effect: the same comparison as on its report, in numbers."""

from __future__ import annotations

from typing import Literal

import msgspec

from hub.figures.campaign import days_of, effect
from hub.figures.lift import Lift
from hub.outside.asking import Call, Refused, missing

LEAST_SHOWN = 10
"""Fewer members are not counted out."""


class Compared(msgspec.Struct, frozen=True):
    """One thing per member, in hundredths of the currency or in days: in both groups, the difference, and between what it lies.
    None where the groups are too small for it."""

    treated: float | None
    control: float | None
    difference: float | None
    low: float | None
    high: float | None


class LiftShown(msgspec.Struct, frozen=True):
    """What an offer changed against its control group. `verdict` goes by what was paid where a till tells it, else by days here.

    `is_final`: the offer is over; before, the interval is wider, so that one may look as often as one likes. `alpha`: how often
    such an interval misses the truth. `members`: how many could have it; None for fewer than ten, and so of `control_members`.
    """

    campaign: int
    verdict: Literal["no_control", "early", "too_few", "unclear", "worked", "harmed"]
    is_final: bool
    members: int | None = None
    control_members: int | None = None
    alpha: float | None = None
    paid_cents: Compared | None = None
    days_here: Compared | None = None


def lift(call: Call) -> LiftShown:
    """The comparison; 409 where the offer was never published."""
    record = call.store.campaigns.get(int(call.path["number"]))
    if record is None:
        raise missing(f"offer {call.path['number']}")
    shop = call.store.shop.get()
    if record.published_at is None or shop is None:
        raise Refused(409, "cannot", "This offer was never published, so it has changed nothing.")
    days = days_of(record.campaign, shop.timezone, call.now)
    found = effect(call.store, record.campaign, days, call.now)
    is_over = call.now >= record.campaign.ends_at
    if found is None:
        return LiftShown(record.number, "no_control", is_over)
    told = found.told
    return LiftShown(
        record.number,
        told.verdict.value,
        told.is_final,
        _count(told.treated.count),
        _count(told.control.count),
        told.interval.alpha if told.interval else None,
        _compared(found.value) if found.value else None,
        _compared(found.days),
    )


def _count(members: int) -> int | None:
    return members if members >= LEAST_SHOWN else None


def _compared(told: Lift) -> Compared:
    found = told.interval
    if found is None:
        return Compared(None, None, None, None, None)
    return Compared(told.treated.mean, told.control.mean, found.difference, found.low, found.high)
