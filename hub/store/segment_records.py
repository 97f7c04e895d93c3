"""What the store hands out about segments. Pure. Ids of members are opaque; times are seconds of UTC."""

from __future__ import annotations

from dataclasses import dataclass

AT_EVENT = 0
IN_BULK = 1
"""Days that are over long ago: whoever is due on them is looked at now, those of whom something came first."""


@dataclass(frozen=True, slots=True)
class SegmentRecord:
    """A segment as it is kept. `body`: its definition as JSON; `next_body`: a new one that is being counted, None where there is
    none. `counted_at`: when the answer that stands was first whole, None: not yet."""

    number: int
    name: str
    note: str
    body: str
    version: int
    next_body: str | None
    next_version: int | None
    made_at: float
    changed_at: float
    counted_at: float | None


@dataclass(frozen=True, slots=True)
class SegmentVersion:
    """What a segment was from `at` on, and who said so."""

    version: int
    name: str
    note: str
    body: str
    at: float
    who: str


@dataclass(frozen=True, slots=True)
class Change:
    """A member came into a segment, or left it. `segment` is its name; positions rise without end, and are never given twice."""

    position: int
    segment: str
    member: str
    entered: bool
    at: float


@dataclass(frozen=True, slots=True)
class Due:
    """A member who is to be looked at. `stir` tells whether something came meanwhile."""

    member: str
    day: int
    stir: int
