"""Whose is a phone that several radios hear?"""

from __future__ import annotations

from random import Random

import pytest

from edge.door import Door, Noticed
from edge.owners import RECENTLY_S, STALE_S, TAKE_BACK_DB, TAKE_DB, Owners
from edge.presence import STRANGER_AFTER_S
from hardware.ble.advertisement import Advertisement

PHONE = "5a:11:22:33:44:55"


def packet(rssi_dbm: int, at: float, address: str = PHONE) -> Advertisement:
    return Advertisement(address, "random", rssi_dbm, b"\x02\x01\x1a", at)


class Pair:
    """Two receivers and one phone in row 1."""

    def __init__(self) -> None:
        self.owners = Owners()
        self.owners.reach(2)

    def hears(self, receiver: int, rssi_dbm: int, at: float) -> bool:
        """Whether it counts."""
        return bool(self.owners.pick([1], [packet(rssi_dbm, at)], receiver)[0])


def test_the_constants_stand_in_their_order() -> None:
    assert STALE_S < STRANGER_AFTER_S < RECENTLY_S


def test_who_hears_first_owns_and_only_what_the_owner_hears_counts() -> None:
    pair = Pair()
    assert pair.hears(1, -70, 0.0)
    assert not pair.hears(0, -60, 0.5)
    assert pair.hears(1, -72, 1.0)


@pytest.mark.parametrize(("stronger_db", "takes"), [(TAKE_DB - 1, False), (TAKE_DB, True)])
def test_another_takes_over_when_it_is_sixteen_decibels_stronger(stronger_db: int, takes: bool) -> None:
    pair = Pair()
    pair.hears(0, -75, 0.0)
    assert pair.hears(1, -75 + stronger_db, 1.0) is takes


@pytest.mark.parametrize(
    ("stronger_db", "after_s", "takes"),
    [
        (TAKE_DB, 5.0, False),
        (TAKE_DB + TAKE_BACK_DB - 1, 5.0, False),
        (TAKE_DB + TAKE_BACK_DB, 5.0, True),
        (TAKE_DB, RECENTLY_S + 1, True),
    ],
)
def test_who_has_just_lost_a_phone_must_be_six_decibels_better_than_that_to_take_it_back(
    stronger_db: int, after_s: float, takes: bool
) -> None:
    pair = Pair()
    pair.hears(0, -80, 0.0)
    assert pair.hears(1, -64, 1.0)
    for second in range(2, 1 + int(after_s)):
        pair.hears(1, -64, float(second))
    assert pair.hears(0, -64 + stronger_db, 1.0 + after_s) is takes


def test_an_owner_that_has_not_heard_its_phone_for_a_while_has_lost_it() -> None:
    pair = Pair()
    pair.hears(0, -60, 0.0)
    assert not pair.hears(1, -80, STALE_S)
    assert pair.hears(1, -80, STALE_S + 0.1)
    assert not pair.hears(0, -70, STALE_S + 0.2)


def test_one_fade_does_not_look_like_leaving_and_walking_away_does() -> None:
    pair = Pair()
    pair.hears(0, -60, 0.0)
    pair.hears(0, -81, 1.0)
    assert not pair.hears(1, -60, 1.5)
    for second in range(2, 12):
        pair.hears(0, -81, float(second))
    assert pair.hears(1, -60, 12.0)


def between(door: Door, seconds: range, here: int, strong_dbm: int, weak_dbm: int) -> Noticed:
    """A phone near one of two receivers, heard by both each second."""
    noticed = Noticed()
    for second in seconds:
        for receiver in (0, 1):
            rssi_dbm = strong_dbm if receiver == here else weak_dbm
            noticed += door.hear([packet(rssi_dbm, second + 0.1 * receiver)], receiver)
    return noticed


def test_a_phone_that_two_radios_hear_has_one_visit_and_counts_once() -> None:
    door = Door(("door", "counter"), Random(1).randbytes)
    noticed = between(door, range(130), 0, -60, -74)
    assert [visit.zone for visit in noticed.opened] == ["door"]
    assert {window.zone: window.addresses for window in noticed.measured[:2]} == {"door": 1, "counter": 0}
    assert door.visitors == 1


def test_a_visit_moves_with_its_visitor_to_another_zone() -> None:
    door = Door(("door", "counter"), Random(1).randbytes)
    noticed = between(door, range(60), 0, -55, -78) + between(door, range(60, 140), 1, -55, -78)
    noticed += door.stop()
    assert [visit.zone for visit in noticed.opened] == ["door", "counter"]
    first, second = noticed.closed
    assert (first.zone, second.zone) == ("door", "counter")
    assert first.departed_at is not None
    # The levels fall within some packets; the door is left where the counter begins.
    assert 59 <= first.departed_at <= second.arrived_at <= 70
    assert sum(count.entrants for count in noticed.street) <= 1


def test_a_visitor_between_two_radios_does_not_go_to_and_fro() -> None:
    rnd = Random(3)
    door = Door(("door", "counter"), rnd.randbytes)
    opened: list[str] = []
    for second in range(600):
        for receiver in (0, 1):
            heard = packet(round(rnd.gauss(-66, 4)), second + 0.1 * receiver)
            opened += [visit.zone for visit in door.hear([heard], receiver).opened]
    assert len(opened) == 1


def test_two_radios_of_one_zone_are_one_zone() -> None:
    door = Door(("door", "door"), Random(1).randbytes)
    noticed = between(door, range(60), 0, -55, -78) + between(door, range(60, 140), 1, -55, -78)
    assert [visit.zone for visit in noticed.opened] == ["door"]
    assert len(door.stop().closed) == 1
    assert len(noticed.measured) == 2


def test_a_door_has_a_receiver() -> None:
    with pytest.raises(ValueError, match="1 to 254 receivers"):
        Door((), Random(1).randbytes)
