"""The table of notes on the chart. Each migration runs once, after those of `schema`."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

MIGRATIONS_NOTES = Migrations("notes")


@MIGRATIONS_NOTES()
def m001_notes(db: Database) -> None:
    """What people of the office write beside days: first_day, last_day as 2026-01-31; who wrote it, and when."""
    db.execute(
        """CREATE TABLE chart_note (
            shop INTEGER NOT NULL, number INTEGER NOT NULL, first_day TEXT NOT NULL, last_day TEXT NOT NULL, text TEXT NOT NULL,
            who TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (shop, number))"""
    )
    db.execute("CREATE INDEX chart_note_by_day ON chart_note (shop, last_day)")
