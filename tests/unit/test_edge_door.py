"""Packets in, visits and people present out; settings, stamps and warnings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec
import pytest

from edge.config import SETTINGS, read_config, show_config
from edge.door import LONGEST_JUMP_S, Door, Noticed
from edge.facts import facts_of
from edge.health import WARNINGS, Status, notice, read_status, write_status
from edge.occupancy import WINDOW_S, Correction
from edge.presence import DEPART_AFTER_S
from edge.replay import in_batches, replay
from edge.stamps import Stamps
from edge.subjects import SALT_LIFE_S
from edge.visits import Thresholds
from hardware.ble.advertisement import Advertisement
from hardware.ble.captures import CaptureError
from hub.client.settings import SettingsError
from hub.client.warnings import Severity, Watch
from hub.wire.events import OccupancyMeasured, StreetCounted, VisitClosed

PHONE = "5a:11:22:33:44:55"


def phone(start: float, seconds: float, rssi_dbm: int = -60, address: str = PHONE) -> list[Advertisement]:
    return [
        Advertisement(address, "random", rssi_dbm, b"\x02\x01\x1a", start + i) for i in range(int(seconds))
    ]


def through(door: Door, packets: list[Advertisement]) -> Noticed:
    noticed = Noticed()
    for batch in in_batches(packets):
        noticed += door.hear(batch)
    return noticed


def test_a_visit_survives_the_renewal_of_the_salt() -> None:
    door = Door("door", Random(1).randbytes)
    noticed = through(door, phone(0.0, 2 * SALT_LIFE_S + 200))
    assert len(noticed.opened) == 1
    assert noticed.closed == ()
    (closed,) = door.stop().closed
    assert closed.id == noticed.opened[0].id
    assert closed.subject.id != noticed.opened[0].subject.id
    assert closed.dwell_s == 2 * SALT_LIFE_S + 199


def test_time_that_passes_in_silence_ends_a_visit_and_is_no_figure() -> None:
    door = Door("door", Random(1).randbytes)
    through(door, phone(0.0, 60))
    noticed = door.tick(60.0 + DEPART_AFTER_S + 20)
    assert [visit.departed_at for visit in noticed.closed] == [59.0]
    # Nothing whatever was heard in the second minute: an empty shop, or a radio that is deaf.
    assert [window.addresses for window in noticed.measured] == [1]


def test_packets_a_little_out_of_order_change_nothing() -> None:
    door = Door("door", Random(1).randbytes)
    through(door, phone(100.0, 60))
    before = door.now
    assert door.tick(120.0) == Noticed()
    assert door.now == before


def test_a_clock_that_was_set_back_ends_visits_and_begins_anew() -> None:
    door = Door("door", Random(1).randbytes)
    through(door, phone(1_000_000.0, 60))
    noticed = through(door, phone(500.0, 60))
    assert [visit.departed_at for visit in noticed.closed] == [1_000_059.0]
    assert len(noticed.opened) == 1
    (closed,) = door.stop().closed
    assert (closed.arrived_at, closed.departed_at) == (500.0, 559.0)


def test_a_machine_that_slept_does_not_measure_the_night() -> None:
    door = Door("door", Random(1).randbytes)
    through(door, phone(0.0, 60))
    noticed = door.tick(10 * LONGEST_JUMP_S)
    assert noticed.measured == ()
    assert len(noticed.closed) == 1


def test_a_batch_that_spans_hours_is_the_same_as_many_that_do_not() -> None:
    packets = phone(0.0, 40) + phone(1_000.0, 40) + phone(2_000.0, 40)
    one, many = Door("door", Random(1).randbytes), Door("door", Random(1).randbytes)
    assert one.hear(packets) + one.stop() == through(many, packets) + many.stop()


def test_a_recording_shorter_than_a_window_still_tells_who_was_there() -> None:
    door = Door("door", Random(1).randbytes)
    through(door, phone(0.0, 39))
    (window,) = door.stop().measured
    assert (window.addresses, window.people > 0, window.window_s < WINDOW_S) == (1, True, True)


def test_the_door_says_why_it_holds_that_somebody_is_here_and_names_nobody() -> None:
    door = Door(("door", "counter"), Random(1).randbytes, thresholds=[Thresholds(-65, -75), Thresholds()])
    for second in range(40):
        door.hear([Advertisement(PHONE, "random", -60 - second % 3, b"", 100.0 + second)], 0)
        door.hear([Advertisement(PHONE, "random", -70, b"", 100.1 + second)], 1)
    (visit,) = door.present()
    (why,) = door.explain()
    assert (why.visit, why.zone, why.receiver, why.since, why.heard_at) == (visit.id, "door", 0, 100.0, 139.0)
    assert (why.level_dbm, why.peak_dbm, why.arrive_dbm, why.depart_dbm) == (-60, -60, -65, -75)
    said = msgspec.json.encode(why).decode()
    assert PHONE not in said
    assert str(visit.subject.id) not in said


def test_a_calibration_is_in_force_at_once_and_visits_under_way_go_on() -> None:
    door = Door("door", Random(1).randbytes)
    fainter = "5a:00:00:00:00:02"
    through(door, sorted(phone(0.0, 60) + phone(0.5, 60, -78, fainter), key=lambda one: one.at))
    before = door.present()
    door.adjust([Thresholds(-80, -90)], Correction(phones_per_person=2.0))
    heard = phone(60.0, 120, -88) + phone(60.5, 120, -79, fainter)
    noticed = through(door, sorted(heard, key=lambda one: one.at))
    assert [visit.subject.id != before[0].subject.id for visit in noticed.opened] == [True]
    assert {visit.id for visit in before} < {visit.id for visit in door.present()}
    last = noticed.measured[-1]
    assert (last.addresses, last.people < 1.5) == (2, True)


@pytest.mark.data
def test_two_recordings_of_the_same_air_give_the_same_visits_and_people(shared_data: Path) -> None:
    folder = shared_data / "ble-captures"
    one, two = (replay(folder / f"conference_room_45.{kind}.xz", "door") for kind in ("btsnoop", "pcapng"))
    assert one.error is None
    assert len(one.visits) >= 5
    assert one.present
    assert msgspec.structs.replace(one, file="") == msgspec.structs.replace(two, file="")


def test_what_a_broken_recording_holds_before_the_break_is_counted() -> None:
    def cut_off() -> Iterator[Advertisement]:
        yield from phone(0.0, 30)
        raise CaptureError("cut off at record 31")

    seen: list[Advertisement] = []

    def collect() -> None:
        for batch in in_batches(cut_off()):
            seen.extend(batch)

    with pytest.raises(CaptureError):
        collect()
    assert len(seen) == 30


def test_facts_hold_no_address_and_no_pseudonym() -> None:
    door = Door("door", Random(1).randbytes)
    through(door, phone(1_790_000_000.0, 130))
    subject = door.present()[0].subject
    facts = facts_of(door.stop(), Stamps("wall"), 1_790_000_200.0, simulated=True)
    assert [type(fact) for fact in facts] == [VisitClosed, StreetCounted]
    said = msgspec.json.encode(facts).decode()
    assert PHONE not in said
    assert str(subject.id) not in said
    assert f"{subject.id:016x}" not in said
    assert '"simulated":true' in said


def test_windows_become_facts_with_their_band() -> None:
    door = Door("door", Random(1).randbytes)
    noticed = through(door, phone(0.0, 125))
    facts = facts_of(noticed, Stamps("wall"), 200.0, simulated=False)
    assert [type(fact) for fact in facts] == [OccupancyMeasured, OccupancyMeasured]
    first = facts[0]
    assert isinstance(first, OccupancyMeasured)
    assert first.low <= first.people <= first.high


def test_a_real_radios_stamps_are_moved_by_what_the_hub_says_of_the_clock() -> None:
    stamps = Stamps("wall")
    stamps.correct(100.0)
    assert stamps.stay(1_000.0, 1_060.0, 1_300.0) == (1_100.0, 1_160.0)


def test_a_recording_is_played_as_if_it_began_now() -> None:
    stamps = Stamps("capture")
    stamps.begin(50.0, 1_000.0)
    stamps.begin(70.0, 2_000.0)
    assert stamps.stay(60.0, 80.0, 1_100.0) == (1_010.0, 1_030.0)


def test_a_street_in_a_hurry_never_stamps_the_future_and_keeps_its_lengths() -> None:
    stamps = Stamps("street")
    assert stamps.stay(5_000.0, 5_600.0, 1_000.0) == (400.0, 1_000.0)


def test_the_settings_have_defaults_that_work() -> None:
    config = read_config({})
    assert (config.radio, config.zone, config.speed, config.tags) == ("ble:hci0", "door", 1.0, ())
    assert all(setting.name in show_config(config) for setting in SETTINGS)


def test_every_mistake_in_the_settings_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as wrong:
        read_config(
            {"EDGE_RADIO": "hci0", "EDGE_TAGS": "ibeacon:1", "EDGE_RADOI": "ble:sim"}, {"speed": "fast"}
        )
    assert [name in str(wrong.value) for name in ("EDGE_RADIO", "EDGE_TAGS", "EDGE_RADOI", "EDGE_SPEED")] == [
        True
    ] * 4


def test_a_flag_stands_above_the_environment() -> None:
    assert read_config({"EDGE_ZONE": "cellar"}, {"zone": "roof"}).zone == "roof"


def test_a_warning_is_seen_when_it_has_lasted_and_not_when_a_worse_one_explains_it() -> None:
    health = Watch(WARNINGS)
    health.say("radio-deaf", True, 0.0)
    assert health.shown(89.0) == []
    (deaf,) = health.shown(91.0)
    assert (deaf.code, deaf.severity, deaf.since) == ("radio-deaf", Severity.WARNING, 0.0)
    health.say("radio-missing", True, 92.0, "There is no adapter hci0.")
    (missing,) = health.shown(92.0)
    assert (missing.code, missing.detail) == ("radio-missing", "There is no adapter hci0.")
    assert missing.todo["en"] == "There is no adapter hci0. It is tried again by itself."
    health.say("radio-missing", False, 93.0)
    health.say("radio-deaf", False, 93.0)
    assert health.shown(93.0) == []


def test_every_warning_speaks_both_languages_and_hides_behind_known_ones() -> None:
    codes = {warning.code for warning in WARNINGS}
    for warning in WARNINGS:
        assert set(warning.what) == set(warning.todo) == {"en", "zh"}
        assert set(warning.hidden_by) <= codes


def test_screens_say_what_is_not_real() -> None:
    assert "Simulated street" in notice("Simulated street", True)["en"]
    assert "模拟街道" in notice("Simulated street", True)["zh"]
    assert notice("Bluetooth adapter hci0", False) == {}


def test_a_status_is_believed_only_while_its_process_lives_and_it_is_fresh(tmp_path: Path) -> None:
    def status(pid: int, at: float, state: str = "listening") -> Status:
        return Status(
            pid=pid, at=at, state=state, zone="door", radio="ble:sim", radio_name="Simulated street", simulated=True,
            notice={}, heard=1, dropped=0, followed=0, visits_open=0, visits_closed=0, occupancy=None, warnings=(),
            pending=0, parked=0, hub_reached=True, rss_mb=1.0,
        )  # fmt: skip

    assert read_status(tmp_path, 0.0) is None
    write_status(tmp_path, status(1, 100.0))
    found = read_status(tmp_path, 101.0)
    assert found is not None
    assert found.simulated
    assert read_status(tmp_path, 200.0) is None
    write_status(tmp_path, status(2**22 + 1, 100.0))
    assert read_status(tmp_path, 101.0) is None
    write_status(tmp_path, status(1, 100.0, "stopped"))
    assert read_status(tmp_path, 101.0) is None
