"""Takes the steps that are due: each exactly once, whatever crashes, however many workers there are.

What a step does (a message into the outbox, a task, a list), the fact that tells it, and where the run then stands are one
transaction, under the shop's lock: either all of it is on disk or nothing. A worker reads a run again inside the transaction,
so two that found the same one do not both take its step. A coupon is made at the hub's own node, in a file of its own, before
the transaction ends; it bears the step's name, so the same step asked again gets the same coupon.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec

from hub.care.means import Means
from hub.care.plan import MOST_STEPS, Gift, Plan, Task, read_plan
from hub.care.rules import CareRules, rules, timezone
from hub.care.seeing import see
from hub.care.step import Act, GiveTask, Held, Issue, Left, PutOnList, Send, Taken, Walker, advance
from hub.care.telling import tell
from hub.messages.outbox import Letter, NotQueued, queue
from hub.store.base import Store
from hub.store.care_records import Run
from hub.wire.events import Fact
from hub.wire.events_care import PlanLeft, PlanStepped, TaskGiven
from hub.wire.snapshot import say

AT_ONCE = 10
"""Runs in one transaction: a till that waits for the lock waits for some milliseconds."""

MOST_HOPS = MOST_STEPS + 2


@dataclass(frozen=True, slots=True)
class _Walk:
    """What the runs of one transaction share."""

    means: Means
    rules: CareRules
    timezone: str
    now: float

    @property
    def store(self) -> Store:
        return self.means.store


def walk(means: Means, now: float, limit: int = AT_ONCE) -> int:
    """Take the next steps that are due at `now`, of at most so many runs; of how many it was."""
    store = means.store
    # Asked without the lock: most of the time there is nothing to do, and tills are not to wait for that.
    if not store.care.is_due(now):
        return 0
    with store.writing():
        plans = {one.number: one for one in store.care.plans() if one.state in ("running", "ended")}
        due = store.care.due(now, limit, plans.keys())
        if not due:
            return 0
        here = _Walk(means, rules(store), timezone(store), now)
        read: dict[tuple[int, int], Plan | None] = {}
        walked = 0
        for run in due:
            key = (run.plan, run.version)
            if key not in read:
                read[key] = plan_of(store, *key)
            if means.give is not None or not gives(read[key]):
                _steps_of(here, read[key], run)
                walked += 1
    return walked


def gives(plan: Plan | None) -> bool:
    """Whether a plan gives coupons."""
    return plan is not None and any(isinstance(step, Gift) for step in plan.steps)


def plan_of(store: Store, plan: int, version: int) -> Plan | None:
    """What a version of a plan says; None where there is none, or this release cannot read it."""
    kept = store.care.version(plan, version)
    if kept is None:
        return None
    try:
        return read_plan(kept.body)
    except msgspec.MsgspecError:
        return None


def _steps_of(here: _Walk, plan: Plan | None, run: Run) -> None:
    """All steps of one run up to the first that has to wait."""
    record = here.store.care.plan(run.plan)
    for _ in range(MOST_HOPS):
        if run.due_at is None or run.due_at > here.now:
            return
        if plan is None or record is None:
            facts: list[Fact] = [
                PlanLeft(run=run.run, number=run.number + 1, step=run.step, reason="unreadable")
            ]
            run = replace(run, due_at=None)
        else:
            run, facts = _one(here, plan, record.salt, run)
        tell(here.store, facts, here.now, here.means.clock)


def _one(here: _Walk, plan: Plan, salt: str, run: Run) -> tuple[Run, list[Fact]]:
    seen = see(here.means, plan, run, here.rules, here.timezone, here.now)
    walker = Walker(run.member, run.step, run.entered_at, run.came_at, run.held, salt, run.test)
    happens = advance(plan, walker, seen, here.now)
    number = run.number + 1
    told: list[Fact] = []
    detail = ""
    if isinstance(happens, Taken | Held) and happens.act is not None and not run.control:
        detail, told = _do(here, plan, run, happens.act)
        if isinstance(happens.act, Issue) and not detail:
            # The lot is empty, or this hub gives none out.
            happens = advance(plan, walker, replace(seen, coupon=False), here.now)
        elif isinstance(happens.act, Send) and not detail:
            happens = replace(happens, outcome="refused")
    match happens:
        case Left():
            fact: Fact = PlanLeft(run=run.run, number=number, step=run.step, reason=happens.reason)
            return replace(run, number=number, due_at=None), [fact]
        case Held():
            fact = PlanStepped(
                run=run.run,
                number=number,
                step=run.step,
                outcome=happens.outcome,
                next=run.step,
                due_at=happens.until,
                detail=detail,
            )
            return replace(run, number=number, due_at=happens.until, held=happens.outcome), [*told, fact]
        case Taken():
            fact = PlanStepped(
                run=run.run,
                number=number,
                step=run.step,
                outcome=happens.outcome,
                next=happens.next,
                due_at=happens.due_at,
                detail=detail,
            )
            moved = replace(
                run, number=number, step=happens.next, due_at=happens.due_at, came_at=here.now, held=""
            )
            return moved, [*told, fact]


def _do(here: _Walk, plan: Plan, run: Run, act: Act) -> tuple[str, list[Fact]]:
    """Do what a step is for: what it made, by name ("" where nothing came of it), and what else is to be told."""
    name = f"care/{run.run}/{run.number + 1}"
    match act:
        case Send():
            return _send(here, plan, run, act, name), []
        case Issue():
            give = here.means.give
            given = give(run.member, act.campaign, name, here.now) if give is not None else None
            return (given.serial if given is not None else ""), []
        case GiveTask():
            step = plan.step(run.step)
            if not isinstance(step, Task):
                return "", []
            task = here.means.new_id()
            fact = TaskGiven(
                task=task,
                run=run.run,
                plan=run.plan,
                version=run.version,
                step=run.step,
                member=run.member,
                until=act.until,
            )
            return task, [fact]
        case PutOnList():
            return _list(here.store, run.member, act), []


def _list(store: Store, member: str, act: PutOnList) -> str:
    segment = store.segments.named(act.segment)
    if segment is None:
        return ""
    root = store.register.into(member)
    if act.add:
        store.segments.put_list(segment.number, [root], instead=False)
    else:
        store.segments.unlist(segment.number, root)
    store.segments.stir([root])
    return act.segment


def _send(here: _Walk, plan: Plan, run: Run, act: Send, name: str) -> str:
    row = here.store.register.get(here.store.register.into(run.member))
    language = row.language if row is not None else ""
    text, subject = say(act.text, language), say(act.subject, language)
    shop = here.store.shop.get()
    called = say(shop.name, language) if shop is not None else ""
    text, subject = text.replace("{shop}", called), subject.replace("{shop}", called)
    if "{coupon}" in text:
        text = text.replace("{coupon}", _coupon_link(here, plan, run)).strip()
    letter = Letter(
        name,
        act.medium,
        "plan",
        text,
        member=run.member,
        plan=str(run.plan),
        step=run.step,
        not_after=act.not_after,
        subject=subject,
        language=language,
    )
    return "" if isinstance(queue(here.store, letter, here.now), NotQueued) else name


def _coupon_link(here: _Walk, plan: Plan, run: Run) -> str:
    """Where the latest coupon that this run was given is shown."""
    for line in reversed(here.store.care.path(run.run)):
        step = plan.step(line.step)
        if isinstance(step, Gift) and line.detail:
            give, name = here.means.give, f"care/{run.run}/{line.number}"
            given = give(run.member, step.campaign, name, here.now) if give is not None else None
            return given.shown if given is not None else ""
    return ""
