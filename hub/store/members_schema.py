"""Tables of members' days: when somebody who agreed to be known was here, and bought. Each migration runs once, after those of
`rollups_schema`.

All of them are projections, and ids are opaque. `day` as in `rollups_schema`; times are seconds of UTC.
"""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.store.planning import tell_planner

MIGRATIONS_MEMBERS = Migrations("hub-members")

MEMBER_TABLES = ("member_quarter", "member_day", "member_first", "act_returned")
"""Projections, each with a primary key that gives it one order."""

_SUMS = "visits INTEGER NOT NULL, purchases INTEGER NOT NULL, redemptions INTEGER NOT NULL, cents INTEGER NOT NULL"

_TABLES = (
    # What a member did, by quarter of an hour and by the shop's day (`hub.store.grains`: the family member_days). `cents`: paid
    # for purchases, and the baskets of redemptions of which no purchase was told.
    f"""CREATE TABLE member_quarter (
        shop INTEGER NOT NULL, member TEXT NOT NULL, quarter INTEGER NOT NULL, simulated INTEGER NOT NULL, {_SUMS},
        PRIMARY KEY (shop, member, quarter, simulated)) WITHOUT ROWID""",
    f"""CREATE TABLE member_day (
        shop INTEGER NOT NULL, member TEXT NOT NULL, day INTEGER NOT NULL, simulated INTEGER NOT NULL, {_SUMS},
        PRIMARY KEY (shop, member, day, simulated)) WITHOUT ROWID""",
    "CREATE INDEX member_day_by_day ON member_day (shop, day, member)",
    # What each member agreed to and took back. `joined_at`: when they first agreed to anything; NULL where only a withdrawal has
    # arrived so far. A purpose stands where the latest agreement is later than the latest withdrawal of it, or of everything.
    """CREATE TABLE member_first (
        shop INTEGER NOT NULL, member TEXT NOT NULL, simulated INTEGER NOT NULL, joined_at REAL, recognise_at REAL,
        messages_at REAL, recognise_ended_at REAL, messages_ended_at REAL, PRIMARY KEY (shop, member)) WITHOUT ROWID""",
    "CREATE INDEX member_first_by_time ON member_first (shop, joined_at)",
    # Redemptions that count and after which their member was here again on a later day, at most 28 days after; and under which
    # way of its coupon that stands in the sums of offers.
    """CREATE TABLE act_returned (
        shop INTEGER NOT NULL, device TEXT NOT NULL, nonce TEXT NOT NULL, channel TEXT NOT NULL,
        PRIMARY KEY (shop, device, nonce)) WITHOUT ROWID""",
)


@MIGRATIONS_MEMBERS()
def m001_members_days(db: Database) -> None:
    """Days of members, what they agreed to, and after which redemptions they came back."""
    for statement in _TABLES:
        db.execute(statement)
    tell_planner(db)
