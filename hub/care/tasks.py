"""What staff are asked to do for a member who stands before them, and what came of it."""

from __future__ import annotations

import msgspec

from hub.care.plan import Plan, Task
from hub.care.telling import tell
from hub.care.walking import plan_of
from hub.presenting import NONCE_USED, digest
from hub.store.base import Store
from hub.store.care_records import TaskRecord
from hub.store.records import Device
from hub.wire.events import ClockState
from hub.wire.events_care import TaskDone
from hub.wire.snapshot import Text
from hub.wire.sync import Problem
from hub.wire.sync_care import TaskReply, TaskRequest
from hub.wire.sync_members import TaskLine

DONE = "done"
"""What comes of a task for which the plan offers no outcomes."""

_DONE_TEXT: Text = {"en": "Done", "zh": "已完成"}


def tasks_for(store: Store, member: str, now: float) -> list[TaskLine]:
    """Open tasks for a member, the oldest first. Members of a control group have none."""
    found = []
    for record in store.care.tasks_of(store.register.group(member), now):
        step = _step(store, record)
        run = store.care.run(record.run)
        # Who has left the plan is not asked about any more.
        if (
            step is not None
            and run is not None
            and (run.due_at is not None or run.test or run.reason == "end")
        ):
            found.append(TaskLine(record.task, dict(step.text), outcomes_of(step), record.until))
    return found


def outcomes_of(step: Task) -> dict[str, Text]:
    """What may come of a task, by the word for it."""
    return {one.word: dict(one.text) for one in step.outcomes} or {DONE: dict(_DONE_TEXT)}


def done(
    store: Store, device: Device, request: TaskRequest, now: float, clock: ClockState
) -> TaskReply | tuple[int, Problem]:
    """Somebody of the staff did a task. Call inside `store.writing()`. The same nonce gets the same answer."""
    asked = digest("task", request.task, request.outcome, request.staff)
    before = store.journal.answer(device.device, request.nonce)
    if before is not None:
        return msgspec.json.decode(before[1], type=TaskReply) if before[0] == asked else NONCE_USED
    reply = _settle(store, request, now, clock)
    store.journal.keep_answer(device.device, request.nonce, asked, msgspec.json.encode(reply), now)
    return reply


def _settle(store: Store, request: TaskRequest, now: float, clock: ClockState) -> TaskReply:
    record = store.care.task(request.task)
    step = _step(store, record) if record is not None else None
    if record is None or step is None:
        return TaskReply(False, "unknown_task")
    if record.done_at is not None:
        return TaskReply(False, "done_before", record.outcome, record.staff, record.done_at)
    if record.until <= now:
        return TaskReply(False, "lapsed", at=record.until)
    if request.outcome not in outcomes_of(step):
        return TaskReply(False, "unknown_outcome")
    fact = TaskDone(task=record.task, outcome=request.outcome, staff=request.staff, till=request.till)
    tell(store, [fact], now, clock)
    return TaskReply(True, outcome=request.outcome, staff=request.staff, at=now)


def _step(store: Store, record: TaskRecord) -> Task | None:
    plan: Plan | None = plan_of(store, record.plan, record.version)
    step = plan.step(record.step) if plan is not None else None
    return step if isinstance(step, Task) else None
