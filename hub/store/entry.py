"""SQLite's answers about the way in: the set-up code of a new hub, and who has knocked how often."""

from __future__ import annotations

from dataclasses import dataclass

from hub.store.connection import HubPool


@dataclass(frozen=True, slots=True)
class Knocks:
    """How often somebody has tried in a row, and when last (seconds of UTC)."""

    count: int = 0
    latest_at: float = 0.0


class SqliteEntry:
    """The set-up code and the knocks at the door."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def put_setup_code(self, code_hash: str, now: float) -> None:
        """Let the first manager be made with this code; the one before it is worth nothing now."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO setup_code VALUES (?, ?, ?) ON CONFLICT (shop) DO UPDATE SET
                   code_hash = excluded.code_hash, made_at = excluded.made_at""",
                (self._pool.shop, code_hash, now),
            )

    def has_setup_code(self) -> bool:
        """Whether a code is waiting to be used."""
        return bool(self._pool.read("SELECT shop FROM setup_code WHERE shop = ?", self._pool.shop))

    def spend_setup_code(self, code_hash: str) -> bool:
        """Use the code up; False where it is another, or there is none."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "DELETE FROM setup_code WHERE shop = ? AND code_hash = ?", (self._pool.shop, code_hash)
            )
            return done.rowcount == 1

    def knocks(self, what: str, subject: str) -> Knocks:
        """Tries in a row so far."""
        rows = self._pool.read(
            "SELECT count, latest_at FROM knock WHERE shop = ? AND what = ? AND subject = ?",
            self._pool.shop,
            what,
            subject,
        )
        return Knocks(*rows[0]) if rows else Knocks()

    def knock(self, what: str, subject: str, now: float, *, forget_after_s: float) -> None:
        """One more try. A row that has been quiet for so long begins anew."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO knock VALUES (?, ?, ?, 1, ?) ON CONFLICT (shop, what, subject) DO UPDATE SET
                   count = CASE WHEN knock.latest_at < ? THEN 1 ELSE knock.count + 1 END, latest_at = excluded.latest_at""",
                (self._pool.shop, what, subject, now, now - forget_after_s),
            )
            conn.execute(
                "DELETE FROM knock WHERE shop = ? AND latest_at < ?", (self._pool.shop, now - forget_after_s)
            )

    def forget_knocks(self, what: str, subject: str) -> None:
        """A right one came: the row begins anew."""
        with self._pool.writing() as conn:
            conn.execute(
                "DELETE FROM knock WHERE shop = ? AND what = ? AND subject = ?",
                (self._pool.shop, what, subject),
            )
