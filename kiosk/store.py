"""What the counter keeps on its disk: every verdict, every use of a coupon that it knows of.

The kiosk's own SQL stands here; sessions and wrong PINs are `hub.client.staff_rows`. The tables live beside those of
`hub.client.schema` in one file, so that a redemption and the fact that reports it are one transaction.
"""

from __future__ import annotations

import sqlite3
from typing import Literal

import msgspec
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.client.db import Pool
from hub.wire.rules import FirstUse
from kiosk.verdicts import Reversal
from kiosk.verdicts import Verdict as Verdict

MIGRATIONS_KIOSK = Migrations("kiosk")

KEEP_VERDICTS_S = 40 * 86_400
"""Long enough to look a complaint up; the hub's journal keeps the rest for ever."""

KEEP_USES_S = 400 * 86_400
"""Longer than any coupon of ours lives: a used coupon must not be forgotten while its token is still good."""


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


class Question(msgspec.Struct, frozen=True):
    """What the hub is asked about one coupon. The hub takes a nonce for one text and one amount only."""

    nonce: str
    text: str
    basket_cents: int | None


class Use(msgspec.Struct, frozen=True):
    """One use of a coupon that this till knows of."""

    serial: str
    campaign: int
    first: FirstUse
    decided_by: Literal["hub", "till", "learnt"]


class Day(msgspec.Struct, frozen=True):
    """What happened at this till since the day began."""

    accepted: int
    refused: int
    value_cents: int


def use_of(conn: sqlite3.Connection, serial: str) -> Use | None:
    """The use of a coupon, where this till knows one."""
    row = conn.execute(
        "SELECT campaign, at, till, staff, nonce, decided_by FROM redemption WHERE serial = ?", (serial,)
    ).fetchone()
    if row is None:
        return None
    campaign, at, till, staff, nonce, decided_by = row
    return Use(serial, campaign, FirstUse(at, till, staff, nonce), decided_by)


def keep_use(conn: sqlite3.Connection, use: Use, value_cents: int, basket_cents: int | None) -> None:
    """Keep a use; the first that this till came to know stays."""
    first = use.first
    conn.execute(
        "INSERT INTO redemption VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (serial) DO NOTHING",
        (
            use.serial,
            use.campaign,
            first.nonce,
            first.at,
            first.till,
            first.staff,
            value_cents,
            basket_cents,
            use.decided_by,
        ),
    )


def uses_of_campaign(conn: sqlite3.Connection, campaign: int) -> int:
    """How often a campaign's coupons were used, as far as this till knows."""
    (count,) = conn.execute("SELECT count(*) FROM redemption WHERE campaign = ?", (campaign,)).fetchone()
    return int(count)


def verdict_of(conn: sqlite3.Connection, nonce: str) -> Verdict | None:
    """What was said to this very act before."""
    row = conn.execute("SELECT body FROM verdict WHERE nonce = ?", (nonce,)).fetchone()
    return msgspec.json.decode(row[0], type=Verdict) if row else None


def keep_verdict(conn: sqlite3.Connection, verdict: Verdict) -> None:
    """Keep what is about to be said, and let go of what was said long ago."""
    conn.execute(
        "INSERT INTO verdict VALUES (?, ?, ?, ?, ?)",
        (verdict.nonce, verdict.at, verdict.accepted, verdict.value_cents, msgspec.json.encode(verdict)),
    )
    conn.execute("DELETE FROM verdict WHERE at < ?", (verdict.at - KEEP_VERDICTS_S,))
    conn.execute("DELETE FROM redemption WHERE at < ?", (verdict.at - KEEP_USES_S,))
    conn.execute("DELETE FROM ask WHERE at < ?", (verdict.at - KEEP_USES_S,))


def open_ask(conn: sqlite3.Connection, coupon: str, question: Question, at: float) -> Question:
    """The question to ask about a coupon: one that has had no answer yet, exactly as it was, else this new one."""
    row = conn.execute("SELECT nonce, text, basket_cents FROM ask WHERE coupon = ?", (coupon,)).fetchone()
    if row is not None:
        return Question(*row)
    conn.execute(
        "INSERT INTO ask VALUES (?, ?, ?, ?, ?)",
        (coupon, question.nonce, question.text, question.basket_cents, at),
    )
    return question


def close_ask(conn: sqlite3.Connection, coupon: str) -> None:
    """An answer came, or the act was decided here under the same nonce."""
    conn.execute("DELETE FROM ask WHERE coupon = ?", (coupon,))


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
            "SELECT body FROM verdict WHERE at >= ? ORDER BY at DESC, rowid DESC LIMIT ?", (at, limit)
        )
        return [msgspec.json.decode(body, type=Verdict) for (body,) in rows]

    def day_since(self, at: float) -> Day:
        """The sums since then."""
        row = (
            self.pool.here()
            .execute(
                "SELECT coalesce(sum(accepted), 0), coalesce(sum(NOT accepted), 0), coalesce(sum(value_cents), 0) "
                "FROM verdict WHERE at >= ?",
                (at,),
            )
            .fetchone()
        )
        return Day(*row)

    def unseen(self, limit: int = 20) -> list[Verdict]:
        """What was decided while nobody was looking, newest first."""
        raise NotImplementedError

    def unseen_reversals(self, limit: int = 20) -> list[Reversal]:
        """The same of what was to be taken back."""
        raise NotImplementedError

    def mark_seen(self) -> None:
        """Somebody has looked at what was decided meanwhile."""
        raise NotImplementedError

    def reversal(self, nonce: str) -> Reversal | None:
        """What became of this undo so far."""
        raise NotImplementedError

    def reversal_of(self, of: str) -> Reversal | None:
        """The latest undo of the redemption with this verdict."""
        raise NotImplementedError
