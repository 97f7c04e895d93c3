"""The folder of a shop, its ports and its radio."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from hub.up.place import LOG_KEPT_BYTES, Place, claim_ports
from hub.up.plan import Plan
from hub.up.radio import choose_radio
from hub.up.sentences import UpError


def a_plan(host: str = "127.0.0.1", reach: str = "127.0.0.1") -> Plan:
    return Plan("/shops/corner", host, reach, 9000, "ble:sim", notice={"en": "Simulated.", "zh": "模拟。"})


def test_a_second_start_on_one_folder_is_refused_with_the_first_ones_process(tmp_path: Path) -> None:
    place = Place.take(tmp_path / "shop")
    with pytest.raises(UpError, match=rf"already \(process {os.getpid()}\)"):
        Place.take(tmp_path / "shop")
    place.release()
    place.release()
    Place.take(tmp_path / "shop").release()


def test_a_shop_that_was_killed_is_told_from_one_that_was_stopped(tmp_path: Path) -> None:
    stopped = Place.take(tmp_path)
    stopped.release()
    again = Place.take(tmp_path)
    assert again.was_left_behind_s == 0
    again.release()
    (tmp_path / "up.lock").write_text("12345\n")
    left = Place.take(tmp_path)
    assert left.was_left_behind_s > 0
    left.release()


def test_a_file_where_the_folder_should_be_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("")
    with pytest.raises(UpError, match="is not a folder"):
        Place.take(tmp_path / "shop")


def test_a_full_disk_and_a_folder_that_cannot_be_written_are_told_apart(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert "is full" in str(place.refusal(OSError(28, "No space left on device")))
    assert "cannot be written" in str(place.refusal(OSError(30, "Read-only file system")))
    assert "cannot be written" in str(place.refusal(PermissionError(13, "Permission denied")))


def test_a_long_log_makes_way_and_is_kept_once(tmp_path: Path) -> None:
    place = Place(tmp_path)
    os.close(place.open_log("hub"))
    place.log("hub").write_bytes(b"x" * (LOG_KEPT_BYTES + 1))
    os.close(place.open_log("hub"))
    assert place.log("hub").stat().st_size == 0
    assert (tmp_path / "log" / "hub.log.before").stat().st_size == LOG_KEPT_BYTES + 1


def test_a_port_in_use_is_named_with_the_program_that_wants_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with pytest.raises(UpError, match=rf"Port {port}, which the kiosk needs, is in use.*--port-base"):
            claim_ports("127.0.0.1", {"kiosk": port})
    claim_ports("127.0.0.1", {"kiosk": port})


@pytest.mark.parametrize(
    ("host", "port", "says"), [("127.0.0.1", 70_000, "no port"), ("203.0.113.9", 9, "no address")]
)
def test_an_address_that_cannot_be_had_is_a_sentence(host: str, port: int, says: str) -> None:
    with pytest.raises(UpError, match=says):
        claim_ports(host, {"hub": port})


def test_three_programs_answer_on_three_ports_in_a_row() -> None:
    plan = a_plan()
    assert plan.ports == {"hub": 9000, "kiosk": 9001, "portal": 9002}
    assert plan.addresses["till"] == "http://127.0.0.1:9001/till"
    assert plan.addresses["manage"] == "http://127.0.0.1:9000/manage"


def test_nodes_reach_the_hub_inside_while_phones_dial_the_machine() -> None:
    plan = a_plan("0.0.0.0", "192.0.2.7")
    assert plan.env("kiosk")["KIOSK_HUB"] == "http://127.0.0.1:9000"
    assert plan.env("hub")["HUB_URL"] == "http://192.0.2.7:9000"
    assert plan.addresses["portal"] == "http://192.0.2.7:9002/"


def test_every_program_that_has_screens_is_told_that_the_street_is_simulated() -> None:
    plan = a_plan()
    for name in ("HUB_NOTICE", "KIOSK_NOTICE"):
        assert "模拟" in plan.env(name.partition("_")[0].lower())[name]
    assert Plan("/s", "127.0.0.1", "127.0.0.1", 9000, "ble:hci0").env("hub")["HUB_NOTICE"] == ""


def test_the_door_and_its_portal_are_one_node() -> None:
    plan = a_plan()
    assert plan.env("edge")["EDGE_DIR"] == plan.env("portal")["PORTAL_DIR"]


def test_no_setting_of_a_program_is_a_secret() -> None:
    plan = a_plan()
    for name in ("hub", "kiosk", "edge", "portal"):
        assert not [key for key in plan.env(name) if "PIN" in key or "CODE" in key or "KEY" in key]


def test_a_real_adapter_is_used_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "hci1").mkdir()
    (tmp_path / "hci0").mkdir()
    (tmp_path / "hci0:11").mkdir()
    radio = choose_radio(None, tmp_path)
    assert (radio.name, radio.simulated, radio.notice) == ("ble:hci0", False, {})


def test_the_street_is_simulated_where_there_is_no_adapter_and_screens_say_so(tmp_path: Path) -> None:
    radio = choose_radio(None, tmp_path)
    assert radio.name == "ble:sim"
    assert radio.simulated
    assert "Simulated street" in radio.notice["en"]
    assert "模拟街道" in radio.notice["zh"]


def test_a_recording_is_called_by_its_name_and_not_by_its_path(tmp_path: Path) -> None:
    radio = choose_radio("ble:replay:/somewhere/private/saturday.btsnoop.xz", tmp_path)
    assert radio.simulated
    assert "saturday.btsnoop.xz" in radio.notice["zh"]
    assert "private" not in radio.notice["en"] + radio.describe


def test_a_name_that_nobody_knows_is_left_to_the_door_to_refuse(tmp_path: Path) -> None:
    assert choose_radio("zigbee:x", tmp_path).name == "zigbee:x"
