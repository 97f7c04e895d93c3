"""What the hub's store hands out about habits at the counter.

Pure. `hub.store.watch` makes them; `hub.alerts` says which of them a manager should look at.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Habit:
    """How often somebody of the staff did something, when last, worth what in all. `member` is opaque, "" where it is of none."""

    staff: str
    count: int
    latest_at: float
    value_cents: int = 0
    member: str = ""


@dataclass(frozen=True, slots=True)
class StaffQuarter:
    """What somebody redeemed within the quarter of an hour from `start` (seconds of UTC)."""

    staff: str
    start: float
    count: int
    latest_at: float
