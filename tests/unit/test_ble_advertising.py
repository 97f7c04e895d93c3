"""Turns, and what is told of a frame on the air."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.ble.advertising import (
    KERNEL_TURN_S,
    LEGACY_INTERVALS_MS,
    TURN_S,
    Features,
    taking_turns,
    told,
)
from hardware.ble.beacon import IBeacon
from hardware.ble.broadcast import Frame

FRAME = Frame("a", IBeacon("2f234454-cf6d-4a0f-adf2-f4911ba9ffa6", 1, 2, -59), 400)
NEW = Features(active=1, free=15, offloads=True, takes_wishes=True, sets_power=True)
OLD = Features(active=1, free=4, offloads=False, takes_wishes=True, sets_power=False)


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 1000))
def test_everybody_gets_the_same_share_and_one_place_changes_hands_a_step(
    items: int, places: int, step: int
) -> None:
    everybody = list(range(items))
    rounds = [taking_turns(everybody, places, step + further) for further in range(items)]
    assert all(len(one) == len(set(one)) == min(items, places) for one in rounds)
    counts = Counter(item for one in rounds for item in one)
    assert set(counts.values()) == {min(items, places)}
    if items > places:
        for before, after in pairwise(rounds):
            assert len(set(before) - set(after)) == 1


def test_nobody_has_a_turn_where_there_is_no_place() -> None:
    assert taking_turns(["a", "b"], 0, 3) == []


def test_the_numbers_stand_in_the_order_that_their_reasons_give() -> None:
    assert KERNEL_TURN_S < TURN_S
    low, high = LEGACY_INTERVALS_MS
    middle = (low + high) / 2
    assert middle * 0.8 <= low < high <= middle * 1.2


@pytest.mark.parametrize(
    ("features", "wanted", "places", "interval_ms", "state", "why"),
    [
        (NEW, 1, 16, 400, "on", ""),
        (NEW, 4, 2, 800, "turns", "on the air for 50% of the time"),
        (NEW._replace(takes_wishes=False), 1, 16, 1280, "on", "allow-intervals"),
        (NEW._replace(takes_wishes=False), 2, 1, 2560, "turns", "allow-intervals"),
        (OLD, 1, 5, 125, "on", "every 100 to 150 ms"),
        (OLD._replace(active=4), 3, 5, 500, "turns", "on the air for 25% of the time"),
        (OLD._replace(active=2), 4, 2, 500, "turns", "on the air for 25% of the time"),
    ],
)
def test_what_is_told_is_what_is_left_of_the_wish(
    features: Features, wanted: int, places: int, interval_ms: int, state: str, why: str
) -> None:
    said = told(FRAME, features, wanted, places, 0)
    assert (said.interval_ms, said.state) == (interval_ms, state)
    assert why in said.why
    assert said.asked_interval_ms == 400


@pytest.mark.parametrize(
    ("power_dbm", "features", "why"),
    [
        (-8, NEW, ""),
        (3, NEW, "The adapter sends at 3 dBm, not at -8 dBm."),
        (None, NEW, "The adapter does not tell at which power it sends."),
        (None, OLD, "cannot be set"),
    ],
)
def test_a_power_that_is_not_the_one_asked_for_is_told(
    power_dbm: int | None, features: Features, why: str
) -> None:
    frame = Frame("a", FRAME.beacon, LEGACY_INTERVALS_MS[0], -8)
    said = told(frame, features, 1, 5, power_dbm)
    assert (said.asked_power_dbm, said.power_dbm) == (-8, power_dbm)
    assert (why in said.why) if why else said.why == ""


@pytest.mark.parametrize(
    ("features", "seen_ms", "interval_ms", "because"),
    [
        (NEW, (400.0, 400.0), 400, ()),
        (NEW, (399.375, 400.0), 400, ()),
        # Another program, or BlueZ's main.conf, had its way.
        (NEW, (1000.0, 1000.0), 1000, ("other-interval",)),
        (NEW._replace(takes_wishes=False), (152.5, 152.5), 152, ("no-intervals",)),
        (OLD, (100.0, 150.0), 125, ("own-pace",)),
        (OLD, (400.0, 400.0), 400, ()),
    ],
)
def test_an_interval_that_was_seen_goes_before_one_that_is_reckoned(
    features: Features, seen_ms: tuple[float, float], interval_ms: int, because: tuple[str, ...]
) -> None:
    said = told(FRAME, features, 1, 5, 0, seen_ms)
    assert (said.interval_ms, said.because, said.read_back) == (interval_ms, because, True)
    assert not told(FRAME, features, 1, 5, 0).read_back
