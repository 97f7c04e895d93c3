"""How a node opens its SQLite file: durable, one connection a thread, locked before the first read of a change."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

BUSY_TIMEOUT_MS = 5_000
"""Longer than any transaction of ours; shorter than a person waits at a till."""


class StorageError(Exception):
    """The disk did not take it; the text is a sentence for people."""


def explain(wrong: Exception, path: Path | str) -> StorageError:
    """What a storage failure means and what to do about it."""
    text = str(wrong).lower()
    if "full" in text or getattr(wrong, "errno", None) == 28:
        return StorageError(
            f"The disk that holds {path} is full. Nothing was lost; free some space and try again."
        )
    if "readonly" in text or "read-only" in text or "permission" in text:
        return StorageError(f"{path} cannot be written. Give this user the right to write there.")
    if "unable to open" in text:
        return StorageError(f"{path} cannot be opened. Check that its folder exists and can be written.")
    if "locked" in text or "busy" in text:
        return StorageError(f"{path} is in use by another program for too long. Try again in a moment.")
    if "not a database" in text or "malformed" in text:
        return StorageError(f"{path} is damaged or is not a Shopbell file. Restore it from a backup.")
    return StorageError(f"{path} cannot be used: {wrong}.")


def open_db(path: Path) -> Database:
    """A connection in autocommit mode: write-ahead log, a full sync at each commit, foreign keys held."""
    try:
        conn = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None, check_same_thread=False
        )
    except (sqlite3.Error, OSError) as wrong:
        raise explain(wrong, path) from wrong
    try:
        conn.execute("PRAGMA journal_mode = WAL")
        conn.execute("PRAGMA synchronous = FULL")
        conn.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error as wrong:
        conn.close()
        raise explain(wrong, path) from wrong
    return Database(conn)


@contextmanager
def writing(db: Database) -> Iterator[sqlite3.Connection]:
    """One transaction that holds the write lock before its first read, and is on disk when the block is left."""
    conn = db.conn
    assert conn is not None  # noqa: S101 - an open Database always has one; this is for the type checker
    try:
        conn.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as wrong:
        raise explain(wrong, _path_of(conn)) from wrong
    try:
        yield conn
        conn.execute("COMMIT")
    except BaseException as wrong:
        # Some failures, a full disk among them, have rolled back already.
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        if isinstance(wrong, sqlite3.OperationalError):
            raise explain(wrong, _path_of(conn)) from wrong
        raise


def _path_of(conn: sqlite3.Connection) -> str:
    return (
        next((row[2] for row in conn.execute("PRAGMA database_list") if row[1] == "main"), "")
        or "the database"
    )


class Pool:
    """One connection for each thread on one file, brought to the newest schema once."""

    def __init__(self, path: Path, migrations: Sequence[Migrations]) -> None:
        self.path = path
        self._mine = threading.local()
        self._lock = threading.Lock()
        self._all: list[Database] = []
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as wrong:
            raise explain(wrong, path.parent) from wrong
        db = self.here()
        try:
            # Two programs may open the same new file at once: the one that holds the lock migrates, the other finds it done.
            with writing(db):
                for step in migrations:
                    step.apply(db)
        except sqlite3.Error as wrong:
            self.close()
            raise explain(wrong, path) from wrong
        except StorageError:
            self.close()
            raise

    def here(self) -> Database:
        """This thread's connection."""
        db: Database | None = getattr(self._mine, "db", None)
        if db is None:
            db = self._mine.db = open_db(self.path)
            with self._lock:
                self._all.append(db)
        return db

    def close(self) -> None:
        """Close every connection. May be called twice."""
        with self._lock:
            for db in self._all:
                db.close()
            self._all.clear()
        self._mine = threading.local()
