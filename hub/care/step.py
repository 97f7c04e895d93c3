"""One step of one member through a plan: what is known goes in, what happens comes out.

Pure. `advance` is the only place that knows what a step does. It is called when a run's step is due; what it says is told as a
fact and done in the same transaction (`hub.care.walking`). Who is in the control group walks by the same answers; the caller
leaves out what they would have got.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from hub.care import plan as steps
from hub.care.dates import next_time
from hub.care.localtime import day_of, days_later, reached
from hub.care.plan import AnyStep, Asked, Plan
from hub.care.quiet import QuietHours, next_moment
from hub.wire.fact import Medium
from hub.wire.holdout import in_group
from hub.wire.snapshot import Text

GIVEN = "given"
"""A task waits to be done."""

ALWAYS = QuietHours()
"""No quiet hours."""

SCREEN = "screen"
"""What is shown when they look themselves disturbs nobody at night."""


@dataclass(frozen=True, slots=True)
class Walker:
    """Who stands at which step. `came_at`: since when; `held`: what they wait for there, "" where they have just come. `salt`
    is the plan's own."""

    member: str
    step: str
    entered_at: float
    came_at: float
    held: str
    salt: str
    test: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of the member now, as far as the step asks for it (`hub.care.seeing`).

    `gone`: erased, or left. `merged`: they are somebody's second membership, who was in this plan
    before. `took_back`: since
    they went in they took their consent to messages back. `reach`: channels on which they agreed and have an address. `did`:
    how often, by question. `outcomes`: of this run's tasks, by step. `room_at`: from when on caps leave room. `coupon`: the
    step's offer has one to give.
    """

    timezone: str
    quiet: QuietHours = ALWAYS
    gone: bool = False
    merged: bool = False
    took_back: bool = False
    paused_until: float = 0.0
    reach: frozenset[Medium] = frozenset()
    language: str = ""
    segments: frozenset[str] = frozenset()
    dates: Mapping[str, str] = field(default_factory=dict)
    did: Mapping[steps.Did, int] = field(default_factory=dict)
    outcomes: Mapping[str, str] = field(default_factory=dict)
    room_at: float = 0.0
    coupon: bool = False


@dataclass(frozen=True, slots=True)
class Send:
    """Write to them. `not_after`: later it is worth nothing any more."""

    medium: Medium
    text: Text
    subject: Text
    not_after: float


@dataclass(frozen=True, slots=True)
class Issue:
    """Give them a coupon of this offer."""

    campaign: int


@dataclass(frozen=True, slots=True)
class GiveTask:
    """Ask staff, until then."""

    until: float


@dataclass(frozen=True, slots=True)
class PutOnList:
    """On a list, or off it."""

    segment: str
    add: bool


Act = Send | Issue | GiveTask | PutOnList


@dataclass(frozen=True, slots=True)
class Taken:
    """The step is done with this outcome; `next` is due at `due_at` ("": the plan is over)."""

    outcome: str
    next: str
    due_at: float
    act: Act | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """They stay at the step, which is looked at again at `until`."""

    outcome: str
    until: float
    act: Act | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """They leave the plan here."""

    reason: str


Happening = Taken | Held | Left


def advance(plan: Plan, walker: Walker, seen: Seen, now: float) -> Happening:
    """What happens to a member whose step is due."""
    leaves = _leaves(plan, walker, seen)
    if leaves is not None:
        return leaves
    step = plan.step(walker.step)
    match step:
        case None:
            return Left("end" if walker.step == steps.END else "no_step")
        case steps.Until():
            return _until(plan, step, walker, seen, now)
        case steps.Message():
            return _message(plan, step, walker, seen, now)
        case steps.Task():
            return _task(plan, step, walker, seen, now)
        case _:
            return _at_once(plan, step, walker, seen, now)


def first_due(plan: Plan, seen: Seen, now: float, *, test: bool = False) -> float:
    """When the first step is due for whoever goes in now."""
    return due_at(plan.step(plan.first), seen, now, test=test)


def due_at(step: AnyStep | None, seen: Seen, now: float, *, test: bool = False) -> float:
    """When a step is due for whoever comes to it now. Who tries a plan out waits for nothing."""
    if test:
        return now
    match step:
        case steps.Wait():
            after = days_later(seen.timezone, now, step.days) + step.minutes * 60
            return after if step.at is None else next_shown(seen.timezone, after, step.at)
        case steps.Until():
            return _date(step, seen, now) or now
        case _:
            return now


def holds(asks: Asked, walker: Walker, seen: Seen, draw: str = "") -> bool:
    """Whether it is so of them now. `draw` names the lot that is drawn for a share."""
    match asks:
        case steps.Within():
            return not seen.segments.isdisjoint(asks.any_of)
        case steps.Did():
            return seen.did.get(asks, 0) >= asks.least
        case steps.Came():
            return seen.outcomes.get(asks.step, "") == asks.outcome
        case steps.Reachable():
            return asks.medium in seen.reach
        case steps.Speaks():
            return seen.language == asks.language
        case steps.Share():
            return in_group(f"{walker.salt}/{draw}", asks.percent, walker.member)


def next_shown(timezone: str, moment: float, minute: int) -> float:
    """When the shop's clock next shows that minute of the day, at `moment` or later."""
    day = day_of(timezone, moment)
    first = reached(timezone, day, minute)
    return first if first >= moment else reached(timezone, day + timedelta(days=1), minute)


def _leaves(plan: Plan, walker: Walker, seen: Seen) -> Left | None:
    if seen.gone:
        return Left("gone")
    if seen.merged:
        return Left("merged")
    if plan.writes and seen.took_back:
        return Left("consent")
    if not walker.test and any(holds(one, walker, seen) for one in plan.leave):
        return Left("goal")
    return None


def _on(
    plan: Plan, to: str, outcome: str, seen: Seen, now: float, walker: Walker, act: Act | None = None
) -> Taken:
    return Taken(outcome, to, due_at(plan.step(to), seen, now, test=walker.test), act)


def _at_once(
    plan: Plan,
    step: steps.Wait | steps.Split | steps.Gift | steps.Enlist,
    walker: Walker,
    seen: Seen,
    now: float,
) -> Taken:
    """Steps that hold nobody up once they are due."""
    match step:
        case steps.Wait():
            return _on(plan, step.next, "waited", seen, now, walker)
        case steps.Split():
            for place, branch in enumerate(step.branches, 1):
                if holds(branch.asks, walker, seen, f"{step.id}/{place}"):
                    return _on(plan, branch.next, f"way{place}", seen, now, walker)
            return _on(plan, step.next, "else", seen, now, walker)
        case steps.Gift():
            if not seen.coupon:
                return _on(plan, step.missing, "none", seen, now, walker)
            return _on(plan, step.next, "given", seen, now, walker, Issue(step.campaign))
        case steps.Enlist():
            act = PutOnList(step.segment, step.add)
            return _on(plan, step.next, "listed", seen, now, walker, act)


def _date(step: steps.Until, seen: Seen, now: float) -> float | None:
    return next_time(
        seen.dates.get(step.field, ""), step.shift, step.at, seen.timezone, now, yearly=step.yearly
    )


def _until(plan: Plan, step: steps.Until, walker: Walker, seen: Seen, now: float) -> Happening:
    """The date may have come, have been changed or taken away meanwhile; or have been missing from the beginning."""
    due = _date(step, seen, walker.came_at)
    if due is None:
        return _on(plan, step.missing, "missing", seen, now, walker)
    if due > now and not walker.test:
        return Held("changed", due)
    return _on(plan, step.next, "waited", seen, now, walker)


def _message(plan: Plan, step: steps.Message, walker: Walker, seen: Seen, now: float) -> Happening:
    last = days_later(seen.timezone, walker.came_at, step.patience)
    medium = next((one for one in step.media if one in seen.reach), None)
    if seen.paused_until > now:
        # While they want to hear nothing nobody is asked whether they could be reached.
        return _wait_or_drop(plan, step, walker, seen, now, "paused", seen.paused_until)
    if medium is None:
        return _on(plan, step.missing, "unreachable", seen, now, walker)
    if not walker.test:
        at = now if medium == SCREEN else next_moment(seen.quiet, seen.timezone, now)
        if at is None:
            return _on(plan, step.next, "dropped", seen, now, walker)
        if at > now:
            return _wait_or_drop(plan, step, walker, seen, now, "quiet", at)
        if seen.room_at > now:
            if step.full == "drop":
                return _on(plan, step.next, "dropped", seen, now, walker)
            return _wait_or_drop(plan, step, walker, seen, now, "full", seen.room_at)
    letter = Send(medium, step.text, step.subject, last)
    return _on(plan, step.next, "sent", seen, now, walker, letter)


def _wait_or_drop(
    plan: Plan, step: steps.Message, walker: Walker, seen: Seen, now: float, why: str, at: float
) -> Happening:
    """Until a moment that is neither quiet nor too late; else without it."""
    moment = next_moment(seen.quiet, seen.timezone, at)
    last = days_later(seen.timezone, walker.came_at, step.patience)
    if moment is None or moment > last:
        return _on(plan, step.next, "dropped", seen, now, walker)
    return Held(why, moment)


def _task(plan: Plan, step: steps.Task, walker: Walker, seen: Seen, now: float) -> Happening:
    until = days_later(seen.timezone, walker.came_at, step.days)
    if walker.test:
        return _on(plan, step.next, GIVEN, seen, now, walker, GiveTask(until))
    if walker.held != GIVEN:
        return Held(GIVEN, until, GiveTask(until))
    return _on(plan, step.next, seen.outcomes.get(step.id, "") or "lapsed", seen, now, walker)
