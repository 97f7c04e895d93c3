"""Tables of a hub that was set back to a backup. Each migration runs once, after those of `schema`."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

MIGRATIONS_SETBACK = Migrations("setback")


@MIGRATIONS_SETBACK()
def m001_setbacks(db: Database) -> None:
    """The first tables."""
    for statement in (
        # One row for each time. copied_at: when the copy was made. A copy carries a row with the number 0 and no noticed_at, so
        # whoever opens it as a hub sees at once what it is.
        """CREATE TABLE setback (
            shop INTEGER NOT NULL, number INTEGER NOT NULL, copied_at REAL NOT NULL, noticed_at REAL, ended_at REAL,
            PRIMARY KEY (shop, number)) WITHOUT ROWID""",
        # Who is asked to tell again, from when on, and who has.
        """CREATE TABLE retelling (
            shop INTEGER NOT NULL, number INTEGER NOT NULL, device TEXT NOT NULL, since REAL NOT NULL, done_at REAL,
            PRIMARY KEY (shop, number, device)) WITHOUT ROWID""",
    ):
        db.execute(statement)
