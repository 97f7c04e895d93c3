"""Tables of who is a member: personal fields sealed, keyed hashes by which somebody is found, and whose memberships are one
person's. Each migration runs once, after those of `members_schema`.

`member`, `member_mark` and `member_pair` are no projections: they stand for people, and can forget. `member_merge` and
`member_into` follow from the journal and hold opaque ids alone.
"""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.store.planning import tell_planner

MIGRATIONS_REGISTER = Migrations("hub-register")

MERGE_TABLES = ("member_merge", "member_into")
"""Projections, each with a primary key that gives it one order."""

_TABLES = (
    # sealed: `hub.wire.sync_members.Fields` under `people.key`, empty where there is no personal field. way: as in member.joined.
    # told_at: the time of the latest change, as whoever made it says; an older one that arrives later changes nothing.
    """CREATE TABLE member (
        shop INTEGER NOT NULL, member TEXT NOT NULL, sealed TEXT NOT NULL, language TEXT NOT NULL, way TEXT NOT NULL,
        joined_at REAL NOT NULL, told_at REAL NOT NULL, PRIMARY KEY (shop, member)) WITHOUT ROWID""",
    "CREATE INDEX member_by_time ON member (shop, joined_at, member)",
    # kind: phone, mail, card, birthday, name, word. mark: a keyed hash (`hub.members.people_key`). Two members may share one.
    """CREATE TABLE member_mark (
        shop INTEGER NOT NULL, kind TEXT NOT NULL, mark TEXT NOT NULL, member TEXT NOT NULL,
        PRIMARY KEY (shop, kind, mark, member)) WITHOUT ROWID""",
    "CREATE INDEX member_mark_of ON member_mark (shop, member)",
    # Two memberships that may be one person's. why: phone, mail, name. settled: 'different' where somebody looked and said no.
    """CREATE TABLE member_pair (
        shop INTEGER NOT NULL, one TEXT NOT NULL, other TEXT NOT NULL, why TEXT NOT NULL, found_at REAL NOT NULL,
        settled TEXT NOT NULL DEFAULT '', PRIMARY KEY (shop, one, other)) WITHOUT ROWID""",
    "CREATE INDEX member_pair_other ON member_pair (shop, other)",
    "CREATE INDEX member_pair_open ON member_pair (shop, settled, found_at)",
    # Under which key the fields of this shop are sealed (`PeopleKey.name`).
    "CREATE TABLE member_key (shop INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (shop)) WITHOUT ROWID",
    # Every merging, and when it was taken back.
    """CREATE TABLE member_merge (
        shop INTEGER NOT NULL, act TEXT NOT NULL, member TEXT NOT NULL, into_member TEXT NOT NULL, at REAL NOT NULL,
        by_whom TEXT NOT NULL, parted_at REAL, PRIMARY KEY (shop, act)) WITHOUT ROWID""",
    "CREATE INDEX member_merge_of ON member_merge (shop, member)",
    "CREATE INDEX member_merge_into ON member_merge (shop, into_member)",
    # Where that leads to in the end: one step, whatever was merged into what.
    """CREATE TABLE member_into (
        shop INTEGER NOT NULL, member TEXT NOT NULL, into_member TEXT NOT NULL,
        PRIMARY KEY (shop, member)) WITHOUT ROWID""",
    "CREATE INDEX member_into_of ON member_into (shop, into_member)",
)


@MIGRATIONS_REGISTER()
def g001_the_register_of_members(db: Database) -> None:
    """Personal fields, marks, pairs, merged memberships."""
    for statement in _TABLES:
        db.execute(statement)
    tell_planner(db)
