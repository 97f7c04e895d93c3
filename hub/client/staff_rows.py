"""Who of the staff is signed in at this node, and wrong PINs: rows beside the program's own, for the till and for the door."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import msgspec
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.client.db import Pool, writing

MIGRATIONS_STAFF = Migrations("staff")


@MIGRATIONS_STAFF()
def m001_each_try_by_itself(db: Database) -> None:
    """Tries at PINs by the machine's own time since its start, and a total that only rises."""
    for statement in (
        # place: 1, 2, 3 ... for each person, and for the node; only the newest are kept.
        """CREATE TABLE pin_try (
            who TEXT NOT NULL, place INTEGER NOT NULL, boot TEXT NOT NULL, seconds REAL NOT NULL, PRIMARY KEY (who, place))""",
        """CREATE TABLE pin_count (
            who TEXT PRIMARY KEY, total INTEGER NOT NULL, in_a_row INTEGER NOT NULL)""",
        # What an earlier release counted by the wall clock: waits in a row go on.
        """INSERT INTO pin_count SELECT who, tries, tries FROM wrong_pin WHERE tries > 0""",
        """INSERT INTO pin_try SELECT who, tries, '', 0 FROM wrong_pin WHERE tries > 0""",
        "DROP TABLE wrong_pin",
    ):
        db.execute(statement)


@dataclass(frozen=True, slots=True)
class Tried:
    """One try at a PIN, in `seconds` since the start called `boot`. `in_a_row`: wrong ones up to now."""

    boot: str
    seconds: float
    in_a_row: int


class Session(msgspec.Struct, frozen=True):
    """Somebody who signed in. Times are seconds of UTC."""

    staff: str
    began_at: float
    seen_at: float


def make_staff_tables(db: Database) -> None:
    """The tables, inside a migration of the program that signs staff in."""
    for statement in (
        "CREATE TABLE wrong_pin (who TEXT PRIMARY KEY, tries INTEGER NOT NULL, at REAL NOT NULL)",
        """CREATE TABLE staff_session (
            token_hash BLOB PRIMARY KEY, staff TEXT NOT NULL, began_at REAL NOT NULL, seen_at REAL NOT NULL)""",
    ):
        db.execute(statement)


class StaffRows:
    """Sessions and wrong PINs on this node's disk. Several threads and programs may use one file."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        db = pool.here()
        with writing(db):
            MIGRATIONS_STAFF.apply(db)

    def tried(self, conn: sqlite3.Connection, who: str) -> list[Tried]:
        """The tries that are kept, the newest first."""
        rows = conn.execute(
            """SELECT boot, seconds, in_a_row FROM pin_try JOIN pin_count USING (who) WHERE who = ?
               ORDER BY place DESC""",
            (who,),
        )
        return [Tried(*row) for row in rows]

    def count_try(self, conn: sqlite3.Connection, who: str, boot: str, seconds: float, *, keep: int) -> None:
        """Count a try; of those before it only the newest `keep` - 1 stay."""
        conn.execute(
            """INSERT INTO pin_count VALUES (?, 1, 1) ON CONFLICT (who) DO UPDATE SET
               total = total + 1, in_a_row = in_a_row + 1""",
            (who,),
        )
        (place,) = conn.execute(
            "SELECT coalesce(max(place), 0) + 1 FROM pin_try WHERE who = ?", (who,)
        ).fetchone()
        conn.execute("INSERT INTO pin_try VALUES (?, ?, ?, ?)", (who, place, boot, seconds))
        conn.execute("DELETE FROM pin_try WHERE who = ? AND place <= ?", (who, place - keep))

    def take_back_try(self, conn: sqlite3.Connection, who: str, *, clear: bool) -> None:
        """The newest try was right. `clear`: nothing is wrong in a row any more; else one less."""
        conn.execute(
            "DELETE FROM pin_try WHERE who = ? AND place = (SELECT max(place) FROM pin_try WHERE who = ?)",
            (who, who),
        )
        conn.execute(
            """UPDATE pin_count SET total = total - 1, in_a_row = CASE WHEN ? THEN 0 ELSE max(0, in_a_row - 1) END
               WHERE who = ?""",
            (clear, who),
        )

    def wrong_pins(self, conn: sqlite3.Connection, who: str) -> tuple[int, int]:
        """How many wrong PINs were ever tried, those under way included; and how many in a row."""
        row = conn.execute("SELECT total, in_a_row FROM pin_count WHERE who = ?", (who,)).fetchone()
        return (row[0], row[1]) if row else (0, 0)

    def begin_session(self, token_hash: bytes, staff: str, now: float, idle_s: float) -> None:
        """Somebody signed in; sessions that nobody used for `idle_s` go, and those that a wrong clock left in the future."""
        with writing(self.pool.here()) as conn:
            conn.execute("DELETE FROM staff_session WHERE abs(? - seen_at) > ?", (now, idle_s))
            conn.execute("INSERT INTO staff_session VALUES (?, ?, ?, ?)", (token_hash, staff, now, now))

    def session(self, token_hash: bytes) -> Session | None:
        """Who holds this session."""
        row = (
            self.pool.here()
            .execute("SELECT staff, began_at, seen_at FROM staff_session WHERE token_hash = ?", (token_hash,))
            .fetchone()
        )
        return Session(*row) if row else None

    def touch_session(self, token_hash: bytes, now: float) -> None:
        """The session was used."""
        with writing(self.pool.here()) as conn:
            conn.execute("UPDATE staff_session SET seen_at = ? WHERE token_hash = ?", (now, token_hash))

    def end_session(self, token_hash: bytes) -> None:
        """Somebody signed out, or sat idle for too long."""
        with writing(self.pool.here()) as conn:
            conn.execute("DELETE FROM staff_session WHERE token_hash = ?", (token_hash,))
