"""The table of alarms that people were told of. Each migration runs once, after those of `schema`."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

MIGRATIONS_ALARMS = Migrations("hub-alarms")


@MIGRATIONS_ALARMS()
def w001_alarms(db: Database) -> None:
    """What was told, when, and who has seen it: a hub that starts again does not tell it again."""
    db.execute(
        # channel: where it was told; each has its own successes and failures. subject: "" where the trouble has none. body: what
        # and todo as JSON, for the word that it is over. well_at: since when it has been well, while nobody was told yet.
        """CREATE TABLE alarm (
            shop INTEGER NOT NULL, channel TEXT NOT NULL, code TEXT NOT NULL, subject TEXT NOT NULL,
            severity TEXT NOT NULL, body TEXT NOT NULL, since REAL NOT NULL, told_at REAL, tries INTEGER NOT NULL,
            next_at REAL NOT NULL, well_at REAL, seen_at REAL, seen_by TEXT NOT NULL,
            PRIMARY KEY (shop, channel, code, subject)) WITHOUT ROWID"""
    )
