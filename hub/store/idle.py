"""For how long members are kept who are not heard of any more."""

from __future__ import annotations

from hub.store.connection import HubPool
from hub.store.local_days import EPOCH_DAY

DAY_S = 86_400.0


class SqlIdle:
    """Finds members by when they were last heard of."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def months(self) -> int:
        """After how many months without a sign of life somebody is forgotten; 0: never."""
        rows = self._pool.read("SELECT idle_months FROM retention WHERE shop = ?", self._pool.shop)
        return int(rows[0][0]) if rows else 0

    def set_months(self, months: int) -> None:
        """From now on."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO retention (shop, idle_months) VALUES (?, ?)
                   ON CONFLICT (shop) DO UPDATE SET idle_months = excluded.idle_months""",
                (self._pool.shop, months),
            )

    def members(self, since: float, limit: int) -> list[str]:
        """Members who joined before then and did nothing since: no visit, purchase or coupon, no yes or no, no change of their
        fields, nor did a membership that is theirs too."""
        day = int(since // DAY_S) + EPOCH_DAY
        group = """SELECT i.member FROM member_into i WHERE i.shop = m.shop AND i.into_member = m.member
                   UNION ALL SELECT m.member"""
        rows = self._pool.read(
            f"""SELECT m.member FROM member m WHERE m.shop = ? AND m.joined_at < ? AND m.told_at < ?
                AND NOT EXISTS (SELECT 1 FROM member_into i WHERE i.shop = m.shop AND i.member = m.member)
                AND NOT EXISTS (SELECT 1 FROM member_day d WHERE d.shop = m.shop AND d.day >= ? AND d.member IN ({group}))
                AND NOT EXISTS (SELECT 1 FROM consent_record c WHERE c.shop = m.shop AND c.at >= ? AND c.member IN ({group}))
                ORDER BY m.joined_at, m.member LIMIT ?""",  # noqa: S608 - a part of our own
            *(self._pool.shop, since, since, day, since, limit),
        )
        return [str(member) for (member,) in rows]
