"""SQLite's answers about set-backs: this file is an old copy, and who has told again what happened since."""

from __future__ import annotations

import sqlite3

from hub.store.connection import HubPool
from hub.store.setbacks import Retelling, Setback

MARK = 0
"""The number of the row by which a copy says that it is one."""


class SqliteSetback:
    """Set-backs of this hub. At most one is under way."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def marked_at(self) -> float | None:
        """When this copy was made, while no hub has worked on it yet; None where it is no copy, or not any more."""
        rows = self._pool.read(
            "SELECT copied_at FROM setback WHERE shop = ? AND number = ?", self._pool.shop, MARK
        )
        return float(rows[0][0]) if rows else None

    def latest(self) -> Setback | None:
        """The newest that was noticed, over or not."""
        rows = self._pool.read(
            """SELECT number, copied_at, noticed_at, ended_at FROM setback WHERE shop = ? AND number > ?
               ORDER BY number DESC LIMIT 1""",
            self._pool.shop,
            MARK,
        )
        return Setback(*rows[0]) if rows else None

    def is_open(self) -> bool:
        """Whether one is under way."""
        return bool(
            self._pool.read(
                "SELECT 1 FROM setback WHERE shop = ? AND number > ? AND ended_at IS NULL LIMIT 1",
                self._pool.shop,
                MARK,
            )
        )

    def begin(self, copied_at: float, noticed_at: float) -> int:
        """One is noticed; its number. Every node that is not withdrawn is asked from when it was heard last, from `copied_at`, or
        from what it had not told after a set-back before, whichever is earliest."""
        with self._pool.writing() as conn:
            before = self.latest()
            # Named by its time, not counted: the same backup may be put back twice, and nodes remember what they have done with.
            number = max(int(noticed_at * 1_000), before.number + 1 if before else 1)
            conn.execute("DELETE FROM setback WHERE shop = ? AND number = ?", (self._pool.shop, MARK))
            conn.execute(
                "INSERT INTO setback VALUES (?, ?, ?, ?, NULL)",
                (self._pool.shop, number, copied_at, noticed_at),
            )
            conn.execute(
                """INSERT INTO retelling SELECT d.shop, ?, d.device, min(coalesce(c.seen_at, ?), ?, coalesce(
                       (SELECT min(r.since) FROM retelling r
                        WHERE r.shop = d.shop AND r.device = d.device AND r.done_at IS NULL), ?)), NULL
                   FROM device d LEFT JOIN contact c ON c.shop = d.shop AND c.device = d.device
                   WHERE d.shop = ? AND d.withdrawn_at IS NULL""",
                (number, copied_at, copied_at, copied_at, self._pool.shop),
            )
        return number

    def end(self, number: int, now: float) -> None:
        """It is over: everybody has told, or nobody is waited for any longer."""
        with self._pool.writing() as conn:
            conn.execute(
                "UPDATE setback SET ended_at = ? WHERE shop = ? AND number = ?",
                (now, self._pool.shop, number),
            )

    def retellings(self, number: int) -> list[Retelling]:
        """Everybody who is asked, but for those that were withdrawn since."""
        rows = self._pool.read(
            """SELECT r.device, r.since, r.done_at FROM retelling r JOIN device d ON d.shop = r.shop AND d.device = r.device
               WHERE r.shop = ? AND r.number = ? AND d.withdrawn_at IS NULL ORDER BY r.device""",
            self._pool.shop,
            number,
        )
        return [Retelling(*row) for row in rows]

    def retelling(self, number: int, device: str) -> Retelling | None:
        """What one node is asked."""
        rows = self._pool.read(
            "SELECT device, since, done_at FROM retelling WHERE shop = ? AND number = ? AND device = ?",
            self._pool.shop,
            number,
            device,
        )
        return Retelling(*rows[0]) if rows else None

    def told(self, number: int, device: str, now: float) -> None:
        """This node has told everything."""
        with self._pool.writing() as conn:
            conn.execute(
                "UPDATE retelling SET done_at = ? WHERE shop = ? AND number = ? AND device = ? AND done_at IS NULL",
                (now, self._pool.shop, number, device),
            )


def mark_copy(conn: sqlite3.Connection, now: float) -> None:
    """Write into a fresh copy of the file that it is one. Call it on the copy's own connection, with nothing else open on it."""
    with conn:
        conn.execute("DELETE FROM setback WHERE number = ?", (MARK,))
        conn.execute("INSERT INTO setback SELECT number, ?, ?, NULL, NULL FROM shop", (MARK, now))
