"""SQLite's answers about the counter: what became of one coupon, the latest acts, and coupons that were accepted twice."""

from __future__ import annotations

from hub.store.acts import ACT, CONFLICT, RESERVATION, REVERSAL, read_act, read_conflict, read_reversal
from hub.store.connection import HubPool
from hub.store.records import Act, Conflict, RefusedAct, Reservation, Reversal


class SqliteCounter:
    """Acts at the tills, for a person who looks one up."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def acts(
        self, first: float, end: float, *, campaign: int | None = None, limit: int = 100, skip: int = 0
    ) -> list[Act]:
        """Redemptions from `first` to before `end` (seconds of UTC), the latest first."""
        return self._acts(
            """AND at >= ? AND at < ? AND (CAST(? AS INTEGER) IS NULL OR campaign = ?)
               ORDER BY at DESC, position DESC LIMIT ? OFFSET ?""",
            first,
            end,
            campaign,
            campaign,
            limit,
            skip,
        )

    def acts_of(self, serial: str) -> list[Act]:
        """Every redemption of one coupon, in the order in which the hub learned of them."""
        return self._acts("AND serial = ? ORDER BY position", serial)

    def _acts(self, tail: str, *values: object) -> list[Act]:
        rows = self._pool.read(f"{ACT} {tail}", self._pool.shop, *values)
        return [read_act(row) for row in rows]

    def refusals_of(self, serial: str) -> list[RefusedAct]:
        """Every time that a till said no to one coupon."""
        rows = self._pool.read(
            "SELECT at, refusal, till, staff, offline FROM refusal WHERE shop = ? AND serial = ? ORDER BY position LIMIT 50",
            self._pool.shop,
            serial,
        )
        return [
            RefusedAct(at, refusal, till, staff, bool(offline)) for at, refusal, till, staff, offline in rows
        ]

    def conflicts(self, limit: int = 100) -> list[Conflict]:
        """Coupons that were accepted twice, the latest first; those that were settled by a reversal too."""
        rows = self._pool.read(f"{CONFLICT} ORDER BY position DESC LIMIT ?", self._pool.shop, limit)
        return [read_conflict(row) for row in rows]

    def reversals(self, first: float, end: float, *, limit: int = 100, skip: int = 0) -> list[Reversal]:
        """Redemptions that were taken back from `first` to before `end` (seconds of UTC), the latest first."""
        tail = "AND at >= ? AND at < ? ORDER BY at DESC, position DESC LIMIT ? OFFSET ?"
        rows = self._pool.read(f"{REVERSAL} {tail}", self._pool.shop, first, end, limit, skip)
        return [read_reversal(row) for row in rows]

    def held(self, now: float, limit: int = 100) -> list[Reservation]:
        """Coupons that are held at this moment, those that end first before the others."""
        rows = self._pool.read(
            f"{RESERVATION} AND ended IS NULL AND until > ? ORDER BY until LIMIT ?",
            self._pool.shop,
            now,
            limit,
        )
        return [Reservation(*row) for row in rows]

    def last_act_at(self) -> float | None:
        """When a coupon was last redeemed anywhere."""
        rows = self._pool.read("SELECT max(at) FROM redemption WHERE shop = ?", self._pool.shop)
        return None if rows[0][0] is None else float(rows[0][0])
