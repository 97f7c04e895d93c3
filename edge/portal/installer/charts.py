"""Where the bars and lines of the radio's pictures stand, for the templates that draw them as SVG at the width of a phone.

Pure. `edge.portal.installer.pages` feeds it what the door answered; the same numbers stand in a table beside each picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge.picture import BIN_DB, BINS, BINS_FROM_DBM, BUCKETS
from edge.questions import Strip

WIDTH = 328
"""A phone of 360 px less its margins: a unit is a pixel there, and letters of 12 are read as 12."""

LEFT, RIGHT = 30, 6
COUNT_TOP, COUNT_FLOOR = 12, 64
LEVEL_TOP, LEVEL_FLOOR = 82, 134
STRIP_HEIGHT = 156
STRONGEST_DBM, WEAKEST_DBM = -30, -100
"""The scale of every strength on these pages: pictures can be compared without reading their axes."""

HISTOGRAM_TOP, HISTOGRAM_FLOOR, HISTOGRAM_HEIGHT = 30, 118, 140


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar in the picture's own units."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A label at `place` on an axis."""

    place: float
    text: str


@dataclass(frozen=True, slots=True)
class StripChart:
    """How many were heard in each ten seconds, and below how strong: a bar from the middle strength to the strongest."""

    counts: tuple[Bar, ...]
    levels: tuple[Bar, ...]
    top: int
    up: tuple[Mark, ...]
    thresholds: tuple[Mark, ...]
    width: int = WIDTH
    height: int = STRIP_HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    count_floor: int = COUNT_FLOOR
    level_floor: int = LEVEL_FLOOR


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often each strength was heard; a second row of bars lies behind where there are two places to compare."""

    bars: tuple[tuple[Bar, ...], ...]
    across: tuple[Mark, ...]
    thresholds: tuple[Mark, ...]
    width: int = WIDTH
    height: int = HISTOGRAM_HEIGHT
    left: int = 6
    right: int = WIDTH - RIGHT
    top: int = HISTOGRAM_TOP
    floor: int = HISTOGRAM_FLOOR


def ceiling(highest: int) -> int:
    """The top of an axis of counts: a round number that is at least as high as every bar."""
    step = 1
    while True:
        for factor in (4, 6, 10, 20, 30):
            if factor * step >= highest:
                return factor * step
        step *= 10


def strip_chart(strip: Strip, thresholds_dbm: Sequence[int] = ()) -> StripChart:
    """The picture of one class over the last five minutes."""
    cells = strip.cells[-BUCKETS:]
    top = ceiling(max((cell.heard for cell in cells), default=0))
    slot = (WIDTH - LEFT - RIGHT) / BUCKETS
    first = BUCKETS - len(cells)
    counts, levels = [], []
    for place, cell in enumerate(cells, first):
        if not cell.heard:
            continue
        x = round(LEFT + slot * place + 0.75, 2)
        height = cell.heard / top * (COUNT_FLOOR - COUNT_TOP)
        counts.append(Bar(x, round(COUNT_FLOOR - height, 2), round(slot - 1.5, 2), round(height, 2)))
        if cell.strongest_dbm is not None and cell.median_dbm is not None:
            y = _level_y(cell.strongest_dbm)
            levels.append(Bar(x, y, round(slot - 1.5, 2), round(max(2.0, _level_y(cell.median_dbm) - y), 2)))
    return StripChart(
        tuple(counts),
        tuple(levels),
        top,
        tuple(Mark(_level_y(level), str(level)) for level in (-40, -60, -80, -100)),
        tuple(Mark(_level_y(level), str(level)) for level in thresholds_dbm),
    )


def histogram(rows: Sequence[Sequence[int]], thresholds: Sequence[tuple[int, str]] = ()) -> Histogram:
    """Bars for one or two sets of counts; each set has its own height, since thirty seconds here and there differ in packets."""
    slot = (WIDTH - 6 - RIGHT) / BINS
    drawn = []
    for number, counts in enumerate(rows):
        most = max([*counts, 1])
        wide = slot - 2 if len(rows) == 1 else (slot - 3) / 2
        bars = []
        for place, count in enumerate(counts[:BINS]):
            height = count / most * (HISTOGRAM_FLOOR - HISTOGRAM_TOP)
            if count:
                x = 6 + slot * place + 1 + (wide + 1) * number
                bars.append(
                    Bar(round(x, 2), round(HISTOGRAM_FLOOR - height, 2), round(wide, 2), round(height, 2))
                )
        drawn.append(tuple(bars))
    across = tuple(
        Mark(_level_x(level), str(level)) for level in range(BINS_FROM_DBM + 10, STRONGEST_DBM, 20)
    )
    marks = tuple(Mark(_level_x(level), text) for level, text in thresholds)
    return Histogram(tuple(drawn), across, marks)


def bin_names() -> list[str]:
    """What each bar of a histogram stands for, in dBm."""
    starts = [BINS_FROM_DBM + BIN_DB * place for place in range(BINS)]
    return [f"{start} … {start + BIN_DB - 1}".replace("-", "−") for start in starts]


def _level_y(level_dbm: int) -> float:
    share = (min(max(level_dbm, WEAKEST_DBM), STRONGEST_DBM) - WEAKEST_DBM) / (STRONGEST_DBM - WEAKEST_DBM)
    return round(LEVEL_FLOOR - share * (LEVEL_FLOOR - LEVEL_TOP), 2)


def _level_x(level_dbm: int) -> float:
    share = (level_dbm - BINS_FROM_DBM) / (BIN_DB * BINS)
    return round(6 + min(max(share, 0.0), 1.0) * (WIDTH - 6 - RIGHT), 2)
