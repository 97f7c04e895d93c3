"""Notes beside days, on both databases: those that touch the days asked for, of one shop and of no other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from hub.app import open_database
from hub.store.note_records import ChartNote
from hub.store.whole import HubStore
from hub.wire.snapshot import Shop
from tests.hub_house import NOON
from tests.postgres_server import PostgresServer, postgres_server

FIRST, MIDDLE, LAST = date(2026, 3, 28), date(2026, 3, 29), date(2026, 4, 2)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HubStore]:
    url = request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    made = open_database(tmp_path, url)
    made.shop.save(Shop(7, {"en": "Corner"}), NOON)
    made.of_shop(8).shop.save(Shop(8, {"en": "Other"}), NOON)
    yield made
    made.close()


def test_notes_that_touch_the_days_come_in_their_order_with_who_and_when(store: HubStore) -> None:
    later = store.notes.add(LAST, LAST, "Rain", "Bo", NOON + 1)
    first = store.notes.add(FIRST, MIDDLE, "Fair, 市集", "Ines", NOON)
    assert store.notes.between(MIDDLE, MIDDLE) == [
        ChartNote(first, FIRST, MIDDLE, "Fair, 市集", "Ines", NOON)
    ]
    assert [note.text for note in store.notes.between(FIRST, LAST)] == ["Fair, 市集", "Rain"]
    assert store.notes.between(date(2026, 3, 30), date(2026, 4, 1)) == []
    assert store.notes.get(later) == ChartNote(later, LAST, LAST, "Rain", "Bo", NOON + 1)


def test_a_note_is_removed_once_and_belongs_to_one_shop(store: HubStore) -> None:
    number = store.notes.add(FIRST, LAST, "Fair", "Ines", NOON)
    other = store.of_shop(8)
    assert other.notes.between(FIRST, LAST) == []
    assert not other.notes.remove(number)
    assert store.notes.remove(number)
    assert not store.notes.remove(number)
    assert store.notes.get(number) is None
