"""What the counter keeps of members' purses: balances as it heard them, its own acts, what it has taken back, what it gave up.

The tables live in the counter's file, so that an act and the fact that reports it are one transaction. Members are opaque ids.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Literal

import msgspec
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.wire.purse_rules import Unit
from hub.wire.sync_value import PurseSeen

MIGRATIONS_PURSE = Migrations("kiosk-purse")

KEEP_S = 40 * 86_400.0
KEEP_LATEST = 5_000


@MIGRATIONS_PURSE()
def p001_purses(db: Database) -> None:
    """The first tables."""
    for statement in (
        # What was in a purse when the hub last said so, less what this till accepted alone since. body: PurseSeen.
        "CREATE TABLE purse_seen (member TEXT PRIMARY KEY, at REAL NOT NULL, body BLOB NOT NULL)",
        # Questions that have no answer yet. sent: it may have reached the hub.
        """CREATE TABLE purse_ask (
            nonce TEXT PRIMARY KEY, at REAL NOT NULL, staff TEXT NOT NULL, sent INTEGER NOT NULL)""",
        # What was done at this till. kind: 'spent' or 'topup'.
        """CREATE TABLE purse_act (
            nonce TEXT PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, member TEXT NOT NULL, unit TEXT NOT NULL,
            card TEXT NOT NULL, amount INTEGER NOT NULL, cents INTEGER NOT NULL, staff TEXT NOT NULL, purchase TEXT NOT NULL,
            decided_by TEXT NOT NULL CHECK (decided_by IN ('hub', 'till')), reversed_at REAL)""",
        "CREATE INDEX purse_act_at ON purse_act (at)",
        # Acts that are to be taken back, and questions that were given up. state: 'open' until the hub has answered.
        """CREATE TABLE purse_undo (
            of TEXT PRIMARY KEY, nonce TEXT NOT NULL, at REAL NOT NULL, staff TEXT NOT NULL, reason TEXT NOT NULL,
            given_up INTEGER NOT NULL, state TEXT NOT NULL CHECK (state IN ('open', 'reversed', 'refused')),
            refusal TEXT NOT NULL DEFAULT '', decided_by TEXT NOT NULL DEFAULT 'hub')""",
        "CREATE INDEX purse_undo_open ON purse_undo (at) WHERE state = 'open'",
        # What this till accepted alone since its beginning, as its right is counted.
        "CREATE TABLE purse_alone (one INTEGER PRIMARY KEY CHECK (one = 1), cents INTEGER NOT NULL)",
    ):
        db.execute(statement)


class OwnPurseAct(msgspec.Struct, frozen=True):
    """Something that was done with a purse at this till."""

    nonce: str
    at: float
    kind: Literal["spent", "topup"]
    member: str
    unit: Unit
    card: str
    amount: int
    cents: int
    staff: str
    purchase: str
    decided_by: Literal["hub", "till"]
    reversed_at: float | None = None


class PurseUndo(msgspec.Struct, frozen=True):
    """An act (`of`) that is to be taken back, or a question that was given up."""

    of: str
    nonce: str
    at: float
    staff: str
    reason: str
    given_up: bool
    state: Literal["open", "reversed", "refused"] = "open"
    refusal: str = ""
    decided_by: Literal["hub", "till"] = "hub"


_ACT = "nonce, at, kind, member, unit, card, amount, cents, staff, purchase, decided_by, reversed_at"
_UNDO = "of, nonce, at, staff, reason, given_up, state, refusal, decided_by"


def seen_of(conn: sqlite3.Connection, member: str) -> tuple[float, PurseSeen] | None:
    """When the hub last said what is in a purse, and what."""
    row = conn.execute("SELECT at, body FROM purse_seen WHERE member = ?", (member,)).fetchone()
    return (row[0], msgspec.json.decode(row[1], type=PurseSeen)) if row else None


def keep_seen(conn: sqlite3.Connection, member: str, at: float, seen: PurseSeen) -> None:
    """The hub has said what is in a purse."""
    conn.execute(
        """INSERT INTO purse_seen VALUES (?, ?, ?) ON CONFLICT (member) DO UPDATE SET at = excluded.at,
           body = excluded.body""",
        (member, at, msgspec.json.encode(seen)),
    )
    conn.execute("DELETE FROM purse_seen WHERE at < ? AND member <> ?", (at - KEEP_S, member))


def open_question(conn: sqlite3.Connection, nonce: str, at: float, staff: str, *, sent: bool) -> None:
    """A question is about to be asked."""
    conn.execute(
        "INSERT INTO purse_ask VALUES (?, ?, ?, ?) ON CONFLICT (nonce) DO UPDATE SET sent = max(sent, excluded.sent)",
        (nonce, at, staff, sent),
    )


def was_sent(conn: sqlite3.Connection, nonce: str) -> bool:
    """Whether this question may have reached the hub."""
    row = conn.execute("SELECT sent FROM purse_ask WHERE nonce = ?", (nonce,)).fetchone()
    return row is not None and bool(row[0])


def close_question(conn: sqlite3.Connection, nonce: str) -> None:
    """It has an answer, was decided here, or was given up."""
    conn.execute("DELETE FROM purse_ask WHERE nonce = ?", (nonce,))


def open_questions(conn: sqlite3.Connection, limit: int) -> list[tuple[str, float, str, bool]]:
    """Questions without an answer: nonce, when, by whom, whether it may have reached the hub."""
    rows = conn.execute("SELECT nonce, at, staff, sent FROM purse_ask ORDER BY at LIMIT ?", (limit,))
    return [(nonce, at, staff, bool(sent)) for nonce, at, staff, sent in rows]


def keep_act(conn: sqlite3.Connection, act: OwnPurseAct) -> None:
    """Something was done."""
    conn.execute(
        f"INSERT OR IGNORE INTO purse_act ({_ACT}) VALUES ({', '.join('?' * 12)})",  # noqa: S608 - names of our own
        msgspec.structs.astuple(act),
    )
    conn.execute(
        "DELETE FROM purse_act WHERE at < ? AND rowid <= (SELECT max(rowid) FROM purse_act) - ?",
        (act.at - KEEP_S, KEEP_LATEST),
    )
    conn.execute("DELETE FROM purse_undo WHERE at < ? AND state <> 'open'", (act.at - KEEP_S,))


def act_of(conn: sqlite3.Connection, nonce: str) -> OwnPurseAct | None:
    """What was done under this nonce."""
    row = conn.execute(f"SELECT {_ACT} FROM purse_act WHERE nonce = ?", (nonce,)).fetchone()  # noqa: S608
    return OwnPurseAct(*row) if row else None


def acts_since(conn: sqlite3.Connection, at: float, limit: int = 1_000) -> list[OwnPurseAct]:
    """What was done since then, the newest first."""
    rows = conn.execute(
        f"SELECT {_ACT} FROM purse_act WHERE at >= ? ORDER BY at DESC, rowid DESC LIMIT ?",  # noqa: S608
        (at, limit),
    )
    return [OwnPurseAct(*row) for row in rows]


def mark_taken_back(conn: sqlite3.Connection, nonce: str, at: float) -> None:
    """An act was taken back."""
    conn.execute("UPDATE purse_act SET reversed_at = ? WHERE nonce = ?", (at, nonce))


def paid_today(
    conn: sqlite3.Connection, member: str, staff: str, first: float, end: float
) -> tuple[int, int]:
    """What was paid from a purse at this till in a day, and how often by this member of staff."""
    row = conn.execute(
        """SELECT coalesce(sum(cents), 0), coalesce(sum(staff = ?), 0) FROM purse_act WHERE member = ? AND kind = 'spent'
           AND at >= ? AND at < ? AND reversed_at IS NULL""",
        (staff, member, first, end),
    ).fetchone()
    return int(row[0]), int(row[1])


def keep_undo(conn: sqlite3.Connection, undo: PurseUndo) -> None:
    """An undo as it stands now."""
    conn.execute(
        f"""INSERT INTO purse_undo ({_UNDO}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (of) DO UPDATE SET
            state = excluded.state, refusal = excluded.refusal, decided_by = excluded.decided_by, at = excluded.at,
            nonce = excluded.nonce, staff = excluded.staff, reason = excluded.reason, given_up = excluded.given_up""",  # noqa: S608
        msgspec.structs.astuple(undo),
    )


def undo_of(conn: sqlite3.Connection, of: str) -> PurseUndo | None:
    """What became of taking this act back."""
    row = conn.execute(f"SELECT {_UNDO} FROM purse_undo WHERE of = ?", (of,)).fetchone()  # noqa: S608
    return _read_undo(row) if row else None


def open_undos(conn: sqlite3.Connection, limit: int) -> list[PurseUndo]:
    """Those that the hub has not answered, the oldest first."""
    rows = conn.execute(f"SELECT {_UNDO} FROM purse_undo WHERE state = 'open' ORDER BY at LIMIT ?", (limit,))  # noqa: S608
    return [_read_undo(row) for row in rows]


def undos_since(conn: sqlite3.Connection, at: float) -> list[PurseUndo]:
    """What was taken back since then, the oldest first."""
    rows = conn.execute(
        f"SELECT {_UNDO} FROM purse_undo WHERE state = 'reversed' AND at >= ? ORDER BY at",  # noqa: S608
        (at,),
    )
    return [_read_undo(row) for row in rows]


def _read_undo(row: Sequence[object]) -> PurseUndo:
    of, nonce, at, staff, reason, given_up, state, refusal, decided_by = row
    return PurseUndo(of, nonce, at, staff, reason, bool(given_up), state, refusal, decided_by)  # type: ignore[arg-type]  # the row's own order


def alone_cents(conn: sqlite3.Connection) -> int:
    """What this till accepted alone since its beginning."""
    row = conn.execute("SELECT cents FROM purse_alone").fetchone()
    return int(row[0]) if row else 0


def spend_alone(conn: sqlite3.Connection, cents: int, at_least: int) -> None:
    """It accepts so much more. `at_least`: what it had accepted before, as the hub knows."""
    conn.execute(
        "INSERT INTO purse_alone VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET cents = max(cents, ?) + ?",
        (at_least + cents, at_least, cents),
    )


def untold(conn: sqlite3.Connection) -> bool:
    """Whether something about purses waits for the hub."""
    row = conn.execute(
        "SELECT 1 FROM outbox WHERE kind IN ('value.spent', 'value.reversed') AND parked IS NULL LIMIT 1"
    ).fetchone()
    return row is not None
