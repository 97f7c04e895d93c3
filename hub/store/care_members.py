"""What the store says of members whom care plans look at: the days on which they were here and bought, and crowds of them."""

from __future__ import annotations

from collections.abc import Collection

from hub.store.care_records import Deeds
from hub.store.connection import HubPool
from hub.store.member_days import STANDING


class SqlCareMembers:
    """Reads days of members."""

    _pool: HubPool

    def days_of(self, members: Collection[str], since: int = 0) -> list[Deeds]:
        """What these memberships of one person did, by day in its order, from that day on."""
        rows = self._pool.read(
            f"""SELECT day, sum(visits), sum(purchases), sum(redemptions), sum(cents) FROM member_day
                WHERE shop = ? AND member IN ({", ".join("?" for _ in members)}) AND day >= ?
                GROUP BY day ORDER BY day""",  # noqa: S608 - question marks
            *(self._pool.shop, *members, since),
        )
        return [Deeds(*(int(one) for one in row)) for row in rows]

    def crowd(self, after: str, limit: int) -> list[str]:
        """Members who agree to something, by their ids, behind that one."""
        rows = self._pool.read(
            f"""SELECT m.member FROM member_first m WHERE m.shop = ? AND m.member > ? AND m.joined_at IS NOT NULL
                AND {STANDING} ORDER BY m.member LIMIT ?""",  # noqa: S608 - a condition of our own
            *(self._pool.shop, after, limit),
        )
        return [str(row[0]) for row in rows]

    def shadows(self, run: str) -> list[float]:
        """When a run of the control group came by a message that it was not sent."""
        rows = self._pool.read(
            "SELECT at FROM care_path WHERE shop = ? AND run = ? AND outcome = 'sent'", self._pool.shop, run
        )
        return [float(row[0]) for row in rows]
