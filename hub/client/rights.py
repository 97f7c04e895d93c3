"""How much of its rights this node has used: rising totals that survive the coupons they were spent on."""

from __future__ import annotations

import sqlite3
from typing import Literal

What = Literal["issue", "accept"]


def spent(conn: sqlite3.Connection, campaign: int, what: What) -> int:
    """How often this node has issued, or accepted while cut off, since its beginning."""
    row = conn.execute(
        "SELECT total FROM spent_right WHERE campaign = ? AND what = ?", (campaign, what)
    ).fetchone()
    return row[0] if row else 0


def spend(conn: sqlite3.Connection, campaign: int, what: What) -> None:
    """Count one more. Call it inside `writing()`, together with what it was spent on."""
    conn.execute(
        "INSERT INTO spent_right VALUES (?, ?, 1) ON CONFLICT (campaign, what) DO UPDATE SET total = total + 1",
        (campaign, what),
    )
