"""The radio's pictures stay within their frames and say what the numbers say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.picture import BINS, BUCKETS
from edge.portal.installer.charts import (
    COUNT_FLOOR,
    COUNT_TOP,
    HISTOGRAM_FLOOR,
    HISTOGRAM_TOP,
    LEVEL_FLOOR,
    LEVEL_TOP,
    WIDTH,
    bin_names,
    ceiling,
    histogram,
    strip_chart,
)
from edge.questions import Cell, Strip

LEVELS = st.integers(-127, 20)
CELLS = st.builds(
    lambda heard, one, other: (
        Cell(heard, heard, max(one, other), min(one, other)) if heard else Cell(0, 0, None, None)
    ),
    st.integers(0, 10_000),
    LEVELS,
    LEVELS,
)


@given(st.lists(CELLS, max_size=BUCKETS + 3), st.lists(LEVELS, max_size=2))
def test_every_bar_of_a_strip_lies_in_its_frame_and_the_latest_at_the_right(
    cells: list[Cell], lines: list[int]
) -> None:
    chart = strip_chart(Strip("changing", tuple(cells), Cell(0, 0, None, None), 3.0), lines)
    for bar in chart.counts:
        assert chart.left <= bar.x
        assert bar.x + bar.width <= chart.right
        assert bar.y >= COUNT_TOP - 0.01
        assert bar.y + bar.height <= COUNT_FLOOR + 0.01
    for bar in chart.levels:
        assert bar.y >= LEVEL_TOP - 0.01
        assert bar.y + bar.height <= LEVEL_FLOOR + 2.01
    assert all(LEVEL_TOP <= line.place <= LEVEL_FLOOR for line in chart.thresholds)
    if cells and cells[-1].heard:
        assert chart.right - chart.counts[-1].x < 10
    assert chart.top >= max((cell.heard for cell in cells[-BUCKETS:]), default=0)


@given(st.integers(0, 10**9))
def test_an_axis_ends_at_a_round_number_not_far_above_the_highest(highest: int) -> None:
    assert highest <= ceiling(highest) <= max(4, 2.5 * highest)


@given(
    st.lists(st.lists(st.integers(0, 10**6), min_size=BINS, max_size=BINS), min_size=1, max_size=2), LEVELS
)
def test_a_histogram_has_a_bar_for_every_strength_that_was_heard(rows: list[list[int]], line: int) -> None:
    chart = histogram(rows, [(line, "here")])
    assert [len(bars) for bars in chart.bars] == [sum(1 for count in row if count) for row in rows]
    for bar in (bar for bars in chart.bars for bar in bars):
        assert bar.x >= 0
        assert bar.x + bar.width <= WIDTH
        assert HISTOGRAM_TOP - 0.01 <= bar.y <= HISTOGRAM_FLOOR
    assert 0 <= chart.thresholds[0].place <= WIDTH


def test_the_bars_are_named_from_the_weakest_to_the_strongest() -> None:
    names = bin_names()
    assert len(names) == BINS
    assert (names[0], names[-1]) == ("−100 … −96", "−35 … −31")
