"""What the counter keeps on its disk: its tables, and every verdict.

The kiosk's own SQL stands here, in `store_acts` (uses of coupons) and `store_open` (what the hub has not answered yet);
sessions and wrong PINs are `hub.client.staff_rows`. The tables live beside those of `hub.client.schema` in one file, so that a
redemption and the fact that reports it are one transaction.
"""

from __future__ import annotations

import sqlite3

import msgspec
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.client.db import Pool, writing
from kiosk.verdicts import Reversal
from kiosk.verdicts import Verdict as Verdict

MIGRATIONS_KIOSK = Migrations("kiosk")

KEEP_VERDICTS_S = 40 * 86_400
"""Long enough to look a complaint up; the hub's journal keeps the rest for ever."""

KEEP_USES_S = 400 * 86_400
"""Longer than any coupon of ours lives: a used coupon must not be forgotten while its token is still good."""

KEEP_LATEST = 5_000
"""Rows that are kept whatever the clock says: more than a busy till adds in the days that it may be without the time."""


@MIGRATIONS_KIOSK()
def m001_counter(db: Database) -> None:
    """The first tables."""
    for statement in (
        # Uses of coupons: made here, or learnt from the hub. One row for each coupon, whoever comes first.
        """CREATE TABLE redemption (
            serial TEXT PRIMARY KEY, campaign INTEGER NOT NULL, nonce TEXT NOT NULL, at REAL NOT NULL,
            till TEXT NOT NULL, staff TEXT NOT NULL, value_cents INTEGER NOT NULL, basket_cents INTEGER,
            decided_by TEXT NOT NULL CHECK (decided_by IN ('hub', 'till', 'learnt')))""",
        "CREATE INDEX redemption_campaign ON redemption (campaign)",
        # What this till said, once for each act: the day's list, and the same answer when the same act comes again.
        """CREATE TABLE verdict (
            nonce TEXT PRIMARY KEY, at REAL NOT NULL, accepted INTEGER NOT NULL, value_cents INTEGER NOT NULL,
            body BLOB NOT NULL)""",
        "CREATE INDEX verdict_at ON verdict (at)",
        # Questions to the hub that no answer has come to: the next try for the same coupon is the same act.
        """CREATE TABLE ask (
            coupon TEXT PRIMARY KEY, nonce TEXT NOT NULL, text TEXT NOT NULL, basket_cents INTEGER, at REAL NOT NULL)""",
        "CREATE TABLE wrong_pin (who TEXT PRIMARY KEY, tries INTEGER NOT NULL, at REAL NOT NULL)",
        """CREATE TABLE till_session (
            token_hash BLOB PRIMARY KEY, staff TEXT NOT NULL, began_at REAL NOT NULL, seen_at REAL NOT NULL)""",
    ):
        db.execute(statement)


@MIGRATIONS_KIOSK()
def m002_sessions_of_staff(db: Database) -> None:
    """The table by the name that the door uses too (`hub.client.staff_rows`)."""
    db.execute("ALTER TABLE till_session RENAME TO staff_session")


@MIGRATIONS_KIOSK()
def m003_taken_back_held_and_spent_in_parts(db: Database) -> None:
    """Each act of this till by itself, undos, holds, pictures of rotating coupons; verdicts that do not count, or wait to be
    seen."""
    for statement in (
        # What was accepted at this till, each act: a coupon may be used again once it was taken back, a voucher in parts.
        # `nonce` is the hub's name for the act, `verdict` that under which this till said so.
        """CREATE TABLE act (
            nonce TEXT PRIMARY KEY, verdict TEXT NOT NULL, serial TEXT NOT NULL, campaign INTEGER NOT NULL, at REAL NOT NULL,
            staff TEXT NOT NULL, member TEXT NOT NULL, value_cents INTEGER NOT NULL, basket_cents INTEGER,
            balance_cents INTEGER, decided_by TEXT NOT NULL CHECK (decided_by IN ('hub', 'till')), reversed_at REAL)""",
        "CREATE INDEX act_by_serial ON act (serial)",
        "CREATE INDEX act_by_campaign ON act (campaign, at)",
        "CREATE INDEX act_by_member ON act (member, at) WHERE member <> ''",
        """INSERT INTO act SELECT nonce, nonce, serial, campaign, at, staff, '', value_cents, basket_cents, NULL, decided_by,
            NULL FROM redemption WHERE decided_by <> 'learnt'""",
        # Acts that are to be taken back. `body` is a Reversal; `state` 'open' until the hub has answered.
        """CREATE TABLE undo (
            nonce TEXT PRIMARY KEY, act TEXT NOT NULL, of TEXT NOT NULL, serial TEXT, at REAL NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('reversed', 'refused', 'open')), alone INTEGER NOT NULL,
            unseen INTEGER NOT NULL DEFAULT 0, body BLOB NOT NULL)""",
        "CREATE INDEX undo_of ON undo (of)",
        "CREATE INDEX undo_open ON undo (at) WHERE state = 'open'",
        # Coupons that this till holds at the hub for a purchase.
        "CREATE TABLE hold (nonce TEXT PRIMARY KEY, serial TEXT NOT NULL, until REAL NOT NULL)",
        # As `hub.wire.rotating` remembers: the pace of each node's pictures, and each coupon's newest picture.
        """CREATE TABLE picture_pace (
            key_number INTEGER PRIMARY KEY, step INTEGER NOT NULL, own INTEGER NOT NULL, sure INTEGER NOT NULL)""",
        """CREATE TABLE picture_seen (
            serial TEXT PRIMARY KEY, accepted INTEGER, wrong_digits INTEGER NOT NULL, at REAL NOT NULL)""",
        # The whole question, so that it can be asked again exactly as it was; whether it was ever sent.
        "ALTER TABLE ask ADD COLUMN body BLOB",
        "ALTER TABLE ask ADD COLUMN campaign INTEGER",
        "ALTER TABLE ask ADD COLUMN sent INTEGER NOT NULL DEFAULT 1",
        # 0: of a rehearsal, or taken back since.
        "ALTER TABLE verdict ADD COLUMN counts INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE verdict ADD COLUMN unseen INTEGER NOT NULL DEFAULT 0",
        "CREATE INDEX verdict_unseen ON verdict (at) WHERE unseen",
    ):
        db.execute(statement)


class Day(msgspec.Struct, frozen=True):
    """What happened at this till since the day began: without rehearsals, and without what was taken back."""

    accepted: int
    refused: int
    value_cents: int


def verdict_of(conn: sqlite3.Connection, nonce: str) -> Verdict | None:
    """What was said to this very act before."""
    row = conn.execute("SELECT body, unseen FROM verdict WHERE nonce = ?", (nonce,)).fetchone()
    return _read(row) if row else None


def keep_verdict(conn: sqlite3.Connection, verdict: Verdict) -> None:
    """Keep what is about to be said, and let go of what was said long ago."""
    conn.execute(
        "INSERT INTO verdict (nonce, at, accepted, value_cents, body, counts, unseen) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            verdict.nonce,
            verdict.at,
            verdict.accepted,
            verdict.value_cents,
            msgspec.json.encode(msgspec.structs.replace(verdict, unseen=False)),
            not verdict.training,
            verdict.unseen,
        ),
    )
    _let_go(conn, "verdict", verdict.at - KEEP_VERDICTS_S)
    for table in ("redemption", "act", "ask", "undo", "picture_seen"):
        _let_go(conn, table, verdict.at - KEEP_USES_S)
    conn.execute("DELETE FROM hold WHERE until < ?", (verdict.at,))


def _let_go(conn: sqlite3.Connection, table: str, before: float) -> None:
    """Forget what is older than this by the clock, but for the latest rows: what was done before a till had the time bears a
    date of long ago once it has it."""
    statement = f"DELETE FROM {table} WHERE at < ? AND rowid <= (SELECT max(rowid) FROM {table}) - ?"  # noqa: S608 - our own names
    conn.execute(statement, (before, KEEP_LATEST))


def change_verdict(
    conn: sqlite3.Connection,
    verdict: Verdict,
    *,
    reversed_at: float | None = None,
    next_coupon: str | None = None,
) -> Verdict:
    """The act was taken back, or a coupon for the next visit has come to it: the verdict says so from now on."""
    changed = msgspec.structs.replace(
        verdict,
        reversed_at=reversed_at if reversed_at is not None else verdict.reversed_at,
        next_coupon=next_coupon if next_coupon is not None else verdict.next_coupon,
    )
    conn.execute(
        "UPDATE verdict SET body = ?, counts = ? WHERE nonce = ?",
        (
            msgspec.json.encode(msgspec.structs.replace(changed, unseen=False)),
            not changed.training and changed.reversed_at is None,
            changed.nonce,
        ),
    )
    return changed


def _read(row: tuple[bytes, int]) -> Verdict:
    verdict = msgspec.json.decode(row[0], type=Verdict)
    return msgspec.structs.replace(verdict, unseen=True) if row[1] else verdict


def _read_undo(row: tuple[bytes, int]) -> Reversal:
    reversal = msgspec.json.decode(row[0], type=Reversal)
    return msgspec.structs.replace(reversal, unseen=True) if row[1] else reversal


class CounterStore:
    """The counter's questions to its disk. Safe from several threads."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    def verdict(self, nonce: str) -> Verdict | None:
        """What was said to this act."""
        return verdict_of(self.pool.here().conn, nonce)

    def verdicts_since(self, at: float, limit: int) -> list[Verdict]:
        """What was said since then, newest first."""
        rows = self.pool.here().execute(
            "SELECT body, unseen FROM verdict WHERE at >= ? ORDER BY at DESC, rowid DESC LIMIT ?", (at, limit)
        )
        return [_read(row) for row in rows]

    def day_since(self, at: float) -> Day:
        """The sums since then."""
        row = (
            self.pool.here()
            .execute(
                """SELECT coalesce(sum(accepted AND counts), 0), coalesce(sum(NOT accepted AND counts), 0),
                   coalesce(sum(value_cents * counts), 0) FROM verdict WHERE at >= ?""",
                (at,),
            )
            .fetchone()
        )
        return Day(*row)

    def unseen(self, limit: int = 20) -> list[Verdict]:
        """What was decided while nobody was looking, newest first."""
        rows = self.pool.here().execute(
            "SELECT body, unseen FROM verdict WHERE unseen ORDER BY at DESC LIMIT ?", (limit,)
        )
        return [_read(row) for row in rows]

    def unseen_reversals(self, limit: int = 20) -> list[Reversal]:
        """The same of what was to be taken back."""
        rows = self.pool.here().execute(
            "SELECT body, unseen FROM undo WHERE unseen ORDER BY at DESC LIMIT ?", (limit,)
        )
        return [_read_undo(row) for row in rows]

    def mark_seen(self) -> None:
        """Somebody has looked at what was decided meanwhile."""
        with writing(self.pool.here()) as conn:
            conn.execute("UPDATE verdict SET unseen = 0 WHERE unseen")
            conn.execute("UPDATE undo SET unseen = 0 WHERE unseen")

    def reversal(self, nonce: str) -> Reversal | None:
        """What became of this undo so far."""
        row = self.pool.here().execute("SELECT body, unseen FROM undo WHERE nonce = ?", (nonce,)).fetchone()
        return _read_undo(row) if row else None

    def reversal_of(self, of: str) -> Reversal | None:
        """The latest undo of the redemption with this verdict."""
        row = (
            self.pool.here()
            .execute("SELECT body, unseen FROM undo WHERE of = ? ORDER BY rowid DESC LIMIT 1", (of,))
            .fetchone()
        )
        return _read_undo(row) if row else None
