"""SQLite's answers about the counter: what became of one coupon, the latest acts, and coupons that were accepted twice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hub.store.records import Act, Conflict

if TYPE_CHECKING:
    from hub.store.connection import HubPool

_ACT = """SELECT device, nonce, position, serial, campaign, at, till, staff, value_cents, basket_cents, offline, standing, flag,
    simulated FROM redemption WHERE shop = ?"""


@dataclass(frozen=True, slots=True)
class RefusedAct:
    """A till that said no to a coupon."""

    at: float
    refusal: str
    till: str
    staff: str
    offline: bool


class SqliteCounter:
    """Acts at the tills, for a person who looks one up."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def acts(
        self, first: float, end: float, *, campaign: int | None = None, limit: int = 100, skip: int = 0
    ) -> list[Act]:
        """Redemptions from `first` to before `end` (seconds of UTC), the latest first."""
        return self._acts(
            "AND at >= ? AND at < ? AND (? IS NULL OR campaign = ?) ORDER BY at DESC, position DESC LIMIT ? OFFSET ?",
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
        rows = self._pool.read(f"{_ACT} {tail}", self._pool.shop, *values)
        # SQLite knows no yes and no, only 1 and 0.
        return [replace(Act(*row), offline=bool(row[10]), simulated=bool(row[13])) for row in rows]

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
        """Coupons that were accepted twice, the latest first."""
        rows = self._pool.read(
            """SELECT position, serial, campaign, cost_cents, first_at, first_device, first_till, first_staff, second_at,
               second_device, second_till, second_staff, simulated FROM conflict WHERE shop = ?
               ORDER BY position DESC LIMIT ?""",
            self._pool.shop,
            limit,
        )
        return [replace(Conflict(*row), simulated=bool(row[12])) for row in rows]

    def last_act_at(self) -> float | None:
        """When a coupon was last redeemed anywhere."""
        rows = self._pool.read("SELECT max(at) FROM redemption WHERE shop = ?", self._pool.shop)
        return None if rows[0][0] is None else float(rows[0][0])
