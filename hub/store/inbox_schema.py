"""Tables of what comes in: keywords, talks and their lines, who said stop by a number. Each migration runs once."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

MIGRATIONS_INBOX = Migrations("hub-inbox")


@MIGRATIONS_INBOX()
def i001_inbox(db: Database) -> None:
    """None of these is a projection: they stand for people and can forget, or are the office's own."""
    for statement in (
        # body: hub.messages.keywords.Keyword as JSON. Each folded form of a word belongs to one keyword.
        """CREATE TABLE keyword (
            shop INTEGER NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL, made_at REAL NOT NULL,
            PRIMARY KEY (shop, number)) WITHOUT ROWID""",
        """CREATE TABLE keyword_form (
            shop INTEGER NOT NULL, form TEXT NOT NULL, keyword INTEGER NOT NULL, PRIMARY KEY (shop, form)) WITHOUT ROWID""",
        # sender_hash: keyed (`hub.messages.sealed`). closed: the address, sealed under `people.key`.
        """CREATE TABLE talk (
            shop INTEGER NOT NULL, number INTEGER NOT NULL, channel TEXT NOT NULL, sender_hash TEXT NOT NULL,
            closed BLOB NOT NULL, member TEXT NOT NULL, language TEXT NOT NULL, opened_at REAL NOT NULL, last_at REAL NOT NULL,
            state TEXT NOT NULL, waiting INTEGER NOT NULL, assigned TEXT NOT NULL, PRIMARY KEY (shop, number)) WITHOUT ROWID""",
        "CREATE UNIQUE INDEX talk_by_sender ON talk (shop, sender_hash, channel)",
        "CREATE INDEX talk_by_time ON talk (shop, state, last_at)",
        "CREATE INDEX talk_by_member ON talk (shop, member)",
        # way: in, out. who: a manager, or empty. due: an answer is still to be made.
        """CREATE TABLE talk_line (
            shop INTEGER NOT NULL, number INTEGER NOT NULL, talk INTEGER NOT NULL, way TEXT NOT NULL, closed BLOB NOT NULL,
            at REAL NOT NULL, who TEXT NOT NULL, meaning TEXT NOT NULL, letter TEXT NOT NULL, due INTEGER NOT NULL,
            PRIMARY KEY (shop, number)) WITHOUT ROWID""",
        "CREATE INDEX talk_line_of ON talk_line (shop, talk, number)",
        "CREATE INDEX talk_line_due ON talk_line (shop, due, number)",
        # mark: a keyed hash of the key under which a channel gave a message; the same one again is passed over.
        """CREATE TABLE heard_key (
            shop INTEGER NOT NULL, mark TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (shop, mark)) WITHOUT ROWID""",
        "CREATE INDEX heard_key_by_time ON heard_key (shop, at)",
        # Who said stop, whether or not a member has that number. It outlives members: nobody writes to it until it says start.
        """CREATE TABLE number_stop (
            shop INTEGER NOT NULL, number_hash TEXT NOT NULL, at REAL NOT NULL,
            PRIMARY KEY (shop, number_hash)) WITHOUT ROWID""",
        """CREATE TABLE join_wish (
            shop INTEGER NOT NULL, sender_hash TEXT NOT NULL, language TEXT NOT NULL, version TEXT NOT NULL,
            asked_at REAL NOT NULL, PRIMARY KEY (shop, sender_hash)) WITHOUT ROWID""",
    ):
        db.execute(statement)


@MIGRATIONS_INBOX()
def i002_parts_of_long_messages(db: Database) -> None:
    """Parts of long messages whose rest is still to come; no projection either."""
    for statement in (
        # message: keyed, the same for all parts of one. closed: the part's text and both numbers, sealed under `people.key`.
        # again: these octets were heard before; alone such parts make no message.
        """CREATE TABLE heard_part (
            shop INTEGER NOT NULL, message TEXT NOT NULL, number INTEGER NOT NULL, of INTEGER NOT NULL, channel TEXT NOT NULL,
            sender_hash TEXT NOT NULL, closed BLOB NOT NULL, at REAL NOT NULL, again INTEGER NOT NULL,
            PRIMARY KEY (shop, message, number)) WITHOUT ROWID""",
        "CREATE INDEX heard_part_by_sender ON heard_part (shop, sender_hash)",
    ):
        db.execute(statement)
