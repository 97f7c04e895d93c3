"""Tables of long and of repeated work. Each migration runs once, after those of `schema`."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

MIGRATIONS_WORK = Migrations("hub-work")


@MIGRATIONS_WORK()
def w001_work(db: Database) -> None:
    """Work with its lease and progress, its files in parts, and whose turn a repeated job has had."""
    for statement in (
        """CREATE TABLE work (
            shop INTEGER NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, arguments TEXT NOT NULL, state TEXT NOT NULL,
            made_by TEXT NOT NULL, made_at REAL NOT NULL, worker TEXT NOT NULL, attempt INTEGER NOT NULL, begun_at REAL,
            heartbeat_at REAL, lease_until REAL, ended_at REAL, cancel_at REAL, done INTEGER NOT NULL,
            total INTEGER NOT NULL, unit TEXT NOT NULL, note TEXT NOT NULL, result TEXT NOT NULL,
            PRIMARY KEY (shop, number)) WITHOUT ROWID""",
        "CREATE INDEX work_by_state ON work (shop, state, number)",
        """CREATE TABLE work_file (
            shop INTEGER NOT NULL, work INTEGER NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL, made_at REAL NOT NULL,
            PRIMARY KEY (shop, work, name)) WITHOUT ROWID""",
        """CREATE TABLE work_part (
            shop INTEGER NOT NULL, work INTEGER NOT NULL, name TEXT NOT NULL, part INTEGER NOT NULL, body BLOB NOT NULL,
            PRIMARY KEY (shop, work, name, part))""",
        """CREATE TABLE work_turn (
            shop INTEGER NOT NULL, name TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (shop, name)) WITHOUT ROWID""",
    ):
        db.execute(statement)
