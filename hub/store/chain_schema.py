"""Tables of a hub in a chain: how far a shop has told head office, what came down, and how far head office has heard a shop."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

MIGRATIONS_CHAIN = Migrations("hub-chain")


@MIGRATIONS_CHAIN()
def c001_chain(db: Database) -> None:
    """The first tables."""
    for statement in (
        # In a shop: one row while it has joined. journal, sent, there: where it stands with head office (`hub.wire.chain`).
        # recall: the position of head office's from which on it is asked what this hub lost; NULL: nothing is to be asked.
        # counter: the highest number of a request. holder, held_until: the process that exchanges now.
        """CREATE TABLE upstream (
            shop INTEGER NOT NULL, device TEXT NOT NULL, joined_at REAL NOT NULL, journal INTEGER NOT NULL,
            sent INTEGER NOT NULL, there INTEGER NOT NULL, recall INTEGER, counter INTEGER NOT NULL, books TEXT NOT NULL,
            reached_at REAL, failing_since REAL, code TEXT NOT NULL, sentence TEXT NOT NULL,
            parked INTEGER NOT NULL, got_back INTEGER NOT NULL, got_back_at REAL, holder TEXT NOT NULL, held_until REAL NOT NULL,
            PRIMARY KEY (shop)) WITHOUT ROWID""",
        # In a shop: head office's sections as they were signed.
        """CREATE TABLE chain_section (
            shop INTEGER NOT NULL, name TEXT NOT NULL, hash TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (shop, name))
            WITHOUT ROWID""",
        # At head office: the shops below, by the name of their hub. tenant: under which number their books are kept.
        """CREATE TABLE shop_below (
            shop INTEGER NOT NULL, device TEXT NOT NULL, tenant INTEGER NOT NULL, joined_at REAL NOT NULL,
            PRIMARY KEY (shop, device)) WITHOUT ROWID""",
        # There, too, and with the shop's own rows: how far it has been heard. One row for each hub that it has had.
        """CREATE TABLE relayed (
            shop INTEGER NOT NULL, device TEXT NOT NULL, journal INTEGER NOT NULL, upto INTEGER NOT NULL,
            last INTEGER NOT NULL, told_at REAL, parked INTEGER NOT NULL, set_backs INTEGER NOT NULL, set_back_at REAL,
            PRIMARY KEY (shop, device)) WITHOUT ROWID""",
    ):
        db.execute(statement)
