"""When a hub gives of a limited lot after its start: soon in any case, and after a set-back only once every node was heard."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hub_house import House, HouseNode, campaign, read

from hub.app import create_api_app
from hub.client.link import WsgiLink
from hub.setback import WAIT_S
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.snapshot import Right
from hub.wire.sync import SyncReply, SyncRequest

LOT = 2


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    house.publish(campaign(LOT, issue_limit=400))
    yield house
    house.close()


def start_anew(house: House, copy: Path | None = None) -> None:
    house.store.close()
    if copy is not None:
        for name in (f"{FILE}-wal", f"{FILE}-shm"):
            (house.folder / name).unlink(missing_ok=True)
        shutil.copy(copy, house.folder / FILE)
    house.store = SqliteStore(house.folder / FILE)
    house.app = create_api_app(house.store, house.key, house.clock)
    house.link = WsgiLink(house.app)


def right_of(node: HouseNode, retold: int = 0) -> int:
    """What the node may hand out of the lot, as its snapshot says."""
    asked = msgspec.json.encode(SyncRequest(rights=(), retold=retold))
    reply = read(node.post("/v1/sync", asked), SyncReply)
    assert reply.snapshot is not None
    rights = msgspec.json.decode(reply.snapshot.sections["rights"], type=list[Right])
    return next((right.issue for right in rights if right.campaign == LOT), 0)


def test_a_node_that_is_never_heard_again_keeps_the_lot_for_ten_minutes_after_a_start_and_no_longer(
    house: House,
) -> None:
    till = house.node()
    house.node(name="Till 2")
    start_anew(house)
    assert right_of(till) == 0
    house.now += WAIT_S
    assert right_of(till) > 0


def test_after_a_set_back_the_lot_waits_for_every_node_until_it_is_heard_or_withdrawn(house: House) -> None:
    till, gone = house.node(), house.node(name="Till 2")
    copy = house.folder / "backup.db"
    house.store.copy_to(copy, kept_at=house.now)
    start_anew(house, copy)
    assert right_of(till) == 0
    house.now += 10 * WAIT_S
    assert right_of(till) == 0
    house.store.devices.withdraw(gone.device, house.now)
    assert right_of(till) > 0
