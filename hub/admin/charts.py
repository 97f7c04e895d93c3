"""Where the bars of a chart stand, for the template that draws them as SVG.

Pure. `hub.admin.today` feeds it; the same numbers stand in a table beside the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 14, 28
MOST_LABELS = 12
"""More would run into each other at the width of a phone."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar in the picture's own units. `series` is 0 or 1; `title` is what a pointer over it says."""

    x: float
    y: float
    width: float
    height: float
    series: int
    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A label on an axis, at `place` of the picture's own units."""

    place: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A bar chart, ready to be drawn."""

    bars: tuple[Bar, ...]
    across: tuple[Mark, ...]
    up: tuple[Mark, ...]
    floor: float
    empty: bool
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT


def ceiling(highest: float) -> int:
    """The top of an axis: a round number that is at least as high as every bar."""
    if highest <= 4:
        return 4
    step: int = 10 ** (len(str(int(highest))) - 1)
    for factor in (1, 2, 4, 5, 8, 10):
        if step * factor >= highest:
            return step * factor
    return step * 20


def bars(labels: Sequence[str], series: Sequence[Sequence[float]], names: Sequence[str]) -> Chart:
    """Groups of bars side by side, a group for each label, a bar for each series."""
    top = ceiling(max((value for values in series for value in values), default=0))
    floor = HEIGHT - BOTTOM
    group = (WIDTH - LEFT - RIGHT) / max(1, len(labels))
    width = min(36.0, group * 0.72 / max(1, len(series)))
    drawn = []
    for place, label in enumerate(labels):
        start = LEFT + group * place + (group - width * len(series)) / 2
        for number, values in enumerate(series):
            height = values[place] / top * (floor - TOP)
            x, y = start + width * number, floor - height
            title = f"{label}: {names[number]} {values[place]:g}"
            drawn.append(
                Bar(round(x, 2), round(y, 2), round(width * 0.94, 2), round(height, 2), number, title)
            )
    every = -(-len(labels) // MOST_LABELS)
    across = [
        Mark(round(LEFT + group * (place + 0.5), 2), label)
        for place, label in enumerate(labels)
        if place % every == 0
    ]
    up = [Mark(round(floor - share * (floor - TOP), 2), f"{top * share:g}") for share in (0, 0.5, 1)]
    empty = not any(value for values in series for value in values)
    return Chart(tuple(drawn), tuple(across), tuple(up), floor, empty)
