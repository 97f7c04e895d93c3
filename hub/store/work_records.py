"""What the hub's store hands out about long or repeated work: plain values.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

WorkState = Literal["waiting", "running", "done", "failed", "cancelled"]
ENDED: tuple[WorkState, ...] = ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Work:
    """One piece of work. Times are seconds of UTC, `arguments` and `result` JSON texts.

    `done` of `total` in `unit`s; `total` 0: nobody knows yet. `note`: which step it is at, a word that pages translate.
    `attempt`: how often somebody has begun it; who holds an older number has lost it. `cancel_at`: somebody wants it to end.
    Where it failed, `result` is {"fault": a word, "sentence": English}.
    """

    id: int
    kind: str
    arguments: str
    state: WorkState
    by: str
    made_at: float
    worker: str
    attempt: int
    begun_at: float | None
    heartbeat_at: float | None
    lease_until: float | None
    ended_at: float | None
    cancel_at: float | None
    done: int
    total: int
    unit: str
    note: str
    result: str

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state in ENDED

    def rate(self, now: float) -> float | None:
        """Units a second since it was begun; None where that cannot be said."""
        end = self.ended_at if self.ended_at is not None else now
        if self.begun_at is None or end <= self.begun_at or self.done <= 0:
            return None
        return self.done / (end - self.begun_at)


@dataclass(frozen=True, slots=True)
class WorkFile:
    """A file that work takes in or gives out, kept in the database so that every process of a hub can reach it."""

    work: int
    name: str
    size: int
    made_at: float
