"""SQLite's answers about habits at the counter: each from an index on the time, and summed up here."""

from __future__ import annotations

from hub.store.acts import ACT, read_act
from hub.store.connection import HubPool
from hub.store.habits import Habit, StaffQuarter
from hub.store.records import Act

MOST = 50
"""Lines of one kind. With more of them there is no habit, there is a custom."""

_OF_NOBODY = "simulated = 0 AND at >= ? AND at < ?"


class SqliteWatch:
    """Sums by member of staff. What was taken back does not count; what a simulator did neither."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def for_one_member(self, first: float, end: float, least: int) -> list[Habit]:
        """Who redeemed at least so often for one member, the most first."""
        rows = self._pool.read(
            f"""SELECT staff, count(*), max(at), sum(value_cents), member FROM redemption WHERE shop = ? AND {_OF_NOBODY}
                AND member <> '' AND standing <> 'reversed' GROUP BY staff, member HAVING count(*) >= ?
                ORDER BY 2 DESC, staff, member LIMIT ?""",  # noqa: S608
            self._pool.shop, first, end, least, MOST,
        )  # fmt: skip
        return [Habit(*row) for row in rows]

    def own_account(self, first: float, end: float) -> list[Habit]:
        """Who redeemed for the membership that is their own."""
        rows = self._pool.read(
            """SELECT r.staff, count(*), max(r.at), sum(r.value_cents), r.member FROM redemption r
               JOIN staff s ON s.shop = r.shop AND s.id = r.staff AND s.member <> '' AND s.member = r.member
               WHERE r.shop = ? AND r.simulated = 0 AND r.at >= ? AND r.at < ? AND r.standing <> 'reversed'
               GROUP BY r.staff, r.member ORDER BY r.staff LIMIT ?""",
            self._pool.shop, first, end, MOST,
        )  # fmt: skip
        return [Habit(*row) for row in rows]

    def refused(self, codes: tuple[str, ...], first: float, end: float, least: int) -> list[Habit]:
        """To whom a till said no for one of these reasons at least so often, the most first."""
        marks = ", ".join("?" * len(codes))
        rows = self._pool.read(
            f"""SELECT staff, count(*), max(at) FROM refusal WHERE shop = ? AND {_OF_NOBODY} AND refusal IN ({marks})
                AND staff <> '' GROUP BY staff HAVING count(*) >= ? ORDER BY 2 DESC, staff LIMIT ?""",  # noqa: S608
            self._pool.shop, first, end, *codes, least, MOST,
        )  # fmt: skip
        return [Habit(*row) for row in rows]

    def flagged(self, flag: str, first: float, end: float) -> list[Habit]:
        """Who accepted what an audit would have refused for this reason."""
        rows = self._pool.read(
            f"""SELECT staff, count(*), max(at), sum(value_cents) FROM redemption WHERE shop = ? AND {_OF_NOBODY}
                AND flag = ? AND standing <> 'reversed' GROUP BY staff ORDER BY 2 DESC, staff LIMIT ?""",  # noqa: S608
            self._pool.shop, first, end, flag, MOST,
        )  # fmt: skip
        return [Habit(*row) for row in rows]

    def reversals(self, first: float, end: float, least: int) -> list[Habit]:
        """Who took redemptions back at a till at least so often, the most first."""
        rows = self._pool.read(
            f"""SELECT staff, count(*), max(at), sum(value_cents) FROM reversal WHERE shop = ? AND {_OF_NOBODY}
                AND by = 'staff' GROUP BY staff HAVING count(*) >= ? ORDER BY 2 DESC, staff LIMIT ?""",  # noqa: S608
            self._pool.shop, first, end, least, MOST,
        )  # fmt: skip
        return [Habit(*row) for row in rows]

    def acts_by(
        self, staff: str, member: str, first: float, end: float, *, limit: int = 100, skip: int = 0
    ) -> list[Act]:
        """What somebody redeemed, the latest first; with `member` only for that one."""
        rows = self._pool.read(
            f"""{ACT} AND at >= ? AND at < ? AND staff = ? AND (? = '' OR member = ?)
                ORDER BY at DESC, position DESC LIMIT ? OFFSET ?""",
            self._pool.shop, first, end, staff, member, member, limit, skip,
        )  # fmt: skip
        return [read_act(row) for row in rows]

    def quarters(self, first: float, end: float) -> list[StaffQuarter]:
        """Redemptions by member of staff and quarter of an hour."""
        rows = self._pool.read(
            f"""SELECT staff, CAST(at AS INTEGER) / 900 * 900, count(*), max(at) FROM redemption
                WHERE shop = ? AND {_OF_NOBODY} AND standing <> 'reversed' GROUP BY 1, 2 ORDER BY 2""",  # noqa: S608
            self._pool.shop, first, end,
        )  # fmt: skip
        return [StaffQuarter(staff, float(start), count, at) for staff, start, count, at in rows]
