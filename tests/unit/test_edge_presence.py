"""Who is near, who has come and who has gone."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.presence import (
    ARRIVE_AFTER_S,
    ARRIVE_SCORE,
    DEPART_AFTER_S,
    FIXTURE_AFTER_S,
    MOST_SCORE,
    OUTSIDE,
    STRANGER_AFTER_S,
    PresenceTracker,
    near_enough,
)
from edge.subjects import EXAMINED_PACKETS, MOST_DEVICES, AddressBook, Rank
from edge.visits import ARRIVE_DBM, DEPART_DBM, STRONGEST_DBM, Thresholds, Visit
from hardware.ble.advertisement import AddressType, Advertisement
from hardware.ble.beacon import EddystoneUid, IBeacon

PHONE = "5a:11:22:33:44:55"
UUID = "7f3c1b5e-2d84-4a6f-9c10-5e1ab0de11ed"


class Ear:
    """A tracker with its book."""

    def __init__(self, *tags: str, zones: tuple[str, ...] = ("door",)) -> None:
        numbers = itertools.count(1)
        self.book = AddressBook(b"salt", tags)
        self.tracker = PresenceTracker(self.book, zones, lambda: next(numbers))

    def feed(self, *packets: Advertisement) -> list[Visit]:
        near = near_enough(packets)
        return self.tracker.feed_all(self.book.rows_of(near), near)

    def near_since(self, since: float, place: int = 0) -> int:
        """How many phones were near since then."""
        self.tracker.mark(since, place, 1)
        return len(self.tracker.take_patterns(place))

    def feed_placed(self, packet: Advertisement, place: int) -> tuple[list[Visit], list[Visit]]:
        near = near_enough([packet])
        return self.tracker.feed_placed(self.book.rows_of(near), near, [place] * len(near), ARRIVE_DBM)


def packet(
    rssi_dbm: int, at: float, address: str = PHONE, kind: AddressType = "random", payload: bytes = b""
) -> Advertisement:
    return Advertisement(address, kind, rssi_dbm, payload, at)


def steady(
    rssi_dbm: int, start: float, seconds: float, every_s: float = 1.0, **more: str
) -> Iterable[Advertisement]:
    at = start
    while at < start + seconds:
        yield packet(rssi_dbm, at, **more)  # type: ignore[arg-type]
        at += every_s


def hear(
    near: Ear, rssi_dbm: int, start: float, seconds: float, every_s: float = 1.0, **more: str
) -> list[Visit]:
    """The visits that a steady sender opens."""
    return [visit for one in steady(rssi_dbm, start, seconds, every_s, **more) for visit in near.feed(one)]


def test_the_constants_stand_in_their_order() -> None:
    assert DEPART_DBM < ARRIVE_DBM
    assert ARRIVE_AFTER_S < STRANGER_AFTER_S < DEPART_AFTER_S < FIXTURE_AFTER_S
    assert ARRIVE_SCORE < MOST_SCORE
    assert STRONGEST_DBM <= 127


def test_who_comes_and_stays_is_a_visit_from_the_first_sighting_to_the_last() -> None:
    near = Ear()
    (opened,) = hear(near, -60, 100.0, 61)
    assert (opened.arrived_at, opened.departed_at, opened.zone) == (100.0, None, "door")
    assert near.tracker.visitors == 1
    assert near.tracker.tick(160.0 + DEPART_AFTER_S) == []
    (closed,) = near.tracker.tick(160.1 + DEPART_AFTER_S)
    assert closed == Visit(opened.id, opened.subject, "door", 100.0, 160.0, -60)
    assert closed.subject.rank is Rank.RANDOM
    assert closed.dwell_s == 60.0
    assert len(near.tracker) == 0


def test_who_walks_past_is_no_visit_however_strong() -> None:
    near = Ear()
    assert hear(near, -50, 0.0, ARRIVE_AFTER_S - 1, every_s=0.2) == []
    assert near.tracker.tick(ARRIVE_AFTER_S + STRANGER_AFTER_S) == []
    assert len(near.tracker) == 0


def test_who_is_far_is_no_visit_however_long() -> None:
    near = Ear()
    assert hear(near, DEPART_DBM - 1, 0.0, 3600) == []
    assert len(near.tracker) == 0
    assert hear(near, ARRIVE_DBM - 1, 0.0, 3600) == []


def test_lucky_packets_from_afar_are_no_visit() -> None:
    near = Ear()
    for second in range(3600):
        rssi_dbm = ARRIVE_DBM + 3 if second % 6 == 0 else ARRIVE_DBM - 5
        assert near.feed(packet(rssi_dbm, float(second))) == []


def test_a_fade_does_not_end_a_visit() -> None:
    near = Ear()
    hear(near, -60, 0.0, 40)
    hear(near, -90, 40.0, 60)
    assert near.tracker.tick(100.0) == []
    hear(near, -60, 100.0, 20)
    (closed,) = near.tracker.tick(1000.0)
    assert (closed.arrived_at, closed.departed_at) == (0.0, 119.0)


def test_two_stays_are_two_visits_with_two_ids() -> None:
    near = Ear()
    (first,) = hear(near, -60, 0.0, 40)
    near.tracker.tick(500.0)
    (second,) = hear(near, -60, 500.0, 40)
    assert first.id != second.id


def test_an_ordered_stop_ends_visits_as_of_their_last_sighting_and_strangers_leave_nothing() -> None:
    near = Ear()
    hear(near, -60, 0.0, 50)
    near.feed(packet(-60, 49.0, "5a:00:00:00:00:02"))
    (closed,) = near.tracker.close()
    assert closed.departed_at == 49.0
    assert len(near.tracker) == 0


def test_the_peak_is_the_strongest_packet_of_the_stay() -> None:
    near = Ear()
    hear(near, -60, 0.0, 40)
    near.feed(packet(-41, 41.0))
    hear(near, -70, 42.0, 5)
    assert near.tracker.close()[0].peak_dbm == -41


def test_a_fixed_beacon_makes_no_visit_and_is_nobody() -> None:
    near = Ear()
    says = IBeacon(UUID, 1, 2, -59).encode()
    assert [near.feed(packet(-40, at, payload=says)) for at in map(float, range(600))] == [[]] * 600
    assert len(near.tracker) == 0
    assert near.near_since(0.0) == 0


def test_what_turns_out_to_be_a_beacon_is_no_visitor_any_more() -> None:
    near = Ear()
    assert len(hear(near, -60, 0.0, 30, every_s=5)) == 1
    assert len(near.book) == 1
    near.feed(packet(-60, 31.0, payload=IBeacon(UUID, 1, 2, -59).encode()))
    assert (near.tracker.visitors, near.tracker.close()) == (0, [])


def test_somebody_known_who_is_met_under_a_new_address_goes_on_with_the_same_visit() -> None:
    near = Ear(f"ibeacon:{UUID}/100/7")
    says = IBeacon(UUID, 100, 7, -59).encode()
    (opened,) = [visit for at in range(60) for visit in near.feed(packet(-60, float(at), payload=says))]
    # The first packets under the new address do not say whose they are.
    for at in range(60, 100):
        near.feed(packet(-60, float(at), "5a:00:00:00:00:09", payload=says if at == 65 else b""))
    (closed,) = near.tracker.close()
    assert (closed.id, closed.arrived_at, closed.departed_at) == (opened.id, 0.0, 99.0)
    assert closed.subject.rank is Rank.TAG


def test_a_stranger_who_turns_out_to_be_known_brings_the_visit_along() -> None:
    near = Ear(f"ibeacon:{UUID}/100/7")
    says = IBeacon(UUID, 100, 7, -59).encode()
    (opened,) = hear(near, -60, 0.0, 40, every_s=5)
    near.feed(
        packet(-85, 40.0, "5a:00:00:00:00:09", payload=says),
        packet(-60, 41.0, "5a:00:00:00:00:09", payload=says),
    )
    near.feed(packet(-60, 45.0, payload=says))
    (closed,) = near.tracker.close()
    assert (closed.id, closed.arrived_at, closed.departed_at, closed.subject.rank) == (
        opened.id,
        0.0,
        45.0,
        Rank.TAG,
    )


def test_a_thing_that_says_two_things_in_turn_is_one() -> None:
    near = Ear(f"ibeacon:{UUID}/100/7")
    frames = (EddystoneUid("00" * 10, "11" * 6, -20).encode(), IBeacon(UUID, 100, 7, -59).encode())
    for at in range(60):
        near.feed(packet(-60, float(at), payload=frames[at % 2]))
    near.tracker.tick(60.0 + STRANGER_AFTER_S)
    assert [visit.subject.rank for visit in near.tracker.close()] == [Rank.TAG]


def test_what_never_leaves_is_no_visit_and_no_person() -> None:
    near = Ear()
    for begin in range(0, FIXTURE_AFTER_S + 120, 60):
        hear(near, -60, float(begin), 60, every_s=10)
        near.tracker.tick(begin + 60.0)
    assert near.tracker.present() == []
    assert near.near_since(0.0) == 0
    assert near.tracker.close() == []


def test_a_visit_goes_on_under_a_new_pseudonym() -> None:
    near = Ear()
    (opened,) = hear(near, -60, 0.0, 40)
    near.book.renew(b"pepper")
    assert hear(near, -60, 40.0, 40) == []
    (closed,) = near.tracker.close()
    assert (closed.id, closed.arrived_at, closed.departed_at) == (opened.id, 0.0, 79.0)
    assert closed.subject.id != opened.subject.id


def test_an_address_is_forgotten_with_its_row() -> None:
    near = Ear()
    hear(near, -60, 0.0, 40)
    hear(near, -60, 30.0, 5, address="5a:00:00:00:00:02")
    assert len(near.book) == 2
    near.tracker.tick(35.1 + STRANGER_AFTER_S)
    assert len(near.book) == 1
    near.tracker.tick(40.0 + DEPART_AFTER_S)
    assert len(near.book) == 0


def test_a_flood_of_strangers_is_turned_away_and_counted() -> None:
    near = Ear()
    batch = [packet(-60, 0.0, f"{number:012x}") for number in range(MOST_DEVICES + 10)]
    near.feed(*batch)
    assert (len(near.tracker), near.book.turned_away) == (MOST_DEVICES, 10)
    near.feed(*batch[-10:])
    near.tracker.tick(STRANGER_AFTER_S + 1.0)
    assert (len(near.tracker), len(near.book), near.near_since(0.0)) == (0, 0, 0)


def test_a_strength_that_no_radio_can_report_is_no_packet() -> None:
    near = Ear()
    assert hear(near, 300, 0.0, 60) == []
    assert len(near.tracker) == 0


def test_thresholds_that_leave_no_room_are_refused() -> None:
    with pytest.raises(ValueError, match="must lie below"):
        Thresholds(-80, -80)


def test_who_goes_on_into_another_zone_ends_one_visit_and_begins_the_next() -> None:
    near = Ear(zones=("door", "counter"))
    for at in range(40):
        near.feed_placed(packet(-60, float(at)), 0)
    opened, closed = near.feed_placed(packet(-60, 40.0), 1)
    assert [(visit.zone, visit.arrived_at, visit.departed_at) for visit in closed] == [("door", 0.0, 39.0)]
    assert [(visit.zone, visit.arrived_at) for visit in opened] == [("counter", 40.0)]
    assert closed[0].id != opened[0].id
    assert near.tracker.visitors == 1
    assert (near.near_since(0.0, 0), near.near_since(0.0, 1)) == (0, 1)


def test_who_is_only_just_heard_elsewhere_has_not_gone_there() -> None:
    near = Ear(zones=("door", "counter"))
    for at in range(40):
        near.feed_placed(packet(-60, float(at)), 0)
    assert near.feed_placed(packet(ARRIVE_DBM - 1, 40.0), 1) == ([], [])
    assert [visit.zone for visit in near.tracker.present()] == ["door"]


def test_who_is_outside_is_no_visitor_and_a_visitor_who_goes_outside_has_left() -> None:
    near = Ear(zones=("door",))
    for at in range(100):
        assert near.feed_placed(packet(-60, float(at)), OUTSIDE) == ([], [])
    assert near.near_since(0.0) == 0
    opened = [visit for at in range(100, 140) for visit in near.feed_placed(packet(-60, float(at)), 0)[0]]
    assert len(opened) == 1
    _, (closed,) = near.feed_placed(packet(-60, 140.0), OUTSIDE)
    assert closed.departed_at == 139.0
    assert near.tracker.visitors == 0


def test_strangers_who_have_gone_are_told_once_and_tags_are_none() -> None:
    near = Ear(f"ibeacon:{UUID}/100/7")
    hear(near, -70, 0.0, 5)
    near.feed(packet(-70, 0.0, "5a:00:00:00:00:09", payload=IBeacon(UUID, 100, 7, -59).encode()))
    near.tracker.tick(5.0 + STRANGER_AFTER_S)
    assert [(gone.place, gone.heard_at) for gone in near.tracker.take_passed()] == [(0, 4.0)]
    assert near.tracker.take_passed() == []


def test_a_pattern_of_slices_belongs_to_nobody_and_survives_its_bearer() -> None:
    near = Ear()
    hear(near, -60, 0.0, 10)
    near.tracker.mark(0.0, 0, 0b01)
    hear(near, -60, 10.0, 10)
    hear(near, -60, 10.0, 10, address="5a:00:00:00:00:02")
    near.tracker.mark(10.0, 0, 0b10)
    near.tracker.tick(20.0 + STRANGER_AFTER_S)
    assert len(near.tracker) == 0
    assert sorted(near.tracker.take_patterns(0)) == [0b10, 0b11]
    assert near.tracker.take_patterns(0) == []


def test_rows_are_used_again() -> None:
    near = Ear()
    for round_ in range(50):
        start = round_ * 1000.0
        (opened,) = hear(near, -60, start, 40, address=f"5a:00:00:00:00:{round_:02x}", kind="public")
        (closed,) = near.tracker.tick(start + 500)
        assert closed.subject == opened.subject
        assert closed.subject.rank is Rank.PUBLIC
    assert near.book.size == 2


def test_looking_for_beacons_ends_after_the_first_packets() -> None:
    near = Ear(f"ibeacon:{UUID}/100/7")
    hear(near, -60, 0.0, EXAMINED_PACKETS)
    near.feed(packet(-60, 30.0, payload=IBeacon(UUID, 100, 7, -59).encode()))
    assert [visit.subject.rank for visit in near.tracker.close()] == [Rank.RANDOM]


packets = st.lists(st.tuples(st.integers(0, 4), st.integers(-127, 30), st.floats(0.0, 40.0)), max_size=200)


@given(packets, st.integers(1, 50))
def test_batches_see_what_single_sightings_see_and_no_visit_is_odd(
    rows: list[tuple[int, int, float]], size: int
) -> None:
    one, many = Ear(), Ear()
    at = 0.0
    heard: list[Advertisement] = []
    for number, rssi_dbm, gap_s in rows:
        at += gap_s
        heard.append(packet(rssi_dbm, at, f"5a:00:00:00:00:{number:02x}"))
    opened = [visit for what in heard for visit in one.feed(what)]
    again = [
        visit for begin in range(0, len(heard), size) for visit in many.feed(*heard[begin : begin + size])
    ]
    assert opened == again
    closed = one.tracker.close()
    assert closed == many.tracker.close()
    assert {visit.id for visit in closed} == {visit.id for visit in opened}
    for visit in closed:
        assert visit.departed_at is not None
        assert visit.dwell_s >= ARRIVE_AFTER_S
        assert ARRIVE_DBM <= visit.peak_dbm <= 20
