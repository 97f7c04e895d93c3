"""How the hub's store reaches its database: one connection a thread, calls on one thread joining one transaction."""

from __future__ import annotations

import copy
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Protocol, Self

from sqlite_utils import Database

from hub.client.db import Pool, explain, writing
from hub.store.alarms_schema import MIGRATIONS_ALARMS
from hub.store.audit_schema import MIGRATIONS_AUDIT
from hub.store.campaigns_schema import MIGRATIONS_CAMPAIGNS
from hub.store.care_schema import MIGRATIONS_CARE
from hub.store.chain_schema import MIGRATIONS_CHAIN
from hub.store.consents_schema import MIGRATIONS_CONSENTS
from hub.store.doors_schema import MIGRATIONS_DOORS
from hub.store.fleet_schema import MIGRATIONS_FLEET
from hub.store.hidden_schema import MIGRATIONS_HIDDEN
from hub.store.inbox_schema import MIGRATIONS_INBOX
from hub.store.keys_schema import MIGRATIONS_KEYS
from hub.store.mailings_schema import MIGRATIONS_MAILINGS
from hub.store.members_schema import MIGRATIONS_MEMBERS
from hub.store.messages_schema import MIGRATIONS_MESSAGES
from hub.store.notes_schema import MIGRATIONS_NOTES
from hub.store.outs_schema import MIGRATIONS_OUTS
from hub.store.outside_schema import MIGRATIONS_OUTSIDE
from hub.store.people_schema import MIGRATIONS_PEOPLE
from hub.store.purchases_schema import MIGRATIONS_PURCHASES
from hub.store.purse_schema import MIGRATIONS_PURSE
from hub.store.register_schema import MIGRATIONS_REGISTER
from hub.store.rollups_schema import MIGRATIONS_ROLLUPS
from hub.store.schema import MIGRATIONS_HUB
from hub.store.segments_schema import MIGRATIONS_SEGMENTS
from hub.store.setback_schema import MIGRATIONS_SETBACK
from hub.store.tenancy_schema import MIGRATIONS_TENANCY
from hub.store.work_schema import MIGRATIONS_WORK
from hub.store.worth_schema import MIGRATIONS_WORTH

MIGRATIONS = (
    MIGRATIONS_HUB,
    MIGRATIONS_KEYS,
    MIGRATIONS_SETBACK,
    MIGRATIONS_AUDIT,
    MIGRATIONS_TENANCY,
    MIGRATIONS_WORK,
    MIGRATIONS_OUTSIDE,
    MIGRATIONS_PEOPLE,
    MIGRATIONS_CAMPAIGNS,
    MIGRATIONS_FLEET,
    MIGRATIONS_CHAIN,
    MIGRATIONS_ALARMS,
    MIGRATIONS_OUTS,
    MIGRATIONS_NOTES,
    MIGRATIONS_PURCHASES,
    MIGRATIONS_ROLLUPS,
    MIGRATIONS_MEMBERS,
    MIGRATIONS_HIDDEN,
    MIGRATIONS_CARE,
    MIGRATIONS_REGISTER,
    MIGRATIONS_PURSE,
    MIGRATIONS_WORTH,
    MIGRATIONS_DOORS,
    MIGRATIONS_MESSAGES,
    MIGRATIONS_INBOX,
    MIGRATIONS_MAILINGS,
    MIGRATIONS_CONSENTS,
    MIGRATIONS_SEGMENTS,
)
"""Every set of tables, in the order in which they are made."""

CHECKPOINT_PAGES = 16_384
"""64 MiB of write-ahead log. A job moves it into the file long before, so that no till waits while it is done."""


class Answer(Protocol):
    """What a statement came to."""

    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...


class Conn(Protocol):
    """A connection inside a transaction. Statements are our one SQL, with a `?` for each value."""

    def execute(self, statement: str, values: Sequence[object] = ..., /) -> Answer: ...
    def executemany(self, statement: str, rows: Iterable[Sequence[object]], /) -> Answer: ...


class HubPool(ABC):
    """The hub's database, for one shop of it. `shop` is 0 until the shop has been made."""

    shop: int = 0
    on_trial: bool = False
    """All that is done is forgotten afterwards: nothing but projections is to be touched."""

    def of_shop(self, number: int) -> Self:
        """The same connections for another shop of the same database."""
        other = copy.copy(self)
        other.shop = number
        return other

    @abstractmethod
    def read(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """All rows of a question."""

    @abstractmethod
    def each(self, statement: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """The rows of a long question, one after the other, without having them all at once."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[Conn]:
        """A transaction that is locked before its first read; inside another one on this thread, a part of that."""

    @abstractmethod
    def whole_database(self) -> AbstractContextManager[Conn]:
        """The same for what concerns several shops: one at a time in the whole database. Ask for no shop's lock inside."""

    def add_new(
        self,
        conn: Conn,
        table: str,
        marks: str,
        rows: Iterable[Sequence[Any]],
        key: str,
        unique: tuple[str, int],
    ) -> list[tuple[Any, ...]]:
        """Add rows whose keys are not there yet; those that were. `marks`: a row's values as SQL; `key`: the column that is the
        key beside the shop, first in each row; `unique`: a column that no two of these rows share, and its place in them."""
        new = [tuple(row) for row in rows]
        statement = f"INSERT INTO {table} VALUES {marks} ON CONFLICT DO NOTHING"  # noqa: S608
        if conn.executemany(statement, new).rowcount == len(new):
            return []
        column, place = unique
        question = f"SELECT {column} FROM {table} WHERE shop = ? AND {key} = ?"  # noqa: S608
        return [row for row in new if conn.execute(question, (self.shop, row[0])).fetchone()[0] != row[place]]

    def empty_table(self, conn: Conn, table: str) -> None:
        """Take the shop's rows of a table away. The name is one of our own."""
        conn.execute(f"DELETE FROM {table} WHERE shop = ?", (self.shop,))  # noqa: S608

    @abstractmethod
    def key_columns(self, table: str) -> list[str]:
        """The columns of a table's primary key, in its order."""

    @abstractmethod
    def all_columns(self) -> list[tuple[str, str, str]]:
        """Every column of every table of the hub: table, column, kind ("text", "blob" or something else)."""

    @abstractmethod
    def holds(self, column: str, kind: str) -> str:
        """A condition with one value, given as octets: that they stand somewhere in this column of that kind."""

    @abstractmethod
    def folding_of_all(self) -> int:
        """Which way of deriving all projections were made by, as an earlier release said it; 0 where nobody said."""

    def folding(self) -> int:
        """Which way of deriving the projections of this shop were made by; 0 where nobody said."""
        rows = self.read("SELECT folding FROM derived WHERE shop = ?", self.shop)
        return int(rows[0][0]) if rows else self.folding_of_all()

    def set_folding(self, number: int) -> None:
        """They were made in this way."""
        with self.writing() as conn:
            conn.execute(
                """INSERT INTO derived (shop, folding) VALUES (?, ?)
                   ON CONFLICT (shop) DO UPDATE SET folding = excluded.folding""",
                (self.shop, number),
            )

    @abstractmethod
    def close(self) -> None:
        """Close every connection. May be called twice. No other thread may be in the middle of anything."""

    @abstractmethod
    def interrupt(self) -> None:
        """Break off what other threads ask at this moment."""

    def erasing(self, conn: Conn) -> AbstractContextManager[None]:  # noqa: ARG002 - for databases that can
        """What is deleted inside is overwritten on the disk at once, where the database can do that; a file does so always."""
        return nullcontext()

    def find_shop(self, wanted: int = 0) -> None:
        """Learn which shop this hub is for: the one that is wanted, or that with the lowest number of those that have no hub of
        their own elsewhere; 0 where it is not there."""
        rows = self.read(
            """SELECT number FROM shop WHERE number = ? OR ? = 0
               ORDER BY CASE WHEN number IN (SELECT tenant FROM shop_below) THEN 1 ELSE 0 END, number LIMIT 1""",
            wanted,
            wanted,
        )
        self.shop = int(rows[0][0]) if rows else 0

    def snapshot_changed(self, conn: Conn) -> None:
        """Tell every cache that what a snapshot says may differ now."""
        conn.execute("UPDATE shop SET snapshot_version = snapshot_version + 1 WHERE number = ?", (self.shop,))

    def snapshot_version(self) -> int:
        """Rises with everything that a snapshot says."""
        rows = self.read("SELECT snapshot_version FROM shop WHERE number = ?", self.shop)
        return int(rows[0][0]) if rows else 0


class SqlitePool(Pool, HubPool):
    """The hub's database in one SQLite file."""

    def __init__(self, path: Path, shop: int = 0) -> None:
        super().__init__(path, MIGRATIONS)
        try:
            # Whoever has just made the tables has not read their statistics yet.
            self.read("ANALYZE sqlite_schema")
            self.find_shop(shop)
        except BaseException:
            # A file that is left open as read-only, on a full disk, makes it so for every later connection of this program.
            self.close()
            raise

    def opened(self, db: Database) -> None:
        """The log is moved into the file by a job, not by whoever writes."""
        db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")

    def conn(self) -> sqlite3.Connection:
        """This thread's connection as the standard library knows it."""
        conn = self.here().conn
        assert conn is not None  # noqa: S101 - an open Database always has one; this is for the type checker
        return conn

    def read(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """All rows of a question."""
        try:
            return self.conn().execute(statement, values).fetchall()
        except sqlite3.Error as wrong:
            raise explain(wrong, self.path) from wrong

    def each(self, statement: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """The rows of a long question, one after the other."""
        yield from self.conn().execute(statement, values)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is locked before its first read; inside another one on this thread, a part of that."""
        db = self.here()
        conn = self.conn()
        if conn.in_transaction:
            yield conn
            return
        with writing(db):
            yield conn

    def key_columns(self, table: str) -> list[str]:
        """The columns of a table's primary key, in its order."""
        rows = self.read("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", table)
        return [str(name) for (name,) in rows]

    def all_columns(self) -> list[tuple[str, str, str]]:
        """Every column of every table: table, column, kind."""
        rows = self.read(
            """SELECT t.name, c.name, lower(c.type) FROM sqlite_schema t JOIN pragma_table_info(t.name) c
               WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND t.name <> '_sqlite_migrations'"""
        )
        return [(str(table), str(column), str(kind)) for table, column, kind in rows]

    def holds(self, column: str, kind: str) -> str:  # noqa: ARG002 - both are octets here
        """That octets stand in a column. Both sides have to be octets, or SQLite looks for characters up to a NUL."""
        return f"instr(CAST({column} AS BLOB), ?) > 0"

    def whole_database(self) -> AbstractContextManager[Conn]:
        """A file has one lock for all its shops."""
        return self.writing()

    def folding_of_all(self) -> int:
        """Which way of deriving all projections were made by, as an earlier release said it; 0 where nobody said."""
        return int(self.read("PRAGMA user_version")[0][0])
