"""Logistic regression: chances from a few numbers, fitted by iteratively reweighted least squares.

Pure. Numbers are brought to mean 0 and deviation 1 first; the weights are held near 0 by a ridge, so that features that say
the same share what they say, and few outcomes make no wild weights (Hastie, Tibshirani & Friedman, 4.4 and 3.4.1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hub.value.newton import cholesky, solved
from hub.value.special import sigmoid, softplus

MOST_STEPS = 50
MOST_HALVINGS = 20
ENOUGH = 1e-9


@dataclass(frozen=True, slots=True)
class Logistic:
    """Fitted. `weights` are for numbers that were brought to mean 0 and deviation 1."""

    bias: float
    weights: tuple[float, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]

    def parts(self, row: Sequence[float]) -> list[float]:
        """What each number adds to the log odds, against a member who is average in it."""
        return [
            weight * (one - mean) / deviation
            for one, weight, mean, deviation in zip(
                row, self.weights, self.means, self.deviations, strict=True
            )
        ]

    def chance(self, row: Sequence[float]) -> float:
        """Of the outcome."""
        return sigmoid(self.bias + math.fsum(self.parts(row)))


def fit_logistic(rows: Sequence[Sequence[float]], outcomes: Sequence[bool], ridge: float) -> Logistic | None:
    """The likeliest weights less the ridge's price, `ridge` / 2 for each squared weight; None where all outcomes are the
    same."""
    count, happened = len(rows), sum(outcomes)
    if not 0 < happened < count:
        return None
    width = len(rows[0])
    means = [math.fsum(row[j] for row in rows) / count for j in range(width)]
    deviations = [
        math.sqrt(math.fsum((row[j] - means[j]) ** 2 for row in rows) / count) or 1.0 for j in range(width)
    ]
    scaled = [
        (
            1.0,
            *((one - mean) / deviation for one, mean, deviation in zip(row, means, deviations, strict=True)),
        )
        for row in rows
    ]
    at = [math.log(happened / (count - happened)), *([0.0] * width)]
    price = _price(scaled, outcomes, at, ridge)
    for _ in range(MOST_STEPS):
        step = _step(scaled, outcomes, at, ridge)
        scale = 1.0
        for _ in range(MOST_HALVINGS):
            tried = [one + scale * by for one, by in zip(at, step, strict=True)]
            found = _price(scaled, outcomes, tried, ridge)
            if found <= price:
                break
            scale /= 2
        else:
            break
        done = price - found <= ENOUGH
        at, price = tried, found
        if done:
            break
    return Logistic(at[0], tuple(at[1:]), tuple(means), tuple(deviations))


def _price(
    rows: Sequence[Sequence[float]], outcomes: Sequence[bool], at: Sequence[float], ridge: float
) -> float:
    total = ridge / 2 * sum(one * one for one in at[1:])
    for row, outcome in zip(rows, outcomes, strict=True):
        odds = sum(map(float.__mul__, at, row))
        total += softplus(-odds) if outcome else softplus(odds)
    return total


def _step(
    rows: Sequence[Sequence[float]], outcomes: Sequence[bool], at: Sequence[float], ridge: float
) -> list[float]:
    """One step of Newton's method, which reweighted least squares are. The curvature is positive definite by the ridge."""
    size = len(at)
    gradient = [0.0, *(-ridge * one for one in at[1:])]
    curved = [[0.0] * size for _ in range(size)]
    for row, outcome in zip(rows, outcomes, strict=True):
        chance = sigmoid(sum(map(float.__mul__, at, row)))
        missed, weight = outcome - chance, chance * (1 - chance)
        for i in range(size):
            gradient[i] += missed * row[i]
            weighted, line = weight * row[i], curved[i]
            for j in range(i + 1):
                line[j] += weighted * row[j]
    for i in range(size):
        curved[i][i] += ridge if i else 1e-9
        for j in range(i):
            curved[j][i] = curved[i][j]
    lower = cholesky(curved)
    return solved(lower, gradient) if lower else [0.0] * size
