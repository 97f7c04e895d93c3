"""Several threads' changes of one shop in one commit on PostgreSQL: one sync of its log for all that wait for the shop's lock."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import psycopg

from hub.client.together import Grouped

if TYPE_CHECKING:
    from hub.store.postgres import PostgresConn, PostgresPool


class GroupedPostgres(Grouped["PostgresConn"]):
    """For one shop: changes of another one have a lock of their own, and need not wait."""

    def __init__(self, pool: PostgresPool) -> None:
        super().__init__()
        self._pool = pool
        self._locks: set[int] = set()

    def _begun(self) -> AbstractContextManager[PostgresConn]:
        return self._pool.writing()

    def _do(self, conn: PostgresConn, statement: str) -> None:
        conn.execute(statement)
        # A lock that was taken behind a savepoint is let go with it (PostgreSQL, "Advisory Locks").
        if statement.startswith("SAVEPOINT"):
            self._locks = set(conn.locks)
        elif statement.startswith("ROLLBACK"):
            conn.locks.intersection_update(self._locks)

    def _concerns_all(self, conn: PostgresConn, wrong: Exception) -> bool:
        return isinstance(wrong, psycopg.Error) or not conn.in_transaction
