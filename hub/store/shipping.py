"""How a hub's SQLite file is read while others write: what is in its write-ahead log stays there until it was shipped.

A reader that stands at a place in the log keeps others from moving what is beyond into the file, and from beginning the log anew
(sqlite.org/wal.html, "Checkpointing"). So: the next reader stands before the last one lets go, and in between all that there is
is shipped. What anybody commits, the hub or a command beside it, is then either in the log or was shipped.

The files are opened once and never closed: closing one would drop the locks of every connection of this process to it (POSIX,
fcntl()). For the same reason this runs in a process of its own.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hub.client.db import BUSY_TIMEOUT_MS, explain
from hub.safety.wal import INDEX_HEADER, Head, log_salts, offset_of, read_head

SHORTEN_FILE = "shorten.asked"
"""Beside the database where the log is to be begun anew soon: something was erased that must not stay in it."""

READS = 2_000
"""How often the index is read again while somebody writes it; that takes them microseconds."""


class Reader:
    """One connection that stands at a place in the log, from `stand` to `let_go`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._conn = sqlite3.connect(
                path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None, check_same_thread=False
            )
            self._conn.execute("PRAGMA journal_mode = WAL")
            self._conn.execute("PRAGMA synchronous = FULL")
            self._conn.execute("PRAGMA wal_autocheckpoint = 0")
        except sqlite3.Error as wrong:
            raise explain(wrong, path) from wrong

    def stand(self) -> None:
        """Stand where the log ends now."""
        try:
            self._conn.execute("BEGIN")
            self._conn.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except sqlite3.Error as wrong:
            self.let_go()
            raise explain(wrong, self._path) from wrong

    def let_go(self) -> None:
        """Stand nowhere."""
        with suppress(sqlite3.Error):
            self._conn.execute("ROLLBACK")

    def checkpoint(self) -> None:
        """Move what others may lose from the log into the file, as far as nobody stands in the way."""
        try:
            self._conn.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as wrong:
            raise explain(wrong, self._path) from wrong

    @contextmanager
    def nobody_writes(self) -> Iterator[None]:
        """The write lock, without a change of ours."""
        try:
            self._conn.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as wrong:
            raise explain(wrong, self._path) from wrong
        try:
            yield
        finally:
            with suppress(sqlite3.Error):
                self._conn.execute("ROLLBACK")

    def close(self) -> None:
        """May be called twice."""
        self._conn.close()


class Files:
    """The database, its log and the log's index as bytes. StorageError where they cannot be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handles: dict[str, int] = {}

    def head(self) -> Head:
        """How much is committed."""
        for _ in range(READS):
            head = read_head(self._read("-shm", 0, 2 * INDEX_HEADER))
            if head is not None:
                return head
        raise explain(OSError("its log cannot be read"), self.path)

    def moved(self) -> int:
        """How many frames of the log are in the database too: nBackfill, right behind both heads of the index."""
        return int.from_bytes(self._read("-shm", 2 * INDEX_HEADER, 4), sys.byteorder)

    def log(self, frame: int, count: int, page_size: int) -> bytes:
        """The bytes of `count` frames after the first `frame`."""
        start = offset_of(frame, page_size)
        return self._read("-wal", start, offset_of(frame + count, page_size) - start)

    def salts(self) -> bytes | None:
        """Those in the head of the log itself."""
        return log_salts(self._read("-wal", 0, 32))

    def size(self) -> int:
        """Of the database without its log, in bytes."""
        return os.fstat(self._handle("")).st_size

    def read(self, offset: int, length: int) -> bytes:
        """A part of the database without its log."""
        return self._read("", offset, length)

    def stamp(self) -> str:
        """What differs as soon as anybody has written to the database without its log."""
        at = self.path.stat()
        return f"{at.st_ino}-{at.st_size}-{at.st_mtime_ns}-{at.st_ctime_ns}"

    def has_log(self) -> bool:
        """Whether there is one."""
        return self.path.with_name(self.path.name + "-wal").exists()

    def _handle(self, ending: str) -> int:
        if ending not in self._handles:
            try:
                self._handles[ending] = os.open(str(self.path) + ending, os.O_RDONLY | os.O_CLOEXEC)
            except OSError as wrong:
                raise explain(wrong, self.path) from wrong
        return self._handles[ending]

    def _read(self, ending: str, offset: int, length: int) -> bytes:
        try:
            parts = []
            while length > 0:
                part = os.pread(self._handle(ending), length, offset)
                if not part:
                    break
                parts.append(part)
                offset, length = offset + len(part), length - len(part)
            return b"".join(parts)
        except OSError as wrong:
            raise explain(wrong, self.path) from wrong
