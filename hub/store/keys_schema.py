"""Tables of keys that change, and of rules that call coupons back. Each migration runs once, after those of `schema`."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

MIGRATIONS_KEYS = Migrations("keys")

_KEYS = (
    # Every key for coupons that is in use or was; device.key_number is the one that a node signs with now. A number is used again
    # long after its key has ended.
    """CREATE TABLE node_key (
        shop INTEGER NOT NULL, number INTEGER NOT NULL CHECK (number BETWEEN 0 AND 255), device TEXT NOT NULL,
        public TEXT NOT NULL, made_at REAL NOT NULL, starts_at REAL, ends_at REAL, withdrawn_at REAL,
        PRIMARY KEY (shop, number), UNIQUE (shop, public)) WITHOUT ROWID""",
    """INSERT INTO node_key SELECT shop, key_number, device, public, enrolled_at, NULL, NULL, withdrawn_at FROM device""",
    # Nodes that the office wants to take a new key.
    """CREATE TABLE renewal_wish (
        shop INTEGER NOT NULL, device TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (shop, device)) WITHOUT ROWID""",
    # body: hub.keys.KeyPolicy as JSON.
    "CREATE TABLE key_policy (shop INTEGER PRIMARY KEY, body TEXT NOT NULL)",
    # sealed: hub.wire.rotating.RotatingKey as JSON, which only this hub's own key opens.
    """CREATE TABLE code_key (
        shop INTEGER NOT NULL, number INTEGER NOT NULL, sealed TEXT NOT NULL, made_at REAL NOT NULL,
        starts_at REAL NOT NULL, PRIMARY KEY (shop, number)) WITHOUT ROWID""",
    # body: hub.wire.snapshot.RevocationRule as JSON.
    """CREATE TABLE revoked_rule (
        shop INTEGER NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL, who TEXT NOT NULL, reason TEXT NOT NULL,
        PRIMARY KEY (shop, number)) WITHOUT ROWID""",
)

_DEVICE = (
    # The same table without the promise that no two devices ever had the same number of a key.
    """CREATE TABLE device_anew (
        shop INTEGER NOT NULL, device TEXT NOT NULL, program TEXT NOT NULL, name TEXT NOT NULL, public TEXT NOT NULL,
        key_number INTEGER NOT NULL CHECK (key_number BETWEEN 0 AND 255), enrolled_at REAL NOT NULL, withdrawn_at REAL,
        PRIMARY KEY (shop, device), UNIQUE (shop, public)) WITHOUT ROWID""",
    """INSERT INTO device_anew SELECT shop, device, program, name, public, key_number, enrolled_at, withdrawn_at
        FROM device""",
    "DROP TABLE device",
    "ALTER TABLE device_anew RENAME TO device",
)


@MIGRATIONS_KEYS()
def k001_keys_that_change(db: Database) -> None:
    """Keys with a life of their own, the shop's key behind codes that change, rules that call coupons back."""
    for group in (_KEYS, _DEVICE):
        for statement in group:
            db.execute(statement)
