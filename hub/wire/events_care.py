"""Facts about care plans: who went into one, every step they took, how they left; what staff were asked to do, and what came of
it.

Pure. A plan is walked by the hub, so these are facts of its own. Nothing in them is personal: a member is an opaque id, what a
task says stands in the plan, what came of it is one of the words that the plan offers. A `run` is one member's way through a
plan once; its steps are numbered from 1 without gaps, so the same step is never told twice.
"""

from __future__ import annotations

from hub.wire.fact import Count, Fact, MemberId, Ordinal, Serial, Short, Stamp


class PlanEntered(Fact, frozen=True, kw_only=True):
    """A member went into a plan. `key` says why, and is good once for each member of a plan ("visits:2", "segment:regulars:31").
    `control`: nothing is sent or given to them, they only walk the same way. `test`: somebody of the staff tries it out."""

    run: Serial
    plan: Count
    version: Count
    member: MemberId
    key: Short
    step: Short
    due_at: Stamp
    control: bool = False
    test: bool = False


class PlanStepped(Fact, frozen=True, kw_only=True):
    """A step was taken (`next` is another one), or has to wait until `due_at` (`next` is the same). `detail` names what it made:
    a message, a coupon's serial, a task."""

    run: Serial
    number: Ordinal
    step: Short
    outcome: Short
    next: Short
    due_at: Stamp
    detail: Short = ""


class PlanLeft(Fact, frozen=True, kw_only=True):
    """A run is over. `reason`: "end", or why it ended before ("goal", "consent", "gone", "merged", "stopped" …)."""

    run: Serial
    number: Ordinal
    step: Short
    reason: Short
    detail: Short = ""


class PlanTurned(Fact, frozen=True, kw_only=True):
    """Somebody of the office moved a run to another version of its plan, where it goes on at `step`."""

    run: Serial
    number: Ordinal
    version: Count
    step: Short
    due_at: Stamp
    by: Short


class TaskGiven(Fact, frozen=True, kw_only=True):
    """Staff are asked to do something when they see this member, until `until`. What it says stands in the plan's version."""

    task: Serial
    run: Serial
    plan: Count
    version: Count
    step: Short
    member: MemberId
    until: Stamp


class TaskDone(Fact, frozen=True, kw_only=True):
    """Somebody of the staff did it. `outcome` is one of the words that the plan offers."""

    task: Serial
    outcome: Short
    staff: Short
    till: Short


CARE_KINDS: dict[str, type[Fact]] = {
    "plan.entered": PlanEntered,
    "plan.stepped": PlanStepped,
    "plan.left": PlanLeft,
    "plan.turned": PlanTurned,
    "task.given": TaskGiven,
    "task.done": TaskDone,
}
