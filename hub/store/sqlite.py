"""The hub's store on one SQLite file."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from hub.client.db import explain
from hub.client.together import Together
from hub.store.connection import SqlitePool
from hub.store.setback import mark_copy
from hub.store.whole import HubStore

FILE = "hub.db"
T = TypeVar("T")


class SqliteStore(HubStore):
    """Answers every question of `hub.store.base.Store` from one file. `shop`: which of its shops; 0: the lowest number."""

    def __init__(self, path: Path, shop: int = 0) -> None:
        self.pool = SqlitePool(path, shop)
        self._together = Together(self.pool)
        self._moved_at = 0
        super().__init__(self.pool)

    def together(self, work: Callable[[], T]) -> T:
        """`work` inside `writing()`, in one transaction with what other threads wait to do: one sync of the disk for all. It may
        run twice, so nothing but the database may know that it ran. Its answer, once it is on disk."""
        return self._together.write(lambda _conn: work())

    def checkpoint(self, least_changes: int = 0) -> None:
        """Move what is in the write-ahead log into the file, as far as nobody is in the way, where so much has changed since.

        The first change after it begins the log anew, with a second sync for its head; so not after every few.
        """
        changes = self.pool.standing.commits
        if changes - self._moved_at >= least_changes:
            self.pool.read("PRAGMA wal_checkpoint(PASSIVE)")
            self._moved_at = changes

    def copy_to(self, path: Path, *, kept_at: float | None = None) -> None:
        """A whole copy, taken while others write (SQLite's online backup). StorageError where the place cannot be used.

        `kept_at`: it is a backup, made then, and will say so to a hub that is started on it (`hub.setback`).
        """
        try:
            with closing(sqlite3.connect(path)) as target:
                self.pool.conn().backup(target)
                if kept_at is not None:
                    mark_copy(target, kept_at)
        except (sqlite3.Error, OSError) as wrong:
            raise explain(wrong, path) from wrong

    def moved_to(self) -> str:
        """The database that this file was moved to (`hub.moving`); empty where it was not. Nobody can change it then."""
        there = self.pool.read("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'moved'")
        return str(self.pool.read("SELECT place FROM moved")[0][0]) if there else ""

    def is_sound(self) -> str | None:
        """None where SQLite finds the file in order, else what it found."""
        verdict = str(self.pool.read("PRAGMA integrity_check(1)")[0][0])
        return None if verdict == "ok" else verdict

    @contextmanager
    def trial(self) -> Iterator[HubStore]:
        """A copy beside the file: the shop goes on meanwhile."""
        with tempfile.TemporaryDirectory(prefix="verify-", dir=self.pool.path.parent) as folder:
            place = Path(folder) / FILE
            self.copy_to(place)
            with closing(SqliteStore(place, self.shop.number)) as copy:
                yield copy
