"""What a till and its hub say to each other about tasks: `POST /v1/task`.

Pure. Open tasks of a member come with `hub.wire.sync_members.MemberReply`; this tells what came of one. The same nonce is the
same act, however often it is sent, and gets the same answer.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from hub.wire.fact import Serial, Short

Nonce = Annotated[str, Meta(min_length=8, max_length=64)]


class TaskRequest(msgspec.Struct, frozen=True):
    """Somebody of the staff did a task. `outcome` is a key of `hub.wire.sync_members.TaskLine.outcomes`."""

    task: Serial
    outcome: Short
    nonce: Nonce
    till: Short
    staff: Short


class TaskReply(msgspec.Struct, frozen=True):
    """Whether it counts now. `refusal`: "unknown_task", "unknown_outcome", "lapsed", "done_before" (then with who, when and
    what)."""

    done: bool
    refusal: str = ""
    outcome: str = ""
    staff: str = ""
    at: float = 0.0
