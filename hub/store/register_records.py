"""What the register of members hands out: plain values, personal fields sealed as they are kept.

Pure. `hub.members.book` opens them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A membership as it is kept. `sealed` empty: no personal field. Times are seconds of UTC."""

    member: str
    sealed: str
    language: str
    way: str
    joined_at: float
    told_at: float


@dataclass(frozen=True, slots=True)
class PairRow:
    """Two memberships that may be one person's. `why`: "phone", "mail" or "name"."""

    one: str
    other: str
    why: str
    found_at: float


@dataclass(frozen=True, slots=True)
class MergeRow:
    """A merging. `parted_at`: when it was taken back."""

    act: str
    member: str
    into: str
    at: float
    by: str
    parted_at: float | None
