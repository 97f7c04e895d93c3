"""How a node opens its SQLite file: durable, one connection a thread, locked before the first read of a change.

What a failed sync leaves (fsync(2), "EIO"): the kernel may have dropped what it could not write and call the next sync a
success, so nothing that was written since the last good sync may be believed. SQLite's write-ahead log stands that: the frames
of the change that failed lie beyond the last commit, the next change writes its own over them, all of them, and syncs those; a
checkpoint counts as done only after its sync, and is else done anew from the log. So a failed change is rolled back, reported,
and not acknowledged; the file is used on. `./shopbell prove failing` holds this against every write, sync and rename.
"""

from __future__ import annotations

import contextlib
import errno
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.client.trouble import StorageError, Trouble, explain, free_bytes, is_the_disks

BUSY_TIMEOUT_MS = 5_000
"""Longer than any transaction of ours; shorter than a person waits at a till."""

LEAST_ROOM_BYTES = 20 * 2**20
"""Below this nothing is sold: what is begun has to be finished, and the log of an act and of what follows from it has to fit."""

__all__ = [
    "BUSY_TIMEOUT_MS",
    "LEAST_ROOM_BYTES",
    "Pool",
    "Standing",
    "StorageError",
    "Trouble",
    "explain",
    "open_db",
    "writing",
]


class Standing:
    """How writing to one file last went. Shared by all its connections; safe from several threads."""

    def __init__(self) -> None:
        self.trouble: StorageError | None = None
        """What the last write failed with; None again once one went well."""
        self.turn = threading.RLock()
        """Held by the thread that writes."""


class _Db(Database):
    """A connection that tells its pool how writing went. `broken`: it was given up, and another one has to be opened. `user`: the
    thread that opened it, and that alone uses it."""

    def __init__(self, conn: sqlite3.Connection, standing: Standing) -> None:
        super().__init__(conn)
        self.standing = standing
        self.user = threading.current_thread()
        self.broken = False


def open_db(path: Path) -> Database:
    """A connection in autocommit mode: write-ahead log, a full sync at each commit, foreign keys held."""
    return _open(path, Standing())


def _open(path: Path, standing: Standing) -> _Db:
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
        # What is deleted or changed is overwritten at once: somebody may have wished to be forgotten. Most SQLites do so anyway.
        conn.execute("PRAGMA secure_delete = ON")
    except sqlite3.Error as wrong:
        conn.close()
        raise explain(wrong, path) from wrong
    return _Db(conn, standing)


@contextmanager
def writing(db: Database) -> Iterator[sqlite3.Connection]:
    """One transaction that holds the write lock before its first read, and is on disk when the block is left.

    Whatever the block raises undoes all of it. StorageError where the disk or the file does not take it.
    """
    conn = db.conn
    assert conn is not None  # noqa: S101 - an open Database always has one; this is for the type checker
    with _turn(db, conn):
        try:
            conn.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as wrong:
            raise _told(db, conn, wrong) from wrong
        try:
            yield conn
            conn.execute("COMMIT")
        except BaseException as wrong:
            _roll_back(db, conn)
            if is_the_disks(wrong):
                raise _told(db, conn, wrong) from wrong
            raise
        if isinstance(db, _Db):
            db.standing.trouble = None


@contextmanager
def _turn(db: Database, conn: sqlite3.Connection) -> Iterator[None]:
    """Threads of one program queue for the write lock. SQLite itself makes who comes second sleep, for longer each time."""
    if not isinstance(db, _Db):
        yield
        return
    if not db.standing.turn.acquire(timeout=BUSY_TIMEOUT_MS / 1000):
        raise explain(OSError(errno.EBUSY, "another thread writes for too long"), _path_of(conn))
    try:
        yield
    finally:
        db.standing.turn.release()


def _roll_back(db: Database, conn: sqlite3.Connection) -> None:
    # Some failures, a full disk among them, have rolled back already.
    if not conn.in_transaction:
        return
    try:
        conn.execute("ROLLBACK")
    except sqlite3.Error:
        # Closing lets go of the lock and of all that was not committed.
        _give_up(db, conn)


def _give_up(db: Database, conn: sqlite3.Connection) -> None:
    """Close a connection that is not to be believed; its pool opens another one."""
    if isinstance(db, _Db):
        db.broken = True
    with contextlib.suppress(sqlite3.Error):
        conn.close()


def _told(db: Database, conn: sqlite3.Connection, wrong: BaseException) -> StorageError:
    """The failure in words, kept where the pool's owner looks. A lock that another program holds says nothing of the disk."""
    error = explain(wrong if isinstance(wrong, Exception) else Exception(wrong), _path_of(conn))
    if isinstance(db, _Db):
        if error.trouble != "busy":
            db.standing.trouble = error
        if error.trouble in ("readonly", "missing"):
            # SQLite opens what it may not write for reading alone, and it stays so: another connection finds out how it is now.
            _give_up(db, conn)
    return error


def _path_of(conn: sqlite3.Connection) -> str:
    with contextlib.suppress(sqlite3.Error):
        for row in conn.execute("PRAGMA database_list"):
            if row[1] == "main" and row[2]:
                return str(row[2])
    return "the database"


class Pool:
    """One connection for each thread on one file, brought to the newest schema once."""

    def __init__(self, path: Path, migrations: Sequence[Migrations]) -> None:
        self.path = path
        self.standing = Standing()
        self._mine = threading.local()
        self._lock = threading.Lock()
        self._all: list[_Db] = []
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as wrong:
            raise explain(wrong, path.parent) from wrong
        try:
            db = self.here()
            # Two programs may open the same new file at once: the one that holds the lock migrates, the other finds it done.
            with writing(db) as conn:
                if not _all_applied(conn, migrations):
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
        db: _Db | None = getattr(self._mine, "db", None)
        if db is None or db.broken:
            db = self._mine.db = _open(self.path, self.standing)
            with self._lock:
                self._all.append(db)
            self.opened(db)
        return db

    def opened(self, db: Database) -> None:
        """For whoever has more to say to a new connection."""

    def must_have_room(self, least_bytes: int = LEAST_ROOM_BYTES) -> None:
        """StorageError where the disk has less room than this. Call it before an act is begun that two disks have to keep:
        nothing is then half done, and the refusal costs nothing."""
        room = free_bytes(self.path)
        if room is not None and room < least_bytes:
            raise explain(OSError(errno.ENOSPC, "less room than an act needs"), self.path)

    def probe(self) -> StorageError | None:
        """Write a little and sync it, where the last write failed: whoever watches sees by itself that the disk is well again."""
        if self.standing.trouble is not None:
            try:
                with writing(self.here()) as conn:
                    (number,) = conn.execute("PRAGMA user_version").fetchone()
                    conn.execute(f"PRAGMA user_version = {int(number)}")
            except (StorageError, sqlite3.Error) as wrong:
                return explain(wrong, self.path)
        return self.standing.trouble

    def close(self) -> None:
        """Close every connection. May be called twice. No other thread may be in the middle of anything: SQLite crashes where a
        connection is closed under it (`interrupt`)."""
        with self._lock:
            for db in self._all:
                with contextlib.suppress(sqlite3.Error):
                    db.close()
            self._all.clear()
        self._mine = threading.local()

    def interrupt(self) -> None:
        """Break off what other threads ask at this moment; they are told so as of any failure."""
        with self._lock:
            for db in self._all:
                if db.user is not threading.current_thread():
                    with contextlib.suppress(sqlite3.Error):
                        db.conn.interrupt()


def _all_applied(conn: sqlite3.Connection, migrations: Sequence[Migrations]) -> bool:
    """Whether nothing is left to do, as nearly always: one question instead of several for each set of tables."""
    if not conn.execute(
        "SELECT 1 FROM sqlite_schema WHERE name = ?", (Migrations.migrations_table,)
    ).fetchone():
        return False
    there = set(conn.execute(f"SELECT migration_set, name FROM {Migrations.migrations_table}").fetchall())  # noqa: S608
    return all((step.name, name) in there for step in migrations for name in _names(step))


@cache
def _names(migrations: Migrations) -> tuple[str, ...]:
    with contextlib.closing(Database(memory=True)) as empty:
        return tuple(step.name for step in migrations.pending(empty))
