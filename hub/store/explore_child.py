"""The process that asks one question in somebody's own SQL of a SQLite file, and ends. `python -m hub.store.explore_child`

A process of its own, so that a question can hold no till up: it is nice, its memory and its time are limited by SQLite and by
the system, and it can be ended at any moment. What it opens is read-only. What it may read is decided by SQLite's authorizer
while the question is compiled: the columns of our views, and behind them only what a view itself reads.

Why the views have an inner one with a random name: SQLite tells the authorizer for whom a column is read by the name of the view
or *of the subquery* (SQLite, "Compile-Time Authorization Callbacks"), so a WITH that is called like a view would pass for it.
Nobody can write a name that is drawn anew for each question.

It reads one JSON object from standard input and writes one to standard output.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import secrets
import sqlite3
import sys
import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hub.figures.asked_sql import FUNCTIONS
from hub.store.explore_views import SQLITE, VIEWS, shown

MEMORY_BYTES = 192 * 2**20
"""What SQLite may take; the process twice as much."""

MOST_TEXT = 200_000
"""Bytes of one value, of a text that is put together on the way, too."""

LOOK_EVERY = 2_000
"""Steps of SQLite's machine between two looks at the clock: some microseconds."""

_OPEN = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE})
_OURS = frozenset({"shop_day", "shop_hour", "json_extract"})


class _Walls:
    """What a question may read: `inner` are the drawn names, each with the table behind it."""

    def __init__(self, inner: dict[str, str]) -> None:
        self._inner = inner

    def __call__(
        self, action: int, one: str | None, two: str | None, database: str | None, source: str | None
    ) -> int:
        del database
        if action in _OPEN:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ:
            mine = one in VIEWS or one in self._inner or self._inner.get(source or "") == one
            return sqlite3.SQLITE_OK if mine else sqlite3.SQLITE_DENY
        if action == sqlite3.SQLITE_FUNCTION:
            name = (two or "").lower()
            # Our own are called by our views alone: no question can name them (`hub.figures.asked_sql`).
            return (
                sqlite3.SQLITE_OK
                if name in FUNCTIONS or name in _OURS or name == "like"
                else sqlite3.SQLITE_DENY
            )
        return sqlite3.SQLITE_DENY


def ask(
    path: str, shop: int, timezone: str, sql: str, seconds: float, rows: int, most_bytes: int
) -> dict[str, Any]:
    """The answer: `columns`, `rows`, `more` where there were more of them; or `wrong`, a word, with SQLite's own `text`."""
    conn = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None, cached_statements=0)
    zone = ZoneInfo(timezone)
    conn.create_function("shop_day", 1, lambda at: _local(at, zone, "%Y-%m-%d"), deterministic=True)
    conn.create_function("shop_hour", 1, lambda at: _hour(at, zone), deterministic=True)
    conn.execute("PRAGMA temp_store = MEMORY")
    conn.execute("PRAGMA cache_size = -32000")
    conn.execute("PRAGMA busy_timeout = 2000")
    conn.execute("PRAGMA trusted_schema = ON")
    there = {
        str(name) for (name,) in conn.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")
    }
    inner: dict[str, str] = {}
    for view in VIEWS.values():
        if view.base not in there:
            continue
        name = f"x{secrets.token_hex(16)}"
        inner[name] = view.base
        conn.execute(f"CREATE TEMP VIEW {name} AS {shown(view, shop, SQLITE)}")
        conn.execute(f"CREATE TEMP VIEW {view.name} AS SELECT * FROM temp.{name}")  # noqa: S608 - names of our own
    conn.execute("PRAGMA query_only = ON")
    for limit, most in (
        (sqlite3.SQLITE_LIMIT_LENGTH, MOST_TEXT),
        (sqlite3.SQLITE_LIMIT_SQL_LENGTH, 20_000),
        (sqlite3.SQLITE_LIMIT_COLUMN, 200),
        (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 100),
        (sqlite3.SQLITE_LIMIT_COMPOUND_SELECT, 20),
        (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
    ):
        conn.setlimit(limit, most)
    conn.set_authorizer(_Walls(inner))
    end = time.monotonic() + seconds
    conn.set_progress_handler(lambda: int(time.monotonic() > end), LOOK_EVERY)
    try:
        # Behind the question its end is written, so that nothing can hang on.
        cursor = conn.execute(f"SELECT * FROM ({sql}) AS answer LIMIT {int(rows) + 1}")  # noqa: S608 - that is what it is for
        columns = [str(column[0]) for column in cursor.description]
        found: list[list[Any]] = []
        size = 0
        for row in cursor:
            if len(found) == rows:
                return {"columns": columns, "rows": found, "more": True}
            plain = [_plain(value) for value in row]
            size += sum(len(value) if isinstance(value, str) else 8 for value in plain)
            if size > most_bytes:
                return {"columns": columns, "rows": found, "more": True}
            found.append(plain)
    except sqlite3.OperationalError as wrong:
        if str(wrong) == "interrupted":
            return {"wrong": "time", "text": ""}
        return {"wrong": "sql", "text": _said(wrong, inner)}
    except sqlite3.Error as wrong:
        refused = "prohibited" in str(wrong) or "not authorized" in str(wrong)
        return {"wrong": "refused" if refused else "sql", "text": _said(wrong, inner)}
    except MemoryError:
        return {"wrong": "memory", "text": ""}
    return {"columns": columns, "rows": found, "more": False}


def _said(wrong: sqlite3.Error, inner: dict[str, str]) -> str:
    text = str(wrong)
    for name in inner:
        text = text.replace(name, "…")
    return text


def _plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


def _local(at: object, zone: ZoneInfo, form: str) -> str | None:
    if not isinstance(at, int | float):
        return None
    try:
        return datetime.fromtimestamp(at, zone).strftime(form)
    except (OverflowError, ValueError, OSError):
        return None


def _hour(at: object, zone: ZoneInfo) -> int | None:
    text = _local(at, zone, "%H")
    return int(text) if text is not None else None


def main() -> int:
    """Read what is asked, answer, end."""
    asked = json.loads(sys.stdin.buffer.read())
    cpu_s = int(float(asked["seconds"])) + 2
    # A service may forbid this (SystemCallFilter=~@resources); SQLite's own limits and whoever started this hold all the same.
    with contextlib.suppress(OSError):
        os.nice(10)
    for what, most in (
        (resource.RLIMIT_AS, 2 * MEMORY_BYTES),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_FSIZE, 2**20),
    ):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(what, (most, most))
    try:
        # Of this whole process, which has nothing else to do.
        sqlite3.connect(":memory:").execute(f"PRAGMA hard_heap_limit = {MEMORY_BYTES}").close()
        answer = ask(**asked)
    except sqlite3.Error as wrong:
        answer = {"wrong": "storage", "text": str(wrong)}
    sys.stdout.buffer.write(json.dumps(answer).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
