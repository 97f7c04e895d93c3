"""SQL's answers about alarms: what was told, on which channel, and who has seen it."""

from __future__ import annotations

from hub.store.alarm_records import AlarmRow
from hub.store.connection import HubPool


class SqlAlarms:
    """What people were told of, by channel."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def all(self) -> list[AlarmRow]:
        """Every trouble that was told and is not over yet, the oldest first."""
        rows = self._pool.read(
            """SELECT channel, code, subject, severity, body, since, told_at, tries, next_at, well_at, seen_at, seen_by
               FROM alarm WHERE shop = ? ORDER BY since, channel, code, subject""",
            self._pool.shop,
        )
        return [AlarmRow(*row) for row in rows]

    def put(self, row: AlarmRow) -> None:
        """Keep what is known of it now."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO alarm (shop, channel, code, subject, severity, body, since, told_at, tries, next_at,
                    well_at, seen_at, seen_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT (shop, channel, code, subject) DO UPDATE SET severity = excluded.severity,
                    body = excluded.body, since = excluded.since, told_at = excluded.told_at, tries = excluded.tries,
                    next_at = excluded.next_at, well_at = excluded.well_at, seen_at = excluded.seen_at,
                    seen_by = excluded.seen_by""",
                (
                    self._pool.shop, row.channel, row.code, row.subject, row.severity, row.body, row.since,
                    row.told_at, row.tries, row.next_at, row.well_at, row.seen_at, row.seen_by,
                ),
            )  # fmt: skip

    def remove(self, row: AlarmRow) -> None:
        """It is over, and that was told."""
        with self._pool.writing() as conn:
            conn.execute(
                "DELETE FROM alarm WHERE shop = ? AND channel = ? AND code = ? AND subject = ?",
                (self._pool.shop, row.channel, row.code, row.subject),
            )
