"""What the office does with plans: draw, publish, pause, end, move those who walk them, try one out.

Each opens its own transaction. Who published what stays readable for ever: a version never changes, and whoever walks one
finishes on it, unless somebody moves them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import msgspec

from hub.care.entering import JOURNAL, Running, going_in
from hub.care.flaws import Flaw, Known, flaws
from hub.care.means import Means
from hub.care.plan import Plan, Until, read_plan, write_plan
from hub.care.rules import timezone
from hub.care.seeing import dates_of
from hub.care.step import Seen, due_at
from hub.care.telling import tell
from hub.care.walking import plan_of
from hub.segments.keeping import has_list
from hub.store.base import Store
from hub.store.care_records import PlanRecord, PlanState, Run
from hub.wire.events import Fact
from hub.wire.events_care import PlanLeft, PlanTurned
from hub.wire.holdout import SALT_BYTES

AT_ONCE = 500


def draft_of(record: PlanRecord) -> Plan:
    """What is being written; an empty plan where this release cannot read it."""
    try:
        return read_plan(record.draft)
    except msgspec.MsgspecError:
        return Plan()


def known(store: Store, now: float) -> Known:
    """What there is in the shop to choose from."""
    segments = store.segments.all()
    offers = [one.number for one in store.campaigns.in_state("published") if one.campaign.ends_at > now]
    return Known([one.name for one in segments], [one.name for one in segments if has_list(one)], offers)


def add(store: Store, plan: Plan, random: Callable[[int], bytes], now: float) -> int:
    """A new plan, as a draft; its number."""
    return store.care.add_plan(write_plan(plan), random(SALT_BYTES).hex(), now)


def save(store: Store, number: int, plan: Plan, revision: int) -> bool:
    """Keep what was written; False where somebody else changed it since."""
    return store.care.save_draft(number, write_plan(plan), revision)


def publish(store: Store, number: int, who: str, now: float) -> int | list[Flaw]:
    """Let new members go into what is written now: its version, or what has to be put right first. Who is inside already
    finishes on the version that they walk."""
    with store.writing():
        record = store.care.plan(number)
        if record is None:
            return []
        plan = draft_of(record)
        found = flaws(plan, known(store, now))
        if found:
            return found
        if store.care.cursor(JOURNAL) is None:
            store.care.set_cursor(JOURNAL, store.journal.last_position())
        current = store.care.version(number, record.version)
        if current is not None and current.body == record.draft and not current.is_test:
            version = record.version
        else:
            version = store.care.add_version(number, record.draft, now, who, is_test=False)
        store.care.set_state(number, "running", version=version, now=now)
        return version


def pause(store: Store, number: int, now: float) -> bool:
    """Nobody goes in, nobody goes on: whoever is inside stays where they are."""
    return _turn(store, number, "running", "paused", now)


def resume(store: Store, number: int, now: float) -> bool:
    """Go on. What became due meanwhile is done now, within quiet hours and caps; a message whose time is over is left out."""
    return _turn(store, number, "paused", "running", now)


def end(means: Means, number: int, now: float, *, let_finish: bool) -> bool:
    """Nobody goes in any more. `let_finish`: whoever is inside finishes; else they leave at once."""
    store = means.store
    with store.writing():
        record = store.care.plan(number)
        if record is None or record.state not in ("running", "paused"):
            return False
        store.care.set_state(number, "ended", now=now)
        store.care.drop_coming(number)
        if not let_finish:
            tell(store, [_stopped(run) for run in _inside(store, number)], now, means.clock)
        return True


def move_inside(means: Means, number: int, version: int, who: str, now: float) -> int:
    """Move whoever walks that version to the one that new members go into; how many. They go on at the step of the same name,
    begin it anew, and leave where it is not there any more."""
    store = means.store
    with store.writing():
        record = store.care.plan(number)
        plan = plan_of(store, number, record.version) if record is not None else None
        if record is None or plan is None or version == record.version:
            return 0
        facts = [_moved(means, record, plan, run, who, now) for run in _inside(store, number, version)]
        tell(store, facts, now, means.clock)
        return len(facts)


def try_on(means: Means, number: int, member: str, who: str, now: float) -> bool:
    """Let a member of the staff walk what is written now, without waiting; False where it has no first step. Messages and tasks
    of it are real, to them alone; nothing is counted."""
    store = means.store
    with store.writing():
        record = store.care.plan(number)
        if record is None:
            return False
        plan = draft_of(record)
        if plan.step(plan.first) is None or not member:
            return False
        version = store.care.add_version(number, record.draft, now, who, is_test=True)
        one = Running(replace(record, version=version), plan)
        fact = going_in(means, one, member, f"test:{version}", now, control=False, test=True)
        tell(store, [fact], now, means.clock)
        return True


def _turn(store: Store, number: int, before: PlanState, after: PlanState, now: float) -> bool:
    with store.writing():
        record = store.care.plan(number)
        if record is None or record.state != before:
            return False
        store.care.set_state(number, after, now=now)
        return True


def _inside(store: Store, number: int, version: int | None = None) -> Iterator[Run]:
    """Whoever walks a plan now, trials left out."""
    after = ""
    while True:
        some = store.care.runs_in(number, AT_ONCE, after=after, active=True, version=version)
        yield from (run for run in some if not run.test)
        if len(some) < AT_ONCE:
            return
        after = some[-1].run


def _stopped(run: Run) -> Fact:
    return PlanLeft(run=run.run, number=run.number + 1, step=run.step, reason="stopped")


def _moved(means: Means, record: PlanRecord, plan: Plan, run: Run, who: str, now: float) -> Fact:
    step = plan.step(run.step)
    if step is None:
        return PlanLeft(run=run.run, number=run.number + 1, step=run.step, reason="moved")
    zone = timezone(means.store)
    fields = {step.field} if isinstance(step, Until) else set()
    seen = Seen(timezone=zone, dates=dates_of(means, run.member, fields, zone))
    return PlanTurned(
        run=run.run,
        number=run.number + 1,
        version=record.version,
        step=run.step,
        due_at=due_at(step, seen, now),
        by=who,
    )
