"""Zones by a model that somebody's standing in them has made."""

from __future__ import annotations

from random import Random

import pytest

from edge.door import Door, Noticed
from edge.zones import MODEL_VERSION, ZoneModel
from hardware.ble.advertisement import Advertisement

ZONES = ("door", "counter")

MODEL = ZoneModel(
    shopbell_zones=MODEL_VERSION,
    zones=("door", "counter", "OUTSIDE"),
    outside=("OUTSIDE",),
    receivers=("r0", "r1"),
    levels_dbm=((-55.0, -75.0), (-75.0, -55.0), (-71.0, -73.0)),
    heard=((0.9, 0.7), (0.7, 0.9), (0.8, 0.8)),
    common_slow_db=4.0,
    common_fast_db=2.0,
    own_slow_db=2.0,
    own_fast_db=4.0,
)


def at_place(place: int, seconds: range, rnd: Random, weaker_db: int = 0) -> list[tuple[int, Advertisement]]:
    """What both receivers hear of a phone that is in one place of the model."""
    heard = []
    for second in seconds:
        for receiver in (0, 1):
            if rnd.random() < MODEL.heard[place][receiver]:
                rssi_dbm = round(rnd.gauss(MODEL.levels_dbm[place][receiver], 3)) - weaker_db
                packet = Advertisement("5a:00:00:00:00:01", "random", rssi_dbm, b"", second + 0.01 * receiver)
                heard.append((receiver, packet))
    return heard


def through(door: Door, heard: list[tuple[int, Advertisement]]) -> Noticed:
    noticed = Noticed()
    for receiver, packet in heard:
        noticed += door.hear([packet], receiver)
    return noticed


def fitted_door() -> Door:
    door = Door(ZONES, Random(1).randbytes)
    door.use_model(MODEL)
    return door


@pytest.mark.parametrize("weaker_db", [0, 8])
def test_a_visit_is_where_the_model_says_and_goes_on_where_the_visitor_goes(weaker_db: int) -> None:
    rnd = Random(2)
    door = fitted_door()
    heard = at_place(0, range(120), rnd, weaker_db) + at_place(1, range(120, 240), rnd, weaker_db)
    noticed = through(door, heard) + door.stop()
    assert [visit.zone for visit in noticed.closed] == ["door", "counter"]
    first, second = noticed.closed
    assert first.departed_at is not None
    assert 119 <= first.departed_at <= second.arrived_at < 150


def test_who_stands_outside_is_no_visitor_although_heard_as_strong_as_one() -> None:
    rnd = Random(3)
    outside = at_place(2, range(300), rnd)
    door = fitted_door()
    noticed = through(door, outside)
    assert (noticed.opened, door.visitors) == ((), 0)
    assert {window.addresses for window in noticed.measured} == {0}
    # Without the model the same packets are somebody at the door.
    assert [visit.zone for visit in through(Door(ZONES, Random(1).randbytes), outside).opened] == ["door"]


def test_who_goes_out_has_left_at_once() -> None:
    rnd = Random(4)
    door = fitted_door()
    noticed = through(door, at_place(0, range(120), rnd) + at_place(2, range(120, 180), rnd))
    (visit,) = noticed.closed
    assert visit.departed_at is not None
    assert 119 <= visit.departed_at < 150
    assert door.visitors == 0


def test_a_model_can_be_put_away_while_running() -> None:
    rnd = Random(5)
    door = fitted_door()
    through(door, at_place(0, range(60), rnd))
    door.use_model(None)
    through(door, at_place(0, range(60, 120), rnd))
    assert [(visit.zone, visit.arrived_at < 5) for visit in door.present()] == [("door", True)]


def test_a_model_of_another_door_is_refused_with_what_to_do() -> None:
    with pytest.raises(ValueError, match="made with 2 receivers, and this door has 1"):
        Door("door", Random(1).randbytes).use_model(MODEL)
    with pytest.raises(ValueError, match="knows a zone 'counter'"):
        Door(("door", "window"), Random(1).randbytes).use_model(MODEL)
