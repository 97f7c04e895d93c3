"""BG/NBD: how often somebody comes who comes when they like, and may after each visit decide never to come again.

Pure. Fader, Hardie and Lee 2005, "Counting your customers the easy way". While somebody is a customer they come at a rate
that is theirs (over all members: gamma, shape r and scale 1/alpha); after each visit they leave for good with a chance that
is theirs (beta, a and b). Time is in whatever unit the histories are in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hub.value.special import beta_mean, expm1_ratio, sigmoid

MOST_TERMS = 2000
ENOUGH = 1e-12
"""A term that is so small against the sum is the last."""

WORST_CANCELLED = 1e6
"""How far the terms of the series may outgrow their sum before the mean is integrated instead."""

MOST_KEPT = 100_000
"""Forecasts that are kept for members with the same history."""


@dataclass(frozen=True, slots=True)
class History:
    """One member as the model sees them: `frequency` returns after the first visit, the last `recency` after the first
    visit (0 where there was none), first seen `age` ago."""

    frequency: int
    recency: float
    age: float


@dataclass(frozen=True, slots=True)
class Bgnbd:
    """The model with its four parameters."""

    r: float
    alpha: float
    a: float
    b: float

    def log_odds_gone(self, one: History) -> float:
        """log(P(gone) / P(alive)); minus infinity for who never came a second time: the model lets people leave after
        returns only."""
        if not one.frequency:
            return -math.inf
        longer = math.log1p((one.age - one.recency) / (self.alpha + one.recency))
        return math.log(self.a) - math.log(self.b + one.frequency - 1) + (self.r + one.frequency) * longer

    def p_alive(self, one: History) -> float:
        """The chance that they have not left for good (Fader, Hardie & Lee 2008, "Computing P(alive)")."""
        return sigmoid(-self.log_odds_gone(one))

    def expected_if_alive(self, frequency: int, age: float, horizon: float) -> float:
        """Visits to be expected within `horizon` of somebody who is known not to have left yet. When they last came does
        not matter.

        Equation 10 of the paper is C / (a - 1) (1 - (1 - z)^A 2F1(A, B; C; z)) with A = r + x, B = b + x, C = a + b + x - 1 and
        z = t / (alpha + T + t). By Euler's transformation the second factor is (1 - z)^(a - 1) 2F1(C - A, a - 1; C; z).
        Each of its terms but the first carries (a - 1), which cancels against the one below, so a = 1 is a place like any
        other and what is left converges quickly.
        """
        if horizon <= 0:
            return 0.0
        shape, scale = self.r + frequency, self.alpha + age
        epsilon, whole = self.a - 1, self.a + self.b + frequency
        z = horizon / (scale + horizon)
        log_rest = (
            math.log1p(-horizon / (scale + horizon)) if z < 0.5 else math.log(scale / (scale + horizon))
        )
        first = self.a + self.b - self.r - 1
        term, total, largest = first * z, 0.0, abs(first * z)
        for n in range(1, MOST_TERMS):
            total += term
            if abs(term) <= ENOUGH * abs(total) and (first + n) * z < whole + n:
                break
            term *= (first + n) * (self.a + n - 1) / ((whole + n - 1) * (n + 1)) * z
            largest = max(largest, abs(term))
        else:
            largest = math.inf
        power = math.exp(epsilon * log_rest) if epsilon * log_rest < 700 else math.inf
        straight = -(whole - 1) * expm1_ratio(epsilon, log_rest) if power < math.inf else math.inf
        found = straight - power * total
        if found > 0 and max(largest * power, abs(straight)) < WORST_CANCELLED * found:
            return found
        return self._integrated(shape, scale, self.a, self.b + frequency, horizon)

    @staticmethod
    def _integrated(shape: float, scale: float, a: float, b: float, horizon: float) -> float:
        """The same as the mean over the chance p of leaving, which has a Beta(a, b + x) distribution: slower, and always
        right."""
        longer = horizon / scale

        def visits(p: float, _stays: float) -> float:
            return -math.expm1(-shape * math.log1p(p * longer)) / p if p > 1e-300 else shape * longer

        return beta_mean(visits, a, b)

    def expected(self, one: History, horizon: float) -> float:
        """Visits to be expected within `horizon` from now, whether they have left or not."""
        return self.p_alive(one) * self.expected_if_alive(one.frequency, one.age, horizon)

    def forecast(self, histories: Iterable[History], horizon: float) -> Iterator[tuple[float, float]]:
        """`p_alive` and `expected` of each, with what members share worked out once."""
        if_alive: dict[tuple[int, float], float] = {}
        for one in histories:
            key = one.frequency, one.age
            if key not in if_alive:
                if len(if_alive) >= MOST_KEPT:
                    if_alive.clear()
                if_alive[key] = self.expected_if_alive(*key, horizon)
            alive = self.p_alive(one)
            yield alive, alive * if_alive[key]
