"""Passers-by against entrants: sums that do not depend on batches, a share with its doubt, the shop's own days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.capture import BAND_Z, band
from hub.rebuild import rebuild, verify
from hub.reports import make_period, make_report
from hub.wire.events import DeviceHealth, StreetCounted, write_event
from tests.hub_house import NOON, House, HouseNode


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def told(passers: int, entrants: int, zone: str = "door", *, simulated: bool = False) -> StreetCounted:
    return StreetCounted(zone=zone, window_s=900.0, passers=passers, entrants=entrants, simulated=simulated)


def two_days_later(door: HouseNode) -> None:
    """The day is over, and nothing that belongs to it is still waited for: what is shown of ten people or more is exact."""
    door.house.now += 2 * 86_400
    door.report(DeviceHealth(program="edge"))


def test_a_report_says_how_many_of_those_who_came_near_came_in(house: House) -> None:
    door = house.node("edge", "Door")
    door.report(told(40, 16), told(49, 12, "counter"), at=NOON)
    door.report(told(0, 3), at=NOON + 5)
    two_days_later(door)
    report = make_report(house.store, house.now, make_period(house.store, house.now, None, None))
    street = report.street
    assert (street.near, street.passers, street.entrants, street.windows) == (120, 89, 31, 3)
    assert (street.rate, street.age_s, street.noisy) == (0.2583, 2 * 86_400 - 5.0, False)
    assert street.low is not None
    assert street.high is not None
    assert street.low < 0.2583 < street.high
    assert [(one.zone, one.passers, one.entrants) for one in street.by_zone] == [
        ("counter", 49, 12),
        ("door", 40, 19),
    ]
    assert not report.simulated


def test_without_anybody_near_there_is_no_share(house: House) -> None:
    house.node("edge", "Door").report(told(0, 0))
    street = make_report(house.store, house.now, make_period(house.store, house.now, None, None)).street
    assert (street.near, street.rate, street.low, street.high, street.windows) == (0, None, None, None, 1)


def test_a_street_of_which_nothing_was_told_has_no_age(house: House) -> None:
    street = make_report(house.store, house.now, make_period(house.store, house.now, None, None)).street
    assert (street.near, street.latest_at, street.age_s) == (0, None, None)


def test_a_window_that_ends_at_midnight_belongs_to_the_day_before(house: House) -> None:
    midnight = 1_795_042_800.0  # 19 November 2026, 00:00 in Berlin
    house.now = midnight + 60
    door = house.node("edge", "Door")
    door.report(told(20, 20), at=midnight)
    two_days_later(door)
    period = make_period(house.store, house.now, date(2026, 11, 18), date(2026, 11, 18))
    assert make_report(house.store, house.now, period).street.near == 40


def test_a_simulated_street_is_said_to_be_one(house: House) -> None:
    house.node("edge", "Door").report(told(5, 5, simulated=True))
    report = make_report(house.store, house.now, make_period(house.store, house.now, None, None))
    assert report.street.simulated
    assert report.simulated


def test_a_rebuild_gives_the_same_however_the_facts_came(house: House) -> None:
    door = house.node("edge", "Door")
    events = [
        write_event(door.event(told(place, 2 * place, "ab"[place % 2]), at=NOON + 400 * place))
        for place in range(12)
    ]
    door.send(*events[:5])
    door.send(events[5])
    door.send(*events[6:])
    assert verify(house.store).differ == ()
    before = house.store.ledger.digest()["street"]
    rebuild(house.store)
    assert house.store.ledger.digest()["street"] == before
    assert sum(count.entrants for count in house.store.reports.street(0, NOON + 9_000)) == 132


def test_a_broken_count_fills_no_column_up(house: House) -> None:
    door = house.node("edge", "Door")
    for _ in range(3):
        door.report(*(told(2**53, 2**53) for _ in range(600)))
    counts = house.store.reports.street(0, NOON + 9_000)
    assert sum(count.passers for count in counts) == 1_800 * 1_000_000
    assert verify(house.store).differ == ()


@given(st.integers(1, 10**6), st.integers(0, 10**6))
def test_the_band_holds_the_share_and_never_leaves_its_range(whole: int, part: int) -> None:
    part = min(part, whole)
    low, high = band(part, whole)
    assert 0.0 <= low <= part / whole + 1e-12
    assert part / whole - 1e-12 <= high <= 1.0
    assert low < high


@given(st.integers(1, 10**4), st.integers(0, 10**4))
def test_the_band_ends_where_the_share_that_was_found_is_just_no_surprise(whole: int, part: int) -> None:
    """What defines a score interval: at each end the found share is so many standard deviations away, by that end's own."""
    found = min(part, whole) / whole
    for end in band(min(part, whole), whole):
        assert (found - end) ** 2 == pytest.approx(BAND_Z**2 * end * (1 - end) / whole, abs=1e-12)


def test_the_band_is_narrower_with_more_people_and_has_a_width_also_at_nobody() -> None:
    assert band(0, 30)[1] > 0.05
    widths = [high - low for low, high in (band(3 * n, 10 * n) for n in (1, 10, 100))]
    assert widths == sorted(widths, reverse=True)


def test_the_share_comes_as_json(house: House) -> None:
    door = house.node("edge", "Door")
    door.report(told(30, 10))
    two_days_later(door)
    street = make_report(house.store, house.now, make_period(house.store, house.now, None, None)).street
    assert msgspec.json.decode(msgspec.json.encode(street))["rate"] == 0.25
