"""Tables of segments: portraits of members (projections), what the office defined, who is in which, and what changed.

Each migration runs once, after those of `members_schema`. Ids of members are opaque; days are ordinals on the shop's clock, other
times seconds of UTC.
"""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.store.planning import tell_planner

MIGRATIONS_SEGMENTS = Migrations("hub-segments")

PORTRAIT_TABLES = ("portrait", "portrait_stay")
"""Projections, each with a primary key that gives it one order."""

_TABLES = (
    # Who joined, when and how, and in which language they spoke last. joined_at: when they first joined or agreed to anything;
    # card_at: when they joined last, whatever they agreed to.
    """CREATE TABLE portrait (
        shop INTEGER NOT NULL, member TEXT NOT NULL, simulated INTEGER NOT NULL, joined_at REAL, card_at REAL,
        way TEXT NOT NULL, language TEXT NOT NULL, language_at REAL, PRIMARY KEY (shop, member)) WITHOUT ROWID""",
    # Stays in which a member was recognised, by the quarter of an hour in which they began.
    """CREATE TABLE portrait_stay (
        shop INTEGER NOT NULL, member TEXT NOT NULL, quarter INTEGER NOT NULL, zone TEXT NOT NULL, simulated INTEGER NOT NULL,
        visits INTEGER NOT NULL, dwell_ms INTEGER NOT NULL,
        PRIMARY KEY (shop, member, quarter, zone, simulated)) WITHOUT ROWID""",
    "CREATE INDEX coupon_by_member ON coupon (shop, member) WHERE member <> ''",
    # body: hub.segments.definition as JSON. next_body: a new definition that is being counted, while the old one stands.
    """CREATE TABLE segment (
        shop INTEGER NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, note TEXT NOT NULL, body TEXT NOT NULL,
        version INTEGER NOT NULL, next_body TEXT, next_version INTEGER, made_at REAL NOT NULL, changed_at REAL NOT NULL,
        counted_at REAL, PRIMARY KEY (shop, number), UNIQUE (shop, name)) WITHOUT ROWID""",
    """CREATE TABLE segment_version (
        shop INTEGER NOT NULL, number INTEGER NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL, note TEXT NOT NULL,
        body TEXT NOT NULL, at REAL NOT NULL, who TEXT NOT NULL, PRIMARY KEY (shop, number, version)) WITHOUT ROWID""",
    """CREATE TABLE segment_member (
        shop INTEGER NOT NULL, segment INTEGER NOT NULL, member TEXT NOT NULL, since REAL NOT NULL,
        PRIMARY KEY (shop, segment, member)) WITHOUT ROWID""",
    "CREATE INDEX segment_member_of ON segment_member (shop, member)",
    # Who is looked at again on which day; 0 and 1: now. stir: rises whenever something is new of them.
    """CREATE TABLE segment_due (
        shop INTEGER NOT NULL, member TEXT NOT NULL, day INTEGER NOT NULL, stir INTEGER NOT NULL,
        PRIMARY KEY (shop, member)) WITHOUT ROWID""",
    "CREATE INDEX segment_due_by_day ON segment_due (shop, day, member)",
    """CREATE TABLE segment_change (
        shop INTEGER NOT NULL, position INTEGER NOT NULL, segment INTEGER NOT NULL, name TEXT NOT NULL, member TEXT NOT NULL,
        entered INTEGER NOT NULL, at REAL NOT NULL, PRIMARY KEY (shop, position)) WITHOUT ROWID""",
    "CREATE INDEX segment_change_of ON segment_change (shop, member, position)",
    # Members that came as a file.
    """CREATE TABLE segment_list (
        shop INTEGER NOT NULL, segment INTEGER NOT NULL, member TEXT NOT NULL, PRIMARY KEY (shop, segment, member))
        WITHOUT ROWID""",
    "CREATE INDEX segment_list_of ON segment_list (shop, member)",
    # What a new definition came to so far, until all of it takes the old one's place.
    """CREATE TABLE segment_trial (
        shop INTEGER NOT NULL, segment INTEGER NOT NULL, version INTEGER NOT NULL, member TEXT NOT NULL,
        PRIMARY KEY (shop, segment, version, member)) WITHOUT ROWID""",
    # turn: rises with every change of a definition. position: of the latest change. clock: by which the days were reckoned.
    # scores: the day of the latest scores that were taken in.
    """CREATE TABLE segment_state (
        shop INTEGER PRIMARY KEY, turn INTEGER NOT NULL, position INTEGER NOT NULL, clock TEXT NOT NULL,
        scores INTEGER NOT NULL)""",
)


@MIGRATIONS_SEGMENTS()
def s001_segments(db: Database) -> None:
    """Portraits, definitions, membership, changes."""
    for statement in _TABLES:
        db.execute(statement)
    tell_planner(db)
