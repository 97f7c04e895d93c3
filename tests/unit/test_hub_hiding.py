"""A cause hides what follows from it on the office's list of warnings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.client.warnings import Holding, lasted, show
from hub.config import Config
from hub.health import WARNINGS, look
from hub.wire.events import DeviceHealth
from tests.hub_house import House, visit


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    one = House(tmp_path)
    yield one
    one.close()


def found(house: House) -> list[tuple[str, str | None]]:
    told = look(house.store, Config(house.folder, backup_days=0), house.now)
    return [(one.code, one.subject) for one in told if one.subject]


def test_a_node_that_is_silent_hides_what_it_said_before_and_what_it_still_has(house: House) -> None:
    door, other = house.node("edge", "Door"), house.node("edge", "Yard")
    for node in (door, other):
        node.event(visit())
        node.report(DeviceHealth(program="edge", warnings=("radio-deaf",)))
    assert found(house) == [
        ("device-troubled", "Door"),
        ("device-troubled", "Yard"),
        ("facts-missing", "Door"),
        ("facts-missing", "Yard"),
    ]
    house.now += 181
    other.send()
    assert found(house) == [("device-silent", "Door"), ("device-troubled", "Yard"), ("facts-missing", "Yard")]
    door.send()
    assert ("device-troubled", "Door") in found(house)


def test_a_full_disk_hides_that_it_is_nearly_full_and_what_the_database_says_of_it() -> None:
    holding = [
        Holding("disk-full"),
        Holding("disk-low", "3"),
        Holding("storage", "disk full"),
        Holding("no-manager"),
    ]
    assert [one.code for one in show(WARNINGS, holding)] == ["disk-full", "no-manager"]


def test_a_hub_that_was_set_back_hides_that_facts_are_missing() -> None:
    holding = [
        Holding("set-back", "1"),
        Holding("facts-missing", "9", "Door"),
        Holding("facts-parked", "1", "Door"),
    ]
    assert [one.code for one in show(WARNINGS, holding)] == ["facts-parked", "set-back"]


def test_whatever_hides_a_warning_is_on_the_list_and_hides_in_no_circle() -> None:
    hidden_by = {warning.code: warning.hidden_by for warning in WARNINGS}
    for code, causes in hidden_by.items():
        assert set(causes) <= set(hidden_by)
        assert all(code not in hidden_by[cause] for cause in causes)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-5, "0 min"),
        (59, "0 min"),
        (3_599, "59 min"),
        (15_000, "4 h 10 min"),
        (86_400, "1 d 0 h"),
        (185_000, "2 d 3 h"),
    ],
)
def test_how_long_a_warning_has_stood_is_told_in_its_two_largest_units(seconds: float, told: str) -> None:
    assert lasted(seconds) == told
