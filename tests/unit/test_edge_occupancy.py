"""People present, with a band that holds what it says."""

from __future__ import annotations

import csv
import lzma
from collections.abc import Iterable
from pathlib import Path
from random import Random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.door import Door
from edge.occupancy import (
    LEAST_SLICES,
    SLICES,
    Correction,
    Occupancy,
    OccupancyWindow,
    counting_chance,
    counts,
    estimate,
    heard_in_slice_of,
    people_of,
)
from edge.replay import in_batches
from hardware.ble.advertisement import AddressType, Advertisement
from hardware.ble.shops import Air, Shop
from hardware.ble.street import Street

PLAIN = Correction(phones_per_person=1.0, heard_in_slice=1.0)
PATTERNS = st.lists(st.frozensets(st.integers(0, 30), max_size=20), min_size=SLICES, max_size=SLICES)


def door_of(packets: Iterable[Advertisement], **settings: Correction) -> list[Occupancy]:
    """What the door measures, with the part of a window at the end."""
    door = Door("door", Random(1).randbytes, **settings)
    measured = [window for batch in in_batches(packets) for window in door.hear(batch).measured]
    return [*measured, *door.stop().measured]


def speaks(address: str, kind: AddressType, begin: float, end: float) -> list[Advertisement]:
    """Somebody near, once a second."""
    return [
        Advertisement(address, kind, -60, b"\x02\x01\x1a", begin + step) for step in range(int(end - begin))
    ]


def test_nobody_heard_is_nobody_here_within_a_band_that_begins_at_zero() -> None:
    people, low, high = people_of(0, Correction())
    assert people == low == 0.0
    assert 0 < high < 5


@given(
    st.integers(0, 5000),
    st.floats(0.2, 3.0),
    st.floats(0.6, 1.0),
    st.floats(0.0, 0.5),
    st.floats(0.0, 20.0),
    st.floats(0.0, 3.0),
    st.floats(-1.0, 1.0),
)
def test_the_estimate_lies_in_its_band(
    addresses: int, phones: float, heard: float, doubt: float, things: float, things_doubt: float, tie: float
) -> None:
    correction = Correction(
        phones_per_person=phones,
        heard_in_slice=heard,
        doubt=doubt,
        things=things,
        things_doubt=things_doubt,
        tie=tie,
    )
    people, low, high = people_of(addresses, correction)
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
    assert counting_chance(1.0, 1.0) == pytest.approx(1.0)


def test_a_passer_by_does_not_count_and_who_came_early_does() -> None:
    window = OccupancyWindow("door", PLAIN)
    for number in range(SLICES):
        window.feed([7] * (number in (2, 3)) + [8] * (number >= 2))
    occupancy = window.close(60.0)
    assert occupancy is not None
    assert occupancy.addresses == 1


@given(PATTERNS, PATTERNS)
def test_nothing_is_kept_from_one_window_to_the_next(
    before: list[frozenset[int]], now: list[frozenset[int]]
) -> None:
    used, fresh = OccupancyWindow("door", Correction()), OccupancyWindow("door", Correction())
    for near in before:
        used.feed(near)
    assert used.whole()
    used.close(60.0)
    for near in now:
        used.feed(near)
        fresh.feed(near)
    assert used.close(120.0) == fresh.close(120.0)


def test_the_door_keeps_nothing_from_one_window_to_the_next_either() -> None:
    street = Street(21)
    start = 1_790_000_000.0
    heard = list(street.run(start, start + 185))
    first = heard[0].at
    # The same third minute, heard by a door that has listened before and by one that has not.
    after = [one for one in heard if one.at >= first + 120]
    begin = [Advertisement("00:00:00:00:00:01", "public", -90, b"", first + 120), *after]
    assert door_of(heard)[2] == door_of(begin)[0]


def test_a_window_in_which_nobody_is_near_is_nobody() -> None:
    window = OccupancyWindow("door", PLAIN)
    for _ in range(SLICES):
        window.feed([])
    empty = window.close(120.0)
    assert empty is not None
    assert (empty.addresses, empty.people, empty.low) == (0, 0.0, 0.0)


def test_where_the_radio_hears_nothing_at_all_there_is_no_figure() -> None:
    window = OccupancyWindow("door", PLAIN)
    for _ in range(SLICES):
        window.feed([], silent=True)
    assert window.whole()
    assert window.close(60.0) is None
    for number in range(SLICES):
        window.feed([1, 2], silent=number in (1, 4))
    halting = window.close(120.0)
    assert halting is not None
    assert (halting.addresses, halting.window_s) == (2, 40.0)


@pytest.mark.parametrize("heard", [0.6, 0.8, 0.97])
def test_the_chance_to_be_heard_is_found_in_the_window_itself(heard: float) -> None:
    rnd = Random(7)
    present = 4000
    patterns = [sum(1 << place for place in range(SLICES) if rnd.random() < heard) for _ in range(present)]
    # Others come and go, and some change their address: none of that is taken for not being heard.
    for _ in range(2000):
        begin = rnd.randrange(SLICES)
        end = rnd.randrange(begin, SLICES)
        patterns.append(sum(1 << place for place in range(begin, end + 1) if rnd.random() < heard))
    found = heard_in_slice_of(patterns, 0.95)
    assert found == pytest.approx(heard, abs=0.02)
    window = OccupancyWindow("door", Correction(rotation_s=1e9))
    for place in range(SLICES):
        window.feed([key for key, pattern in enumerate(patterns[:present]) if pattern >> place & 1])
    measured = window.close(60.0)
    assert measured is not None
    assert measured.working.names == pytest.approx(present, rel=0.04)
    assert measured.working.heard_in_slice == pytest.approx(heard, abs=0.02)


def test_a_lonely_phone_that_fades_for_a_moment_is_still_one() -> None:
    window = OccupancyWindow("door", PLAIN)
    for number in range(SLICES):
        window.feed([1] if number != 2 else [])
    measured = window.close(60.0)
    assert measured is not None
    assert measured.people == pytest.approx(1.0, abs=0.15)


def test_twice_as_many_lost_packets_are_not_fewer_people() -> None:
    names = []
    for lost in (0.1, 0.5):
        street = Street(3, busy=3.0, shop=Shop(air=Air((lost, lost))))
        start = 1_790_000_000.0
        names.append(fmean(one.working.names for one in door_of(street.run(start, start + 600))))
    assert names[1] == pytest.approx(names[0], rel=0.04)


def test_only_addresses_that_change_are_people() -> None:
    things = [
        *speaks("c4:00:00:00:00:01", "random", 0.0, 121.0),
        *speaks("00:1a:7d:00:00:02", "public", 0.0, 121.0),
    ]
    phones = [
        *speaks("4a:00:00:00:00:03", "random", 0.0, 121.0),
        *speaks("1a:00:00:00:00:04", "random", 0.0, 121.0),
    ]
    heard = sorted([*things, *phones], key=lambda one: one.at)
    assert [window.addresses for window in door_of(heard)] == [2, 2]
    assert [window.addresses for window in door_of(things[:121])] == [0, 0]


def test_fewer_names_than_things_are_nobody_within_a_band() -> None:
    found = estimate(1.0, Correction(things=4.0))
    assert found.people == found.low == 0.0
    assert 0 < found.high < 6


def test_a_figure_tells_how_it_was_made() -> None:
    window = OccupancyWindow("door", Correction(doubt=0.3))
    for _ in range(SLICES):
        window.feed(range(40))
    measured = window.close(60.0)
    assert measured is not None
    working = measured.working
    assert working.names == pytest.approx(40 / working.reached, abs=0.01)
    assert working.by_doubt > working.by_chance > 0
    assert working.by_doubt < (measured.high - measured.low) / 2 < working.by_doubt + working.by_chance + 5


def test_a_window_cut_short_is_measured_by_what_there_is_of_it() -> None:
    window = OccupancyWindow("door", PLAIN)
    for number in range(LEAST_SLICES):
        assert window.close(0.0) is None
        for _ in range(number + 1):
            window.feed([1])
    short = window.close(30.0)
    assert short is not None
    assert (short.addresses, short.window_s) == (1, 30.0)


def test_a_name_counts_that_spans_more_than_half_of_the_slices_and_was_near_in_half_of_them() -> None:
    counted = {pattern for pattern in range(64) if counts(pattern, 6)}
    assert {0b001111, 0b111100, 0b101001 | 0b1000, 0b110100 | 0b1} <= counted
    assert not {0b000111, 0b111000, 0b100001, 0b001001, 0} & counted
    for slices in (3, 4, 5, 6):
        assert sum(counts((1 << there) - 1, slices) for there in range(slices + 1)) == slices - slices // 2


def test_a_doubt_without_an_upper_end_is_refused() -> None:
    with pytest.raises(ValueError, match="doubt"):
        OccupancyWindow("door", Correction(doubt=0.7))
    window = OccupancyWindow("door", Correction())
    with pytest.raises(ValueError, match="doubt"):
        window.correction = Correction(doubt=0.7)


@pytest.fixture(scope="module")
def four_phones(shared_data: Path) -> dict[str, list[Advertisement]]:
    """What was heard of four phones in two rooms, by capture: they say their names in clear while their addresses change."""
    folder = shared_data / "ble-captures"
    with (folder / "address_truth.csv").open() as lines:
        truth = {
            (row["environment"], row["addr"])
            for row in csv.DictReader(lines)
            if row["name_truth"].startswith("TestPhone")
        }
    captures: dict[str, list[Advertisement]] = {}
    with lzma.open(folder / "adv_conference_anechoic.csv.xz", "rt") as lines:
        for row in csv.DictReader(lines):
            if (row["capture"].partition("_nRF52")[0], row["addr"]) in truth:
                packet = Advertisement(
                    row["addr"],
                    "random" if row["tx_random"] == "1" else "public",
                    int(row["rssi"]),
                    bytes.fromhex(row["adv_data"]),
                    float(row["epoch"]),
                )
                captures.setdefault(row["capture"], []).append(packet)
    return captures


def test_four_real_phones_are_four_people_whatever_their_addresses_do(
    four_phones: dict[str, list[Advertisement]],
) -> None:
    addresses, figures = set(), []
    for packets in four_phones.values():
        heard = sorted(packets, key=lambda one: one.at)
        if heard[-1].at - heard[0].at >= 30:
            addresses |= {one.address for one in heard}
            figures += door_of(heard)
    assert len(addresses) == 18
    assert len(figures) == 15
    assert [window.people for window in figures] == pytest.approx([4.0] * 15, abs=0.5)
    assert all(window.low <= 4 <= window.high for window in figures)


def test_four_real_phones_are_about_four_people_over_all_the_pauses_of_a_sniffer(
    four_phones: dict[str, list[Advertisement]],
) -> None:
    for room in ("1-May", "5-May"):
        named = [
            packet for name, packets in four_phones.items() if name.startswith(room) for packet in packets
        ]
        figures = door_of(sorted(named, key=lambda one: one.at))
        assert len(figures) >= 6
        assert fmean(window.people for window in figures) == pytest.approx(4.0, abs=0.4)
        assert all(3 <= window.people <= 5.2 for window in figures)


def test_the_band_holds_the_truth_of_the_simulated_street_nine_times_in_ten() -> None:
    inside = measured = 0
    error = truth_sum = 0.0
    for seed in range(1, 7):
        street = Street(seed, busy=(0.5, 1.0, 2.0)[seed % 3])
        door = Door("door", Random(seed).randbytes)
        start = 1_790_000_000.0 + 7_777 * seed
        for batch in in_batches(street.run(start, start + 660)):
            for window in door.hear(batch).measured:
                moments = [window.at - 5 - 10 * part for part in range(SLICES)]
                truth = sum(street.people_inside(at) for at in moments) / SLICES
                measured += 1
                inside += window.low <= truth <= window.high
                error += window.people - truth
                truth_sum += truth
    assert measured >= 6 * 9
    assert inside / measured >= 0.9
    assert abs(error) / truth_sum < 0.25
