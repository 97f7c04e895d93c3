"""Settings that the hub gives, groups, leaving in good order, and stamps that lie ahead of the hub."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from hub.client.configured import (
    Telling,
    from_hub,
    keep_settings,
    read_node_settings,
    told_settings,
    write_down,
)
from hub.fleet.clocks import AHEAD_S
from hub.fleet.leaving import retire, stay
from hub.fleet.listing import by_team, lines, search
from hub.fleet.settings import change_settings, change_team, lines_of, move_to_team, read_lines
from hub.wire.events import write_event
from hub.wire.sync import SyncReply, SyncRequest
from kiosk.config import SETTINGS, read_config
from tests.hub_house import House, HouseNode, problem, read
from tests.postgres_server import PostgresServer, postgres_server

WHO = "Ines"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def house(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[House]:
    database = request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    house = House(tmp_path / "hub", database)
    yield house
    house.close()


def sync(node: HouseNode, **more: object) -> SyncReply:
    return read(node.post("/v1/sync", msgspec.json.encode(SyncRequest(**more))), SyncReply)  # type: ignore[arg-type]


def given(node: HouseNode) -> dict[str, str] | None:
    reply = sync(node)
    assert reply.snapshot is not None
    section = reply.snapshot.sections.get("settings")
    return None if section is None else msgspec.json.decode(section, type=dict[str, str])


def test_a_node_gets_its_own_settings_before_its_groups_and_only_those_of_its_programs(house: House) -> None:
    till, other, door = house.node(), house.node(name="Till 2"), house.node("edge", "Door")
    assert given(till) is None, "nothing travels where nothing was set"
    change_team(house.store, "all", {"KIOSK_IDLE_S": "60", "PORTAL_MINUTES": "30"}, house.now, WHO)
    assert move_to_team(house.store, [till.device, other.device, door.device], "all", house.now, WHO) == 3
    change_settings(house.store, till.device, {"KIOSK_IDLE_S": "20", "KIOSK_WARN_S": "9"}, house.now, WHO)
    assert given(till) == {"KIOSK_IDLE_S": "20", "KIOSK_WARN_S": "9"}
    assert given(other) == {"KIOSK_IDLE_S": "60"}
    assert given(door) == {"PORTAL_MINUTES": "30"}
    change_settings(house.store, till.device, {"KIOSK_IDLE_S": None, "KIOSK_WARN_S": None}, house.now, WHO)
    assert given(till) == {"KIOSK_IDLE_S": "60"}
    house.store.fleet.remove_team("all")
    assert given(till) is None


def test_secrets_and_names_of_nobody_are_not_sent() -> None:
    good, bad = read_lines("KIOSK_IDLE_S = 5\n# why\nHUB_DIR=/x\nPORTAL_CERT_KEY=k\nKIOSK_IDLE_S=6\nnothing")
    assert good == {"KIOSK_IDLE_S": "5"}
    assert [line.name for line in bad] == ["HUB_DIR", "PORTAL_CERT_KEY", "KIOSK_IDLE_S", "nothing"]


def test_the_machine_goes_before_the_hub_and_nonsense_changes_nothing(tmp_path: Path) -> None:
    assert keep_settings(
        tmp_path, {"KIOSK_IDLE_S": "60", "KIOSK_WARN_S": "no", "KIOSK_PORT": "1", "EDGE_ZONE": "x"}
    )
    assert not keep_settings(tmp_path, from_hub(tmp_path)), "the same again is no change"
    here = {"KIOSK_DIR": str(tmp_path)}
    config = read_config(here)
    assert (config.idle_s, config.warn_s, config.port) == (60, 20, 8081)
    assert read_config({**here, "KIOSK_IDLE_S": "30"}).idle_s == 30
    values = read_node_settings(SETTINGS, {**here, "KIOSK_IDLE_S": "30"})
    told = {one.name: one for one in told_settings(SETTINGS, {**here, "KIOSK_IDLE_S": "30"}, None, values)}
    assert "goes before the hub" in told["KIOSK_IDLE_S"].fault
    assert "whole number" in told["KIOSK_WARN_S"].fault
    assert [told[name].reason for name in ("KIOSK_IDLE_S", "KIOSK_PORT", "KIOSK_ATTRACT_S")] == [
        "set-here",
        "unknown",
        "",
    ]
    assert (told["KIOSK_WARN_S"].reason, told["KIOSK_WARN_S"].limits) == ("whole", (1, 120))
    assert (told["KIOSK_DIR"].source, told["KIOSK_ATTRACT_S"].source) == ("environment", "usual")
    assert not told["KIOSK_PORT"].remote


def test_what_a_node_tells_stands_at_the_hub_until_it_tells_something_else(
    house: House, tmp_path: Path
) -> None:
    till = house.node()
    change_settings(house.store, till.device, {"KIOSK_IDLE_S": "60"}, house.now, WHO)
    write_down("kiosk", SETTINGS, {}, None, read_node_settings(SETTINGS, {"KIOSK_DIR": str(tmp_path)}))
    telling = Telling(tmp_path)
    told = telling.take()
    assert told is not None
    sync(till, settings=told, now=house.now - 3 * 86_400)
    telling.done()
    assert telling.take() is None, "told once"
    line = next(one for one in lines_of(house.store, till.device, "kiosk") if one.name == "KIOSK_IDLE_S")
    assert (line.given, line.told and line.told.value, line.waits) == ("60", "45", True)
    sync(till, now=house.now)
    assert house.store.fleet.told()[till.device].skew_s == 0.0
    assert lines_of(house.store, till.device, "kiosk")[0].told is not None, (
        "a clock tells nothing of settings"
    )
    (shown,) = lines(house.store, house.now)
    assert shown.clock_off_s is None


def test_a_node_that_retires_is_heard_to_the_end_and_refused_then(house: House) -> None:
    till = house.node()
    sync(till)
    assert retire(house.store, till.device, house.now, WHO)
    events = tuple(msgspec.Raw(write_event(till.event(till.mint()[0]))) for _ in range(500))
    assert len(sync(till, events=events).verdicts) == 500
    assert house.store.devices.get(till.device).withdrawn_at is None, "there may be more"  # type: ignore[union-attr]
    last = msgspec.Raw(write_event(till.event(till.mint()[0])))
    assert sync(till, events=(last,)).verdicts[0].outcome == "taken"
    assert problem(till.post("/v1/sync", b"{}")).code == "withdrawn"
    assert [line.state for line in lines(house.store, house.now)] == ["retired"]
    other = house.node(name="Till 2")
    retire(house.store, other.device, house.now, WHO)
    assert stay(house.store, other.device, house.now, WHO)
    sync(other)
    assert sync(other).version == 1


def test_a_stamp_ahead_of_the_hub_is_taken_and_marked_once(house: House) -> None:
    till = house.node()
    honest = write_event(till.event(till.mint()[0], at=house.now + AHEAD_S - 1))
    ahead = [write_event(till.event(till.mint()[0], at=house.now + 2 * 365 * 86_400)) for _ in range(3)]
    for _ in range(2):
        verdicts = till.send(honest, *ahead).verdicts
        assert {verdict.outcome for verdict in verdicts} <= {"taken", "known"}
    (mark,) = house.store.fleet.ahead(till.device)
    assert (mark.first_seq, mark.count, mark.most_s) == (2, 3, 2 * 365 * 86_400)
    assert [line.ahead for line in lines(house.store, house.now)] == [3]


def test_devices_are_found_by_any_of_their_words(house: House) -> None:
    for name in ("Till by the door", "Till upstairs"):
        house.node(name=name)
    house.store.fleet.put_post(replace(house.store.fleet.post("kiosk-2"), floor="First floor", team="Up"))
    every = lines(house.store, house.now)
    assert [line.device.device for line in search(every, "TILL first")] == ["kiosk-2"]
    assert [team for team, _ in by_team(every)] == ["Up", ""]


def test_a_shop_sees_nothing_of_another_shops_fleet(house: House) -> None:
    other = house.store.of_shop(8)
    change_team(house.store, "tills", {"KIOSK_IDLE_S": "60"}, house.now, WHO)
    assert other.fleet.teams() == []
    assert other.fleet.posts() == {}
    assert not other.fleet.remove_team("tills")
    assert [team.name for team in house.store.fleet.teams()] == ["tills"]
