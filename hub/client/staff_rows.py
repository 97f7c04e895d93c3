"""Who of the staff is signed in at this node, and wrong PINs: rows beside the program's own, for the till and for the door."""

from __future__ import annotations

import sqlite3

import msgspec
from sqlite_utils import Database

from hub.client.db import Pool, writing


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

    def wrong_pins(self, conn: sqlite3.Connection, who: str) -> tuple[int, float]:
        """How many wrong PINs in a row, and when the last was."""
        row = conn.execute("SELECT tries, at FROM wrong_pin WHERE who = ?", (who,)).fetchone()
        return (row[0], row[1]) if row else (0, 0.0)

    def set_wrong_pins(self, conn: sqlite3.Connection, who: str, tries: int, at: float) -> None:
        """Keep the count."""
        conn.execute("INSERT OR REPLACE INTO wrong_pin VALUES (?, ?, ?)", (who, tries, at))

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
