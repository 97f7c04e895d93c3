"""Tables of offers that wait for somebody else's eyes, and of the rules of the office. Each migration runs once, after those of
`schema`."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

MIGRATIONS_CAMPAIGNS = Migrations("hub-campaigns")

_TABLES = (
    # What an offer is to be once somebody else has approved it; one for each offer. base: the version on which it stands.
    # body: hub.wire.snapshot.Campaign as JSON. state: waiting or returned; answer: why it was returned.
    """CREATE TABLE campaign_proposal (
        shop INTEGER NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL, base INTEGER NOT NULL, who TEXT NOT NULL,
        at REAL NOT NULL, state TEXT NOT NULL, answer TEXT NOT NULL, answered_by TEXT NOT NULL, answered_at REAL,
        PRIMARY KEY (shop, number)) WITHOUT ROWID""",
    # What the shop asks of its own office, such as that two people see an offer before it is published.
    """CREATE TABLE office_rule (
        shop INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (shop, name)) WITHOUT ROWID""",
)


@MIGRATIONS_CAMPAIGNS()
def c001_two_pairs_of_eyes(db: Database) -> None:
    """Offers that wait for approval, and whether the shop asks for it."""
    for statement in _TABLES:
        db.execute(statement)
