"""Plans, runs and tasks, as the store hands them out.

Pure. Times are seconds of UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PlanState = Literal["draft", "running", "paused", "ended"]


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """A plan. `draft`: what is being written (JSON of `hub.care.plan.Plan`), `revision` rises with every change of it. `version`:
    the one that new members go into, 0 before the first. `salt`: draws its control group."""

    number: int
    state: PlanState
    draft: bytes
    revision: int
    version: int
    salt: str
    made_at: float
    published_at: float | None
    paused_at: float | None
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """What a plan said when it was published, or tried out (`is_test`)."""

    plan: int
    version: int
    body: bytes
    made_at: float
    who: str
    is_test: bool


@dataclass(frozen=True, slots=True)
class Run:
    """One member's way through a plan. `due_at`: when the step `step` is to be taken; None: it is over, `reason` says why.
    `number`: of the latest step that was told. `held`: what it waits for at this step ("" where it has just come to it),
    `came_at` when it came to it."""

    run: str
    plan: int
    version: int
    member: str
    key: str
    entered_at: float
    control: bool
    test: bool
    step: str
    number: int
    due_at: float | None
    came_at: float
    held: str
    left_at: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class PathLine:
    """One step of a run, as it was told."""

    run: str
    number: int
    at: float
    step: str
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """Something that staff are asked to do. `done_at` None: not yet."""

    task: str
    run: str
    plan: int
    version: int
    step: str
    member: str
    given_at: float
    until: float
    done_at: float | None
    outcome: str
    staff: str
    till: str


@dataclass(frozen=True, slots=True)
class StepCount:
    """How many members went by a step with that outcome; `here`: how many stand at it now."""

    step: str
    outcome: str
    control: bool
    count: int


@dataclass(frozen=True, slots=True)
class Observed:
    """What one member did in the days after they first went into a plan, or were meant by messages."""

    control: bool
    visits: int
    cents: int


@dataclass(frozen=True, slots=True)
class Deeds:
    """What a member did on one day of the shop (`date.toordinal()`)."""

    day: int
    visits: int
    purchases: int
    redemptions: int
    cents: int
