"""What the store keeps of alarms, the same on SQLite and on PostgreSQL, for one shop only; and drills by other tools."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hub.config import Config
from hub.health import look
from hub.safety.standing import DRILL_FILE, Drilled, keep
from hub.store.alarm_records import AlarmRow
from hub.wire.snapshot import Shop
from tests.hub_house import NOON, House
from tests.postgres_server import PostgresServer, postgres_server


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path, request.getfixturevalue("server").fresh() if request.param == "postgres" else "")
    yield made
    made.close()


def test_what_was_told_is_kept_changed_and_forgotten_by_channel_and_shop(house: House) -> None:
    alarms = house.store.alarms
    row = AlarmRow("mail", "device-silent", "Till 1", "warning", "{}", NOON)
    other = replace(row, channel="url", since=NOON + 1)
    for one in (row, other):
        alarms.put(one)
    told = replace(
        row, told_at=NOON + 5, tries=2, next_at=NOON + 60, well_at=NOON + 9, seen_at=NOON, seen_by="Ines"
    )
    alarms.put(told)
    assert alarms.all() == [told, other]
    elsewhere = house.store.of_shop(8)
    with elsewhere.writing():
        elsewhere.shop.save(Shop(8, {"en": "Other"}), NOON)
    assert elsewhere.alarms.all() == []
    elsewhere.alarms.remove(told)
    assert len(alarms.all()) == 2
    alarms.remove(told)
    assert alarms.all() == [other]


def test_a_hub_on_postgresql_asks_for_drills_by_other_tools(house: House) -> None:
    config = Config(house.folder, database="postgresql://hub@server/shopbell")
    codes = lambda now: {one.code for one in look(house.store, config, now)}  # noqa: E731
    assert "drill-late" in codes(NOON)
    keep(house.folder / DRILL_FILE, Drilled(NOON, True, "restored on Monday"))
    assert "drill-late" not in codes(NOON + 47 * 3_600)
    assert "drill-late" in codes(NOON + 49 * 3_600)
    assert "backup-late" not in codes(NOON)
