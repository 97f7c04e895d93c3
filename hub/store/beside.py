"""Projections that are derived beside those in use: as rows of a shop that nobody has, in the same tables.

So one SQL does it on both databases, the shop goes on meanwhile, and only rows that differ are written when the two are changed
for each other: a lock for as long as it takes to compare them, not to write them all.
"""

from __future__ import annotations

from typing import Any

from hub.store.connection import Conn, HubPool
from hub.store.records import Run
from hub.store.schema import PROJECTIONS

REBUILT, VERIFIED = 1 << 20, 2 << 20
"""Added to a shop's number (at most 65,535): what a rebuild derives, and what a check derives."""

ROWS_AT_A_TIME = 2_000


class SqlBeside:
    """Compares the rows of a shop with those that were derived beside it, and puts these in their place."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def runs_after(self, position: int, limit: int = 50) -> list[Run]:
        """The next runs of the journal behind the event at that position."""
        rows = self._pool.read(
            """SELECT position, device, epoch, first_seq, count, received_at, texts FROM journal
               WHERE shop = ? AND position > ? ORDER BY position LIMIT ?""",
            self._pool.shop,
            position,
            limit,
        )
        return [Run(*row) for row in rows]

    def empty(self, apart: int, limit: int = ROWS_AT_A_TIME) -> bool:
        """Take a part of what was derived beside away; whether there may be more. Tills wait for one part at most."""
        shop = self._pool.shop + apart
        with self._pool.of_shop(shop).writing() as conn:
            for table in PROJECTIONS:
                keys = ", ".join(key for key in self._pool.key_columns(table) if key != "shop")
                gone = conn.execute(
                    f"DELETE FROM {table} WHERE shop = ? AND ({keys}) IN "  # noqa: S608 - names of our own
                    f"(SELECT {keys} FROM {table} WHERE shop = ? LIMIT ?)",
                    (shop, shop, limit),
                )
                if gone.rowcount > 0:
                    return True
        return False

    def differing(self, apart: int) -> tuple[str, ...]:
        """The projections of which some row is not the same as beside. Call inside a transaction that is locked."""
        found = []
        with self._pool.writing() as conn:
            for table in PROJECTIONS:
                same = _same(self._pool, conn, table)
                here, there = self._pool.shop, self._pool.shop + apart
                odd = conn.execute(
                    f"SELECT a.shop FROM {table} a WHERE a.shop = ? AND NOT EXISTS "  # noqa: S608
                    f"(SELECT b.shop FROM {table} b WHERE b.shop = ? AND {same}) LIMIT 1",
                    (here, there),
                ).fetchall()
                counts = [
                    conn.execute(f"SELECT count(*) FROM {table} WHERE shop = ?", (shop,)).fetchone()[0]  # noqa: S608
                    for shop in (here, there)
                ]
                if odd or counts[0] != counts[1]:
                    found.append(table)
        return tuple(found)

    def put_in_place(self, apart: int) -> int:
        """Make every row of the shop as it was derived beside; how many had to change. Call inside a locked transaction."""
        here, there = self._pool.shop, self._pool.shop + apart
        wrote = 0
        with self._pool.writing() as conn:
            for table in PROJECTIONS:
                same = _same(self._pool, conn, table)
                columns = _columns(conn, table)
                keys = " AND ".join(
                    f"a.{key} = b.{key}" for key in self._pool.key_columns(table) if key != "shop"
                )
                gone = conn.execute(
                    f"DELETE FROM {table} AS a WHERE a.shop = ? AND NOT EXISTS "  # noqa: S608
                    f"(SELECT b.shop FROM {table} b WHERE b.shop = ? AND {same})",
                    (here, there),
                )
                rest = [column for column in columns if column != "shop"]
                new = conn.execute(
                    f"INSERT INTO {table} (shop, {', '.join(rest)}) "  # noqa: S608
                    f"SELECT ?, {', '.join(f'b.{column}' for column in rest)} FROM {table} b WHERE b.shop = ? AND NOT EXISTS "
                    f"(SELECT a.shop FROM {table} a WHERE a.shop = ? AND {keys})",
                    (here, there, here),
                )
                wrote += max(0, gone.rowcount) + max(0, new.rowcount)
        return wrote


def _columns(conn: Conn, table: str) -> list[str]:
    answer: Any = conn.execute(f"SELECT * FROM {table} WHERE shop IS NULL")  # noqa: S608 - for its head alone
    return [str(column[0]) for column in answer.description]


def _same(pool: HubPool, conn: Conn, table: str) -> str:
    """That rows `a` and `b` say the same."""
    keys = pool.key_columns(table)
    rest = [column for column in _columns(conn, table) if column not in keys]
    terms = [f"a.{key} = b.{key}" for key in keys if key != "shop"]
    terms += [f"(a.{column} = b.{column} OR (a.{column} IS NULL AND b.{column} IS NULL))" for column in rest]
    return " AND ".join(terms) or "1 = 1"
