"""Gathers what one step has to know of a member, under the lock: few reads, and none that the plan does not ask for."""

from __future__ import annotations

from hub.care.caps import sent_to
from hub.care.frequency import room_at
from hub.care.localtime import day_of
from hub.care.means import Means
from hub.care.plan import (
    AnyStep,
    Asked,
    Came,
    Did,
    Gift,
    Message,
    Plan,
    Reachable,
    Speaks,
    Split,
    Task,
    Until,
    Within,
    ways_on,
)
from hub.care.rules import CareRules
from hub.care.step import Seen
from hub.members.consent import all_of, is_forgotten
from hub.segments.membership import segments_of
from hub.store.base import Store
from hub.store.care_records import Deeds, Run

JOINED = "joined"
"""The date on which they became a member, by this name among those that they have."""


def see(means: Means, plan: Plan, run: Run, rules: CareRules, timezone: str, now: float) -> Seen:
    """What `hub.care.step.advance` has to know of a run whose step is due, and of where it leads."""
    store, step = means.store, plan.step(run.step)
    group = store.register.group(run.member)
    steps = _with_following(plan, step)
    asked = [
        *plan.leave,
        *(branch.asks for one in steps if isinstance(one, Split) for branch in one.branches),
    ]
    writing = [one for one in steps if isinstance(one, Message)]
    consents = all_of(store, run.member) if plan.writes else None
    took_back = (
        consents is not None
        and not any(purpose == "messages" for purpose, _ in consents.given)
        and any(
            not one.given and one.purpose in ("messages", "all") and one.at >= run.entered_at
            for one in consents.records
        )
    )
    media = {medium for one in writing for medium in one.media}
    media |= {one.medium for one in asked if isinstance(one, Reachable)}
    if consents is None and media:
        consents = all_of(store, run.member)
    reach = frozenset(
        one
        for one in media
        if consents is not None and ("messages", one) in consents.given and means.reached(group[0], one)
    )
    sent = sent_to(store, run.member, now) if writing else []
    if writing and run.control:
        # As if they had got those of this plan.
        sent = [*sent, *store.care.shadows(run.run)]
    return Seen(
        timezone=timezone,
        quiet=rules.quiet,
        gone=is_forgotten(store, group[0]),
        merged=_walked_already(store, plan, group, run),
        took_back=took_back,
        paused_until=consents.paused_until if consents is not None else 0.0,
        reach=reach,
        language=_language(store, group[0]) if any(isinstance(one, Speaks) for one in asked) else "",
        segments=segments_of(store, run.member)
        if any(isinstance(one, Within) for one in asked)
        else frozenset(),
        dates=dates_of(means, group[0], {one.field for one in steps if isinstance(one, Until)}, timezone),
        did=_did(store, group, asked, run, timezone, now),
        outcomes=_outcomes(store, run)
        if isinstance(step, Task) or any(isinstance(one, Came) for one in asked)
        else {},
        room_at=room_at(rules.caps, timezone, sent, now) if writing else 0.0,
        coupon=isinstance(step, Gift) and has_coupons(store, step.campaign, now),
    )


def dates_of(means: Means, member: str, wanted: set[str], timezone: str) -> dict[str, str]:
    """Those of a member's dates that are wanted and that they have."""
    if not wanted:
        return {}
    fields = means.fields(member) if wanted - {JOINED} else None
    found: dict[str, str] = {}
    for name in wanted:
        if name == JOINED:
            row = means.store.register.get(member)
            text = day_of(timezone, row.joined_at).isoformat() if row is not None else ""
        elif fields is None:
            text = ""
        else:
            text = fields.birthday if name == "birthday" else fields.free.get(name, "").strip()
        if text:
            found[name] = text
    return found


def has_coupons(store: Store, campaign: int, now: float) -> bool:
    """Whether an offer runs now, so that coupons of it can be given."""
    record = store.campaigns.get(campaign)
    if record is None or record.state != "published":
        return False
    return record.campaign.starts_at <= now < record.campaign.ends_at and not record.campaign.stopped


def count_deeds(days: list[Deeds], deed: str) -> int:
    """How often somebody did it on these days; a day on which they were here counts as one visit."""
    match deed:
        case "purchase":
            return sum(one.purchases for one in days)
        case "coupon":
            return sum(one.redemptions for one in days)
        case _:
            return sum(1 for one in days if one.visits or one.purchases or one.redemptions)


def _with_following(plan: Plan, step: AnyStep | None) -> list[AnyStep]:
    """The step, and those to which it may lead: when these are due may depend on a date."""
    if step is None:
        return []
    following = [plan.step(to) for _, to in ways_on(step)]
    return [step, *(one for one in following if isinstance(one, Until))]


def _walked_already(store: Store, plan: Plan, group: tuple[str, ...], run: Run) -> bool:
    """Whether another membership of this person was in the plan first, so that they would be in it once too often."""
    if len(group) == 1 or run.test:
        return False
    return any(
        (one.entered_at, one.run) < (run.entered_at, run.run)
        and (
            one.due_at is not None
            or plan.again is None
            or run.entered_at < one.entered_at + plan.again * 86_400.0
        )
        for one in store.care.runs_of(group, run.plan)
        if one.member != run.member and not one.test
    )


def _language(store: Store, member: str) -> str:
    row = store.register.get(member)
    return row.language if row is not None else ""


def _did(
    store: Store, group: tuple[str, ...], asked: list[Asked], run: Run, timezone: str, now: float
) -> dict[Did, int]:
    return {
        one: count_deeds(store.care.days_of(group, _since(one, run, timezone, now)), one.deed)
        for one in asked
        if isinstance(one, Did)
    }


def _since(asks: Did, run: Run, timezone: str, now: float) -> int:
    """From which day on it counts: the day after they came in, or so many days back."""
    if asks.days == 0:
        return day_of(timezone, run.entered_at).toordinal() + 1
    return day_of(timezone, now).toordinal() - asks.days + 1


def _outcomes(store: Store, run: Run) -> dict[str, str]:
    return {one.step: one.outcome for one in store.care.tasks_in(run.run) if one.done_at is not None}
