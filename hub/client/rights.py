"""How much of its rights this node has used: rising totals that survive the coupons they were spent on."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Literal

from hub.wire.snapshot import Right
from hub.wire.sync import MAX_BATCH, Held

What = Literal["issue", "accept"]


def spent(conn: sqlite3.Connection, campaign: int, what: What) -> int:
    """How often this node has issued, or accepted while cut off, since its beginning."""
    row = conn.execute(
        "SELECT total FROM spent_right WHERE campaign = ? AND what = ?", (campaign, what)
    ).fetchone()
    return row[0] if row else 0


def left(conn: sqlite3.Connection, right: Right, what: What) -> int:
    """How much this node may still do. Where its disk was set back, the hub has told it what it had spent (`snapshot.Right`)."""
    may, at_least = (right.issue, right.issued) if what == "issue" else (right.accept, right.accepted)
    return may - max(at_least, spent(conn, right.campaign, what))


def spend(conn: sqlite3.Connection, campaign: int, what: What, *, count: int = 1, at_least: int = 0) -> None:
    """Count more. Call it inside `writing()`, together with what it was spent on. `at_least`: what was spent before, as the hub
    knows."""
    conn.execute(
        """INSERT INTO spent_right VALUES (?, ?, ?)
           ON CONFLICT (campaign, what) DO UPDATE SET total = max(total, ?) + ?""",
        (campaign, what, at_least + count, at_least, count),
    )


def held(conn: sqlite3.Connection, rights: Sequence[Right]) -> tuple[Held, ...]:
    """What this node holds and has spent, for the hub to know. Read it after the facts that go up with it."""
    totals: dict[int, dict[str, int]] = {right.campaign: {} for right in rights}
    for campaign, what, total in conn.execute("SELECT campaign, what, total FROM spent_right"):
        totals.setdefault(campaign, {})[what] = total
    given = {right.campaign: right for right in rights}
    found = []
    for campaign in sorted(totals, reverse=True)[:MAX_BATCH]:
        right, total = given.get(campaign, Right(campaign)), totals[campaign]
        found.append(
            Held(
                campaign,
                right.issue,
                right.accept,
                max(right.issued, total.get("issue", 0)),
                max(right.accepted, total.get("accept", 0)),
            )
        )
    return tuple(found)
