"""A walk with a phone in the hand: found by holding it, measured by standing, forgotten after ten minutes."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import takewhile

import pytest

from edge.standing import (
    HOLD_ABOVE_DB,
    HOLD_DBM,
    HOLD_S,
    OUTSIDE,
    SEARCH_S,
    SILENT_S,
    STAND_LONGEST_S,
    STAND_PACKETS,
    STAND_S,
    WALK_LONGEST_S,
    Walk,
)
from hardware.ble import installer
from hardware.ble.advertisement import Advertisement
from hardware.ble.beacon import IBeacon
from hardware.ble.street import Street

MINE, OTHER = "5a:00:00:00:00:01", "6b:00:00:00:00:02"


def walk(zones: Iterable[str] = ("door",), sender: str = "phone") -> Walk:
    return Walk(tuple(zones), sender, random.Random(4).randbytes)


def lay(
    walk: Walk,
    begin: float,
    seconds: float,
    level: int,
    address: str = MINE,
    every_s: float = 0.5,
    receiver: int = 0,
) -> float:
    """The phone is heard at this strength for so long."""
    at = begin
    while at < begin + seconds:
        walk.hear([Advertisement(address, "random", level, b"", at)], receiver)
        at += every_s
    return at


def test_the_figures_leave_room_for_each_other() -> None:
    assert HOLD_DBM - HOLD_ABOVE_DB < HOLD_DBM
    assert SILENT_S < STAND_S < STAND_LONGEST_S < WALK_LONGEST_S
    assert HOLD_S < STAND_S
    assert 2 * HOLD_S < SEARCH_S < WALK_LONGEST_S / 2


def test_a_phone_that_is_held_against_the_radio_is_found_and_one_at_a_metre_is_not() -> None:
    one = walk()
    at = lay(one, 0.0, HOLD_S + 2, -58)
    assert (one.state().stage, one.state().trouble) == ("hold", "too-weak")
    at = lay(one, at, 3.0, -38)
    assert one.state().trouble == "hold-on"
    lay(one, at, HOLD_S, -38)
    assert one.state().stage == "ready"
    barely = walk()
    lay(barely, 0.0, HOLD_S + 1, HOLD_DBM)
    assert barely.state().stage == "ready"


def test_of_two_phones_alike_none_is_taken() -> None:
    one = walk()
    for step in range(60):
        at = step * 0.5
        one.hear(
            [Advertisement(MINE, "random", -40, b"", at), Advertisement(OTHER, "random", -45, b"", at)], 0
        )
    assert (one.state().stage, one.state().trouble) == ("hold", "two-phones")


def test_a_thing_with_a_fixed_address_is_not_taken_for_a_phone() -> None:
    one = walk()
    for step in range(60):
        one.hear([Advertisement("c4:00:00:00:00:07", "random", -35, b"", step * 0.5)], 0)
        one.hear([Advertisement("24:00:00:00:00:07", "public", -35, b"", step * 0.5)], 0)
    assert one.state().stage == "hold"
    assert one.state().strongest_dbm is None


def test_places_are_measured_for_half_a_minute_each_and_others_leave_no_trace() -> None:
    one = walk()
    at = lay(one, 0.0, HOLD_S + 1, -38)
    assert one.stand("kitchen") == "no-such-place"
    assert one.stand("door") == ""
    at = lay(one, at, STAND_S / 2, -70)
    assert one.state().stage == "stand"
    lay(one, at, 5.0, -50, OTHER)
    at = lay(one, at, STAND_S / 2 + 1, -72)
    assert one.state().stage == "ready"
    assert not one.complete()
    one.stand(OUTSIDE)
    lay(one, at, STAND_S + 1, -88)
    assert one.complete()
    assert set(one.levels("door")) == {-70, -72}
    assert set(one.levels(OUTSIDE)) == {-88}


def test_inside_waits_for_enough_packets_and_gives_up_without_them() -> None:
    seldom = walk()
    at = lay(seldom, 0.0, HOLD_S + 1, -38)
    seldom.stand("door")
    at = lay(seldom, at, STAND_S + 5, -70, every_s=5.0)
    assert seldom.state().stage == "stand"
    lay(seldom, at, STAND_PACKETS * 5.0, -70, every_s=5.0)
    assert seldom.state().places[0].done
    mute = walk()
    at = lay(mute, 0.0, HOLD_S + 1, -38)
    mute.stand("door")
    mute.tick(at + STAND_LONGEST_S + 1)
    assert mute.state().stage == "ready"
    assert not mute.state().places[0].done


def test_outside_hardly_to_be_heard_is_good_enough() -> None:
    one = walk()
    at = lay(one, 0.0, HOLD_S + 1, -38)
    one.stand(OUTSIDE)
    one.tick(at + STAND_S + 1)
    assert one.state().places[1].done
    assert one.levels(OUTSIDE) == []


def test_a_phone_that_changes_its_address_is_held_again_and_what_was_measured_stays() -> None:
    one = walk()
    at = lay(one, 0.0, HOLD_S + 1, -38)
    one.stand("door")
    at = lay(one, at, STAND_S + 1, -70)
    at = lay(one, at, SILENT_S + 2, -70, OTHER)
    assert one.state().trouble == "silent"
    one.hold_again()
    at = lay(one, at, HOLD_S + 1, -36, OTHER)
    assert one.state().stage == "ready"
    assert len(one.levels("door")) >= STAND_PACKETS


def test_looking_for_the_phone_takes_nothing_from_the_ten_minutes() -> None:
    one = walk()
    at = lay(one, 0.0, 2 * WALK_LONGEST_S, -75, OTHER, every_s=5.0)
    assert one.state().stage == "hold"
    lay(one, at, HOLD_S + 1, -38)
    assert one.state().stage == "ready"
    assert one.state().left_s > WALK_LONGEST_S - SEARCH_S - 2 * HOLD_S


def test_after_ten_minutes_nobody_is_followed() -> None:
    one = walk()
    at = lay(one, 0.0, HOLD_S + 1, -38)
    one.stand("door")
    lay(one, at, WALK_LONGEST_S + 20, -70, every_s=2.0)
    before = len(one.rows())
    assert one.state().trouble == "over"
    assert one.stand("door") == "over"
    lay(one, WALK_LONGEST_S + 60, 20, -70)
    assert len(one.rows()) == before


def test_a_beacon_may_be_carried_instead_of_a_phone() -> None:
    shop = "7f3c1b5e-2d84-4a6f-9c10-5e1ab0de11ed"
    one = walk(sender=f"ibeacon:{shop}/100/4")
    said = b"\x02\x01\x06" + IBeacon(shop, 100, 4, -59).encode()
    one.hear([Advertisement(MINE, "random", -30, b"", 0.0)], 0)
    assert one.state().trouble == "not-heard"
    one.hear([Advertisement("d0:00:00:00:00:05", "random", -71, said, 1.0)], 0)
    assert one.state().stage == "ready"


def test_each_receiver_has_its_own_rows() -> None:
    one = walk(("door", "counter"))
    at = lay(one, 0.0, HOLD_S + 1, -38)
    assert one.places == ("door", "counter", OUTSIDE)
    one.stand("counter")
    lay(one, at, STAND_S / 2, -80, receiver=0)
    lay(one, at, STAND_S + 1, -60, receiver=1)
    assert set(one.levels("counter", 0)) == {-80}
    assert set(one.levels("counter", 1)) == {-60}
    assert {row.receiver for row in one.rows()} == {0, 1}


def test_a_clock_that_was_set_back_keeps_the_phone_and_ends_the_place() -> None:
    one = walk()
    at = lay(one, 5_000.0, HOLD_S + 1, -38)
    one.stand("door")
    lay(one, at, 5, -70)
    lay(one, 100.0, 5, -70)
    assert one.state().stage == "ready"


@pytest.mark.parametrize("seed", range(4))
def test_on_the_simulated_street_the_installer_is_found_among_everybody_else(seed: int) -> None:
    begin = 1_840_000_000.0
    street = Street(seed=seed, busy=2).run(begin)
    heard: Iterator[Advertisement] = merge(street, installer.packets(seed, begin), key=lambda one: one.at)
    one = walk()
    held_until = None
    for packet in takewhile(lambda packet: packet.at < begin + installer.ROUND_S, heard):
        one.hear([packet], 0)
        if held_until is None and one.state().stage == "ready":
            held_until = packet.at - begin
            assert packet.at < begin + installer.HOLDS_S
        place = {"inside": "door", "outside": OUTSIDE}.get(installer.place_at(packet.at - begin))
        if (
            place
            and one.state().stage == "ready"
            and place not in [done.place for done in one.state().places if done.done]
        ):
            one.stand(place)
    assert held_until is not None
    assert one.complete()
    inside, outside = one.state().places
    assert inside.median_dbm is not None
    assert outside.median_dbm is None or inside.median_dbm > outside.median_dbm + 4
