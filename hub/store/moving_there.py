"""The database to which a hub's file is moved (`hub.store.moving`): takes rows over, adds them up, is whole or not yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, LiteralString, cast

import psycopg
from psycopg import sql

from hub.client.trouble import StorageError
from hub.store.moving import Row, Source, Sums, Table
from hub.store.postgres import PostgresStore
from hub.store.trouble_postgres import explain_postgres

_KINDS = {"bigint": "int", "double precision": "real", "text": "text", "bytea": "blob"}


def _print_there(table: Table) -> sql.Composable:
    """The same in PostgreSQL's words (PostgreSQL, "Binary String Functions")."""
    pieces = []
    for column, kind in zip(table.columns, table.kinds, strict=True):
        name = sql.Identifier(column)
        body = sql.SQL("convert_to({}, 'UTF8')").format(name) if kind == "text" else name
        mark, said = {
            "int": ("\\x01", sql.SQL("int8send({})").format(name)),
            "real": ("\\x02", sql.SQL("float8send({})").format(name)),
            "text": ("\\x03", sql.SQL("int4send(octet_length({})) || {}").format(body, body)),
            "blob": ("\\x04", sql.SQL("int4send(octet_length({})) || {}").format(body, body)),
        }[kind]
        pieces.append(
            sql.SQL("coalesce({}::bytea || {}, {}::bytea)").format(
                sql.Literal(mark), said, sql.Literal("\\x00")
            )
        )
    whole = sql.SQL(" || ").join(pieces)
    return sql.SQL("('x' || substr(md5({}), 1, 15))::bit(60)::bigint").format(whole)


class Target:
    """The database that the hub is moved to."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.store = PostgresStore(url, moving=True)

    @property
    def _conn(self) -> psycopg.Connection[Row]:
        return self.store.pool.conn().raw

    def close(self) -> None:
        """Close every connection."""
        self.store.close()

    def mark(self, *, moving: bool) -> None:
        """Whether it is not whole yet: no hub opens it meanwhile."""
        with self.store.pool.whole_database() as conn:
            conn.execute("DELETE FROM hub_mark WHERE name = 'moving'")
            if moving:
                conn.execute("INSERT INTO hub_mark (name, number) VALUES ('moving', 1)")

    def tables(self, source: Source) -> list[Table]:
        """Every table of both sides; StorageError where they are not the same."""
        kinds: dict[str, dict[str, str]] = {}
        for name, column, kind in self._conn.execute(
            """SELECT table_name, column_name, data_type FROM information_schema.columns JOIN information_schema.tables
               USING (table_schema, table_name) WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'
               AND table_name NOT IN ('hub_migration', 'hub_mark')"""
        ):
            kinds.setdefault(name, {})[column] = str(_KINDS.get(kind, kind))
        here = source.tables()
        odd = {
            name
            for name in here.keys() | kinds.keys()
            if set(here.get(name, ((),))[0]) != set(kinds.get(name, {}))
        }
        odd |= {name for name, (_, keys) in here.items() if not keys}
        if odd:
            raise StorageError(f"These tables are not the same on both sides: {', '.join(sorted(odd))}.")
        return [
            Table(name, columns, tuple(kinds[name][column] for column in columns), keys)
            for name, (columns, keys) in here.items()
        ]

    def add(self, table: Table, rows: Sequence[Row]) -> None:
        """Rows that are not there yet."""
        columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
        question = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), columns)
        with self._told(), self._conn.cursor().copy(question) as copy:
            for row in rows:
                copy.write_row(row)

    def take_over(self, table: Table, rows: Sequence[Row], keys: Sequence[Row]) -> None:
        """Let the rows with these keys be these: others that have one of the keys are gone."""
        there = {table.key_of(row) for row in rows}
        gone = [key for key in keys if key not in there]
        name = sql.Identifier(table.name)
        where = sql.SQL(" AND ").join(sql.SQL("{} = %s").format(sql.Identifier(key)) for key in table.keys)
        delete = sql.SQL("DELETE FROM {} WHERE {}").format(name, where)
        rest = [column for column in table.columns if column not in table.keys]
        columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
        values = sql.SQL(", ").join(sql.Placeholder() for _ in table.columns)
        insert = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(name, columns, values)
        # A row that is the same is not touched: the record of changes lets nobody update it.
        either = sql.SQL("UPDATE SET {} WHERE ({}) IS DISTINCT FROM ({})").format(
            sql.SQL(", ").join(
                sql.SQL("{} = excluded.{}").format(sql.Identifier(one), sql.Identifier(one)) for one in rest
            ),
            sql.SQL(", ").join(sql.SQL("{}.{}").format(name, sql.Identifier(one)) for one in rest),
            sql.SQL(", ").join(sql.SQL("excluded.{}").format(sql.Identifier(one)) for one in rest),
        )
        upsert = sql.SQL("{} ON CONFLICT ({}) DO {}").format(
            insert,
            sql.SQL(", ").join(map(sql.Identifier, table.keys)),
            either if rest else sql.SQL("NOTHING"),
        )
        with self._told(), self._conn.transaction(), self._conn.cursor() as cursor:
            cursor.executemany(delete, gone)
            try:
                with self._conn.transaction():
                    cursor.executemany(upsert, rows)
            except psycopg.errors.UniqueViolation:
                # Two rows have changed a unique value for each other's.
                cursor.executemany(delete, keys)
                cursor.executemany(insert, rows)

    def sums(self, table: Table, keys: Sequence[Row] | None = None) -> Sums:
        """Count and sum of all rows, or of those with these keys."""
        where: sql.Composable = sql.SQL("")
        values: list[Any] = []
        if keys is not None:
            one = sql.SQL("({})").format(sql.SQL(", ").join(sql.Placeholder() for _ in table.keys))
            where = sql.SQL("WHERE ({}) IN ({})").format(
                sql.SQL(", ").join(map(sql.Identifier, table.keys)), sql.SQL(", ").join([one] * len(keys))
            )
            values = [value for key in keys for value in key]
        question = sql.SQL(
            "SELECT count(*), coalesce(sum(p), 0) FROM (SELECT {} AS p FROM {} {}) AS prints"
        ).format(_print_there(table), sql.Identifier(table.name), where)
        with self._told():
            row = self._conn.execute(question, values).fetchone()
        return Sums(int(row[0]), int(row[1])) if row else Sums(0, 0)

    def count(self, table: Table) -> int:
        """How many rows there are."""
        with self._told():
            row = self._conn.execute(
                sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table.name))
            ).fetchone()
        return int(row[0]) if row else 0

    def analyse(self) -> None:
        """Let the server's planner know the tables."""
        with self._told():
            self._conn.execute("ANALYZE")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as wrong:
            raise explain_postgres(wrong, self.url) from wrong


def begun_before(url: str) -> bool:
    """Whether a move to this database was begun and not finished."""
    try:
        with closing(psycopg.connect(url, autocommit=True, connect_timeout=5)) as conn:
            there = conn.execute("SELECT to_regclass('hub_mark') IS NOT NULL").fetchone()
            if not (there and there[0]):
                return False
            return bool(conn.execute("SELECT 1 FROM hub_mark WHERE name = 'moving'").fetchall())
    except psycopg.Error as wrong:
        raise explain_postgres(wrong, url) from wrong


def clear(url: str) -> None:
    """Take away what a move that was not finished has left. Only for a database of which `begun_before` is true."""
    try:
        with closing(psycopg.connect(url, autocommit=True, connect_timeout=5)) as conn:
            found = conn.execute(
                """SELECT format('DROP %s IF EXISTS %I CASCADE', CASE table_type WHEN 'VIEW' THEN 'VIEW' ELSE 'TABLE' END,
                          table_name) FROM information_schema.tables WHERE table_schema = current_schema()
                          ORDER BY table_type DESC"""
            ).fetchall()
            for (statement,) in found:
                conn.execute(cast("LiteralString", statement))
    except psycopg.Error as wrong:
        raise explain_postgres(wrong, url) from wrong
