"""How somebody used to come, and how it has been lately: what a loss score looks at, and what can be said of it in words.

Pure. Days are whole numbers that count on by one (of the shop's own days); several visits of one day are one.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

MONTH, QUARTER = 28, 91
"""Four weeks and thirteen: every day of the week is in them equally often."""

DRAWN = 30.0
"""The pause that everybody is given beside their own, so that one or two pauses are not taken for a habit."""

DRAWN_DAYS = 14

FEATURES = ("away", "pace", "gap", "spread", "away_in_gaps", "month", "quarter", "known")
"""What is told of a habit by itself; `hub.value.loss` adds what BG/NBD says."""


@dataclass(frozen=True, slots=True)
class Habit:
    """One member on one day. `away`: days since they were last there, 1 at least. `gap`: the mean of their pauses, drawn
    towards 30 days; `spread`: how much the pauses vary, as a part of `gap`. `month`, `quarter`: days on which they came in
    the last 28 and 91. `known`: days since they first came."""

    visits: int
    away: int
    gap: float
    spread: float
    longest: int
    month: int
    quarter: int
    known: int

    @property
    def every(self) -> float:
        """The plain mean of their pauses, in days; 0 where they came once."""
        return (self.known - self.away) / (self.visits - 1) if self.visits > 1 else 0.0

    @property
    def usual_month(self) -> float:
        """On how many days of four weeks they came before these last four; 0 where they are not known for so long."""
        before = self.known - MONTH
        return (self.visits - self.month) * MONTH / before if before >= MONTH else 0.0


def habit_of(days: Sequence[int], today: int) -> Habit | None:
    """From the days, in order, on which they came; those from `today` on are not looked at. None where they never came."""
    visits = bisect_left(days, today)
    if not visits:
        return None
    first, last = days[0], days[visits - 1]
    pauses = [after - before for before, after in pairwise(days[:visits])]
    gap = (last - first + DRAWN) / visits
    # The variance with one pause more, which is off by the gap itself: who came once is not regular.
    variance = (sum((pause - gap) ** 2 for pause in pauses) + gap * gap) / visits
    return Habit(
        visits,
        today - last,
        gap,
        math.sqrt(variance) / gap,
        max(pauses, default=0),
        visits - bisect_left(days, today - MONTH, 0, visits),
        visits - bisect_left(days, today - QUARTER, 0, visits),
        today - first,
    )


def features(habit: Habit) -> tuple[float, ...]:
    """The numbers of FEATURES: logarithms, since twice as long means as much from 2 days to 4 as from 20 to 40. How long
    somebody is known counts up to a quarter only: after that they are no newcomer, and how old the shop's books are says
    nothing of them."""
    return (
        math.log(habit.away),
        math.log(habit.visits / (habit.known + DRAWN_DAYS)),
        math.log(habit.gap),
        habit.spread,
        math.log(habit.away / habit.gap),
        math.log1p(habit.month),
        math.log1p(habit.quarter),
        math.log(min(habit.known, QUARTER)),
    )
