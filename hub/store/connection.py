"""How the hub's store reaches its file: one connection a thread, calls on one thread joining one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from hub.client.db import Pool, explain, writing
from hub.store.audit_schema import MIGRATIONS_AUDIT
from hub.store.keys_schema import MIGRATIONS_KEYS
from hub.store.schema import MIGRATIONS_HUB
from hub.store.setback_schema import MIGRATIONS_SETBACK

CHECKPOINT_PAGES = 16_384
"""64 MiB of write-ahead log. A job moves it into the file long before, so that no till waits while it is done."""


class HubPool(Pool):
    """The hub's file, for one shop. `shop` is 0 until the shop has been made."""

    def __init__(self, path: Path) -> None:
        self.shop = 0
        super().__init__(path, [MIGRATIONS_HUB, MIGRATIONS_KEYS, MIGRATIONS_SETBACK, MIGRATIONS_AUDIT])
        try:
            # Whoever has just made the tables has not read their statistics yet.
            self.read("ANALYZE sqlite_schema")
            self.find_shop()
        except BaseException:
            # A file that is left open as read-only, on a full disk, makes it so for every later connection of this program.
            self.close()
            raise

    def opened(self, db: Database) -> None:
        """The log is moved into the file by a job, not by whoever writes."""
        db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")

    def conn(self) -> sqlite3.Connection:
        """This thread's connection as the standard library knows it."""
        conn = self.here().conn
        assert conn is not None  # noqa: S101 - an open Database always has one; this is for the type checker
        return conn

    def find_shop(self) -> None:
        """Learn which shop this file is for."""
        rows = self.read("SELECT number FROM shop ORDER BY number LIMIT 1")
        self.shop = int(rows[0][0]) if rows else 0

    def read(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """All rows of a question."""
        try:
            return self.conn().execute(statement, values).fetchall()
        except sqlite3.Error as wrong:
            raise explain(wrong, self.path) from wrong

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is locked before its first read; inside another one on this thread, a part of that."""
        db = self.here()
        conn = self.conn()
        if conn.in_transaction:
            yield conn
            return
        with writing(db):
            yield conn

    def snapshot_changed(self, conn: sqlite3.Connection) -> None:
        """Tell every cache that what a snapshot says may differ now."""
        conn.execute("UPDATE shop SET snapshot_version = snapshot_version + 1 WHERE number = ?", (self.shop,))

    def snapshot_version(self) -> int:
        """Rises with everything that a snapshot says."""
        rows = self.read("SELECT snapshot_version FROM shop WHERE number = ?", self.shop)
        return int(rows[0][0]) if rows else 0
