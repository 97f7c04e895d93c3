"""Where the marks of a chart stand, for the template that draws them as SVG.

Pure. Bars for a few dozen stretches of time, a line for more; what the same days were before as a tick or a dashed line; bands
as whiskers or an area; what is not final yet is hatched. The same numbers stand in a table beside the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 46, 8, 14, 28
MOST_LABELS = 8
"""More would run into each other at the width of a phone."""

MOST_BARS = 62

SMALL_WIDTH = 340
"""As wide as a phone, so that what is written in the picture can be read there."""

MOST_LINKS = 31
"""More columns would be too narrow to be met by a finger; the table leads further too."""


@dataclass(frozen=True, slots=True)
class Point:
    """One stretch of time. `label` stands on the axis, `title` is what a pointer over it says; None: nothing to draw.

    `part`: only some of it lies within the days that are shown. `url`: what a click on it opens. `notes`: their numbers.
    """

    label: str
    title: str
    value: float | None
    before: float | None = None
    low: float | None = None
    high: float | None = None
    provisional: bool = False
    part: bool = False
    url: str = ""
    notes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar in the picture's own units. `series` is 0 or 1."""

    x: float
    y: float
    width: float
    height: float
    series: int
    title: str
    provisional: bool = False
    part: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A label on an axis, at `place` of the picture's own units."""

    place: float
    text: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A line from `low` to `high` at `place`: a whisker upright, a tick across."""

    place: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Spot:
    """A column that a pointer may be over, or click on."""

    x: float
    width: float
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart, ready to be drawn."""

    bars: tuple[Bar, ...]
    across: tuple[Mark, ...]
    up: tuple[Mark, ...]
    floor: float
    empty: bool
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    whiskers: tuple[Stretch, ...] = ()
    ticks: tuple[Stretch, ...] = ()
    line: str = ""
    line_before: str = ""
    area: str = ""
    unfinished: tuple[Spot, ...] = ()
    spots: tuple[Spot, ...] = ()
    notes: tuple[Mark, ...] = field(default=())

    @property
    def has_before(self) -> bool:
        """Whether it shows the days of a comparison."""
        return bool(self.ticks or self.line_before)

    @property
    def has_band(self) -> bool:
        """Whether it shows in which band the true number lies."""
        return bool(self.whiskers or self.area)

    @property
    def has_unfinished(self) -> bool:
        """Whether something in it is not final yet."""
        return bool(self.unfinished) or any(bar.provisional for bar in self.bars)


def ceiling(highest: float, least: float = 4) -> float:
    """The top of an axis: a round number that is at least as high as every mark, and at least `least`."""
    if highest <= least:
        return least
    step = 1.0
    while step > highest:
        step /= 10
    while step * 10 < highest:
        step *= 10
    return next(step * factor for factor in (1, 2, 4, 5, 8, 10, 20) if step * factor >= highest)


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
    empty = not any(value for values in series for value in values)
    return Chart(tuple(drawn), _across(labels), _up(top, "{:g}".format), floor, empty)


def draw(points: Sequence[Point], say: Callable[[float], str], least: float = 4, width: int = WIDTH) -> Chart:
    """One series with what it was before. `say`: a number on the axis; `least`: the lowest top of the axis."""
    top = ceiling(
        max(
            (number for one in points for number in (one.value, one.before, one.high) if number is not None),
            default=0,
        ),
        least,
    )
    floor = HEIGHT - BOTTOM
    group = (width - LEFT - RIGHT) / max(1, len(points))

    def height(number: float) -> float:
        return round(floor - max(0.0, number) / top * (floor - TOP), 2)

    def middle(place: int) -> float:
        return round(LEFT + group * (place + 0.5), 2)

    is_linked = len(points) <= MOST_LINKS and width == WIDTH
    spots = tuple(
        Spot(round(LEFT + group * place, 2), round(group, 2), one.title, one.url if is_linked else "")
        for place, one in enumerate(points)
    )
    empty = not any(one.value or one.before for one in points)
    notes = tuple(
        Mark(middle(place), " ".join(map(str, one.notes))) for place, one in enumerate(points) if one.notes
    )
    shared = {
        "width": width,
        "right": width - RIGHT,
        "across": _across([one.label for one in points], width),
        "up": _up(top, say),
        "floor": floor,
        "empty": empty,
        # A phone has no pointer to be over one.
        "spots": spots if width == WIDTH else (),
        "notes": notes,
    }
    if len(points) > MOST_BARS:
        return Chart(
            (),
            line=_line([(middle(place), one.value) for place, one in enumerate(points)], height),
            line_before=_line([(middle(place), one.before) for place, one in enumerate(points)], height),
            area=_area([(middle(place), one.low, one.high) for place, one in enumerate(points)], height),
            unfinished=tuple(spot for spot, one in zip(spots, points, strict=True) if one.provisional),
            **shared,  # type: ignore[arg-type]  # each of its own kind, see above
        )
    thick = min(36.0, group * 0.66)
    drawn, whiskers, ticks = [], [], []
    for place, one in enumerate(points):
        at = middle(place)
        if one.value is not None:
            y = height(one.value)
            drawn.append(
                Bar(
                    round(at - thick / 2, 2), y, round(thick, 2), round(floor - y, 2), 0, one.title,
                    one.provisional, one.part,
                )
            )  # fmt: skip
        if one.low is not None and one.high is not None and one.high > one.low:
            whiskers.append(Stretch(at, height(one.low), height(one.high)))
        if one.before is not None:
            reach = min(22.0, group * 0.42)
            ticks.append(Stretch(height(one.before), round(at - reach, 2), round(at + reach, 2)))
    return Chart(tuple(drawn), whiskers=tuple(whiskers), ticks=tuple(ticks), **shared)  # type: ignore[arg-type]  # as above


def _across(labels: Sequence[str], width: int = WIDTH) -> tuple[Mark, ...]:
    every = max(1, -(-len(labels) // (MOST_LABELS * width // WIDTH)))
    group = (width - LEFT - RIGHT) / max(1, len(labels))
    return tuple(
        Mark(round(LEFT + group * (place + 0.5), 2), label)
        for place, label in enumerate(labels)
        if place % every == 0
    )


def _up(top: float, say: Callable[[float], str]) -> tuple[Mark, ...]:
    floor = HEIGHT - BOTTOM
    return tuple(Mark(round(floor - share * (floor - TOP), 2), say(top * share)) for share in (0, 0.5, 1))


def _line(places: Sequence[tuple[float, float | None]], height: Callable[[float], float]) -> str:
    """A path through every place that has a number; it is broken where there is none."""
    found, pen_is_down = [], False
    for x, number in places:
        if number is not None:
            found.append(f"{'L' if pen_is_down else 'M'}{x:g} {height(number):g}")
        pen_is_down = number is not None
    return "".join(found)


def _area(
    places: Sequence[tuple[float, float | None, float | None]], height: Callable[[float], float]
) -> str:
    """The area between the lower and the upper ends; broken where there is no band."""
    found: list[str] = []
    run: list[tuple[float, float, float]] = []
    for x, low, high in [*places, (0.0, None, None)]:
        if low is not None and high is not None:
            run.append((x, height(low), height(high)))
        elif run:
            there = [f"{at:g} {upper:g}" for at, _, upper in run]
            back = [f"{at:g} {lower:g}" for at, lower, _ in reversed(run)]
            found.append(f"M{'L'.join([*there, *back])}Z")
            run = []
    return "".join(found)
