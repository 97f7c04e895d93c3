"""The hub's store on PostgreSQL: the same questions, asked with the same SQL (`hub.store.dialect` puts it in other words).

A change holds the shop's advisory lock from before its first read to its commit, so that changes happen one after the other, as
in a file (PostgreSQL, "Advisory Locks"); READ COMMITTED lets every statement behind the lock see what the one before left.
"""

from __future__ import annotations

import contextlib
import copy
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from psycopg import pq
from sqlite_utils.migrations import Migrations

from hub.client.trouble import StorageError
from hub.store.connection import MIGRATIONS, Conn, HubPool
from hub.store.dialect import for_postgres
from hub.store.grouped_postgres import GroupedPostgres
from hub.store.schema import PROJECTIONS
from hub.store.trouble_postgres import explain_postgres, is_the_servers
from hub.store.vacuum_postgres import vacuum
from hub.store.values_postgres import as_in_a_file
from hub.store.whole import HubStore

WAIT_MS = 5_000
"""For the server, and for a lock. Longer than any transaction of ours; shorter than a person waits at a till."""

LOCKS = 0x5B0B << 32
"""Where our advisory locks begin; the shop's number comes on top."""

LOCK_OF_TABLES, LOCK_OF_ALL = LOCKS - 1, LOCKS - 2
"""For whoever makes the tables, and for what concerns several shops at once. The second is asked for last, so nobody waits in a
ring."""

_TAKE_LOCK = "SELECT pg_advisory_xact_lock(%s::bigint)"

ROWS_AT_A_TIME = 1_000
NEW_AT_A_TIME = 500

T = TypeVar("T")


class PostgresConn:
    """A connection that takes our SQL."""

    plans_itself = True

    def __init__(self, conn: psycopg.Connection[tuple[Any, ...]]) -> None:
        self.raw = conn
        self.locks: set[int] = set()
        """Advisory locks that the transaction under way holds."""

    def execute(self, statement: str, values: Sequence[object] = ()) -> psycopg.Cursor[tuple[Any, ...]]:
        """Run one statement."""
        return self.raw.execute(for_postgres(statement), tuple(values))

    def executemany(
        self, statement: str, rows: Iterable[Sequence[object]]
    ) -> psycopg.Cursor[tuple[Any, ...]]:
        """Run one statement for each row."""
        cursor = self.raw.cursor()
        cursor.executemany(for_postgres(statement), rows)
        return cursor

    @property
    def in_transaction(self) -> bool:
        """Whether one is under way."""
        return self.raw.info.transaction_status != pq.TransactionStatus.IDLE

    def __getitem__(self, table: str) -> _Applied:
        """The list of what was applied, for sqlite-utils' `Migrations.pending`."""
        return _Applied(self)


class _Applied:
    def __init__(self, conn: PostgresConn) -> None:
        self._conn = conn

    def exists(self) -> bool:
        return True

    def rows_where(self, _where: str, values: Sequence[object], **_order: object) -> list[dict[str, object]]:
        rows = self._conn.execute("SELECT name FROM hub_migration WHERE migrations = ?", values).fetchall()
        return [{"name": name, "applied_at": ""} for (name,) in rows]


class PostgresPool(HubPool):
    """A database, for one shop of it; one connection for each thread. `url` has no password in it. `moving`: also where a hub is
    being moved here."""

    def __init__(
        self,
        url: str,
        shop: int = 0,
        migrations: Iterable[Migrations] = MIGRATIONS,
        *,
        moving: bool = False,
    ) -> None:
        self.url = url
        self._mine = threading.local()
        self._lock = threading.Lock()
        self._all: list[tuple[threading.Thread, PostgresConn]] = []
        try:
            self._bring_tables(migrations)
            if not moving:
                self._must_be_whole()
            # Whoever asks for the tables of an earlier release has no shop to speak for.
            if migrations is MIGRATIONS:
                self.find_shop(shop)
        except BaseException:
            self.close()
            raise

    def _must_be_whole(self) -> None:
        if self.read("SELECT number FROM hub_mark WHERE name = 'moving'"):
            raise StorageError(
                f"A hub is being moved to {self.url}, or was not moved to its end: run python -m hub migrate again."
            )

    def _bring_tables(self, migrations: Iterable[Migrations]) -> None:
        """To the newest schema, all in one transaction. Two programs may come at once: the second finds it done."""
        with self._locked(LOCK_OF_TABLES) as conn:
            conn.execute(
                "CREATE TABLE IF NOT EXISTS hub_migration (migrations TEXT NOT NULL, name TEXT NOT NULL, "
                "PRIMARY KEY (migrations, name))"
            )
            conn.execute(
                "CREATE TABLE IF NOT EXISTS hub_mark (name TEXT PRIMARY KEY, number INTEGER NOT NULL)"
            )
            for group in migrations:
                for step in group.pending(conn):  # type: ignore[arg-type]  # it asks no more of a Database than we have
                    step.fn(conn)  # type: ignore[arg-type]  # the same
                    conn.execute("INSERT INTO hub_migration VALUES (?, ?)", (group.name, step.name))

    def conn(self) -> PostgresConn:
        """This thread's connection; another one where the last was lost."""
        conn: PostgresConn | None = getattr(self._mine, "conn", None)
        if conn is None or conn.raw.closed:
            conn = self._mine.conn = self._open()
            with self._lock:
                for thread, other in self._all:
                    if not thread.is_alive():
                        other.raw.close()
                # In place: pools of other shops of this database have the same list.
                self._all[:] = [pair for pair in self._all if not pair[1].raw.closed]
                self._all.append((threading.current_thread(), conn))
        return conn

    def _open(self) -> PostgresConn:
        try:
            raw = psycopg.connect(
                self.url, autocommit=True, connect_timeout=WAIT_MS // 1_000, client_encoding="utf8"
            )
        except psycopg.Error as wrong:
            raise explain_postgres(wrong, self.url) from wrong
        try:
            as_in_a_file(raw)
            raw.execute("SET synchronous_commit = on")
            raw.execute(f"SET lock_timeout = {WAIT_MS}")  # a number of our own
        except psycopg.Error as wrong:
            raw.close()
            raise explain_postgres(wrong, self.url) from wrong
        if raw.info.parameter_status("server_encoding") != "UTF8":
            raw.close()
            raise StorageError(f"The database {self.url} must be made with the encoding UTF8.")
        return PostgresConn(raw)

    def read(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """All rows of a question."""
        conn = self.conn()
        alone = not conn.in_transaction
        try:
            try:
                return conn.execute(statement, values).fetchall()
            except psycopg.OperationalError:
                if not (alone and conn.raw.closed):
                    raise
                # The server was started again since the last question: nothing was asked yet.
                return self.conn().execute(statement, values).fetchall()
        except psycopg.Error as wrong:
            raise explain_postgres(wrong, self.url) from wrong

    def each(self, statement: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """The rows of a long question, fetched some at a time."""
        conn = self.conn()
        if not conn.in_transaction:
            conn.locks.clear()
        try:
            # A cursor of the server lives in a transaction (PostgreSQL, "DECLARE").
            with conn.raw.transaction(), conn.raw.cursor("each") as cursor:
                cursor.itersize = ROWS_AT_A_TIME
                yield from cursor.execute(for_postgres(statement), values)
        except psycopg.Error as wrong:
            raise explain_postgres(wrong, self.url) from wrong

    def writing(self) -> AbstractContextManager[PostgresConn]:
        """A transaction that is locked before its first read; inside another one on this thread, a part of that."""
        return self._locked(LOCKS + self.shop)

    def whole_database(self) -> AbstractContextManager[PostgresConn]:
        """The same for what concerns several shops."""
        return self._locked(LOCK_OF_ALL)

    @contextmanager
    def _locked(self, lock: int) -> Iterator[PostgresConn]:
        conn = self.conn()
        if conn.in_transaction:
            # A question that runs on, or another shop's change: this lock is taken beside what they hold.
            if lock not in conn.locks:
                self._lock_more(conn, lock)
            yield conn
            return
        conn = self._begun(lock)
        try:
            yield conn
            conn.raw.execute("COMMIT")
        except BaseException as wrong:
            with contextlib.suppress(psycopg.Error):
                conn.raw.execute("ROLLBACK")
            if isinstance(wrong, psycopg.Error) and is_the_servers(wrong):
                raise explain_postgres(wrong, self.url) from wrong
            raise

    def _lock_more(self, conn: PostgresConn, lock: int) -> None:
        try:
            conn.raw.execute(_TAKE_LOCK, (lock,))
        except psycopg.Error as wrong:
            raise explain_postgres(wrong, self.url) from wrong
        conn.locks.add(lock)

    def _begun(self, lock: int) -> PostgresConn:
        for again in (True, False):
            conn = self.conn()
            conn.locks.clear()
            try:
                conn.raw.execute("BEGIN")
                conn.raw.execute(_TAKE_LOCK, (lock,))
            except psycopg.Error as wrong:
                if again and conn.raw.closed:
                    # The server was started again since the last change: nothing was done yet.
                    continue
                with contextlib.suppress(psycopg.Error):
                    conn.raw.execute("ROLLBACK")
                raise explain_postgres(wrong, self.url) from wrong
            conn.locks.add(lock)
            break
        return conn

    def add_new(
        self,
        conn: Conn,
        table: str,
        marks: str,
        rows: Iterable[Sequence[Any]],
        key: str,
        unique: tuple[str, int],
    ) -> list[tuple[Any, ...]]:
        """Many rows in one question: each by itself would be a way to the server and back."""
        del key
        column, place = unique
        left, known = [tuple(row) for row in rows], list[tuple[Any, ...]]()
        while left:
            some, left = left[:NEW_AT_A_TIME], left[NEW_AT_A_TIME:]
            added = conn.execute(
                f"INSERT INTO {table} VALUES {', '.join([marks] * len(some))} ON CONFLICT DO NOTHING RETURNING {column}",  # noqa: S608
                [value for row in some for value in row],
            ).fetchall()
            new = {one for (one,) in added}
            known += [row for row in some if row[place] not in new]
        return known

    def key_columns(self, table: str) -> list[str]:
        """The columns of a table's primary key, in its order."""
        rows = self.read(
            """SELECT a.attname FROM pg_index i CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k(number, place)
               JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
               WHERE i.indrelid = CAST(? AS regclass) AND i.indisprimary ORDER BY k.place""",
            table,
        )
        return [str(name) for (name,) in rows]

    def all_columns(self) -> list[tuple[str, str, str]]:
        """Every column of every table: table, column, kind."""
        rows = self.read(
            """SELECT table_name, c.column_name, CASE c.data_type WHEN 'bytea' THEN 'blob' ELSE c.data_type END
               FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
               WHERE table_schema = current_schema() AND t.table_type = 'BASE TABLE'
               AND table_name NOT IN ('hub_migration', 'hub_mark')"""
        )
        return [(str(table), str(column), str(kind)) for table, column, kind in rows]

    def holds(self, column: str, kind: str) -> str:
        """That octets stand in a column; in one of texts they are read as UTF-8."""
        return (
            f"position(? in {column}) > 0"
            if kind == "blob"
            else f"position(convert_from(?, 'UTF8') in {column}) > 0"
        )

    def folding_of_all(self) -> int:
        """Which way of deriving all projections were made by, as an earlier release said it; 0 where nobody said."""
        rows = self.read("SELECT number FROM hub_mark WHERE name = 'folding'")
        return int(rows[0][0]) if rows else 0

    def interrupt(self) -> None:
        """Break off what other threads ask at this moment."""
        mine = getattr(self._mine, "conn", None)
        with self._lock:
            for _, conn in self._all:
                if conn is not mine:
                    with contextlib.suppress(psycopg.Error):
                        conn.raw.cancel()

    def close(self) -> None:
        """Close every connection. May be called twice."""
        with self._lock:
            for _, conn in self._all:
                with contextlib.suppress(psycopg.Error):
                    conn.raw.close()
            self._all.clear()
        self._mine = threading.local()


class PostgresStore(HubStore):
    """Answers every question of `hub.store.base.Store` from a PostgreSQL database. `shop`: which of its shops; 0: the lowest
    number."""

    def __init__(self, url: str, shop: int = 0, *, moving: bool = False) -> None:
        super().__init__(PostgresPool(url, shop, moving=moving))

    def _ask(self, pool: HubPool) -> None:
        super()._ask(pool)
        assert isinstance(pool, PostgresPool)  # noqa: S101 - no other one comes here
        self.pool = pool
        self._grouped = GroupedPostgres(pool)

    def together(self, work: Callable[[], T]) -> T:
        """`work` inside `writing()`, in one commit with what other threads wait to do for this shop. It may run twice."""
        return self._grouped.write(lambda _conn: work())

    def checkpoint(self, least_octets: int = 0) -> None:
        """Nothing to do: the server has a process of its own for it."""

    def clean_up(self, log: str, gone: Collection[str]) -> str:  # noqa: ARG002 - the server keeps its own log
        """What was overwritten is taken out of its tables."""
        return vacuum(self.pool.conn().raw)

    def copy_to(self, path: Path, *, kept_at: float | None = None) -> None:  # noqa: ARG002 - for a store that can
        """Not from here: StorageError, with the command that makes a backup."""
        raise StorageError(
            f"A PostgreSQL database is kept with its own tools: pg_dump -Fc -f {path} {self.pool.url}"
        )

    def is_sound(self) -> str | None:
        """None where the server can read every row of ours and has met no wrong checksum, else what it found."""
        try:
            for table in ("journal", *PROJECTIONS):
                self.pool.read(f"SELECT count(*) FROM {table}")  # noqa: S608 - a name of our own
            rows = self.pool.read(
                "SELECT coalesce(checksum_failures, 0) FROM pg_stat_database WHERE datname = current_database()"
            )
        except StorageError as wrong:
            if wrong.trouble == "damaged":
                return str(wrong)
            raise
        return f"{rows[0][0]} pages with a wrong checksum" if rows and rows[0][0] else None

    @contextmanager
    def trial(self) -> Iterator[HubStore]:
        """This store as it is at one moment, while tills go on: what is derived there stands in tables of this connection."""
        from hub.store.trial_postgres import trial_pool

        with trial_pool(self.pool) as pool:
            store = copy.copy(self)
            store._ask(pool)
            yield store
