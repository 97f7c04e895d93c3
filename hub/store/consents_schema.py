"""Tables of what members agreed to and took back, word for word, and of who was forgotten. Each migration runs once, after those
of `register_schema`.

`CONSENT_TABLES` are projections. `forgetting` is none: it holds the ids of those who are being forgotten, until that is done.
"""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.store.planning import tell_planner

MIGRATIONS_CONSENTS = Migrations("hub-consents")

CONSENT_TABLES = ("consent_words", "consent_record", "member_pause", "forgotten")
"""Projections, each with a primary key that gives it one order."""

_TABLES = (
    # The words of consents, once each. digest: SHA-256 of them.
    """CREATE TABLE consent_words (
        shop INTEGER NOT NULL, digest TEXT NOT NULL, words TEXT NOT NULL, PRIMARY KEY (shop, digest)) WITHOUT ROWID""",
    # One row for each time that somebody agreed to something (given: 1) or took it back (0). digest: empty for a withdrawal.
    """CREATE TABLE consent_record (
        shop INTEGER NOT NULL, position INTEGER NOT NULL, member TEXT NOT NULL, given INTEGER NOT NULL, purpose TEXT NOT NULL,
        medium TEXT NOT NULL, digest TEXT NOT NULL, version TEXT NOT NULL, language TEXT NOT NULL, place TEXT NOT NULL,
        at REAL NOT NULL, clock TEXT NOT NULL, device TEXT NOT NULL, proof TEXT NOT NULL, simulated INTEGER NOT NULL,
        PRIMARY KEY (shop, position)) WITHOUT ROWID""",
    "CREATE INDEX consent_record_of_member ON consent_record (shop, member, position)",
    # When somebody wanted to hear nothing for a while; until 0: go on.
    """CREATE TABLE member_pause (
        shop INTEGER NOT NULL, position INTEGER NOT NULL, member TEXT NOT NULL, until REAL NOT NULL, at REAL NOT NULL,
        place TEXT NOT NULL, PRIMARY KEY (shop, position)) WITHOUT ROWID""",
    "CREATE INDEX member_pause_of_member ON member_pause (shop, member, position)",
    # Who was forgotten: a keyed hash of the id, and the random one that stands in its place.
    """CREATE TABLE forgotten (
        shop INTEGER NOT NULL, position INTEGER NOT NULL, salt TEXT NOT NULL, mark TEXT NOT NULL, instead TEXT NOT NULL,
        at REAL NOT NULL, PRIMARY KEY (shop, position)) WITHOUT ROWID""",
    # Who is being forgotten.
    """CREATE TABLE forgetting (
        shop INTEGER NOT NULL, member TEXT NOT NULL, asked_at REAL NOT NULL, PRIMARY KEY (shop, member)) WITHOUT ROWID""",
    # The shop's salt of such hashes. heard: up to which position of `forgotten` the rows here were looked through; cleaned: up
    # to which one the files were, too; log: which write-ahead log has yet to end for that.
    """CREATE TABLE forgetting_state (
        shop INTEGER NOT NULL, salt TEXT NOT NULL DEFAULT '', heard INTEGER NOT NULL DEFAULT 0,
        cleaned INTEGER NOT NULL DEFAULT 0, log TEXT NOT NULL DEFAULT '', PRIMARY KEY (shop)) WITHOUT ROWID""",
)


@MIGRATIONS_CONSENTS()
def c001_consents_and_forgetting(db: Database) -> None:
    """Records of consent, pauses, who was forgotten, who is being forgotten."""
    for statement in _TABLES:
        db.execute(statement)
    tell_planner(db)


@MIGRATIONS_CONSENTS()
def c002_for_how_long(db: Database) -> None:
    """After how many months without a sign of life a member is forgotten by itself; no row, or 0: never."""
    db.execute("CREATE TABLE retention (shop INTEGER NOT NULL PRIMARY KEY, idle_months INTEGER NOT NULL)")
