"""Tables of other programs: their keys, what they were answered, where messages go. Each migration runs once."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

MIGRATIONS_OUTSIDE = Migrations("hub-outside")


@MIGRATIONS_OUTSIDE()
def o001_other_programs(db: Database) -> None:
    """Keys with scopes, answers to requests that may come twice, webhooks with what goes to them."""
    for statement in (
        # hash: hub.outside.keys.hash_of; scopes: names of rights with a space between.
        """CREATE TABLE api_key (
            shop INTEGER NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, hash TEXT NOT NULL, scopes TEXT NOT NULL,
            made_by TEXT NOT NULL, made_at REAL NOT NULL, used_at REAL, ended_at REAL, PRIMARY KEY (shop, id)) WITHOUT ROWID""",
        "CREATE INDEX api_key_by_id ON api_key (id)",
        # asked: a digest of what was asked; status 0: it is being done.
        """CREATE TABLE api_answer (
            shop INTEGER NOT NULL, api_key TEXT NOT NULL, request_key TEXT NOT NULL, asked TEXT NOT NULL, status INTEGER NOT NULL,
            reply BLOB NOT NULL, at REAL NOT NULL, PRIMARY KEY (shop, api_key, request_key)) WITHOUT ROWID""",
        # sealed: the secrets, which only this hub's own key opens. kinds: with a space between. cursor: the position in the
        # journal up to which its events have become messages. state: on, off (by a person), disabled (by failures).
        """CREATE TABLE webhook (
            shop INTEGER NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, url TEXT NOT NULL, sealed TEXT NOT NULL,
            kinds TEXT NOT NULL, private INTEGER NOT NULL, state TEXT NOT NULL, made_by TEXT NOT NULL, made_at REAL NOT NULL,
            journal_position INTEGER NOT NULL, failing_since REAL, ended_at REAL, PRIMARY KEY (shop, number)) WITHOUT ROWID""",
        # state: waiting, sent, given_up. next_at: when to try, or until when somebody is trying.
        """CREATE TABLE webhook_message (
            shop INTEGER NOT NULL, webhook INTEGER NOT NULL, number INTEGER NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL,
            body BLOB NOT NULL, made_at REAL NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL, next_at REAL NOT NULL,
            status INTEGER NOT NULL, said TEXT NOT NULL, tried_at REAL, PRIMARY KEY (shop, webhook, number)) WITHOUT ROWID""",
        "CREATE UNIQUE INDEX webhook_message_by_id ON webhook_message (shop, webhook, id)",
        "CREATE INDEX webhook_message_due ON webhook_message (shop, state, next_at)",
    ):
        db.execute(statement)


@MIGRATIONS_OUTSIDE()
def o002_products(db: Database) -> None:
    """What the shop sells, as its own program for goods names it."""
    db.execute(
        """CREATE TABLE product (
            shop INTEGER NOT NULL, code TEXT NOT NULL, name TEXT NOT NULL, name_zh TEXT NOT NULL, price_cents INTEGER,
            changed_at REAL NOT NULL, PRIMARY KEY (shop, code)) WITHOUT ROWID"""
    )
