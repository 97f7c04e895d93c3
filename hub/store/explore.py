"""The store's answers to somebody's own SQL, and the rows of the same tables one after the other, for files.

`ask` goes to a process of its own for a SQLite file (`explore_child`), to a connection of its own for PostgreSQL
(`explore_postgres`): no question shares a connection with the hub's own work.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hub.store.connection import HubPool, SqlitePool
from hub.store.explore_views import SQLITE, VIEWS, View, postgres_pieces, said

ROWS_AT_A_TIME = 5_000
STARTING_S = 10.0
"""What a process may take to begin and to end on a small, busy machine, beside the time of its question."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a question came to. `wrong`: "" or time, memory, refused, sql, storage, with the database's own `text`.
    `more`: there were more rows than were asked for."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    more: bool = False
    wrong: str = ""
    text: str = ""


class SqlExplore:
    """Questions about the tables of `hub.store.explore_views`, for one shop."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def ask(self, sql: str, timezone: str, seconds: float, rows: int, most_bytes: int) -> Told:
        """Answer a question that `hub.figures.asked_sql` let through. Nothing but its answer comes of it."""
        if isinstance(self._pool, SqlitePool):
            return self._ask_file(self._pool, sql, timezone, seconds, rows, most_bytes)
        from hub.store.explore_postgres import ask_postgres

        return ask_postgres(self._pool, sql, timezone, seconds, rows, most_bytes)

    def _ask_file(
        self, pool: SqlitePool, sql: str, timezone: str, seconds: float, rows: int, most_bytes: int
    ) -> Told:
        asked = {
            "path": str(pool.path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23"),
            "shop": pool.shop,
            "timezone": timezone,
            "sql": sql,
            "seconds": seconds,
            "rows": rows,
            "most_bytes": most_bytes,
        }
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-m", "hub.store.explore_child"],
                input=json.dumps(asked).encode(),
                capture_output=True,
                timeout=seconds + STARTING_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Told(wrong="time")
        except OSError as wrong:
            return Told(wrong="storage", text=str(wrong))
        if done.returncode != 0:
            # Ended by a limit of the system: too much memory where SQLite could not say so itself, or too much time.
            return Told(wrong="time" if done.returncode in (-9, -24) else "memory")
        answer = json.loads(done.stdout)
        if "wrong" in answer:
            return Told(wrong=answer["wrong"], text=answer["text"])
        return Told(tuple(answer["columns"]), tuple(map(tuple, answer["rows"])), answer["more"])

    def rows(
        self,
        name: str,
        timezone: str,
        first: float,
        end: float,
        only: Mapping[str, Sequence[object]] | None = None,
    ) -> Iterator[list[list[Any]]]:
        """The rows of a table by pages, in the order of its key; of one with a time, those from `first` to before `end`. A page
        is a question of its own, so nobody waits for whoever fetches slowly. `only`: by field of `Filters`, what it is narrowed
        to; what the table does not know is left out."""
        view = VIEWS[name]
        statement, places, values = self._page(view, timezone, first, end, only or {})
        after: tuple[object, ...] | None = None
        keys = ", ".join(view.key)
        marks = ", ".join("?" for _ in view.key)
        local = _Local(view, ZoneInfo(timezone))
        while True:
            further = f" AND ({keys}) > ({marks})" if after is not None else ""
            found = self._pool.read(
                f"{statement}{further} ORDER BY {keys} LIMIT {ROWS_AT_A_TIME}", *values, *(after or ())
            )
            if found:
                yield [local.put(list(row[places:])) for row in found]
            if len(found) < ROWS_AT_A_TIME:
                return
            after = tuple(found[-1][:places])

    def _page(
        self, view: View, timezone: str, first: float, end: float, only: Mapping[str, Sequence[object]]
    ) -> tuple[str, int, list[object]]:
        pieces = dict(SQLITE if isinstance(self._pool, SqlitePool) else postgres_pieces(timezone))
        # The day and the hour are made here: the file's own connection knows no timezone.
        pieces["day"] = pieces["hour"] = "{source}"
        columns = [*view.key, *(said(column, pieces) for column in view.columns)]
        where, values = "shop = ?", list[object]([self._pool.shop])
        if view.timed:
            where += f" AND {view.key[0]} >= ? AND {view.key[0]} < ?"
            values += [first, end]
        for field, column in view.cuts.items():
            wanted = list(only.get(field, ()))
            if wanted:
                where += f" AND {column} IN ({', '.join('?' for _ in wanted)})"
                values += wanted
        shown = f"SELECT {', '.join(columns)} FROM {view.base} WHERE {where}"  # noqa: S608 - names of our own
        return shown, len(view.key), values


class _Local:
    """Puts the shop's day and hour where the time stands."""

    def __init__(self, view: View, zone: ZoneInfo) -> None:
        self._days = [place for place, one in enumerate(view.columns) if one.sql.startswith("{day:")]
        self._hours = [place for place, one in enumerate(view.columns) if one.sql.startswith("{hour:")]
        self._zone = zone
        self._known: dict[int, tuple[str, int]] = {}

    def put(self, row: list[Any]) -> list[Any]:
        """The row with them."""
        for place in self._days:
            row[place] = self._of(row[place])[0]
        for place in self._hours:
            row[place] = self._of(row[place])[1]
        return row

    def _of(self, at: float) -> tuple[str, int]:
        # Every timezone's hours and days begin on a quarter of an hour.
        quarter = int(at // 900)
        known = self._known.get(quarter)
        if known is None:
            there = datetime.fromtimestamp(quarter * 900, self._zone)
            if len(self._known) > 100_000:
                self._known.clear()
            known = self._known[quarter] = (there.date().isoformat(), there.hour)
        return known
