"""Tables of the shop's nodes as a fleet: groups, places, settings, ways in, hardware that was replaced, clocks."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

MIGRATIONS_FLEET = Migrations("hub-fleet")

_TABLES = (
    # settings: JSON, name to text.
    """CREATE TABLE fleet_team (
        shop INTEGER NOT NULL, name TEXT NOT NULL, settings TEXT NOT NULL, made_at REAL NOT NULL,
        PRIMARY KEY (shop, name)) WITHOUT ROWID""",
    """CREATE TABLE fleet_post (
        shop INTEGER NOT NULL, device TEXT NOT NULL, team TEXT NOT NULL, floor TEXT NOT NULL, x REAL, y REAL,
        note TEXT NOT NULL, settings TEXT NOT NULL, retiring_at REAL, retired_at REAL,
        PRIMARY KEY (shop, device)) WITHOUT ROWID""",
    """CREATE TABLE fleet_floor (
        shop INTEGER NOT NULL, name TEXT NOT NULL, picture TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
        made_at REAL NOT NULL, PRIMARY KEY (shop, name)) WITHOUT ROWID""",
    # Shop 0 is the waiting room: a node that asks does not know its shop; whoever accepts it takes the row.
    """CREATE TABLE fleet_asking (
        shop INTEGER NOT NULL, public TEXT NOT NULL, code TEXT NOT NULL, program TEXT NOT NULL, name TEXT NOT NULL,
        address TEXT NOT NULL, asked_at REAL NOT NULL, expires_at REAL NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'accepted', 'refused')), plan TEXT NOT NULL, who TEXT NOT NULL,
        device TEXT NOT NULL, PRIMARY KEY (shop, public)) WITHOUT ROWID""",
    "CREATE INDEX fleet_asking_public ON fleet_asking (public)",
    # mark: the hash of a secret of one use, or a public key.
    """CREATE TABLE fleet_ticket (
        shop INTEGER NOT NULL, mark TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('secret', 'public')),
        program TEXT NOT NULL, plan TEXT NOT NULL, made_at REAL NOT NULL, expires_at REAL NOT NULL, used_at REAL,
        device TEXT NOT NULL, PRIMARY KEY (shop, mark)) WITHOUT ROWID""",
    "CREATE INDEX fleet_ticket_mark ON fleet_ticket (mark)",
    # A node that asks by its key does not say of which shop it is.
    "CREATE INDEX device_public ON device (public)",
    # What becomes of the node that uses a pairing code: `hub.fleet.plan.Plan` as JSON.
    """CREATE TABLE fleet_plan (
        shop INTEGER NOT NULL, secret_hash TEXT NOT NULL, plan TEXT NOT NULL, expires_at REAL NOT NULL,
        PRIMARY KEY (shop, secret_hash)) WITHOUT ROWID""",
    """CREATE TABLE fleet_former (
        shop INTEGER NOT NULL, device TEXT NOT NULL, public TEXT NOT NULL, key_number INTEGER NOT NULL,
        ended_at REAL NOT NULL, epoch INTEGER NOT NULL, why TEXT NOT NULL, PRIMARY KEY (shop, public)) WITHOUT ROWID""",
    """CREATE TABLE fleet_spent (
        shop INTEGER NOT NULL, campaign INTEGER NOT NULL, device TEXT NOT NULL, issued INTEGER NOT NULL,
        accepted INTEGER NOT NULL, PRIMARY KEY (shop, campaign, device)) WITHOUT ROWID""",
    """CREATE TABLE fleet_told (
        shop INTEGER NOT NULL, device TEXT NOT NULL, settings TEXT NOT NULL, skew_s REAL, clock TEXT NOT NULL,
        at REAL NOT NULL, PRIMARY KEY (shop, device)) WITHOUT ROWID""",
    # A row is a run of facts of one journal that came together and were stamped ahead of the hub.
    """CREATE TABLE fleet_ahead (
        shop INTEGER NOT NULL, device TEXT NOT NULL, epoch INTEGER NOT NULL, first_seq INTEGER NOT NULL,
        count INTEGER NOT NULL, most_s REAL NOT NULL, received_at REAL NOT NULL,
        PRIMARY KEY (shop, device, epoch, first_seq)) WITHOUT ROWID""",
)


@MIGRATIONS_FLEET()
def f001_fleet(db: Database) -> None:
    """The first tables."""
    for statement in _TABLES:
        db.execute(statement)
