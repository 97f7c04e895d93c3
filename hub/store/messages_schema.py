"""Tables of the outbox: messages, their reports, who said stop, how fast channels go. Each migration runs once."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

MIGRATIONS_MESSAGES = Migrations("hub-messages")


@MIGRATIONS_MESSAGES()
def m001_outbox(db: Database) -> None:
    """Messages by number, in the order in which they were put in."""
    for statement in (
        # number_hash: keyed (`hub.messages.sealed`). closed: number, text and subject under `people.key`; text and subject are
        # empty then. rank: 0 what somebody waits for, 1 the rest. state: waiting, taken (a worker prepares it; nothing has left),
        # handing (the gate was passed: it may have left), sent, failed, unsure, stopped. lease_until: of whoever took it. stood:
        # whether consent stood when it was put in. cost: ten-thousandths of the currency.
        """CREATE TABLE message (
            shop INTEGER NOT NULL, number INTEGER NOT NULL, id TEXT NOT NULL, medium TEXT NOT NULL, via TEXT NOT NULL,
            why TEXT NOT NULL, rank INTEGER NOT NULL, member TEXT NOT NULL, number_hash TEXT NOT NULL, closed BLOB NOT NULL,
            text TEXT NOT NULL, subject TEXT NOT NULL, language TEXT NOT NULL, campaign INTEGER NOT NULL, plan TEXT NOT NULL,
            step TEXT NOT NULL, mailing INTEGER NOT NULL, stood INTEGER NOT NULL, queued_at REAL NOT NULL, not_after REAL,
            next_at REAL NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL, worker TEXT NOT NULL, lease_until REAL NOT NULL,
            handed_at REAL, ended_at REAL, channel TEXT NOT NULL, reason TEXT NOT NULL, said TEXT NOT NULL,
            parts INTEGER NOT NULL, cost INTEGER NOT NULL, outcome TEXT NOT NULL, outcome_at REAL,
            PRIMARY KEY (shop, number)) WITHOUT ROWID""",
        "CREATE UNIQUE INDEX message_by_id ON message (shop, id)",
        "CREATE INDEX message_due ON message (shop, state, medium, rank, next_at)",
        "CREATE INDEX message_by_member ON message (shop, member, number)",
        "CREATE INDEX message_by_hash ON message (shop, number_hash, number)",
        "CREATE INDEX message_by_mailing ON message (shop, mailing, state)",
        # What a channel calls a part of a message.
        """CREATE TABLE message_part (
            shop INTEGER NOT NULL, channel TEXT NOT NULL, reference TEXT NOT NULL, message INTEGER NOT NULL,
            part INTEGER NOT NULL, at REAL NOT NULL, PRIMARY KEY (shop, message, part)) WITHOUT ROWID""",
        "CREATE INDEX message_part_by_reference ON message_part (shop, channel, reference, message)",
        # message 0: nobody knows yet whose it is; the channel's answer has not been kept.
        """CREATE TABLE message_report (
            shop INTEGER NOT NULL, report TEXT NOT NULL, channel TEXT NOT NULL, reference TEXT NOT NULL, message INTEGER NOT NULL,
            outcome TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (shop, report)) WITHOUT ROWID""",
        "CREATE INDEX message_report_by_message ON message_report (shop, message)",
        # place: the number of the latest message when stop was said; those up to it are not sent.
        """CREATE TABLE message_silence (
            shop INTEGER NOT NULL, number_hash TEXT NOT NULL, place INTEGER NOT NULL, at REAL NOT NULL,
            PRIMARY KEY (shop, number_hash)) WITHOUT ROWID""",
        # When the channel may be given the next one.
        """CREATE TABLE message_pace (
            shop INTEGER NOT NULL, channel TEXT NOT NULL, free_at REAL NOT NULL, PRIMARY KEY (shop, channel)) WITHOUT ROWID""",
        # body: hub.messages.rules.MessageRules as JSON.
        "CREATE TABLE message_rule (shop INTEGER PRIMARY KEY, body TEXT NOT NULL)",
    ):
        db.execute(statement)
