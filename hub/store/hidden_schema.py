"""Tables of what may be shown of people: twins of sums by day and hour, with noise in them (`hub.figures.noise`), and the secret
from which it is drawn. Each migration runs once, after those of `members_schema`.

None of them is a projection: they follow from the projections and from the secret, and are made anew where those changed.
"""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.store.planning import tell_planner

MIGRATIONS_HIDDEN = Migrations("hub-hidden")

_FAMILIES = (
    ("footfall", "zone", "visits dwell_ms visits_noisy"),
    ("street", "zone", "passers entrants passers_noisy entrants_noisy"),
    ("guest", "way", "joined known joined_noisy known_noisy"),
)
"""Name, by what it is cut, sums; …_noisy: of how many cells with noise a number is made."""


def _tables() -> list[str]:
    found = []
    for name, dim, sums in _FAMILIES:
        for table, key in (
            (f"{name}_shown_day", "day"),
            (f"{name}_shown_{dim}_day", f"day {dim}"),
            (f"{name}_shown_hour", "day hour"),
            (f"{name}_shown_{dim}_hour", f"{dim} day hour"),
        ):
            keys = [*key.split(), "simulated"]
            columns = [f"{one} {'TEXT' if one == dim else 'INTEGER'} NOT NULL" for one in keys + sums.split()]
            found.append(
                f"CREATE TABLE {table} (shop INTEGER NOT NULL, {', '.join(columns)}, "
                f"PRIMARY KEY (shop, {', '.join(keys)})) WITHOUT ROWID"
            )
    return found


@MIGRATIONS_HIDDEN()
def m001_what_may_be_shown(db: Database) -> None:
    """Shown tables, of which sums each day was made, how far the whole has come."""
    for statement in _tables():
        db.execute(statement)
    for statement in (
        # The secret is drawn once. With it and a shown number one could work out more about the true one; whoever reads it here
        # reads the true one as well.
        "CREATE TABLE noise_secret (shop INTEGER PRIMARY KEY, secret TEXT NOT NULL)",
        # sums: of the true rows of the day, as they were when it was made. is_open: more was expected then. exact: the sums with
        # which it was last shown without noise; empty where it never was.
        """CREATE TABLE shown_made (
            shop INTEGER NOT NULL, family TEXT NOT NULL, day INTEGER NOT NULL, simulated INTEGER NOT NULL,
            is_open INTEGER NOT NULL, sums TEXT NOT NULL, exact TEXT NOT NULL,
            PRIMARY KEY (shop, family, day, simulated)) WITHOUT ROWID""",
        # state: what all days of a family were last compared for.
        """CREATE TABLE shown_state (
            shop INTEGER NOT NULL, family TEXT NOT NULL, ground TEXT NOT NULL, state TEXT NOT NULL,
            PRIMARY KEY (shop, family)) WITHOUT ROWID""",
    ):
        db.execute(statement)
    tell_planner(db)
