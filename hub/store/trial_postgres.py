"""A PostgreSQL database as it is at one moment, for a check that nobody waits for: no lock of a shop, nothing is kept.

Everything is read in one transaction with REPEATABLE READ. A table that is emptied there becomes one of this connection alone
(PostgreSQL, "CREATE TABLE", TEMPORARY): it comes first where a name is looked up, and is gone with the transaction.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import psycopg

from hub.store.connection import Conn
from hub.store.postgres import PostgresConn, PostgresPool
from hub.store.trouble_postgres import explain_postgres, is_the_servers


class TrialPool(PostgresPool):
    """One connection with one transaction, for whoever opened it."""

    on_trial = True

    def __init__(self, url: str, shop: int) -> None:
        self.url = url
        self.shop = shop
        self._emptied: set[str] = set()
        self._conn = self._open()
        # A statement that the server has prepared would go on with the table that it knows.
        self._conn.raw.prepare_threshold = None

    def begin(self) -> None:
        """What is read from now on is of this moment."""
        self._conn.raw.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")

    def conn(self) -> PostgresConn:
        """The one connection."""
        return self._conn

    def writing(self) -> AbstractContextManager[PostgresConn]:
        """All of it is one transaction that nobody else sees."""
        return nullcontext(self._conn)

    def whole_database(self) -> AbstractContextManager[PostgresConn]:
        """The same."""
        return nullcontext(self._conn)

    def empty_table(self, conn: Conn, table: str) -> None:
        """Go on with an empty table in the place of the shop's own."""
        if table in self._emptied:
            super().empty_table(conn, table)
            return
        conn.execute(f"CREATE TEMPORARY TABLE {table} (LIKE {table} INCLUDING ALL) ON COMMIT DROP")
        self._emptied.add(table)

    def close(self) -> None:
        """Forget everything."""
        with contextlib.suppress(psycopg.Error):
            self._conn.raw.execute("ROLLBACK")
        self._conn.raw.close()


@contextmanager
def trial_pool(pool: PostgresPool) -> Iterator[TrialPool]:
    """A pool over the same database and shop whose changes are forgotten. StorageError where the server fails."""
    trial = TrialPool(pool.url, pool.shop)
    try:
        trial.begin()
        yield trial
    except psycopg.Error as wrong:
        if is_the_servers(wrong):
            raise explain_postgres(wrong, pool.url) from wrong
        raise
    finally:
        trial.close()
