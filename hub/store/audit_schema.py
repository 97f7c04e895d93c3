"""The office's record as a chain that nobody can edit. Each migration runs once, after those of `schema`."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.store.audit_chain import FIRST, link
from hub.store.records import AuditEntry

MIGRATIONS_AUDIT = Migrations("audit")

_COLUMNS = (
    # JSON objects of what differs; {} where nothing was there before, or is afterwards. No secrets, no shopper.
    "ALTER TABLE audit ADD COLUMN before TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE audit ADD COLUMN after TEXT NOT NULL DEFAULT '{}'",
    # hub.store.audit_chain.link
    "ALTER TABLE audit ADD COLUMN hash TEXT NOT NULL DEFAULT ''",
)

AUDIT_LOCKS = (
    """CREATE TRIGGER audit_is_not_edited BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the record of changes is never edited'); END""",
    """CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the record of changes is never deleted'); END""",
    # INSERT OR REPLACE takes a row away without asking the trigger for DELETE.
    """CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit
        WHEN EXISTS (SELECT 1 FROM audit WHERE shop = NEW.shop AND position = NEW.position)
        BEGIN SELECT RAISE(ABORT, 'the record of changes is never edited'); END""",
)


@MIGRATIONS_AUDIT()
def a001_a_chain_that_nobody_edits(db: Database) -> None:
    """Before and after, the hash of every row that is there, and no way to change one from then on."""
    for statement in _COLUMNS:
        db.execute(statement)
    latest: dict[int, str] = {}
    rows = db.execute("SELECT position, shop, at, who, what, subject, detail FROM audit ORDER BY position")
    for position, shop, *said in rows.fetchall():
        latest[shop] = link(latest.get(shop, FIRST), shop, position, AuditEntry(*said))
        db.execute("UPDATE audit SET hash = ? WHERE position = ?", (latest[shop], position))
    for statement in AUDIT_LOCKS:
        db.execute(statement)
