"""Tables of messages to many, and of the shop's short links. Each migration runs once."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

MIGRATIONS_MAILINGS = Migrations("hub-mailings")


@MIGRATIONS_MAILINGS()
def m001_mailings(db: Database) -> None:
    """Messages of an offer to many members; short links; what screens show next time; browsers that want to be told."""
    for statement in (
        # body: hub.messages.campaign.Draft as JSON. state: draft, running, paused, cancelled, done. queued: how many have been
        # put into the outbox; cursor: behind which member putting in goes on; whole: nothing is left to put in.
        """CREATE TABLE mailing (
            shop INTEGER NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL, made_by TEXT NOT NULL,
            made_at REAL NOT NULL, changed_at REAL NOT NULL, started_by TEXT NOT NULL, started_at REAL, queued INTEGER NOT NULL,
            left_out INTEGER NOT NULL, unreachable INTEGER NOT NULL, after TEXT NOT NULL, whole INTEGER NOT NULL,
            PRIMARY KEY (shop, number)) WITHOUT ROWID""",
        # path: one of the shop's own pages. A link stands for what it leads to and for no person.
        """CREATE TABLE short_link (
            shop INTEGER NOT NULL, code TEXT NOT NULL, path TEXT NOT NULL, made_at REAL NOT NULL, followed INTEGER NOT NULL,
            PRIMARY KEY (shop, code)) WITHOUT ROWID""",
        "CREATE UNIQUE INDEX short_link_by_path ON short_link (shop, path)",
        # What the portal or the kiosk shows a member next time; message: its number in the outbox.
        """CREATE TABLE screen_note (
            shop INTEGER NOT NULL, message INTEGER NOT NULL, member TEXT NOT NULL, text TEXT NOT NULL, campaign INTEGER NOT NULL,
            put_at REAL NOT NULL, until REAL NOT NULL, shown_at REAL, PRIMARY KEY (shop, message)) WITHOUT ROWID""",
        "CREATE INDEX screen_note_by_member ON screen_note (shop, member)",
        # closed: endpoint and keys of a browser (RFC 8030, RFC 8291), sealed under people.key; endpoint_hash: keyed.
        """CREATE TABLE push_subscription (
            shop INTEGER NOT NULL, member TEXT NOT NULL, endpoint_hash TEXT NOT NULL, closed BLOB NOT NULL, made_at REAL NOT NULL,
            PRIMARY KEY (shop, endpoint_hash)) WITHOUT ROWID""",
        "CREATE INDEX push_subscription_by_member ON push_subscription (shop, member)",
    ):
        db.execute(statement)
