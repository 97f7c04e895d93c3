"""Tables of joining: codes on their way to a number, and guests whom a till has asked. Each migration runs once, after those of
`members_schema`.

Neither is a projection: both are of the day, hold keyed hashes where a number or a secret stood, and are forgotten soon.
"""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

MIGRATIONS_DOORS = Migrations("hub-doors")

_TABLES = (
    # number, code: keyed hashes (`hub.members.people_key`). tries: wrong ones so far. done: 1 once it was right, 2 where nothing
    # was sent.
    """CREATE TABLE door_code (
        shop INTEGER NOT NULL, handle TEXT NOT NULL, number TEXT NOT NULL, code TEXT NOT NULL, sent_at REAL NOT NULL,
        tries INTEGER NOT NULL, done INTEGER NOT NULL, PRIMARY KEY (shop, handle)) WITHOUT ROWID""",
    "CREATE INDEX door_code_of ON door_code (shop, number, sent_at)",
    "CREATE INDEX door_code_at ON door_code (shop, sent_at)",
    # secret: a keyed hash of what the guest's phone holds. state: open, joined, refused, over.
    """CREATE TABLE door_invitation (
        shop INTEGER NOT NULL, nonce TEXT NOT NULL, secret TEXT NOT NULL, staff TEXT NOT NULL, till TEXT NOT NULL,
        until REAL NOT NULL, state TEXT NOT NULL, member TEXT NOT NULL, PRIMARY KEY (shop, nonce)) WITHOUT ROWID""",
    "CREATE INDEX door_invitation_by ON door_invitation (shop, secret)",
)


@MIGRATIONS_DOORS()
def d001_joining(db: Database) -> None:
    """Codes and invitations."""
    for statement in _TABLES:
        db.execute(statement)
