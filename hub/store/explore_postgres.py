"""Somebody's own SQL on PostgreSQL: one question on a connection of its own, read-only, within a time, of our tables alone.

PostgreSQL asks nobody which tables a question may read, and the role of the hub may read them all. So the walls are others than
in a file: no schema is searched (`search_path` is empty), so that only what a WITH names can be found, and the one with our
tables stands here before it; a schema cannot be named, nor a table of the server, nor a function that runs a text as SQL
(`hub.figures.asked_sql`); the transaction is READ ONLY; it is one statement (the extended protocol takes no second one).
"""

from __future__ import annotations

import contextlib
from typing import Any

import psycopg
from psycopg import errors, sql

from hub.store.connection import HubPool
from hub.store.explore import Told
from hub.store.explore_views import VIEWS, postgres_pieces, shown
from hub.store.postgres import PostgresPool

CONNECT_S = 5


def ask_postgres(
    pool: HubPool, question: str, timezone: str, seconds: float, rows: int, most_bytes: int
) -> Told:
    """The answer, or what is wrong."""
    assert isinstance(pool, PostgresPool)  # noqa: S101 - no other one comes here; this is for the type checker
    try:
        with contextlib.closing(
            psycopg.connect(pool.url, autocommit=True, connect_timeout=CONNECT_S, client_encoding="utf8")
        ) as conn:
            return _ask(conn, pool, question, timezone, seconds, rows, most_bytes)
    except errors.QueryCanceled:
        return Told(wrong="time")
    except (errors.UndefinedTable, errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction) as wrong:
        return Told(wrong="refused", text=_said(wrong))
    except (errors.OutOfMemory, errors.DiskFull) as wrong:
        return Told(wrong="memory", text=_said(wrong))
    except psycopg.OperationalError as wrong:
        return Told(wrong="storage", text=_said(wrong))
    except psycopg.Error as wrong:
        return Told(wrong="sql", text=_said(wrong))


def _ask(
    conn: psycopg.Connection[tuple[Any, ...]],
    pool: PostgresPool,
    question: str,
    timezone: str,
    seconds: float,
    rows: int,
    most_bytes: int,
) -> Told:
    (schema, there) = _tables(conn)
    pieces = postgres_pieces(timezone)
    before = ", ".join(
        f"{view.name} AS NOT MATERIALIZED ({shown(view, pool.shop, pieces, schema)})"
        for view in VIEWS.values()
        if view.base in there
    )
    conn.execute(f"SET statement_timeout = {int(seconds * 1_000)}")
    conn.execute("SET lock_timeout = 2000")
    conn.execute("SET work_mem = '16MB'")
    conn.execute("SET search_path = ''")
    conn.execute("BEGIN READ ONLY")
    statement = f"WITH {before} SELECT * FROM ({question}) AS answer LIMIT {int(rows) + 1}"  # noqa: S608 - see above
    found: list[tuple[Any, ...]] = []
    size = 0
    with conn.cursor() as cursor:
        # `prepare` asks for the extended protocol, which takes one statement and no more. A percent sign stands for itself
        # where no values are handed over.
        cursor.execute(statement, prepare=True)
        columns = tuple(str(column.name) for column in cursor.description or ())
        for row in cursor:
            plain = tuple(_plain(value) for value in row)
            size += sum(len(value) if isinstance(value, str) else 8 for value in plain)
            if len(found) == rows or size > most_bytes:
                return Told(columns, tuple(found), more=True)
            found.append(plain)
    return Told(columns, tuple(found))


def _tables(conn: psycopg.Connection[tuple[Any, ...]]) -> tuple[str, frozenset[str]]:
    """The schema in which the hub's tables are, as it is written in a statement, and their names."""
    row = conn.execute("SELECT current_schema()").fetchone()
    name = str(row[0]) if row else "public"
    found = conn.execute("SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = %s", (name,))
    return sql.Identifier(name).as_string(conn), frozenset(str(one) for (one,) in found)


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | float | str):
        return int(value) if isinstance(value, bool) else value
    from decimal import Decimal

    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)


def _said(wrong: psycopg.Error) -> str:
    return (wrong.diag.message_primary or str(wrong)).strip().splitlines()[0]
