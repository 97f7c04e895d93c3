"""Identifiers that change: the published computation, a clock that outlives restarts, and whose identifier one is."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.ble.eid import (
    DRIFT,
    LONGEST_LEAD_S,
    SAVE_EVERY_S,
    SLACK_S,
    EidBeacon,
    EidClock,
    EidKey,
    EidResolver,
    eid,
)

KEY = bytes(range(16))
SETUP = 1_700_000_000.0
DAY_S = 86_400.0
YEAR_S = 365 * DAY_S


def said(exponent: int, clock_s: float, key: bytes = KEY) -> str:
    return eid(key, exponent, int(clock_s)).hex()


@pytest.mark.data
def test_a_resolver_knows_every_published_identifier_and_whose_it_is(shared_data: Path) -> None:
    vectors = json.loads((shared_data / "ble-vectors" / "eddystone_eid.json").read_text())
    assert len(vectors) >= 20
    keys = [EidKey(bytes.fromhex(one["identity_key"]), one["k"], SETUP) for one in vectors]
    resolver = EidResolver(keys)
    for place, one in enumerate(vectors):
        found = resolver.find(one["eid"], SETUP + one["time"])
        assert found is not None
        assert (keys[found].key, keys[found].exponent) == (keys[place].key, keys[place].exponent)


@given(st.integers(0, 15), st.floats(0, 5 * YEAR_S), st.floats(-40e-6, 40e-6))
def test_a_clock_that_runs_off_as_crystals_do_is_followed_at_any_age(
    exponent: int, age_s: float, off: float
) -> None:
    resolver = EidResolver([EidKey(bytes(16), exponent, SETUP), EidKey(KEY, exponent, SETUP)])
    now = SETUP + age_s
    periods_off = age_s * DRIFT / 2**exponent
    if periods_off < 500:
        assert resolver.find(said(exponent, max(age_s * (1 + off), 0.0)), now) == 1


def test_what_was_learned_of_a_clock_carries_on_where_nothing_learned_would_have_lost_it() -> None:
    off = 80e-6
    resolver = EidResolver([EidKey(KEY, 2, SETUP, seen_at=SETUP)])
    for day in range(400):
        clock_s = day * DAY_S * (1 + off)
        assert resolver.find(said(2, clock_s), SETUP + day * DAY_S) == 0
    # By now it is 46 minutes ahead: a resolver that was told of a sighting yesterday, but not of that, cannot know.
    fresh = EidResolver([EidKey(KEY, 2, SETUP, seen_at=SETUP + 399 * DAY_S)])
    assert fresh.find(said(2, 400 * DAY_S * (1 + off)), SETUP + 400 * DAY_S) is None


def test_an_identifier_of_long_ago_or_of_nobody_is_nobodys() -> None:
    resolver = EidResolver([EidKey(KEY, 10, SETUP, seen_at=SETUP + DAY_S)])
    now = SETUP + DAY_S
    assert resolver.find(said(10, DAY_S), now) == 0
    # Somebody recorded it at noon and plays it back in the evening.
    assert resolver.find(said(10, DAY_S - 6 * 3600), now) is None
    assert resolver.find(said(10, DAY_S, bytes(16)), now) is None
    assert EidResolver([]).find(said(10, DAY_S), now) is None


def test_a_clock_of_ours_that_is_set_back_is_no_trouble() -> None:
    resolver = EidResolver([EidKey(KEY, 4, SETUP)])
    assert resolver.find(said(4, 10_000), SETUP + 10_000) == 0
    assert resolver.find(said(4, 2_000), SETUP + 2_000) == 0


def test_looking_up_is_a_look_into_a_dictionary() -> None:
    resolver = EidResolver([EidKey(bytes((number,) * 16), 10, SETUP) for number in range(200)])
    now = SETUP + DAY_S
    resolver.find("00" * 8, now)
    began = time.thread_time()
    for number in range(20_000):
        resolver.find(f"{number:016x}", now + number / 1000)
    # 2 us each at most on any machine that runs the door; a computation of all would be 200 times 5 us.
    assert (time.thread_time() - began) / 20_000 < 20e-6


@pytest.mark.parametrize("key", [EidKey(bytes(15), 4, 0.0), EidKey(bytes(16), 16, 0.0)])
def test_a_key_that_cannot_be_is_refused(key: EidKey) -> None:
    with pytest.raises(ValueError, match=r"identity key has 16|exponent is 0 to 15"):
        EidResolver([key])


def test_our_own_clock_begins_at_zero_and_counts() -> None:
    clock = EidClock(EidBeacon(KEY.hex(), 4), 100.0, SETUP)
    assert clock.clock_s(100.0, SETUP) == 0
    assert clock.clock_s(150.5, SETUP + 50.5) == 50
    assert clock.eid(150.5, SETUP + 50.5) == said(4, 50)


def test_our_clock_goes_on_over_a_restart_that_knows_the_time() -> None:
    clock = EidClock(EidBeacon(KEY.hex(), 10), 0.0, SETUP)
    kept = clock.to_keep()
    assert kept is not None
    again = EidClock(kept, 7.0, SETUP + 5 * DAY_S)
    assert again.clock_s(7.0, SETUP + 5 * DAY_S) == 5 * DAY_S


def test_it_is_written_at_most_once_a_period_and_by_whoever_asks_for_it() -> None:
    clock = EidClock(EidBeacon(KEY.hex(), 10), 0.0, SETUP)
    written = 0
    for second in range(0, 86_400, 2):
        clock.clock_s(second, SETUP + second)
        if clock.to_keep() is not None:
            clock.kept()
            written += 1
    assert 80 <= written <= 86_400 / (SAVE_EVERY_S - 2 * SLACK_S)


@given(
    st.lists(st.tuples(st.floats(0, 5_000), st.booleans(), st.floats(0, 5_000)), min_size=1, max_size=12),
    st.integers(0, 11),
)
def test_our_clock_never_says_again_what_it_has_said_whatever_the_power_does(
    lives: list[tuple[float, bool, float]], exponent: int
) -> None:
    """Each life: seconds it runs, whether the time is known, seconds that it is off afterwards."""
    kept = EidBeacon(KEY.hex(), exponent)
    now, last = SETUP, 0
    for runs_s, knows, off_s in lives:
        clock = EidClock(kept, 0.0, now if knows else None)
        elapsed = 0.0
        while elapsed <= runs_s:
            at = clock.clock_s(elapsed, now + elapsed if knows else None)
            # Standing still is allowed, and the period under way may be said on.
            assert at >> exponent >= last >> exponent
            last = at
            wish = clock.to_keep()
            if wish is not None:
                kept = wish
                clock.kept()
            elapsed += 2.0
        now += runs_s + off_s


def test_a_clock_that_believed_a_wrong_year_once_comes_back() -> None:
    clock = EidClock(EidBeacon(KEY.hex(), 10), 0.0, SETUP)
    assert clock.clock_s(10.0, SETUP + 10 * YEAR_S) == 10 * YEAR_S
    assert clock.clock_s(20.0, SETUP + 20) == 20
    assert clock.clock_s(30.0, SETUP + LONGEST_LEAD_S) == LONGEST_LEAD_S
    assert clock.clock_s(40.0, SETUP + 40) == LONGEST_LEAD_S
