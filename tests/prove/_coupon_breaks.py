"""How a machine is made to stop in the midst of its work, and two to work at the same time, with the real SQLite beneath."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hub.client.db import Pool

FULL = 2
"""SQLite's number for `synchronous=FULL`."""


class Crash(BaseException):
    """The power of this machine goes: nothing of the program runs on, what was synced stays."""


def power_goes(pool: Pool, draw: random.Random, close: Callable[[], None]) -> None:
    """Leave a database as a power cut leaves it, by SQLite's own rule for a write-ahead log.

    With `synchronous=FULL` each commit is synced before it returns, so all of them are there. With less, everything since the
    last checkpoint may be gone (sqlite.org, pragma synchronous). The setting is read from the connection that was in use.
    """
    files = [pool.path, pool.path.with_name(pool.path.name + "-wal")]
    (level,) = pool.here().execute("PRAGMA synchronous").fetchone()
    contents = [path.read_bytes() if path.exists() else b"" for path in files]
    close()
    for path, content in zip(files, contents, strict=True):
        path.write_bytes(content)
    if level < FULL:
        os.truncate(files[1], draw.randrange(len(contents[1]) + 1))


class Other:
    """Somebody else's act, begun by the first request in the midst of its work, in a thread of its own.

    The first request stands still until the other is done, or has plainly been made to wait (`WAITS_S`).
    """

    WAITS_S = 0.03

    def __init__(self, act: Callable[[], None], after: int) -> None:
        self._left = after
        self._thread = threading.Thread(target=act, name="other till", daemon=True)
        self.waits = True

    @contextmanager
    def beside(self, conn: sqlite3.Connection) -> Iterator[None]:
        """While a request is answered over this connection."""
        self.waits = False
        conn.set_progress_handler(self._step, 20)
        try:
            yield
        finally:
            _let_be(conn)

    def _step(self) -> int:
        self._left -= 1
        if self._left == 0:
            self._thread.start()
            self._thread.join(self.WAITS_S)
        return 0

    def joined(self) -> bool:
        """Whether it was begun; then it is over when this returns."""
        if self._thread.ident is None:
            return False
        self._thread.join(60)
        return True


class BrokenOff:
    """Have SQLite break off after so many steps of its machine, as if the power went there: the transaction is not made."""

    def __init__(self, conn: sqlite3.Connection, after: int, every: int = 20) -> None:
        self._conn = conn
        self._left = after
        self._every = every
        self.reached = False

    def _step(self) -> int:
        self._left -= 1
        if self._left < 0:
            self.reached = True
            return 1
        return 0

    def __enter__(self) -> BrokenOff:
        self._conn.set_progress_handler(self._step, self._every)
        return self

    def __exit__(self, *_: object) -> None:
        _let_be(self._conn)


def _let_be(conn: sqlite3.Connection) -> None:
    """Break nothing off any more. A connection that its owner has given up after the break is closed by now."""
    with contextlib.suppress(sqlite3.ProgrammingError):
        conn.set_progress_handler(None, 20)
