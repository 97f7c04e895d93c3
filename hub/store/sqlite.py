"""The hub's store on one SQLite file."""

from __future__ import annotations

import logging
import os
import sqlite3
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from hub.client.db import BUSY_TIMEOUT_MS, explain
from hub.client.together import Together
from hub.safety.wal import offset_of
from hub.store.connection import SqlitePool
from hub.store.setback import mark_copy
from hub.store.shipping import SHORTEN_FILE, Files
from hub.store.whole import HubStore

FILE = "hub.db"
READ_AT_ONCE = 8 * 2**20
ZEROS_AT_ONCE = 2**20
CUT_OFF_MS = 200

logger = logging.getLogger(__name__)
T = TypeVar("T")


class SqliteStore(HubStore):
    """Answers every question of `hub.store.base.Store` from one file. `shop`: which of its shops; 0: the lowest number."""

    def __init__(self, path: Path, shop: int = 0) -> None:
        self.pool = SqlitePool(path, shop)
        self._together = Together(self.pool)
        self._files = Files(path)
        super().__init__(self.pool)

    def together(self, work: Callable[[], T]) -> T:
        """`work` inside `writing()`, in one transaction with what other threads wait to do: one sync of the disk for all. It may
        run twice, so nothing but the database may know that it ran. Its answer, once it is on disk."""
        return self._together.write(lambda _conn: work())

    def checkpoint(self, least_octets: int = 0) -> None:
        """Move what is in the write-ahead log into the file, as far as nobody is in the way, where so much waits there.

        The first change after it begins the log anew, with a second sync for its head; so not after every few. A log that is
        begun anew in time stays short, and to write over it costs the disk less than to let it grow.
        """
        if least_octets:
            head = self._files.head()
            if (head.frame - self._files.moved()) * head.page_size < least_octets:
                return
        self.pool.read("PRAGMA wal_checkpoint(PASSIVE)")

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

    def clean_up(self, log: str, gone: Collection[str]) -> str:
        """See `HubStore.clean_up`. Old pages stand in the write-ahead log until it begins anew, and then behind its end.

        Where nobody stands in the log it is cut off at once. Where the backup does (`hub.safety`), that is asked to let it begin
        anew; then what stands behind its new end is overwritten, while nobody writes.
        """
        if not (self._cut_off_log() or self._log_is_new(log)):
            self.pool.path.with_name(SHORTEN_FILE).touch(mode=0o600)
            return log or self._log_name()
        if self._has_any(gone):
            # A release before this one, or another program, did not overwrite what it deleted.
            logger.warning(
                "the database is written anew: something that was erased was still in its free space"
            )
            self.pool.read("VACUUM")
            return self._log_name() or "-"
        return ""

    def _cut_off_log(self) -> bool:
        """Whether the log is empty now. Waits for a moment only, as tills wait for it meanwhile."""
        conn = self.pool.conn()
        conn.execute(f"PRAGMA busy_timeout = {CUT_OFF_MS}")
        try:
            busy = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.OperationalError:
            return False
        finally:
            conn.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        return not busy

    def _log_is_new(self, log: str) -> bool:
        """Whether the log was begun anew since it had that name. Then what stood in it is overwritten behind its end."""
        if not log or self._log_name() in ("", log):
            return False
        with self.pool.writing():
            head, name = self._files.head(), self._log_name()
            if head.salts.hex() != name:
                return False
            path = self.pool.path.with_name(self.pool.path.name + "-wal")
            # No lock hangs on this file: it may be opened and closed (sqlite.org/walformat.html, "File Locks").
            with path.open("r+b", buffering=0) as file:
                end = file.seek(0, os.SEEK_END)
                place = file.seek(offset_of(head.frame, head.page_size))
                while place < end:
                    place += file.write(bytes(min(ZEROS_AT_ONCE, end - place)))
                os.fsync(file.fileno())
        return True

    def _log_name(self) -> str:
        """What differs for each log: the salts in its head; empty where there is none."""
        salts = self._files.salts() if self._files.has_log() else None
        return "" if salts is None else salts.hex()

    def _has_any(self, gone: Collection[str]) -> bool:
        """Whether one of these stands anywhere in the file."""
        needles = [one.encode() for one in gone]
        longest = max(map(len, needles), default=0)
        for place in range(0, self._files.size() if needles else 0, READ_AT_ONCE):
            part = self._files.read(place, READ_AT_ONCE + longest)
            if any(needle in part for needle in needles):
                return True
        return False

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
