"""Tables of what was bought. Each migration runs once, after those of `schema`."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.store.planning import tell_planner

MIGRATIONS_PURCHASES = Migrations("hub-purchases")

_TABLES = (
    # One row for each purchase, as the first fact about it says. device: whose fact that was. member is opaque.
    """CREATE TABLE purchase (
        shop INTEGER NOT NULL, id TEXT NOT NULL, position INTEGER NOT NULL, device TEXT NOT NULL, at REAL NOT NULL,
        till TEXT NOT NULL, staff TEXT NOT NULL, cents INTEGER NOT NULL, items INTEGER, member TEXT NOT NULL, zone TEXT NOT NULL,
        simulated INTEGER NOT NULL, PRIMARY KEY (shop, id)) WITHOUT ROWID""",
    "CREATE INDEX purchase_by_time ON purchase (shop, at)",
    "CREATE INDEX purchase_by_member ON purchase (shop, member, at) WHERE member <> ''",
    # For which purchase a coupon was used, where somebody said.
    "ALTER TABLE redemption ADD COLUMN purchase TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX redemption_by_purchase ON redemption (shop, purchase) WHERE purchase <> ''",
    # At head office: the shop of the chain in whose own books it stands too; 0 where it stands nowhere else.
    "ALTER TABLE redemption ADD COLUMN booked_in INTEGER NOT NULL DEFAULT 0",
)


@MIGRATIONS_PURCHASES()
def p001_what_was_bought(db: Database) -> None:
    """Purchases, and which of them a coupon was used for."""
    for statement in _TABLES:
        db.execute(statement)
    tell_planner(db)
