"""Mistakes that others have made, planted into the shop, so that the proof shows that it would have found them.

Each is put in through public parts: another store, another setting of the same database, another shelf. The product's code is as
it is in every other run.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TypeVar

import msgspec

from hub.app import open_store
from hub.client.shelf import Shelf
from hub.store.ledger import SqliteLedger
from hub.store.records import Act
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.snapshot import Right
from tests.prove._coupon_world import World

T = TypeVar("T")


class _Apart(SqliteStore):
    """Check and count apart: each statement is a transaction of its own, as in a shop system that reads, decides, then writes."""

    def writing(self) -> AbstractContextManager[object]:
        return nullcontext()

    def together(self, work: Callable[[], T]) -> T:
        return work()


class _Forgetful(SqliteLedger):
    """The number of an act is ignored: the same act that comes again, because its answer was lost, is a new one."""

    def act(self, device: str, nonce: str) -> Act | None:
        return None


class _Greedy(Shelf):
    """A node does not look at what it was given of a lot."""

    def right(self, campaign: int) -> Right:
        return msgspec.structs.replace(super().right(campaign), issue=1_000_000)


def _apart(world: World) -> None:
    world.hub.open = lambda folder: _Apart(folder / FILE)


def _nonce_ignored(world: World) -> None:
    def opened(folder: Path) -> SqliteStore:
        store = open_store(folder)
        store.ledger = _Forgetful(store.pool)
        return store

    world.hub.open = opened


def _half_synced(world: World) -> None:
    def opened(folder: Path) -> SqliteStore:
        store = open_store(folder)
        store.pool.here().execute("PRAGMA synchronous = NORMAL")
        return store

    world.hub.open = opened


def _no_escrow(world: World) -> None:
    world.door.shelf_of = _Greedy


BUGS: dict[str, Callable[[World], None]] = {
    "check and count apart": _apart,
    "synchronous=NORMAL": _half_synced,
    "nonce ignored": _nonce_ignored,
    "rights not looked at": _no_escrow,
}
