"""Heads against windows: only what both have seen from beginning to end is a pair."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.occupancy import WINDOW_S, Occupancy, Working
from edge.tally import COUNT_S, LEAST_WINDOWS, Tally


def window(end: float, zone: str = "door") -> Occupancy:
    return Occupancy(zone, end, WINDOW_S, 5.0, 3.0, 8.0, 5, Working(names=5.5))


def test_a_window_that_began_before_the_count_is_no_pair() -> None:
    tally = Tally(4, 30.0)
    tally.measured([window(60.0)])
    assert tally.counted == []
    tally.measured([window(120.0)])
    assert [pair.heads for pair in tally.counted] == [4.0]


def test_the_names_of_several_zones_at_one_time_are_one_pair() -> None:
    tally = Tally(4, 0.0)
    tally.measured([window(60.0, "door"), window(60.0, "counter"), window(120.0, "door")])
    assert [(pair.at, pair.names) for pair in tally.counted] == [(60.0, 11.0), (120.0, 5.5)]


def test_the_heads_of_a_window_are_their_mean_over_it() -> None:
    tally = Tally(4, 0.0)
    tally.tick(15.0)
    tally.tap(6)
    tally.tick(45.0)
    tally.tap(5)
    tally.measured([window(60.0)])
    assert tally.counted[0].heads == pytest.approx((15 * 4 + 30 * 6 + 15 * 5) / 60)


def test_a_pause_takes_its_windows_out_and_its_time() -> None:
    tally = Tally(4, 0.0)
    tally.measured([window(60.0)])
    tally.tick(70.0)
    tally.tap(4, paused=True)
    assert tally.paused
    tally.measured([window(120.0)])
    tally.tick(130.0)
    tally.tap(7)
    assert (tally.paused, tally.heads) == (False, 7)
    tally.measured([window(180.0), window(240.0)])
    assert [pair.heads for pair in tally.counted] == [4.0, 7.0]
    assert tally.counted_s == pytest.approx(70 + 110)


def test_a_quarter_of_an_hour_is_enough_and_less_is_not() -> None:
    tally = Tally(4, 0.0)
    for minute in range(1, 15):
        tally.measured([window(minute * WINDOW_S)])
    tally.tick(COUNT_S - 1)
    assert not tally.enough
    tally.tick(COUNT_S)
    assert tally.enough
    assert len(tally.counted) >= LEAST_WINDOWS


def test_a_clock_that_was_set_back_begins_anew_with_the_same_number() -> None:
    tally = Tally(4, 10_000.0)
    tally.tick(10_300.0)
    tally.tick(100.0)
    tally.measured([window(150.0), window(170.0)])
    assert [pair.heads for pair in tally.counted] == [4.0]


@given(st.lists(st.tuples(st.floats(0.5, 30), st.integers(0, 50), st.booleans()), max_size=60))
def test_whatever_is_tapped_the_mean_lies_between_what_was_said(taps: list[tuple[float, int, bool]]) -> None:
    tally = Tally(3, 0.0)
    said, at, ends = [3], 0.0, WINDOW_S
    for passed_s, heads, paused in taps:
        at += passed_s
        while at >= ends:
            tally.measured([window(ends)])
            ends += WINDOW_S
        tally.tick(at)
        tally.tap(heads, paused=paused)
        said.append(heads)
    assert all(min(said) <= pair.heads <= max(said) for pair in tally.counted)
    assert tally.counted_s <= at + 1e-6
