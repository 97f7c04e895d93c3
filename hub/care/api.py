"""What tills ask about tasks, under `/v1`."""

from __future__ import annotations

import msgspec

from hub.care.tasks import done, tasks_for
from hub.question import TILLS, AnyQuestion, Here, Question
from hub.wire.sync_care import TaskReply, TaskRequest
from hub.wire.sync_members import MemberReply

QUESTIONS: tuple[AnyQuestion, ...] = (
    Question(
        "task",
        "A till tells what came of a task for a member.",
        TaskRequest,
        TaskReply,
        lambda here, device, asked, now: done(here.store, device, asked, now, here.clock),
        TILLS,
    ),
)


def tell_tasks(here: Here, reply: MemberReply, now: float) -> MemberReply:
    """What is to be done for the member who stands at the till."""
    return msgspec.structs.replace(reply, tasks=tuple(tasks_for(here.store, reply.member, now)))
