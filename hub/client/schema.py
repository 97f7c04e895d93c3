"""What every node keeps beside its own tables: journal, outbox, snapshot, coupons it handed out, counters."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

MIGRATIONS_CLIENT = Migrations("client")


@MIGRATIONS_CLIENT()
def m001_journal_snapshot_and_coupons(db: Database) -> None:
    """The first tables."""
    for statement in (
        # One row: which journal this is, its next number, and the latest time that it has stamped.
        """CREATE TABLE journal (
            one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, next_seq INTEGER NOT NULL,
            last_at REAL NOT NULL, boot INTEGER NOT NULL, boot_id TEXT NOT NULL)""",
        """CREATE TABLE outbox (
            epoch INTEGER NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, at REAL NOT NULL, text BLOB NOT NULL,
            parked TEXT, PRIMARY KEY (epoch, seq))""",
        "CREATE INDEX outbox_parked ON outbox (parked) WHERE parked IS NOT NULL",
        "CREATE TABLE section (name TEXT PRIMARY KEY, hash TEXT NOT NULL, body BLOB NOT NULL)",
        """CREATE TABLE manifest (
            one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, text TEXT NOT NULL,
            signature TEXT NOT NULL, made_at REAL NOT NULL, adopted_at REAL NOT NULL)""",
        """CREATE TABLE issued (
            serial TEXT PRIMARY KEY, campaign INTEGER NOT NULL, code TEXT NOT NULL UNIQUE, token TEXT NOT NULL,
            key_number INTEGER NOT NULL, shop INTEGER NOT NULL, expires_at INTEGER NOT NULL, issued_at REAL NOT NULL,
            channel TEXT NOT NULL, request TEXT NOT NULL UNIQUE, used_at REAL)""",
        "CREATE INDEX issued_expiry ON issued (expires_at)",
        # Rising totals, kept when the coupons themselves have gone: rights are counted against them.
        """CREATE TABLE spent_right (
            campaign INTEGER NOT NULL, what TEXT NOT NULL, total INTEGER NOT NULL, PRIMARY KEY (campaign, what))""",
        "CREATE TABLE counter (one INTEGER PRIMARY KEY CHECK (one = 1), reserved INTEGER NOT NULL)",
    ):
        db.execute(statement)


@MIGRATIONS_CLIENT()
def m002_for_whom_and_what_is_left(db: Database) -> None:
    """Coupons that were given to one member alone; what is left on a voucher, as far as this node has learnt."""
    db.execute("ALTER TABLE issued ADD COLUMN member TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE issued ADD COLUMN balance_cents INTEGER")
    db.execute("CREATE INDEX issued_by_campaign ON issued (campaign, issued_at)")


@MIGRATIONS_CLIENT()
def m003_facts_to_tell_again(db: Database) -> None:
    """What the hub has, kept for a while in case that it is set back to a backup; which set-back was made good last."""
    db.execute(
        """CREATE TABLE kept_fact (
            epoch INTEGER NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, at REAL NOT NULL, text BLOB NOT NULL,
            taken_at REAL NOT NULL, PRIMARY KEY (epoch, seq))"""
    )
    db.execute("CREATE INDEX kept_fact_taken ON kept_fact (taken_at)")
    db.execute("CREATE TABLE retold (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL)")


@MIGRATIONS_CLIENT()
def m004_when_the_hub_was_heard(db: Database) -> None:
    """The latest time that the hub told: after the next start, however the clock stands, it is later than that."""
    db.execute("ALTER TABLE journal ADD COLUMN heard_at REAL NOT NULL DEFAULT 0")


@MIGRATIONS_CLIENT()
def m005_people_who_joined_here(db: Database) -> None:
    """Who joined and is not at the hub yet. sealed: only the hub can open it. change: fields of somebody whom it may know."""
    db.execute(
        """CREATE TABLE sealed_join (
            member TEXT PRIMARY KEY, sealed TEXT NOT NULL, code_hash TEXT NOT NULL, language TEXT NOT NULL, at REAL NOT NULL,
            change INTEGER NOT NULL)"""
    )


@MIGRATIONS_CLIENT()
def m006_who_was_forgotten(db: Database) -> None:
    """One row: the hash of the hub's list of forgotten ones that was followed, and whether the log was cut off since."""
    db.execute(
        "CREATE TABLE forgot (one INTEGER PRIMARY KEY CHECK (one = 1), heard TEXT NOT NULL, cleaned INTEGER NOT NULL)"
    )
