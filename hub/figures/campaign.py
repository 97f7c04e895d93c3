"""What an offer came to: its funnel, its cost, and what it changed for members against its control group.

The figures are those of every other page (`hub.figures.engine`); what is compared of members are sums over many of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hub.figures.answer import Answer
from hub.figures.engine import ask
from hub.figures.lift import Lift, lift, sample
from hub.figures.question import LONGEST_DAYS, Days, Dimension, Filters, Question
from hub.figures.reach import shops_of
from hub.sentences import Said
from hub.store.base import Store
from hub.wire.chain import is_of_chain
from hub.wire.holdout import is_held_out
from hub.wire.snapshot import Campaign

FUNNEL = ("shown", "opened", "taken", "redeemed", "returned")
COST = (
    "given_cents",
    "earned_cents",
    "baskets",
    "conflicts",
    "conflict_cents",
    "refused",
    "reversed",
    "alone",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Figures of an offer. `days`: those that it ran so far. `by_channel` has the funnel, `by_hour` redemptions by the hour of
    the day; `cost` has its totals only."""

    days: Days
    by_channel: Answer
    cost: Answer
    by_hour: Answer


@dataclass(frozen=True, slots=True)
class Effect:
    """What an offer changed, per member who had joined before it began. `value`: what they paid, in hundredths; None where no
    till tells what is paid. `days`: on how many days they were here. `elapsed`: which share of the offer's time is over."""

    value: Lift | None
    days: Lift
    elapsed: float

    @property
    def told(self) -> Lift:
        """By which the verdict goes: what was paid, where that is known; it is settled before anybody looks at the groups."""
        return self.days if self.value is None else self.value


def days_of(campaign: Campaign, timezone: str, now: float) -> Days | None:
    """The shop's days on which an offer ran so far; None before it began."""
    zone = ZoneInfo(timezone)
    if now < campaign.starts_at:
        return None
    first, end, here = (
        datetime.fromtimestamp(at, zone).date() for at in (campaign.starts_at, campaign.ends_at - 1, now)
    )
    last = max(first, min(end, here))
    return Days(max(first, last - timedelta(days=LONGEST_DAYS - 1)), last)


def outcome(store: Store, campaign: Campaign, days: Days, now: float) -> Outcome | Said:
    """The figures. An offer of the chain is counted in all shops that may be counted together."""
    filters = Filters(campaigns=(campaign.number,))
    if is_of_chain(campaign.number):
        filters = Filters(campaigns=(campaign.number,), shops=shops_of(store))
    by_channel = ask(store, Question(FUNNEL, days, (Dimension.CHANNEL,), filters), now)
    cost = ask(store, Question(COST, days, (), filters), now)
    by_hour = ask(store, Question(("redeemed",), days, (Dimension.HOUR,), filters), now)
    if isinstance(by_channel, Said):
        return by_channel
    if isinstance(cost, Said):
        return cost
    return by_hour if isinstance(by_hour, Said) else Outcome(days, by_channel, cost, by_hour)


def effect(store: Store, campaign: Campaign, days: Days | None, now: float) -> Effect | None:
    """What it changed; None for an offer without a control group.

    Members are those who had joined before it began and still agree to be known; each is in the group that was drawn, whatever
    they did. What they did counts from the first day on, whatever hour it began.
    """
    if not campaign.holdout_percent or not campaign.holdout_salt:
        return None
    lasts = max(1, campaign.ends_at - campaign.starts_at)
    elapsed = max(0.0, (now - campaign.starts_at) / lasts)
    members = [one.member for one in store.members.joined() if one.at < campaign.starts_at]
    done = {}
    if days is not None:
        done = {
            one.member: one
            for one in store.members.totals(members, _ordinal(days.first), _ordinal(days.last))
        }
    held = {member: is_held_out(campaign, member) for member in members}
    groups = [[member for member in members if held[member] is side] for side in (False, True)]
    came = [[done[one].days if one in done else 0 for one in group] for group in groups]
    paid = [[done[one].cents if one in done else 0 for one in group] for group in groups]
    is_paid = any(one.cents for one in done.values())
    return Effect(
        lift(sample(paid[0]), sample(paid[1]), elapsed) if is_paid else None,
        lift(sample(came[0]), sample(came[1]), elapsed),
        elapsed,
    )


def _ordinal(day: date) -> int:
    return day.toordinal()
