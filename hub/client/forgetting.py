"""A node forgets who was forgotten: every row of its file in which one of their ids stands.

The hub tells keyed hashes (the section `forgotten`), not ids. The node looks through what it has itself, at the first exchange
after it heard: coupons that were given to them alone, their card's code and what waits to be sent of their fields are deleted;
in facts and in what its till did, the id that the hub told stands from then on. A fact that goes up once more is then the same
text as at the hub. Afterwards the write-ahead log is cut off. What SQLite frees in the file it overwrites (`hub.client.db`);
an earlier release or another program may not have: where a former id is still in the file, that is written anew.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.client.db import BUSY_TIMEOUT_MS, Pool, writing
from hub.client.shelf import Shelf
from hub.client.trouble import explain
from hub.wire.forgetting import Forgotten, mark_of, opaque_in, put_instead

logger = logging.getLogger(__name__)

SECTION = "forgotten"

_DELETED = {"issued": "member", "sealed_join": "member", "member": "id"}
"""Tables whose rows of somebody go as a whole, and the column in which their id stands."""

_NOT_SEARCHED = ("section", "manifest", "forgot")
"""What the hub said, which it says anew itself."""


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]


class NodeForgetting:
    """Keeps one node's file as the hub's list wants it. Call from the thread of its exchange."""

    def __init__(self, pool: Pool, shelf: Shelf) -> None:
        self._pool = pool
        self._shelf = shelf
        self._gone: set[str] | None = None
        """Former ids that were taken out since the file was cleaned; None: nobody knows, another run may have."""

    def look(self) -> int:
        """Forget who is new on the list, once; how many ids were found here. StorageError where the disk does not take it."""
        heard = self._shelf.have().get(SECTION, "")
        done, cleaned = self._standing()
        found = 0
        if cleaned and self._gone is None:
            self._gone = set()
        if heard and heard != done:
            found = self._forget(self._shelf.forgotten(), heard)
            cleaned = False
        if not cleaned:
            self._clean()
        return found

    def _forget(self, forgotten: Forgotten, heard: str) -> int:
        # Looked for without a lock: a till may go on meanwhile. What is written then is found at the next change of the list, and
        # by the hub in any case.
        changes = self._known_here(forgotten)
        with writing(self._pool.here()) as conn:
            for table in _tables(conn) if changes else ():
                _take_away(conn, table, changes)
            conn.execute(
                """INSERT INTO forgot (one, heard, cleaned) VALUES (1, ?, 0)
                   ON CONFLICT (one) DO UPDATE SET heard = excluded.heard, cleaned = 0""",
                (heard,),
            )
        if self._gone is not None:
            self._gone |= set(changes)
        if changes:
            logger.info("forgotten here: %d", len(changes))
        return len(changes)

    def _known_here(self, forgotten: Forgotten) -> dict[str, str]:
        by_mark = forgotten.by_mark()
        looked: set[str] = set()
        changes: dict[str, str] = {}
        conn = self._pool.here().conn
        assert conn is not None  # noqa: S101 - an open Database always has one; this is for the type checker
        for table in _tables(conn):
            for row in conn.execute(f"SELECT {', '.join(table.columns)} FROM {table.name}"):  # noqa: S608 - our own names
                for value in row:
                    for member in _ids(value) - looked:
                        looked.add(member)
                        instead = by_mark.get(mark_of(forgotten.salt, member))
                        if instead is not None:
                            changes[member] = instead
        return changes

    def _standing(self) -> tuple[str, bool]:
        row = self._pool.here().execute("SELECT heard, cleaned FROM forgot").fetchone()
        return (str(row[0]), bool(row[1])) if row else ("", True)

    def _clean(self) -> None:
        """Let nothing of them stay in the file and its log; what somebody is in the way of is done at the next exchange."""
        conn = self._pool.here().conn
        assert conn is not None  # noqa: S101 - as above
        if not _cut_off_log(conn):
            return
        if self._gone is None or _any_in(self._pool.path, self._gone):
            try:
                conn.execute("VACUUM")
            except sqlite3.Error as wrong:
                # It needs as much room again. What was exchanged is kept all the same, and the next exchange tries anew.
                logger.warning("not written anew yet: %s", explain(wrong, self._pool.path))
                return
            self._gone = set()
            if not _cut_off_log(conn):
                return
        with writing(self._pool.here()) as changing:
            changing.execute("UPDATE forgot SET cleaned = 1")
        self._gone = set()


def _cut_off_log(conn: sqlite3.Connection) -> bool:
    """Whether the log is empty now. Waits for nobody."""
    conn.execute("PRAGMA busy_timeout = 0")
    try:
        return not conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.OperationalError:
        return False
    finally:
        conn.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")


def _any_in(path: Path, ids: Collection[str]) -> bool:
    """Whether one of these stands anywhere in the file, which is some megabytes."""
    content = path.read_bytes() if ids else b""
    return any(one.encode() in content for one in ids)


def _ids(value: object) -> set[str]:
    if isinstance(value, str):
        return opaque_in(value.encode("utf-8", "replace"))
    return opaque_in(value) if isinstance(value, bytes) else set()


def _tables(conn: sqlite3.Connection) -> Iterator[_Table]:
    names = conn.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
    ).fetchall()
    for (name,) in names:
        if name in _NOT_SEARCHED or name.startswith("_"):
            continue
        info = conn.execute("SELECT name, type, pk FROM pragma_table_info(?)", (name,)).fetchall()
        columns = tuple(column for column, kind, _ in info if kind.upper() in ("TEXT", "BLOB"))
        keys = tuple(column for column, _, pk in sorted(info, key=lambda one: one[2]) if pk)
        if columns and keys:
            yield _Table(name, columns, keys)


def _take_away(conn: sqlite3.Connection, table: _Table, changes: Mapping[str, str]) -> None:
    if table.name in _DELETED:
        for member in changes:
            conn.execute(f"DELETE FROM {table.name} WHERE {_DELETED[table.name]} = ?", (member,))  # noqa: S608
        return
    shown = ", ".join((*table.keys, *table.columns))
    rows = conn.execute(f"SELECT {shown} FROM {table.name}").fetchall()  # noqa: S608
    for row in rows:
        key, values = row[: len(table.keys)], row[len(table.keys) :]
        new = [_changed(value, changes) for value in values]
        if tuple(new) != tuple(values):
            conn.execute(
                f"UPDATE {table.name} SET {', '.join(f'{column} = ?' for column in table.columns)} "  # noqa: S608
                f"WHERE {' AND '.join(f'{name} = ?' for name in table.keys)}",
                (*new, *key),
            )


def _changed(value: object, changes: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return put_instead(value.encode("utf-8", "surrogatepass"), changes).decode("utf-8", "surrogatepass")
    return put_instead(value, changes) if isinstance(value, bytes) else value
