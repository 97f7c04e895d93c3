"""Many devices withdrawn at once: a group from a shell, chosen ones on their page, each after being asked once more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.datastructures import MultiDict

from hub.cli import main
from hub.fleet.leaving import withdraw_all
from hub.fleet.settings import change_team, move_to_team
from hub.people import add_manager
from hub.roles import Role
from tests.hub_house import NOON, House, HouseNode, problem
from tests.hub_office import PASSWORD, Office, words


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


@pytest.fixture
def nodes(house: House) -> list[HouseNode]:
    """Two tills of one group, and a third of none."""
    found = [house.node(name=f"Till {number}") for number in (1, 2, 3)]
    change_team(house.store, "Upstairs", {}, NOON, "test")
    move_to_team(house.store, [one.device for one in found[:2]], "Upstairs", NOON, "test")
    return found


def refused(nodes: list[HouseNode]) -> list[bool]:
    replies = [node.post("/v1/sync", b'{"events":[],"have":{}}') for node in nodes]
    for reply in replies:
        assert reply.status == 200 or problem(reply).code == "withdrawn"
    return [reply.status != 200 for reply in replies]


def withdrawals(house: House) -> list[str]:
    return sorted(one.subject for one in house.store.people.audit() if one.what == "device.withdrawn")


def shell(house: House, *said: str) -> int:
    return main(["--dir", str(house.folder), "node", "revoke", *said])


def test_a_group_is_refused_once_somebody_has_read_which_nodes_it_is(
    house: House, nodes: list[HouseNode], capsys: pytest.CaptureFixture[str]
) -> None:
    assert shell(house, "--group", "Upstairs") == 1
    asked = capsys.readouterr().err
    assert [one.device in asked for one in nodes] == [True, True, False]
    assert "Nothing was changed. Say --yes to do it." in asked
    assert refused(nodes) == [False, False, False]
    assert shell(house, "--group", "Upstairs", "--yes") == 0
    assert capsys.readouterr().out.count("is refused from now on.") == 2
    assert refused(nodes) == [True, True, False]
    assert withdrawals(house) == [one.device for one in nodes[:2]]


def test_a_group_that_is_not_there_or_gone_already_is_said(
    house: House, nodes: list[HouseNode], capsys: pytest.CaptureFixture[str]
) -> None:
    assert shell(house, "--group", "Cellar", "--yes") == 1
    assert "There is no group Cellar." in capsys.readouterr().err
    withdraw_all(house.store, [one.device for one in nodes], NOON, "test")
    assert shell(house, "--group", "Upstairs", "--yes") == 1
    assert "No node of Upstairs is trusted any more." in capsys.readouterr().err


@pytest.mark.parametrize("said", [(), ("kiosk-1", "--group", "Upstairs")])
def test_a_node_or_a_group_is_named_and_never_both(house: House, said: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit):
        shell(house, *said)


def test_withdrawing_twice_is_once(house: House, nodes: list[HouseNode]) -> None:
    names = [one.device for one in nodes]
    assert withdraw_all(house.store, names[:1], NOON, "test") == names[:1]
    assert withdraw_all(house.store, [*names, "kiosk-99"], NOON, "test") == names[1:]
    assert withdrawals(house) == names


def test_chosen_devices_are_withdrawn_after_a_page_that_names_them(
    house: House, nodes: list[HouseNode]
) -> None:
    add_manager(house.store, "Ines", PASSWORD, NOON, who="shell", role=Role.MANAGER)
    office = Office(house)
    office.log_in()
    chosen = MultiDict([("device", nodes[0].device), ("device", nodes[2].device), ("device", "kiosk-99")])
    asked = office.post("/devices/withdraw", chosen, page="/devices")
    text = words(asked)
    assert (asked.status_code, "Withdraw 2 devices?" in text) == (200, True)
    assert ("Till 1" in text, "Till 2" in text, "Till 3" in text) == (True, False, True)
    assert refused(nodes) == [False, False, False]
    fields = re.findall(r'name="(device|sure)" value="([^"]*)"', asked.get_data(as_text=True))
    done = office.post("/devices/withdraw", MultiDict(fields), page="/devices")
    assert done.location == "/manage/devices?done=withdrawn-all"
    assert refused(nodes) == [True, False, True]
    assert withdrawals(house) == [nodes[0].device, nodes[2].device]
    again = office.post("/devices/withdraw", MultiDict(fields), page="/devices")
    assert again.location == "/manage/devices", "what is gone already is not asked about"


def test_the_question_is_asked_in_chinese_too(house: House, nodes: list[HouseNode]) -> None:
    add_manager(house.store, "Ines", PASSWORD, NOON, who="shell")
    office = Office(house)
    office.log_in()
    asked = office.post("/devices/withdraw?lang=zh", {"device": nodes[0].device}, page="/devices")
    assert "停用 1 台设备？" in words(asked)
    assert "立即生效且不可恢复" in words(asked)
