"""Moves a live hub's file into a PostgreSQL database: copies while others write, catches up, compares, closes the file.

A trigger on every table notes the keys of rows that change meanwhile, whoever changes them. A round reads what was noted and
those rows in one snapshot of the file, so that afterwards both sides are as they were at that moment, and can be compared: a
table's sum adds a fingerprint of each row (60 bits of an MD5, against accidents, not people), in whatever order they stand.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from hub.client.trouble import MOVED
from hub.store.sqlite import SqliteStore

ROWS_AT_A_TIME = 2_000
KEYS_AT_A_TIME = 200

_EVENTS = (("insert", ("NEW",)), ("delete", ("OLD",)), ("update", ("OLD", "NEW")))
_LOW = (1 << 30) - 1

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the hub: its columns with their kinds (int, real, text, blob), and its primary key."""

    name: str
    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    keys: tuple[str, ...]

    def key_of(self, row: Row) -> Row:
        """The primary key of a row."""
        return tuple(row[self.columns.index(key)] for key in self.keys)

    def plain(self, row: Sequence[Any]) -> Row:
        """A row of the file as PostgreSQL keeps it: each value of its column's kind, no NUL in a text."""
        return tuple(_plain(value, kind) for value, kind in zip(row, self.kinds, strict=True))


@dataclass(frozen=True, slots=True)
class Sums:
    """How many rows a table has, and the sum of their fingerprints."""

    rows: int
    sum: int


def _plain(value: Any, kind: str) -> Any:
    if value is None:
        return None
    match kind:
        case "int":
            return int(value)
        case "real":
            return float(value)
        case "blob":
            return value.encode() if isinstance(value, str) else bytes(value)
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.replace("\x00", "\ufffd")


def fingerprint(kinds: Sequence[str]) -> Callable[..., int]:
    """What a row comes to, from its values: the same number that the server makes of it (`hub.store.moving_there`)."""

    def piece(value: Any, kind: str) -> bytes:
        plain = _plain(value, kind)
        if plain is None:
            return b"\x00"
        if kind == "int":
            return struct.pack(">Bq", 1, plain)
        if kind == "real":
            return struct.pack(">Bd", 2, plain)
        body: bytes = plain.encode() if kind == "text" else plain
        return struct.pack(">BI", 3 if kind == "text" else 4, len(body)) + body

    def of(*values: Any) -> int:
        row = b"".join([piece(value, kind) for value, kind in zip(values, kinds, strict=True)])
        return int.from_bytes(hashlib.md5(row, usedforsecurity=False).digest()[:8], "big") >> 4

    return of


class Source:
    """The file that is moved, on the connection of this thread."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self._seen = 0

    @property
    def _conn(self) -> sqlite3.Connection:
        return self.store.pool.conn()

    def tables(self) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
        """Columns and primary key of every table of the hub, by its name."""
        names = self._conn.execute(
            """SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
               AND name NOT IN ('_sqlite_migrations', 'moving', 'moved') ORDER BY name"""
        ).fetchall()
        found = {}
        for (name,) in names:
            info = self._conn.execute("SELECT name, pk FROM pragma_table_info(?)", (name,)).fetchall()
            keys = tuple(column for column, pk in sorted(info, key=lambda one: one[1]) if pk)
            found[name] = (tuple(column for column, _ in info), keys)
        return found

    def watch(self, tables: Sequence[Table]) -> None:
        """Note every change from now on, whoever makes it."""
        with self.store.pool.writing() as conn:
            self._forget(conn)
            conn.execute(
                "CREATE TABLE moving (number INTEGER PRIMARY KEY, of_table TEXT NOT NULL, row_key TEXT NOT NULL)"
            )
            for table in tables:
                for event, sides in _EVENTS:
                    noted = " ".join(
                        f"INSERT INTO moving (of_table, row_key) VALUES ('{table.name}', "  # noqa: S608 - our names
                        f"json_array({', '.join(f'{side}.{key}' for key in table.keys)}));"
                        for side in sides
                    )
                    conn.execute(
                        f"CREATE TRIGGER moving_{event}_{table.name} AFTER {event} ON {table.name} BEGIN {noted} END"
                    )
        self._seen = 0

    def unwatch(self) -> None:
        """Note nothing any more: the move was given up."""
        with self.store.pool.writing() as conn:
            self._forget(conn)

    @staticmethod
    def _forget(conn: sqlite3.Connection) -> None:
        ours = conn.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'moving\\_%' ESCAPE '\\'"
        ).fetchall()
        for (name,) in ours:
            conn.execute(f"DROP TRIGGER {name}")
        conn.execute("DROP TABLE IF EXISTS moving")

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read inside is of one moment, while others go on."""
        self._conn.execute("BEGIN")
        try:
            yield
        finally:
            self._conn.execute("COMMIT")

    def count(self, table: Table) -> int:
        """How many rows there are."""
        return int(self._conn.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0])  # noqa: S608

    def parts(self, table: Table) -> Iterator[list[Row]]:
        """All rows in the order of the key, some at a time; each part is of a moment of its own."""
        names, keys = ", ".join(table.columns), ", ".join(table.keys)
        marks = ", ".join("?" for _ in table.keys)
        last: Row | None = None
        while True:
            after = f"WHERE ({keys}) > ({marks})" if last is not None else ""
            rows = self._conn.execute(
                f"SELECT {names} FROM {table.name} {after} ORDER BY {keys} LIMIT ?",  # noqa: S608
                (*(last or ()), ROWS_AT_A_TIME),
            ).fetchall()
            if not rows:
                return
            last = table.key_of(rows[-1])
            yield [table.plain(row) for row in rows]

    def changed(self) -> dict[str, set[Row]]:
        """Keys of rows that changed since this was asked last, by table."""
        rows = self._conn.execute(
            "SELECT number, of_table, row_key FROM moving WHERE number > ? ORDER BY number", (self._seen,)
        ).fetchall()
        found: dict[str, set[Row]] = {}
        for number, name, key in rows:
            found.setdefault(name, set()).add(tuple(json.loads(key)))
            self._seen = number
        return found

    def rows(self, table: Table, keys: Sequence[Row]) -> list[Row]:
        """The rows with these keys that are there."""
        one = "(" + ", ".join("?" for _ in table.keys) + ")"
        found = self._conn.execute(
            f"SELECT {', '.join(table.columns)} FROM {table.name} "  # noqa: S608
            f"WHERE ({', '.join(table.keys)}) IN (VALUES {', '.join([one] * len(keys))})",
            [value for key in keys for value in key],
        ).fetchall()
        return [table.plain(row) for row in found]

    def sums(self, table: Table) -> Sums:
        """Count and sum of all rows."""
        self._conn.create_function("fingerprint", -1, fingerprint(table.kinds), deterministic=True)
        count, high, low = self._conn.execute(
            f"""SELECT count(*), coalesce(sum(p >> 30), 0), coalesce(sum(p & {_LOW}), 0)
                FROM (SELECT fingerprint({", ".join(table.columns)}) AS p FROM {table.name})"""  # noqa: S608
        ).fetchone()
        return Sums(int(count), (int(high) << 30) + int(low))

    def close_file(self, tables: Sequence[Table], place: str, now: float) -> None:
        """Let nobody change anything here any more, whatever program it is. Call inside `writing()`."""
        conn = self._conn
        self._forget(conn)
        sentence = f"{MOVED}the hub is at {place} now. Set HUB_DATABASE to that, and start the hub again."
        quoted = sentence.replace("'", "''")
        conn.execute("CREATE TABLE moved (place TEXT NOT NULL, at REAL NOT NULL)")
        conn.execute("INSERT INTO moved (place, at) VALUES (?, ?)", (place, now))
        for name in (*(table.name for table in tables), "moved"):
            for event, _ in _EVENTS:
                conn.execute(
                    f"CREATE TRIGGER moved_{event}_{name} BEFORE {event} ON {name} BEGIN SELECT RAISE(ABORT, '{quoted}'); END"
                )


def in_parts(keys: set[Row]) -> Iterator[list[Row]]:
    """Keys, some at a time."""
    left = iter(sorted(keys, key=repr))
    while part := list(islice(left, KEYS_AT_A_TIME)):
        yield part


def add_up(table: Table, rows: Sequence[Row]) -> Sums:
    """Count and sum of these rows."""
    of = fingerprint(table.kinds)
    return Sums(len(rows), sum(of(*row) for row in rows))
