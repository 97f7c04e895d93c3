"""A shop's hub is put back on an old copy of its file that does not say so: head office tells it, before it decides anything."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from chain_house import HeadHouse, texts
from chain_served import Served, wait_for
from hub_house import House, campaign, visit

from hub.app import open_store
from hub.rebuild import verify
from hub.store.sqlite import FILE
from hub.upstream.joining import join

TOLD_WITHIN_S = 90.0


@pytest.fixture
def head(tmp_path: Path) -> Iterator[HeadHouse]:
    made = HeadHouse(tmp_path / "head")
    yield made
    made.close()


def trade(house: House, count: int) -> None:
    door, till = house.node("edge", "Door"), house.node()
    for _ in range(count):
        door.report(visit(), visit())
        fact, token = till.mint(expires_at=int(house.now) + 3_600)
        till.report(fact)
        assert till.redeem(token).accepted


@pytest.mark.timeout(400)
def test_a_copy_of_the_file_that_nobody_marked_is_noticed_at_the_start_and_made_good(
    tmp_path: Path, head: HeadHouse
) -> None:
    folder, log = tmp_path / "shop", tmp_path / "shop.log"
    above = Served(head.folder, tmp_path / "head.log")
    folder.mkdir()
    house = House(folder, number=2)
    # The programs have the machine's clock.
    house.now = head.now = time.time()
    house.publish(campaign(ends_at=int(house.now) + 86_400))
    join(house.store, folder, above.url, head.code(), house.now, "test")
    shop = Served(folder, log)
    trade(house, 3)
    wait_for(lambda: told(house, head), TOLD_WITHIN_S, log)
    house.store.copy_to(tmp_path / "copy.db")
    trade(house, 5)
    wait_for(lambda: told(house, head), TOLD_WITHIN_S, log)
    before = texts(house)
    shop.stop(signal.SIGKILL)
    house.close()
    for name in (f"{FILE}-wal", f"{FILE}-shm"):
        (folder / name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "copy.db", folder / FILE)

    shop = Served(folder, log)
    with closing(open_store(folder)) as store:
        # It answers, so it has asked head office.
        assert store.setback.latest() is not None
        wait_for(lambda: "all" if store.journal.last_position() >= len(before) else "", TOLD_WITHIN_S, log)
        assert sorted(text for chunk in store.journal.chunks() for _, _, text in chunk) == sorted(before)
        assert sorted(texts(head, 2)) == sorted(before)
        assert verify(store).differ == ()
    shop.stop()
    above.stop()


def told(house: House, head: HeadHouse) -> str:
    here = house.store.journal.last_position()
    return "all" if here and here == head.store.of_shop(2).journal.last_position() else ""
