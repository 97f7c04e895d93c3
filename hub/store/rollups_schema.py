"""Tables of sums by the shop's own days and hours. Each migration runs once, after those of `alarms_schema`.

`day` is `date.toordinal()` of a day on the shop's clock, `hour` 0 to 23 on it. All of them are projections: they follow from the
journal and from the shop's timezone, and a row whose sums are all nought is not there. `grains` says which holds what.
"""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.store.planning import tell_planner

MIGRATIONS_ROLLUPS = Migrations("hub-rollups")

_FOOTFALL = "visits dwell_ms"
_PRESENT = "windows people low high most"
_STREET = "passers entrants"
_GUESTS = "joined known"
_OFFERS = (
    "shown opened taken redeemed returned refused reversed alone conflicts conflict_cents given_cents "
    "baskets earned_cents baskets_once earned_once_cents"
)
_PURCHASES = "purchases sales_cents"

# Table, key behind the shop, sums.
_TABLES = (
    ("footfall_zone_hour", "zone day hour", _FOOTFALL),
    ("footfall_zone_day", "day zone", _FOOTFALL),
    ("footfall_hour", "day hour", _FOOTFALL),
    ("present_zone_hour", "zone day hour", _PRESENT),
    ("present_zone_day", "day zone", _PRESENT),
    ("present_hour", "day hour", _PRESENT),
    ("street_zone_hour", "zone day hour", _STREET),
    ("street_zone_day", "day zone", _STREET),
    ("street_hour", "day hour", _STREET),
    ("guest_way_hour", "way day hour", _GUESTS),
    ("guest_way_day", "day way", _GUESTS),
    ("guest_hour", "day hour", _GUESTS),
    # Of these two the quarter-hours are kept here as well: a change of the timezone begins with them.
    ("offer_quarter", "campaign quarter channel staff till", _OFFERS),
    ("offer_hour", "campaign day hour channel", _OFFERS),
    ("offer_day", "day campaign channel", _OFFERS),
    ("offer_desk_day", "day campaign channel staff till", _OFFERS),
    ("purchase_quarter", "quarter staff till", _PURCHASES),
    ("purchase_hour", "day hour", _PURCHASES),
    ("purchase_desk_day", "day staff till", _PURCHASES),
)

ROLLUPS = tuple(table for table, _, _ in _TABLES)
"""Projections, each with a primary key that gives it one order."""

_TEXTS = frozenset(("zone", "way", "channel", "staff", "till"))


def _statement(table: str, key: str, sums: str) -> str:
    keys = [*key.split(), "simulated"]
    columns = [f"{name} {'TEXT' if name in _TEXTS else 'INTEGER'} NOT NULL" for name in keys + sums.split()]
    return (
        f"CREATE TABLE {table} (shop INTEGER NOT NULL, {', '.join(columns)}, "
        f"PRIMARY KEY (shop, {', '.join(keys)})) WITHOUT ROWID"
    )


@MIGRATIONS_ROLLUPS()
def r001_rollups(db: Database) -> None:
    """Sums by day and hour, days as they were seen, and which shops are of a chain without a hub of their own."""
    for table, key, sums in _TABLES:
        db.execute(_statement(table, key, sums))
    # What a day that was over said when somebody could first have seen it, and each time that it said something else afterwards.
    # Not a projection: when that was found stands nowhere in the journal.
    db.execute(
        """CREATE TABLE figure_kept (
            shop INTEGER NOT NULL, day INTEGER NOT NULL, figure TEXT NOT NULL, number REAL NOT NULL, kept_at REAL NOT NULL,
            timezone TEXT NOT NULL, PRIMARY KEY (shop, day, figure)) WITHOUT ROWID"""
    )
    db.execute(
        """CREATE TABLE figure_changed (
            shop INTEGER NOT NULL, day INTEGER NOT NULL, figure TEXT NOT NULL, at REAL NOT NULL, number REAL NOT NULL,
            earlier REAL NOT NULL, PRIMARY KEY (shop, day, figure, at)) WITHOUT ROWID"""
    )
    # The shop at whose pages it is counted too; NULL for a shop that stands alone, or has a hub of its own.
    db.execute("ALTER TABLE shop ADD COLUMN of_chain INTEGER")
    tell_planner(db)
