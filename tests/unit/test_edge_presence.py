"""Who is near, who has come and who has gone."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.presence import (
    ARRIVE_AFTER_S,
    ARRIVE_DBM,
    ARRIVE_SCORE,
    DEPART_AFTER_S,
    DEPART_DBM,
    FIXTURE_AFTER_S,
    MOST_DEVICES,
    MOST_SCORE,
    STRANGER_AFTER_S,
    PresenceTracker,
    Sighting,
    Visit,
    near_enough,
)
from edge.subjects import Rank, Subject
from hardware.ble.advertisement import Advertisement

PHONE = Subject(1, Rank.RANDOM)


def tracker() -> PresenceTracker:
    numbers = itertools.count(1)
    return PresenceTracker("door", lambda: next(numbers))


def hear(
    near: PresenceTracker,
    rssi_dbm: int,
    start: float,
    seconds: float,
    subject: Subject = PHONE,
    every_s: float = 1.0,
) -> list[Visit]:
    """The visits that a steady sender opens."""
    opened: list[Visit] = []
    at = start
    while at < start + seconds:
        opened += near.feed(Sighting(subject, "door", rssi_dbm, at))
        at += every_s
    return opened


def test_the_constants_stand_in_their_order() -> None:
    assert DEPART_DBM < ARRIVE_DBM
    assert ARRIVE_AFTER_S < STRANGER_AFTER_S < DEPART_AFTER_S < FIXTURE_AFTER_S
    assert ARRIVE_SCORE < MOST_SCORE


def test_who_comes_and_stays_is_a_visit_from_the_first_sighting_to_the_last() -> None:
    near = tracker()
    (opened,) = hear(near, -60, 100.0, 61)
    assert (opened.arrived_at, opened.departed_at, opened.zone) == (100.0, None, "door")
    assert near.visitors == 1
    assert near.tick(160.0 + DEPART_AFTER_S) == []
    (closed,) = near.tick(160.1 + DEPART_AFTER_S)
    assert closed == Visit(opened.id, PHONE, "door", 100.0, 160.0, -60)
    assert closed.dwell_s == 60.0
    assert len(near) == 0


def test_who_walks_past_is_no_visit_however_strong() -> None:
    near = tracker()
    assert hear(near, -50, 0.0, ARRIVE_AFTER_S - 1, every_s=0.2) == []
    assert near.tick(ARRIVE_AFTER_S + STRANGER_AFTER_S) == []
    assert len(near) == 0


def test_who_is_far_is_no_visit_however_long() -> None:
    near = tracker()
    assert hear(near, DEPART_DBM - 1, 0.0, 3600) == []
    assert len(near) == 0
    assert hear(near, ARRIVE_DBM - 1, 0.0, 3600) == []


def test_lucky_packets_from_afar_are_no_visit() -> None:
    near = tracker()
    for second in range(3600):
        rssi_dbm = ARRIVE_DBM + 3 if second % 6 == 0 else ARRIVE_DBM - 5
        assert near.feed(Sighting(PHONE, "door", rssi_dbm, float(second))) == []


def test_a_fade_does_not_end_a_visit() -> None:
    near = tracker()
    hear(near, -60, 0.0, 40)
    hear(near, -90, 40.0, 60)
    assert near.tick(100.0) == []
    hear(near, -60, 100.0, 20)
    (closed,) = near.tick(1000.0)
    assert (closed.arrived_at, closed.departed_at) == (0.0, 119.0)


def test_two_stays_are_two_visits_with_two_ids() -> None:
    near = tracker()
    (first,) = hear(near, -60, 0.0, 40)
    near.tick(500.0)
    (second,) = hear(near, -60, 500.0, 40)
    assert first.id != second.id


def test_an_ordered_stop_ends_visits_as_of_their_last_sighting_and_strangers_leave_nothing() -> None:
    near = tracker()
    hear(near, -60, 0.0, 50)
    near.feed(Sighting(Subject(2, Rank.RANDOM), "door", -60, 49.0))
    (closed,) = near.close()
    assert closed.departed_at == 49.0
    assert len(near) == 0


def test_the_peak_is_the_strongest_packet_of_the_stay() -> None:
    near = tracker()
    hear(near, -60, 0.0, 40)
    near.feed(Sighting(PHONE, "door", -41, 41.0))
    hear(near, -70, 42.0, 5)
    assert near.close()[0].peak_dbm == -41


def test_a_fixed_beacon_makes_no_visit() -> None:
    near = tracker()
    assert hear(near, -40, 0.0, 600, Subject(3, Rank.BEACON)) == []
    assert len(near) == 0


def test_what_never_leaves_is_no_visit_and_no_person() -> None:
    near = tracker()
    for begin in range(0, FIXTURE_AFTER_S + 120, 60):
        hear(near, -60, float(begin), 60, every_s=10)
        near.tick(begin + 60.0)
    assert near.present() == []
    assert near.near_since(0.0) == []
    assert near.close() == []


def test_a_visit_goes_on_under_a_new_pseudonym() -> None:
    near = tracker()
    (opened,) = hear(near, -60, 0.0, 40)
    near.rename({PHONE.id: 99})
    assert hear(near, -60, 40.0, 40, Subject(99, Rank.RANDOM)) == []
    (closed,) = near.close()
    assert (closed.id, closed.arrived_at, closed.departed_at) == (opened.id, 0.0, 79.0)


def test_a_flood_of_strangers_is_turned_away_and_counted() -> None:
    near = tracker()
    for number in range(MOST_DEVICES + 10):
        near.feed(Sighting(Subject(number, Rank.RANDOM), "door", -60, 0.0))
    assert (len(near), near.turned_away) == (MOST_DEVICES, 10)


def test_a_sighting_of_another_zone_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="'cellar'"):
        tracker().feed(Sighting(PHONE, "cellar", -60, 0.0))


def test_rows_are_used_again() -> None:
    near = tracker()
    for round_ in range(50):
        start = round_ * 1000.0
        assert len(hear(near, -60, start, 40, Subject(round_, Rank.PUBLIC))) == 1
        (closed,) = near.tick(start + 500)
        assert closed.subject == Subject(round_, Rank.PUBLIC)


packets = st.lists(st.tuples(st.integers(0, 4), st.integers(-127, 20), st.floats(0.0, 40.0)), max_size=200)


@given(packets, st.integers(1, 50))
def test_batches_see_what_single_sightings_see_and_no_visit_is_odd(
    rows: list[tuple[int, int, float]], size: int
) -> None:
    one, many = tracker(), tracker()
    at = 0.0
    heard: list[tuple[Subject, Advertisement]] = []
    for number, rssi_dbm, gap_s in rows:
        at += gap_s
        heard.append((Subject(number, Rank.RANDOM), Advertisement("", "random", rssi_dbm, b"", at)))
    opened = [
        visit for who, what in heard for visit in one.feed(Sighting(who, "door", what.rssi_dbm, what.at))
    ]
    again: list[Visit] = []
    for begin in range(0, len(heard), size):
        batch = [(who, what) for who, what in heard[begin : begin + size] if near_enough([what])]
        again += many.feed_all([who for who, _ in batch], [what for _, what in batch])
    assert opened == again
    closed = one.close()
    assert closed == many.close()
    assert {visit.id for visit in closed} == {visit.id for visit in opened}
    for visit in closed:
        assert visit.departed_at is not None
        assert visit.dwell_s >= ARRIVE_AFTER_S
        assert ARRIVE_DBM <= visit.peak_dbm <= 20
