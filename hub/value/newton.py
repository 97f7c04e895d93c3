"""The highest point of a smooth function of a few positive numbers, by Newton's method in their logarithms.

Pure. A likelihood of few parameters with exact first and second derivatives needs some eight steps, where methods that
guess the curvature need sixty evaluations. Away from the top the curvature may point the wrong way: then it is bent until
it does not, as by Levenberg, and a step that does not lead upwards is halved. Each number has limits; one that pushes
against its limit stands there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Vector = list[float]
Matrix = list[list[float]]
Slope = tuple[float, Vector, Matrix]
"""Value, gradient, second derivatives; all by the numbers themselves."""

MOST_STEPS = 100
MOST_HALVINGS = 40
LONGEST_STEP = 3.0
"""In logarithms: no number changes by more than a factor of twenty at once."""

AT_LIMIT = 1e-3
"""So near, in logarithms, a number that pushes outwards stands at its limit."""


@dataclass(frozen=True, slots=True)
class Highest:
    """Where it is, how high, and whether it was reached. `held`: which numbers stand at a limit (index, +1 upper, -1 lower)."""

    at: tuple[float, ...]
    value: float
    steps: int
    reached: bool
    held: tuple[tuple[int, int], ...]


def climb(
    slope: Callable[[Vector], Slope],
    start: Sequence[float],
    limits: Sequence[tuple[float, float]],
    tolerance: float,
) -> Highest:
    """The highest point from `start` on. `tolerance`: how little the value may still rise by the next step, as promised by
    Newton."""
    lows, highs = [math.log(low) for low, _ in limits], [math.log(high) for _, high in limits]
    logs = [min(max(math.log(one), low), high) for one, low, high in zip(start, lows, highs, strict=True)]
    value, gradient, second = _by_logs(slope, logs)
    for steps in range(MOST_STEPS):
        held = _held(logs, gradient, lows, highs)
        free = [index for index in range(len(logs)) if not any(index == one for one, _ in held)]
        step = uphill([gradient[i] for i in free], [[second[i][j] for j in free] for i in free])
        promised = sum(gradient[i] * one for i, one in zip(free, step, strict=True)) / 2
        if promised <= tolerance:
            return Highest(tuple(map(math.exp, logs)), value, steps, True, held)
        scale = min(1.0, LONGEST_STEP / max(map(abs, step)))
        for _ in range(MOST_HALVINGS):
            tried = list(logs)
            for index, one in zip(free, step, strict=True):
                tried[index] = min(max(logs[index] + scale * one, lows[index]), highs[index])
            found = _by_logs(slope, tried)
            if found[0] > value:
                break
            scale /= 2
        else:
            # Nothing higher as far as floats can tell.
            return Highest(tuple(map(math.exp, logs)), value, steps, promised <= 1000 * tolerance, held)
        logs, (value, gradient, second) = tried, found
    return Highest(tuple(map(math.exp, logs)), value, MOST_STEPS, False, _held(logs, gradient, lows, highs))


def _by_logs(slope: Callable[[Vector], Slope], logs: Vector) -> Slope:
    at = [math.exp(one) for one in logs]
    value, gradient, second = slope(at)
    first = [g * one for g, one in zip(gradient, at, strict=True)]
    bent = [
        [second[i][j] * at[i] * at[j] + (first[i] if i == j else 0.0) for j in range(len(at))]
        for i in range(len(at))
    ]
    return value, first, bent


def _held(logs: Vector, gradient: Vector, lows: Vector, highs: Vector) -> tuple[tuple[int, int], ...]:
    held = []
    for index, (one, push) in enumerate(zip(logs, gradient, strict=True)):
        if one <= lows[index] + AT_LIMIT and push <= 0:
            held.append((index, -1))
        elif one >= highs[index] - AT_LIMIT and push >= 0:
            held.append((index, 1))
    return tuple(held)


def uphill(gradient: Vector, second: Matrix) -> Vector:
    """The step of Newton's method, or of one that leads upwards where the function is not curved downwards."""
    size = len(gradient)
    if not size:
        return []
    largest = max(abs(second[i][i]) for i in range(size)) or 1.0
    bend = 0.0
    for _ in range(60):
        lower = cholesky(
            [[-second[i][j] + (bend if i == j else 0.0) for j in range(size)] for i in range(size)]
        )
        if lower is not None:
            return solved(lower, gradient)
        bend = max(4 * bend, 1e-6 * largest)
    return [one / largest for one in gradient]


def cholesky(matrix: Matrix) -> Matrix | None:
    """The lower triangle L with L L' = matrix; None where the matrix is not positive definite (Golub & Van Loan 4.2)."""
    size = len(matrix)
    lower = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            rest = matrix[i][j] - sum(lower[i][k] * lower[j][k] for k in range(j))
            if i != j:
                lower[i][j] = rest / lower[j][j]
            elif rest <= 1e-13 * abs(matrix[i][i]) or not math.isfinite(rest):
                return None
            else:
                lower[i][i] = math.sqrt(rest)
    return lower


def solved(lower: Matrix, right: Vector) -> Vector:
    """x with L L' x = right."""
    size = len(right)
    half: Vector = []
    for i in range(size):
        half.append((right[i] - sum(lower[i][k] * half[k] for k in range(i))) / lower[i][i])
    out = [0.0] * size
    for i in reversed(range(size)):
        out[i] = (half[i] - sum(lower[k][i] * out[k] for k in range(i + 1, size))) / lower[i][i]
    return out
