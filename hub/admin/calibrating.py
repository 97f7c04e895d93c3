"""Where the marks of a calibration stand: what was predicted along one axis, what happened along the other.

Pure. On the diagonal both are the same; the whisker is the interval in which the true share lies 95 times in a hundred.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hub.value.calibration import Part

SIDE = 300.0
LEFT, BOTTOM, TOP, RIGHT = 46.0, 40.0, 10.0, 14.0
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5)
MOST_MARKS = 5


@dataclass(frozen=True, slots=True)
class Spot:
    """A tenth of the members in the picture's own units. `holds`: what was predicted lies within the whisker."""

    x: float
    y: float
    low: float
    high: float
    holds: bool
    title: str


@dataclass(frozen=True, slots=True)
class Plot:
    """The picture, `width` by `height`; `marks`: places along an axis (from its beginning) with their text."""

    width: float
    height: float
    left: float
    bottom: float
    top: float
    right: float
    spots: tuple[Spot, ...]
    marks: tuple[tuple[float, float, str], ...]


def plot(parts: Sequence[Part], say: Callable[[float], str]) -> Plot:
    """Both axes go from nothing to a little above the largest of all numbers. `say` writes a share."""
    largest = max(max(part.predicted, part.high) for part in parts)
    step = next((one for one in STEPS if largest / one <= MOST_MARKS), STEPS[-1])
    end = min(1.0, step * -(-largest // step)) or step

    def across(share: float) -> float:
        return round(LEFT + SIDE * share / end, 1)

    def up(share: float) -> float:
        return round(TOP + SIDE * (1 - share / end), 1)

    spots = tuple(
        Spot(
            across(part.predicted),
            up(part.share),
            up(part.low),
            up(part.high),
            part.holds,
            f"{part.members}: {say(part.predicted)} / {say(part.share)}",
        )
        for part in parts
    )
    count = round(end / step)
    marks = tuple((across(step * one), up(step * one), say(step * one)) for one in range(count + 1))
    return Plot(LEFT + SIDE + RIGHT, TOP + SIDE + BOTTOM, LEFT, TOP + SIDE, TOP, LEFT + SIDE, spots, marks)
