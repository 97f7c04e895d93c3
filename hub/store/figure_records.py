"""What the store hands out about figures beside their sums. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kept:
    """What a figure of one day (an ordinal) of the shop said when it was last looked at; by which clock that was reckoned."""

    day: int
    figure: str
    number: float
    kept_at: float
    timezone: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A day that was over came to say something else: from `earlier` to `number`, found at `at` (seconds of UTC)."""

    shop: int
    day: int
    figure: str
    at: float
    number: float
    earlier: float


@dataclass(frozen=True, slots=True)
class Gap:
    """A journal of a node in which facts are missing: how many, and when the last one before them happened; None where none of
    those before is here."""

    device: str
    missing: int
    since: float | None


@dataclass(frozen=True, slots=True)
class NodeHeard:
    """A node that may tell something: when it was last heard (`seen_at`), when the newest of its facts happened (`latest_at`),
    how many of its facts below that are missing."""

    shop: int
    device: str
    name: str
    program: str
    enrolled_at: float
    seen_at: float | None
    latest_at: float | None
    missing: int


@dataclass(frozen=True, slots=True)
class Made:
    """Of which sums a day of a shown table was made (`hub.figures.settling`). `is_open`: more was expected then. `exact`: the
    sums with which it was last shown without noise; empty where it never was."""

    is_open: bool
    sums: tuple[int, ...]
    exact: tuple[int, ...]
