"""A member as segments see them: what they did, day by day, what they agreed to, what is thought of them. No name, no number.

Pure. `hub.segments.loading` reads portraits from the store; of each only what the definitions at hand look at.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Day:
    """What somebody did on one day of the shop (an ordinal)."""

    day: int
    visits: int
    purchases: int
    redemptions: int
    cents: int


@dataclass(frozen=True, slots=True)
class Stay:
    """Visits in one zone that began on one day: how many, and how long in all."""

    day: int
    zone: str
    visits: int
    dwell_ms: int


@dataclass(frozen=True, slots=True)
class Scores:
    """What `hub.value` thinks: chances from 0 to 1, visits and money in the time ahead (None: not known)."""

    alive: float
    loss: float
    expected: float
    value_cents: int | None


@dataclass(slots=True)
class Portrait:
    """One member. `standing`: they joined or agreed to something, and have not left. `agreed`: (purpose, channel) that stand.

    `used`: (offer, day) of coupons that count; `held`: (offer, last day on which it is good) of unused coupons of their own;
    `answers`: (plan, outcome, day); `listed`: numbers of segments on whose list they stand. Times of visits are there only while
    they agree to be recognised.
    """

    member: str
    standing: bool = False
    joined_day: int | None = None
    language: str = ""
    way: str = ""
    agreed: frozenset[tuple[str, str]] = frozenset()
    birthday: tuple[int, int] | None = None
    scores: Scores | None = None
    days: list[Day] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    used: list[tuple[int, int]] = field(default_factory=list)
    held: list[tuple[int, int]] = field(default_factory=list)
    answers: list[tuple[int, str, int]] = field(default_factory=list)
    listed: frozenset[int] = frozenset()
