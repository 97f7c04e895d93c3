"""Who goes into which plan, and who is told to leave at once.

What happened is read from the journal in its order, what became of segments from their stream; how far stands in the database and
moves in the transaction that lets people in. So a crash loses nobody and lets nobody in twice; and a key, good once for each
member of a plan, says why somebody went in, whoever finds out how often.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from hub.care.forecast import next_use
from hub.care.localtime import day_of, reached
from hub.care.means import Means
from hub.care.plan import (
    Entry,
    Plan,
    Until,
    WhenAway,
    WhenDone,
    WhenDue,
    WhenJoined,
    WhenSegment,
)
from hub.care.rules import timezone
from hub.care.seeing import count_deeds, dates_of
from hub.care.step import Seen, first_due
from hub.care.telling import tell
from hub.care.walking import plan_of
from hub.members.consent import all_of, is_forgotten
from hub.reading import read_run
from hub.segments.membership import changes_since, segments_of
from hub.store.base import Store
from hub.store.care_records import Deeds, PlanRecord
from hub.wire.events_care import PlanEntered, PlanLeft
from hub.wire.holdout import in_group

JOURNAL = "journal"
SEGMENTS = "segments"
RUNS_AT_ONCE = 20
CHANGES_AT_ONCE = 200
MORNING = 9 * 60
"""Who stays away, or is about to need something, goes in at nine in the morning of that day."""

_WHO = {"visit.closed": "known", "purchase.paid": "member", "coupon.redeemed": "member"}
_DEEDS = {
    "visit.closed": ("visit",),
    "purchase.paid": ("visit", "purchase"),
    "coupon.redeemed": ("visit", "coupon"),
}


class _Said(msgspec.Struct):
    """What is read of a fact."""

    member: str = ""
    known: str = ""
    purpose: str = ""


_said = msgspec.json.Decoder(_Said)


@dataclass(frozen=True, slots=True)
class Running:
    """A plan that people go into, and the version that they go into."""

    record: PlanRecord
    plan: Plan


def running(store: Store) -> list[Running]:
    """Every plan that runs."""
    found = []
    for record in store.care.plans():
        if record.state == "running":
            plan = plan_of(store, record.number, record.version)
            if plan is not None:
                found.append(Running(record, plan))
    return found


def look_through_journal(means: Means, now: float) -> bool:
    """Let in whom the next facts of the journal concern; whether there may be more."""
    store = means.store
    here = store.care.cursor(JOURNAL)
    if here is not None and store.journal.last_position() <= here[0]:
        return False
    with store.writing():
        here = store.care.cursor(JOURNAL)
        if here is None:
            # What happened before there were plans is no reason to go into one.
            store.care.set_cursor(JOURNAL, store.journal.last_position())
            return False
        runs = store.beside.runs_after(here[0], limit=RUNS_AT_ONCE)
        if not runs:
            return False
        plans = running(store)
        for run in runs if store.care.plans() else ():
            for event in read_run(run.texts):
                _heard(means, plans, event.kind, event.at, event.data, now)
        store.care.set_cursor(JOURNAL, runs[-1].position + runs[-1].count - 1)
    return True


def look_through_segments(means: Means, now: float) -> bool:
    """Let in whom the next changes of segments concern; whether there may be more."""
    store = means.store
    position, _ = store.care.cursor(SEGMENTS) or (0, "")
    if not changes_since(store, position, 1):
        return False
    with store.writing():
        position, _ = store.care.cursor(SEGMENTS) or (0, "")
        changes = changes_since(store, position, CHANGES_AT_ONCE)
        if not changes:
            return False
        plans = [one for one in running(store) if isinstance(one.plan.entry, WhenSegment)]
        for change in changes:
            for one in plans:
                entry = one.plan.entry
                if (
                    isinstance(entry, WhenSegment)
                    and (entry.segment, entry.entering) == (change.segment, change.entered)
                    and change.at >= (one.record.published_at or 0.0)
                ):
                    enter(means, one, change.member, f"segment:{change.position}", now)
        store.care.set_cursor(SEGMENTS, changes[-1].position)
    return True


def let_in_the_coming(means: Means, now: float, limit: int = 50) -> bool:
    """Let in those whose time has come; whether there may be more."""
    store = means.store
    if not store.care.coming(now, 1):
        return False
    with store.writing():
        plans = {one.record.number: one for one in running(store)}
        coming = store.care.coming(now, limit)
        for number, member, _, key in coming:
            store.care.drop_coming(number, member)
            if number in plans:
                enter(means, plans[number], member, key, now)
    return len(coming) == limit


def enter(means: Means, one: Running, member: str, key: str, now: float) -> bool:
    """Let a member into a plan, unless they may not: whether they went in. Call inside a transaction."""
    store, plan, number = means.store, one.plan, one.record.number
    root = store.register.into(member)
    if is_forgotten(store, root) or (plan.only and plan.only not in segments_of(store, root)):
        return False
    before = [run for run in store.care.runs_of(store.register.group(root), number) if not run.test]
    if any(run.key == key or run.due_at is not None for run in before):
        return False
    latest = max((run.entered_at for run in before), default=None)
    if latest is not None and (plan.again is None or now < latest + plan.again * 86_400.0):
        return False
    control = in_group(one.record.salt, plan.control, root)
    tell(store, [going_in(means, one, root, key, now, control=control)], now, means.clock)
    return True


def going_in(
    means: Means, one: Running, member: str, key: str, now: float, *, control: bool, test: bool = False
) -> PlanEntered:
    """The fact that a member goes in."""
    zone, first = timezone(means.store), one.plan.step(one.plan.first)
    fields = {first.field} if isinstance(first, Until) else set()
    seen = Seen(timezone=zone, dates=dates_of(means, member, fields, zone))
    return PlanEntered(
        run=means.new_id(),
        plan=one.record.number,
        version=one.record.version,
        member=member,
        key=key,
        step=one.plan.first,
        due_at=first_due(one.plan, seen, now, test=test),
        control=control,
        test=test,
    )


def leave_all(means: Means, member: str, reason: str, now: float, *, writing: bool) -> int:
    """Let a member out of every plan at once (`writing`: of those alone that send something); how many there were. Call inside
    a transaction."""
    store = means.store
    facts = []
    for run in store.care.runs_of(store.register.group(member)):
        if run.due_at is None:
            continue
        plan = plan_of(store, run.plan, run.version)
        if writing and plan is not None and not plan.writes:
            continue
        facts.append(PlanLeft(run=run.run, number=run.number + 1, step=run.step, reason=reason))
    tell(store, facts, now, means.clock)
    return len(facts)


def expect(means: Means, one: Running, member: str, now: float) -> None:
    """Note when a member goes into a plan for those who stay away, or are about to need something: anew whenever they were here.
    Call inside a transaction."""
    store, entry = means.store, one.plan.entry
    if not isinstance(entry, WhenAway | WhenDue):
        return
    root = store.register.into(member)
    days = store.care.days_of(store.register.group(root))
    day = _due_day(entry, days)
    if day is None:
        store.care.drop_coming(one.record.number, root)
        return
    zone = timezone(store)
    due_at = reached(zone, day_of(zone, 0.0).fromordinal(day), MORNING)
    if due_at < (one.record.published_at or 0.0) or due_at < now - 86_400.0:
        # It was over before the plan began.
        store.care.drop_coming(one.record.number, root)
        return
    store.care.put_coming(
        one.record.number, root, due_at, f"{'away' if isinstance(entry, WhenAway) else 'due'}:{day}"
    )


def _due_day(entry: WhenAway | WhenDue, days: Sequence[Deeds]) -> int | None:
    if isinstance(entry, WhenAway):
        here = [one.day for one in days if one.visits or one.purchases or one.redemptions]
        return here[-1] + entry.days if here else None
    found = next_use([one.day for one in days if one.purchases])
    return None if found is None else found.day - entry.before


def _heard(
    means: Means, plans: Iterable[Running], kind: str, at: float, data: bytes | msgspec.Raw, now: float
) -> None:
    if kind not in _WHO and kind not in ("member.joined", "consent.withdrawn"):
        return
    try:
        fact = _said.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return
    member = fact.known if kind == "visit.closed" else fact.member
    if not member:
        return
    if kind == "consent.withdrawn":
        _withdrawn(means, member, fact.purpose, now)
        return
    for one in plans:
        if at < (one.record.published_at or 0.0):
            continue
        entry: Entry = one.plan.entry
        if kind == "member.joined":
            if isinstance(entry, WhenJoined):
                enter(means, one, member, "joined", now)
        elif isinstance(entry, WhenDone):
            if entry.deed in _DEEDS[kind] and _is_nth(means.store, one, entry, member):
                enter(means, one, member, f"{entry.deed}:{entry.times}", now)
        else:
            expect(means, one, member, now)


def _withdrawn(means: Means, member: str, purpose: str, now: float) -> None:
    """Who wants no more messages leaves every plan that sends some; who wants to be forgotten leaves them all."""
    if purpose == "all":
        means.store.care.drop_coming(member=means.store.register.into(member))
        leave_all(means, member, "gone", now, writing=False)
    elif purpose == "messages" and not _still_agrees(means.store, member):
        leave_all(means, member, "consent", now, writing=True)


def _still_agrees(store: Store, member: str) -> bool:
    return any(purpose == "messages" for purpose, _ in all_of(store, member).given)


def _is_nth(store: Store, one: Running, entry: WhenDone, member: str) -> bool:
    """Whether they have done it so many times, and not so many before the day on which the plan began."""
    days = store.care.days_of(store.register.group(member))
    begun = day_of(timezone(store), one.record.published_at or 0.0).toordinal()
    before = count_deeds([day for day in days if day.day < begun], entry.deed)
    return before < entry.times <= count_deeds(days, entry.deed)
