"""Counts of heads: what they make of the usual figures, and how many are enough."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.headcount import (
    MOST_MORE,
    TARGET_DOUBT,
    HeadCount,
    HeadSample,
    compare,
    doubt_at,
    fit_heads,
    more_counts,
)
from edge.occupancy import BAND_Z, Correction

USUAL = Correction()


def count_of(
    rnd: Random, phones: float, things: float = 0.0, heads: float = 20.0, spread: float = 0.35
) -> HeadCount:
    """A quarter of an hour in a shop whose people come and go about every ten minutes."""
    samples = []
    off = rnd.gauss(0, 1)
    people = max(1.0, rnd.gauss(heads, heads / 4))
    for _ in range(15):
        off = 0.9 * off + (1 - 0.9**2) ** 0.5 * rnd.gauss(0, 1)
        names = things + phones * people + off * (spread * phones * people) ** 0.5
        samples.append(HeadSample(max(0.0, names), people))
        people = max(1.0, people + rnd.choice((-1, 0, 1)))
    return HeadCount(1_790_000_000.0, tuple(samples))


def counts_of(
    seed: int, number: int, phones: float, things: float = 0.0, heads: float = 20.0
) -> list[HeadCount]:
    rnd = Random(seed)
    return [count_of(rnd, phones, things, heads) for _ in range(number)]


def with_samples(count: HeadCount, change: Callable[[int, HeadSample], HeadSample]) -> HeadCount:
    return HeadCount(count.at, tuple(change(place, sample) for place, sample in enumerate(count.samples)))


def test_nobody_has_counted_and_the_usual_figures_hold() -> None:
    assert fit_heads([], USUAL) == USUAL
    assert fit_heads([HeadCount(0.0, ())], USUAL) == USUAL


def test_one_count_moves_the_figure_a_part_of_the_way_and_twenty_nearly_all_of_it() -> None:
    one, twenty = (fit_heads(counts_of(3, number, 0.6), USUAL) for number in (1, 20))
    assert 0.6 < one.phones_per_person < 0.95
    assert twenty.phones_per_person == pytest.approx(0.6, abs=0.06)


def test_the_doubt_falls_with_every_count() -> None:
    doubts = [doubt_at(20, fit_heads(counts_of(4, number, 0.9), USUAL)) for number in (1, 4, 16)]
    assert doubt_at(20, USUAL) > doubts[0] > doubts[1] > doubts[2] > 0


def test_the_doubt_holds_what_it_says() -> None:
    inside = 0
    for seed in range(200):
        rnd = Random(seed)
        phones, things = rnd.gauss(1.0, 0.2), rnd.uniform(0, 3)
        fitted = fit_heads(counts_of(seed, 8, phones, things), USUAL)
        expected = fitted.things + fitted.phones_per_person * 20
        error = abs(expected - things - phones * 20) / (fitted.phones_per_person * 20)
        inside += error <= BAND_Z * doubt_at(20, fitted)
    assert inside / 200 >= 0.88


def test_names_that_are_there_without_people_are_told_from_phones() -> None:
    counts = [*counts_of(5, 12, 0.8, 3.0, heads=25), *counts_of(6, 12, 0.8, 3.0, heads=3)]
    fitted = fit_heads(counts, USUAL)
    assert fitted.things == pytest.approx(3.0, abs=0.8)
    assert fitted.phones_per_person == pytest.approx(0.8, abs=0.06)


def test_staff_without_phones_do_not_put_people_into_an_empty_shop() -> None:
    fitted = fit_heads(counts_of(7, 10, 0.9, -2.0), USUAL)
    assert fitted.things == 0.0
    assert 0.7 < fitted.phones_per_person < 0.9


def test_a_tap_too_many_in_one_window_changes_next_to_nothing() -> None:
    counts = counts_of(8, 6, 0.9)
    wrong = with_samples(
        counts[2], lambda place, one: HeadSample(one.names, 10 * one.heads) if place == 7 else one
    )
    straight = fit_heads(counts, USUAL).phones_per_person
    crooked = fit_heads([*counts[:2], wrong, *counts[3:]], USUAL).phones_per_person
    assert crooked == pytest.approx(straight, rel=0.01)


def test_a_count_that_is_wrong_throughout_weighs_less_than_the_others() -> None:
    counts = counts_of(9, 8, 0.9)
    wrong = with_samples(counts[0], lambda _place, one: HeadSample(one.names, 3 * one.heads))
    straight = fit_heads(counts[1:], USUAL)
    crooked = fit_heads([wrong, *counts[1:]], USUAL)
    at_twenty = [one.things + 20 * one.phones_per_person for one in (straight, crooked)]
    # A mean of the ratios would be off by (0.3 - 0.9) / 8, which is eight in a hundred.
    assert at_twenty[1] == pytest.approx(at_twenty[0], rel=0.05)


def test_the_product_says_how_many_counts_are_missing_and_after_so_many_none_is() -> None:
    first = counts_of(10, 4, 0.85)
    missing = more_counts(first, USUAL)
    assert 3 <= missing <= 40
    enough = counts_of(10, 4 + missing + 4, 0.85)
    assert more_counts(enough, USUAL) == 0
    assert (
        doubt_at(fmean(one.heads for c in enough for one in c.samples), fit_heads(enough, USUAL))
        <= TARGET_DOUBT
    )


def test_a_larger_shop_needs_fewer_counts() -> None:
    small, large = (more_counts(counts_of(11, 6, 0.9, heads=heads), USUAL) for heads in (6.0, 60.0))
    assert small > large


def test_an_empty_shop_teaches_things_and_never_ends_the_counting() -> None:
    empty = HeadCount(0.0, tuple(HeadSample(2.0, 0.0) for _ in range(15)))
    assert more_counts([], USUAL) == more_counts([empty], USUAL) == MOST_MORE
    fitted = fit_heads([empty] * 4, USUAL)
    assert fitted.phones_per_person == pytest.approx(1.0, abs=0.05)
    assert fitted.things > 1.0


def test_before_and_after_are_told_in_people() -> None:
    counts = counts_of(12, 12, 0.6)
    samples = counts_of(13, 1, 0.6)[0].samples
    before, after = (compare(samples, one) for one in (USUAL, fit_heads(counts, USUAL)))
    assert before is not None
    assert after is not None
    assert before.windows == after.windows == 15
    assert before.people == pytest.approx(0.6 * before.heads, rel=0.25)
    assert after.error < before.error
    assert after.high - after.low < before.high - before.low
    assert compare([], USUAL) is None


@given(
    st.lists(
        st.lists(st.builds(HeadSample, st.floats(0, 500), st.floats(0, 500)), max_size=6).map(
            lambda samples: HeadCount(0.0, tuple(samples))
        ),
        max_size=4,
    ),
    st.floats(0.05, 20),
    st.floats(0, 0.5),
)
def test_whatever_was_counted_leaves_a_correction_that_can_be_used(
    counts: list[HeadCount], phones: float, doubt: float
) -> None:
    fitted = fit_heads(counts, Correction(phones_per_person=phones, doubt=doubt))
    assert fitted.phones_per_person > 0
    assert fitted.things >= 0
    assert 0 <= fitted.doubt * BAND_Z < 1
    assert -1.000001 <= fitted.tie <= 1.000001
    assert 0 <= more_counts(counts, USUAL) <= MOST_MORE
