"""The functions that the likelihoods need and that the standard library does not have: digamma, trigamma, the mean over a Beta.

Pure. Numbers are plain floats. Sources: Abramowitz & Stegun 6.3.5, 6.3.18, 6.4.6, 6.4.12.
"""

from __future__ import annotations

import math
from collections.abc import Callable

SERIES_FROM = 8.0
"""From here on the asymptotic series is right to the last digits of a float."""

FALL = 41.5
"""A density is cut where it has fallen by e to this (a factor of 1e18)."""

POINTS = 400


def digamma(x: float) -> float:
    """The derivative of lgamma, for x > 0."""
    below = 0.0
    while x < SERIES_FROM:
        below -= 1.0 / x
        x += 1.0
    s = 1.0 / (x * x)
    series = s * (
        1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s * (1 / 132 - s * (691 / 32760 - s / 12)))))
    )
    return below + math.log(x) - 0.5 / x - series


def trigamma(x: float) -> float:
    """The second derivative of lgamma, for x > 0."""
    below = 0.0
    while x < SERIES_FROM:
        below += 1.0 / (x * x)
        x += 1.0
    s = 1.0 / (x * x)
    series = s * (
        1 / 6 - s * (1 / 30 - s * (1 / 42 - s * (1 / 30 - s * (5 / 66 - s * (691 / 2730 - s * 7 / 6)))))
    )
    return below + (1.0 + 0.5 / x + series) / x


def expm1_ratio(epsilon: float, log_of: float) -> float:
    """(exp(epsilon * log_of) - 1) / epsilon, which is `log_of` where epsilon is nothing."""
    return math.expm1(epsilon * log_of) / epsilon if epsilon else log_of


def softplus(x: float) -> float:
    """log(1 + exp(x)) for any x."""
    return x + math.log1p(math.exp(-x)) if x > 0 else math.log1p(math.exp(x))


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)) for any x."""
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    grown = math.exp(x)
    return grown / (1.0 + grown)


def beta_mean(function: Callable[[float, float], float], a: float, b: float) -> float:
    """The mean of a smooth function of p and 1 - p where p has a Beta(a, b) distribution, a and b > 0.

    In u = logit(p) the density is exp(a log p + b log(1 - p)): no end of it is singular, and the trapezium rule over the
    whole line converges exponentially. Where a shape is below one its tail would be too long for that; then the mean is the
    value at that end and a correction whose shape is one more, by p Beta(a, b) = a / (a + b) Beta(a + 1, b).
    """
    if a < 1:
        at_0 = function(0.0, 1.0)
        return at_0 + a / (a + b) * beta_mean(lambda p, q: (function(p, q) - at_0) / p, a + 1, b)
    if b < 1:
        at_1 = function(1.0, 0.0)
        return at_1 + b / (a + b) * beta_mean(lambda p, q: (function(p, q) - at_1) / q, a, b + 1)
    left, right = _reach(a, b, -1), _reach(a, b, 1)
    step = (right - left) / POINTS
    top = _log_density(math.log(a / b), a, b)
    total = weight = 0.0
    for index in range(POINTS + 1):
        u = left + index * step
        density = math.exp(_log_density(u, a, b) - top)
        total += density * function(math.exp(-softplus(-u)), math.exp(-softplus(u)))
        weight += density
    return total / weight


def _log_density(u: float, a: float, b: float) -> float:
    return -a * softplus(-u) - b * softplus(u)


def _reach(a: float, b: float, side: int) -> float:
    """Where, on that side of the mode, the density has fallen far enough: by doubling, then halving."""
    mode = math.log(a / b)
    lowest = _log_density(mode, a, b) - FALL
    near, far = 0.0, math.sqrt((a + b) / (a * b))
    for _ in range(60):
        if _log_density(mode + side * far, a, b) < lowest:
            break
        near, far = far, 2 * far
    for _ in range(12):
        middle = (near + far) / 2
        if _log_density(mode + side * middle, a, b) < lowest:
            far = middle
        else:
            near = middle
    return mode + side * far
