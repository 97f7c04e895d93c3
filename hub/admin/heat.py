"""Heat maps: a week by its hours as a coloured table, and a floor plan with a spot for each zone.

Pure. A colour is one of `LEVELS` steps between nothing and the highest; the number itself always stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.figures.answer import Value

LEVELS = 6
LARGEST_SPOT, SMALLEST_SPOT = 44, 14


@dataclass(frozen=True, slots=True)
class Cell:
    """One hour of the week: what `Question.by` calls it, its value, and its step of colour from 0 to `LEVELS`."""

    key: str
    value: Value | None
    level: int


@dataclass(frozen=True, slots=True)
class Week:
    """Hours down (0 to 23, only from the first to the last in which something is), days across from Monday on."""

    hours: tuple[tuple[int, tuple[Cell, ...]], ...]

    @property
    def empty(self) -> bool:
        """Whether nothing is in it."""
        return not self.hours


@dataclass(frozen=True, slots=True)
class Place:
    """A zone on a plan: where, in the plan's own pixels, how large its spot is drawn, and its step of colour."""

    zone: str
    x: int
    y: int
    radius: float
    level: int
    value: Value


def level(number: float | None, highest: float) -> int:
    """The step of colour: 0 for nothing, `LEVELS` for the highest; what is there at all has at least step 1."""
    if not number or number <= 0 or highest <= 0:
        return 0
    return max(1, min(LEVELS, round(number / highest * LEVELS)))


def week(values: Mapping[str, Value]) -> Week:
    """The week of an answer that is cut by `weekhour`: its values by their key."""
    numbers = {key: value.number or 0.0 for key, value in values.items() if key.isdigit()}
    busy = sorted({int(key) % 24 for key, number in numbers.items() if number})
    if not busy:
        return Week(())
    highest = max(numbers.values())
    return Week(
        tuple(
            (hour, tuple(_cell(str(day * 24 + hour), values, highest) for day in range(7)))
            for hour in range(busy[0], busy[-1] + 1)
        )
    )


def _cell(key: str, values: Mapping[str, Value], highest: float) -> Cell:
    value = values.get(key)
    return Cell(key, value, level(value.number if value else None, highest))


def on_plan(spots: Iterable[tuple[str, int, int]], values: Mapping[str, Value]) -> Sequence[Place]:
    """Each zone that has a spot (zone, x, y) and a value; a zone of several devices stands between them."""
    places: dict[str, list[tuple[int, int]]] = {}
    for zone, x, y in spots:
        places.setdefault(zone, []).append((x, y))
    here = {zone: values[zone] for zone in places if zone in values}
    highest = max((value.number or 0.0 for value in here.values()), default=0.0)
    found = []
    for zone, value in sorted(here.items()):
        share = max(0.0, (value.number or 0.0) / highest) if highest > 0 else 0.0
        # By area, so that twice as many look twice as many.
        radius = SMALLEST_SPOT + (LARGEST_SPOT - SMALLEST_SPOT) * share**0.5
        at = places[zone]
        x, y = (round(sum(one[side] for one in at) / len(at)) for side in (0, 1))
        found.append(Place(zone, x, y, round(radius, 1), level(value.number, highest), value))
    return found
