"""The write-ahead log of a hub stays short by itself, and nobody who sells waits for that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.jobs import CHECKPOINT_OCTETS
from hub.store.shipping import Files
from hub.store.sqlite import FILE
from tests.hub_house import House

LARGE = "x" * 200_000


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def write(house: House, name: str) -> None:
    with house.store.writing() as _:
        house.store.journal.park("edge-1", f"{name} {LARGE}".encode(), "for a test", house.now)


def test_the_log_is_moved_into_the_file_when_much_waits_and_is_written_over(house: House) -> None:
    files = Files(house.folder / FILE)
    house.store.checkpoint()
    write(house, "first")
    house.store.checkpoint(CHECKPOINT_OCTETS)
    assert files.moved() == 0, "after every few changes it would cost more than it saves"

    for number in range(CHECKPOINT_OCTETS // len(LARGE) + 1):
        write(house, str(number))
    log = house.folder / f"{FILE}-wal"
    longest = log.stat().st_size
    house.store.checkpoint(CHECKPOINT_OCTETS)
    assert files.moved() == files.head().frame

    write(house, "last")
    assert files.head().frame < 100, "it began anew"
    assert log.stat().st_size == longest
