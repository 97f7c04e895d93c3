"""People present, with a band that holds what it says."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.door import Door
from edge.occupancy import (
    LEAST_SLICES,
    SLICES,
    Correction,
    OccupancyWindow,
    majority,
    majority_chance,
    people_of,
)
from edge.replay import in_batches
from hardware.ble.street import Street

PLAIN = Correction(phones_per_person=1.0, heard_in_slice=1.0)


def test_nobody_heard_is_nobody_here_within_a_band_that_begins_at_zero() -> None:
    people, low, high = people_of(0, Correction())
    assert people == low == 0.0
    assert 0 < high < 5


@given(st.integers(0, 5000), st.floats(0.2, 3.0), st.floats(0.6, 1.0), st.floats(0.0, 0.5))
def test_the_estimate_lies_in_its_band(addresses: int, phones: float, heard: float, doubt: float) -> None:
    people, low, high = people_of(
        addresses, Correction(phones_per_person=phones, heard_in_slice=heard, doubt=doubt)
    )
    assert 0 <= low <= people <= high


def test_more_phones_a_person_are_fewer_people() -> None:
    one, two = (people_of(40, Correction(phones_per_person=phones))[0] for phones in (1.0, 2.0))
    assert one == pytest.approx(2 * two)


def test_a_phone_that_changes_its_address_within_the_window_counts_once() -> None:
    for turn in range(SLICES):
        window = OccupancyWindow("door", PLAIN)
        for number in range(SLICES):
            window.feed({1} if number < turn else {1, 2} if number == turn else {2})
        occupancy = window.close(60.0)
        assert occupancy is not None
        assert occupancy.addresses == 1
    assert majority_chance(1.0, 1.0) == pytest.approx(1.0)


def test_a_passer_by_does_not_count_and_who_came_early_does() -> None:
    window = OccupancyWindow("door", PLAIN)
    for number in range(SLICES):
        window.feed([7] * (number in (2, 3)) + [8] * (number >= 2))
    occupancy = window.close(60.0)
    assert occupancy is not None
    assert occupancy.addresses == 1


def test_nothing_is_kept_from_one_window_to_the_next() -> None:
    window = OccupancyWindow("door", PLAIN)
    for _ in range(SLICES):
        window.feed([1, 2, 3])
    assert window.whole()
    window.close(60.0)
    for _ in range(SLICES):
        window.feed([])
    empty = window.close(120.0)
    assert empty is not None
    assert empty.addresses == 0


def test_a_window_cut_short_is_measured_by_what_there_is_of_it() -> None:
    window = OccupancyWindow("door", PLAIN)
    for number in range(LEAST_SLICES):
        assert window.close(0.0) is None
        for _ in range(number + 1):
            window.feed([1])
    short = window.close(30.0)
    assert short is not None
    assert (short.addresses, short.window_s) == (1, 30.0)


def test_a_majority_is_more_than_half() -> None:
    assert [majority(slices) for slices in (3, 4, 5, 6)] == [2, 3, 3, 4]


def test_a_doubt_without_an_upper_end_is_refused() -> None:
    with pytest.raises(ValueError, match="doubt"):
        OccupancyWindow("door", Correction(doubt=0.7))


def test_the_band_holds_the_truth_of_the_simulated_street_nine_times_in_ten() -> None:
    inside = measured = 0
    error = truth_sum = 0.0
    for seed in range(1, 13):
        street = Street(seed, busy=(0.5, 1.0, 2.0)[seed % 3])
        door = Door("door", Random(seed).randbytes)
        start = 1_790_000_000.0 + 7_777 * seed
        for batch in in_batches(street.run(start, start + 1_260)):
            for window in door.hear(batch).measured:
                moments = [window.at - 5 - 10 * part for part in range(SLICES)]
                truth = sum(street.people_inside(at) for at in moments) / SLICES
                measured += 1
                inside += window.low <= truth <= window.high
                error += window.people - truth
                truth_sum += truth
    assert measured >= 12 * 19
    assert inside / measured >= 0.9
    assert abs(error) / truth_sum < 0.25
