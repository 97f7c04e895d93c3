"""What the store hands out about members' days. Pure. Ids of members are opaque; days are ordinals on the shop's clock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Joined:
    """A member: when they first agreed to anything (seconds of UTC, and the shop's day), and which purposes stand."""

    member: str
    at: float
    day: int
    recognise: bool
    messages: bool
    simulated: bool


@dataclass(frozen=True, slots=True)
class MemberDay:
    """What a member did on one day. `cents`: paid for purchases, and baskets of redemptions of which no purchase was told."""

    member: str
    day: int
    visits: int
    purchases: int
    redemptions: int
    cents: int


@dataclass(frozen=True, slots=True)
class MemberTotal:
    """What a member did in a stretch of days; `days`: on how many of them anything."""

    member: str
    days: int
    visits: int
    purchases: int
    redemptions: int
    cents: int
