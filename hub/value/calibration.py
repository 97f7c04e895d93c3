"""How good a score was: predicted against what happened.

Pure. Chances and outcomes stand side by side, those of somebody who was not there when the score was made.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

PARTS = 10
Z = 1.959964
"""Of the normal distribution, for 95 in a hundred."""


@dataclass(frozen=True, slots=True)
class Part:
    """A tenth of the members by their chance: how many, the mean of what was predicted, to how many it happened, and the
    interval in which the true share lies 95 times in a hundred (Wilson 1927)."""

    members: int
    predicted: float
    happened: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """To what part of them it happened."""
        return self.happened / self.members

    @property
    def holds(self) -> bool:
        """Whether what was predicted lies within the interval."""
        return self.low <= self.predicted <= self.high


def tenths(chances: Sequence[float], outcomes: Sequence[bool], parts: int = PARTS) -> list[Part]:
    """From the least likely to the likeliest; fewer parts where there are fewer members."""
    ordered = sorted(zip(chances, outcomes, strict=True), key=lambda pair: pair[0])
    out = []
    for index in range(parts):
        inside = ordered[index * len(ordered) // parts : (index + 1) * len(ordered) // parts]
        if inside:
            happened = sum(outcome for _, outcome in inside)
            low, high = wilson(happened, len(inside))
            out.append(
                Part(
                    len(inside), math.fsum(chance for chance, _ in inside) / len(inside), happened, low, high
                )
            )
    return out


def wilson(happened: int, members: int) -> tuple[float, float]:
    """The interval of a share."""
    share, z2 = happened / members, Z * Z
    middle = (share + z2 / (2 * members)) / (1 + z2 / members)
    half = Z * math.sqrt(share * (1 - share) / members + z2 / (4 * members * members)) / (1 + z2 / members)
    # Rounding must not leave the share itself outside.
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def area(scores: Sequence[float], outcomes: Sequence[bool]) -> float:
    """Under the curve: how often somebody to whom it happened has a higher score than somebody to whom it did not; equal
    scores count half. 0.5 where there is nobody to compare."""
    ordered = sorted(zip(scores, outcomes, strict=True), key=lambda pair: pair[0])
    happened = sum(outcomes)
    others = len(ordered) - happened
    if not happened or not others:
        return 0.5
    ranks, index = 0.0, 0
    while index < len(ordered):
        upto, inside = index, 0
        while upto < len(ordered) and ordered[upto][0] == ordered[index][0]:
            inside += ordered[upto][1]
            upto += 1
        ranks += inside * (index + 1 + upto) / 2
        index = upto
    return (ranks - happened * (happened + 1) / 2) / (happened * others)
