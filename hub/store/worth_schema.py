"""Tables of what members are worth, as it was worked out this morning. Each migration runs once, after those of `members_schema`.

They are no projections: what stands in them depends on the day on which it was worked out, not on facts alone. They can be made
anew at any time (`hub.value.keeping`).
"""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

MIGRATIONS_WORTH = Migrations("hub-worth")

_TABLES = (
    # `alive`, `loss`: chances that somebody still comes, and that they stay away for 90 days; `expected`, `value_cents`: visits
    # and money within the horizon (NULL: nothing is known of money); `as_of`: the day (`date.toordinal()`) on whose morning it
    # was worked out; grades 1 to 5 for how lately, how often, for how much (0: not known).
    """CREATE TABLE member_worth (
        shop INTEGER NOT NULL, member TEXT NOT NULL, alive REAL NOT NULL, loss REAL NOT NULL, expected REAL NOT NULL,
        value_cents INTEGER, as_of INTEGER NOT NULL, recency INTEGER NOT NULL, frequency INTEGER NOT NULL, money INTEGER NOT NULL,
        PRIMARY KEY (shop, member)) WITHOUT ROWID""",
    "CREATE INDEX member_worth_by_loss ON member_worth (shop, loss, member)",
    "CREATE INDEX member_worth_by_value ON member_worth (shop, value_cents, member)",
    # What was learnt, and how right it was: one text of JSON (`hub.value.keeping.Standing`), NULL where nobody had come.
    """CREATE TABLE worth_standing (
        shop INTEGER NOT NULL PRIMARY KEY, as_of INTEGER NOT NULL, body TEXT)""",
)


@MIGRATIONS_WORTH()
def m001_worth(db: Database) -> None:
    """What each member is worth, and what that was learnt from."""
    for statement in _TABLES:
        db.execute(statement)
