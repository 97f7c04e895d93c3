"""Several shops in one database: every key begins with the shop, and positions count in each shop for itself.

Each migration runs once, after those of `audit_schema`. What was there keeps its positions, so that every hash of the record and
every derived row stays what it was.
"""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.store.audit_schema import AUDIT_LOCKS
from hub.store.planning import tell_planner
from hub.store.schema import EVENT_VIEW

MIGRATIONS_TENANCY = Migrations("tenancy")

_TABLES = {
    # Runs are long, so the rows stay in the order in which they came and the key is an index beside them.
    "journal": (
        """position INTEGER NOT NULL, device TEXT NOT NULL, epoch INTEGER NOT NULL, first_seq INTEGER NOT NULL,
        count INTEGER NOT NULL, received_at REAL NOT NULL, texts BLOB NOT NULL, PRIMARY KEY (shop, position),
        UNIQUE (shop, device, epoch, first_seq))""",
        "position, device, epoch, first_seq, count, received_at, texts",
    ),
    "audit": (
        """position INTEGER NOT NULL, at REAL NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, subject TEXT NOT NULL,
        detail TEXT NOT NULL DEFAULT '{}', before TEXT NOT NULL DEFAULT '{}', after TEXT NOT NULL DEFAULT '{}',
        hash TEXT NOT NULL DEFAULT '', PRIMARY KEY (shop, position))""",
        "position, at, who, what, subject, detail, before, after, hash",
    ),
    "flaw": (
        """position INTEGER NOT NULL, device TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (shop, position))
        WITHOUT ROWID""",
        "position, device, reason",
    ),
    "refusal": (
        """position INTEGER NOT NULL, device TEXT NOT NULL, at REAL NOT NULL, refusal TEXT NOT NULL, nonce TEXT NOT NULL,
        till TEXT NOT NULL, staff TEXT NOT NULL, serial TEXT, campaign INTEGER, offline INTEGER NOT NULL,
        simulated INTEGER NOT NULL, PRIMARY KEY (shop, position)) WITHOUT ROWID""",
        "position, device, at, refusal, nonce, till, staff, serial, campaign, offline, simulated",
    ),
    "conflict": (
        """position INTEGER NOT NULL, serial TEXT NOT NULL, campaign INTEGER NOT NULL, cost_cents INTEGER NOT NULL,
        first_at REAL NOT NULL, first_device TEXT NOT NULL, first_till TEXT NOT NULL, first_staff TEXT NOT NULL,
        second_at REAL NOT NULL, second_device TEXT NOT NULL, second_till TEXT NOT NULL, second_staff TEXT NOT NULL,
        simulated INTEGER NOT NULL, settled_at REAL, PRIMARY KEY (shop, position)) WITHOUT ROWID""",
        """position, serial, campaign, cost_cents, first_at, first_device, first_till, first_staff, second_at, second_device,
        second_till, second_staff, simulated, settled_at""",
    ),
}

_AFTERWARDS = (
    "CREATE INDEX audit_by_time ON audit (shop, at)",
    "CREATE INDEX refusal_by_time ON refusal (shop, at)",
    "CREATE INDEX conflict_by_serial ON conflict (shop, serial)",
    *AUDIT_LOCKS,
    EVENT_VIEW,
    # A request names its node and no shop; a name is given out once in a database.
    "CREATE INDEX device_by_name ON device (device)",
    # Which way of deriving the projections of a shop were made by. Nothing here: by the one that the whole database says.
    "CREATE TABLE derived (shop INTEGER NOT NULL, folding INTEGER NOT NULL, PRIMARY KEY (shop)) WITHOUT ROWID",
)


@MIGRATIONS_TENANCY()
def t001_every_key_begins_with_the_shop(db: Database) -> None:
    """Journal, record of changes, flaws, refusals and conflicts once more, with a position in each shop."""
    # A view that names a table which is not there just now would stop its renaming.
    db.execute("DROP VIEW event")
    for table, (columns, names) in _TABLES.items():
        db.execute(f"CREATE TABLE {table}_anew (shop INTEGER NOT NULL, {columns}")
        db.execute(
            f"INSERT INTO {table}_anew (shop, {names}) SELECT shop, {names} FROM {table} ORDER BY shop, position"  # noqa: S608
        )
        db.execute(f"DROP TABLE {table}")
        db.execute(f"ALTER TABLE {table}_anew RENAME TO {table}")
    for statement in _AFTERWARDS:
        db.execute(statement)
    tell_planner(db)


@MIGRATIONS_TENANCY()
def t002_the_view_of_events_reads_every_text(db: Database) -> None:
    """Anew, as `dialect` now has it for PostgreSQL."""
    db.execute("DROP VIEW event")
    db.execute(EVENT_VIEW)
