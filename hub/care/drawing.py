"""A plan as a drawing: boxes in layers, lines between them, and what stands in each.

Pure. Every step stands below all that lead to it, so a line never goes up. What is measured: characters of Chinese and their like
are twice as wide as Latin ones. The list beside the drawing says the same.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.care.plan import END, Plan, order, ways_on

BOX_WIDTH, BOX_HEIGHT = 190, 84
LANE, LAYER = 226, 136
EDGE, TOP = 60, 9
LINE_UNITS = 24
LEFT_UNITS = 17
"""So many narrow characters stand in one line of a box, and to the left of a line."""

START = "!start"
OVER = "!end"


@dataclass(frozen=True, slots=True)
class Inside:
    """What stands in a box: its name (two lines at most), and how many are there or went by. `kind` is for its look."""

    name: str
    kind: str
    counts: str
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A box at its place, in the picture's own units."""

    id: str
    x: float
    y: float
    width: float
    height: float
    kind: str
    lines: tuple[str, ...]
    counts: str
    title: str
    wrong: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line with an arrow at its end, and what is written where it begins."""

    path: str
    label: str
    x: float
    y: float
    is_left: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """All of it."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def draw(plan: Plan, inside: Mapping[str, Inside], labels: Mapping[tuple[str, str], str]) -> Drawing:
    """`inside`: by step, `START` and `OVER` too. `labels`: by step and way ("" is for everybody else)."""
    steps = order(plan)
    ways: dict[str, list[tuple[str, str]]] = {START: [("", plan.first if steps else OVER)]}
    for step in steps:
        found = [(way, to if to != END else OVER) for way, to in ways_on(step)]
        # Ways that lead to the same place are one line, unless they are named.
        ways[step.id] = [
            (way, to)
            for place, (way, to) in enumerate(found)
            if labels.get((step.id, way)) or to not in [other for _, other in found[place + 1 :]]
        ]
    layer = _layers(ways)
    lane = _lanes(ways, layer)
    ways = {name: sorted(those, key=lambda one: lane.get(one[1], 0)) for name, those in ways.items()}
    boxes = [_box(name, layer[name], lane[name], inside[name]) for name in layer if name in inside]
    lines = [
        _line(
            place,
            len(ways[name]),
            (layer[name], lane[name]),
            (layer[to], lane[to]),
            labels.get((name, way), ""),
        )
        for name in ways
        for place, (way, to) in enumerate(ways[name])
        if to in layer
    ]
    right = max((box.x + box.width for box in boxes), default=0.0)
    bottom = max((box.y + box.height for box in boxes), default=0.0)
    return Drawing(right + EDGE, bottom + TOP * 2, tuple(boxes), tuple(lines))


def fold(text: str, units: int = LINE_UNITS, most: int = 2) -> tuple[str, ...]:
    """A text in at most so many lines; what does not fit ends in "…"."""
    lines, line = [], ""
    for word in _words(" ".join(text.split())):
        if line and wide(line + word.rstrip()) > units:
            lines.append(line.rstrip())
            line = ""
        line += word
    lines.append(line.rstrip())
    if len(lines) > most:
        lines = [*lines[: most - 1], lines[most - 1] + "…"]
    return tuple(_cut(one, units) for one in lines if one)


def wide(text: str) -> int:
    """How wide a text is, in narrow characters."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def _words(text: str) -> list[str]:
    words, word = [], ""
    for one in text:
        word += one
        if one == " " or wide(one) == 2:
            words.append(word)
            word = ""
    return [*words, word]


def _cut(text: str, units: int) -> str:
    if wide(text) <= units:
        return text
    while text and wide(text) > units - 1:
        text = text[:-1]
    return text.rstrip("…") + "…"


def _layers(ways: Mapping[str, Sequence[tuple[str, str]]]) -> dict[str, int]:
    """`ways` stands in an order in which nothing leads back."""
    layer = {START: 0}
    for name, those in ways.items():
        for _, to in those:
            layer[to] = max(layer.get(to, 0), layer.get(name, 0) + 1)
    layer[OVER] = max(layer.values()) if OVER not in layer else max(layer[OVER], max(layer.values()))
    return dict(sorted(layer.items(), key=lambda one: one[1]))


def _lanes(ways: Mapping[str, Sequence[tuple[str, str]]], layer: Mapping[str, int]) -> dict[str, int]:
    lane: dict[str, int] = {START: 0}
    taken = {(0, 0)}
    for name in [*ways]:
        # Who goes on as everybody else stays in the lane; the named ways stand beside it.
        for place, (_, to) in enumerate(reversed(ways[name])):
            if to in lane:
                continue
            wanted = lane.get(name, 0) + place
            while (layer[to], wanted) in taken:
                wanted += 1
            lane[to] = wanted
            taken.add((layer[to], wanted))
    lane.setdefault(OVER, 0)
    return lane


def _box(name: str, layer: int, lane: int, inside: Inside) -> Box:
    return Box(
        name,
        EDGE + lane * LANE,
        TOP + layer * LAYER,
        BOX_WIDTH,
        BOX_HEIGHT if name != OVER else 48,
        inside.kind,
        fold(inside.name, most=2 if name != OVER else 1),
        inside.counts,
        inside.name,
        inside.wrong,
    )


def _line(place: int, of: int, start: tuple[int, int], goal: tuple[int, int], label: str) -> Line:
    (from_layer, from_lane), (to_layer, to_lane) = start, goal
    spread = (place + 1) / (of + 1)
    x1 = EDGE + from_lane * LANE + BOX_WIDTH * spread
    y1 = TOP + from_layer * LAYER + BOX_HEIGHT
    x2 = EDGE + to_lane * LANE + BOX_WIDTH / 2 + (spread - 0.5) * 24
    y2 = TOP + to_layer * LAYER - 4
    if to_layer - from_layer <= 1:
        middle = (y1 + y2) / 2
        path = f"M{x1:.1f} {y1:.1f} C{x1:.1f} {middle:.1f} {x2:.1f} {middle:.1f} {x2:.1f} {y2:.1f}"
    else:
        # Past the boxes between, in the gap beside the lane.
        gap = EDGE + max(from_lane, to_lane) * LANE + BOX_WIDTH + (LANE - BOX_WIDTH) * (0.25 + spread / 2)
        top, low = y1 + 26, y2 - 20
        path = (
            f"M{x1:.1f} {y1:.1f} C{x1:.1f} {top:.1f} {gap:.1f} {y1:.1f} {gap:.1f} {top + 20:.1f} "
            f"L{gap:.1f} {low - 20:.1f} C{gap:.1f} {y2:.1f} {x2:.1f} {low:.1f} {x2:.1f} {y2:.1f}"
        )
    # Where two part, each name stands on its own side of its line.
    is_left = of > 1 and place < of / 2
    low = y1 + 16 + (place % 2 if of > 2 else 0) * 15
    return Line(
        path, _cut(label, LEFT_UNITS if is_left else LINE_UNITS), x1 + (-5 if is_left else 5), low, is_left
    )
