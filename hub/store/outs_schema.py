"""Tables of figures that go out by themselves: boards for a screen, digests. Each migration runs once."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

MIGRATIONS_OUTS = Migrations("hub-outs")


@MIGRATIONS_OUTS()
def x001_boards_and_digests(db: Database) -> None:
    """Boards by the hash of their token; digests, what was made of each, and where it went."""
    for statement in (
        """CREATE TABLE board (
            shop INTEGER NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, token_hash TEXT NOT NULL, body TEXT NOT NULL,
            made_by TEXT NOT NULL, made_at REAL NOT NULL, ended_at REAL, seen_at REAL,
            PRIMARY KEY (shop, number)) WITHOUT ROWID""",
        "CREATE INDEX board_by_token ON board (token_hash)",
        """CREATE TABLE digest (
            shop INTEGER NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL, sealed TEXT NOT NULL, made_by TEXT NOT NULL,
            made_at REAL NOT NULL, next_at REAL NOT NULL, paused INTEGER NOT NULL, ended_at REAL,
            PRIMARY KEY (shop, number)) WITHOUT ROWID""",
        """CREATE TABLE digest_issue (
            shop INTEGER NOT NULL, digest INTEGER NOT NULL, number INTEGER NOT NULL, due_at REAL NOT NULL, made_at REAL NOT NULL,
            body BLOB NOT NULL, PRIMARY KEY (shop, digest, number)) WITHOUT ROWID""",
        # state: waiting, sent, given_up. next_at: when to try, or until when somebody is trying.
        """CREATE TABLE digest_sending (
            shop INTEGER NOT NULL, digest INTEGER NOT NULL, issue INTEGER NOT NULL, way TEXT NOT NULL, receiver TEXT NOT NULL,
            state TEXT NOT NULL, tries INTEGER NOT NULL, next_at REAL NOT NULL, status INTEGER NOT NULL, said TEXT NOT NULL,
            tried_at REAL, PRIMARY KEY (shop, digest, issue, way, receiver)) WITHOUT ROWID""",
        "CREATE INDEX digest_sending_due ON digest_sending (shop, state, next_at)",
    ):
        db.execute(statement)
