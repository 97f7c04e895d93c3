"""The store's answers about members' purses, for whoever decides or looks; and the check that the books sum."""

from __future__ import annotations

from collections.abc import Sequence

from hub.store.connection import HubPool
from hub.store.purse_folding import ACT, SqlPurseReading, marks, read_act
from hub.store.purse_records import Account, BoughtBy, Checked, Move, PurseAct

_MOVE = "position, line, at, unit, amount, from_kind, from_name, to_kind, to_name, why, act, simulated"

BOOKS = """SELECT kind, name, unit, sum(balance), sum(moved) FROM (
        SELECT kind, name, unit, balance, 0 AS moved FROM purse_account WHERE shop = ?
        UNION ALL SELECT to_kind, to_name, unit, 0, amount FROM purse_move WHERE shop = ?
        UNION ALL SELECT from_kind, from_name, unit, 0, -amount FROM purse_move WHERE shop = ?) one
    GROUP BY kind, name, unit HAVING sum(balance) <> sum(moved) ORDER BY kind, name, unit LIMIT 20"""
"""Accounts whose balance is not what came less what went. None: the books are right, and since every move takes from one account
what it puts into another, they sum to nothing."""

LOTS = """SELECT name, unit, sum(balance), sum(rest) FROM (
        SELECT name, unit, balance + debt AS balance, 0 AS rest FROM purse_account WHERE shop = ? AND kind = 'member'
        UNION ALL SELECT member, unit, 0, rest FROM purse_lot WHERE shop = ?) one
    GROUP BY name, unit HAVING sum(balance) <> sum(rest) ORDER BY name, unit LIMIT 20"""
"""Members whose purse does not hold what their account says."""


class SqlPurse(SqlPurseReading):
    """Reads purses of one shop."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def alone_cents(self, device: str) -> int:
        """What a till accepted alone, in all."""
        rows = self._pool.read(
            "SELECT alone_cents FROM purse_till WHERE shop = ? AND device = ?", self._pool.shop, device
        )
        return int(rows[0][0]) if rows else 0

    def spent_between(self, members: Sequence[str], first: float, end: float) -> int:
        """What these members paid from their purse, in hundredths."""
        rows = self._pool.read(
            f"""SELECT coalesce(sum(cents), 0) FROM purse_act WHERE shop = ? AND member IN ({marks(members)}) AND at >= ?
                AND at < ? AND why = 'spent' AND reversed = 0""",  # noqa: S608 - question marks
            *(self._pool.shop, *members, first, end),
        )
        return int(rows[0][0])

    def acts_by_staff(self, staff: str, members: Sequence[str], first: float, end: float, most: int) -> int:
        """Payments by one member of staff from one purse, up to `most`."""
        rows = self._pool.read(
            f"""SELECT nonce FROM purse_act WHERE shop = ? AND member IN ({marks(members)}) AND at >= ? AND at < ?
                AND staff = ? AND why = 'spent' AND reversed = 0 LIMIT ?""",  # noqa: S608 - question marks
            *(self._pool.shop, *members, first, end, staff, most),
        )
        return len(rows)

    def taken_in(self, staff: str, first: float, end: float) -> int:
        """What a member of staff took in for purses, in hundredths."""
        rows = self._pool.read(
            """SELECT coalesce(sum(cents), 0) FROM purse_act WHERE shop = ? AND at >= ? AND at < ? AND staff = ?
               AND why = 'topup' AND reversed = 0""",
            *(self._pool.shop, first, end, staff),
        )
        return int(rows[0][0])

    def acts_of(self, members: Sequence[str], limit: int = 50) -> list[PurseAct]:
        """What these members paid and were given, the newest first."""
        rows = self._pool.read(
            f"""SELECT {ACT} FROM purse_act WHERE shop = ? AND member IN ({marks(members)})
                ORDER BY at DESC, position DESC LIMIT ?""",  # noqa: S608 - question marks
            *(self._pool.shop, *members, limit),
        )
        return [read_act(row) for row in rows]

    def acts_between(self, first: float, end: float, limit: int = 200) -> list[PurseAct]:
        """What everybody paid and was given, the newest first."""
        rows = self._pool.read(
            f"""SELECT {ACT} FROM purse_act WHERE shop = ? AND at >= ? AND at < ?
                ORDER BY at DESC, position DESC LIMIT ?""",  # noqa: S608 - names of our own
            *(self._pool.shop, first, end, limit),
        )
        return [read_act(row) for row in rows]

    def moves_of(self, owner: str, limit: int = 50) -> list[Move]:
        """What came into and went out of a purse, the newest first."""
        found: dict[tuple[int, int], Move] = {}
        for side in ("from", "to"):
            rows = self._pool.read(
                f"""SELECT {_MOVE} FROM purse_move WHERE shop = ? AND {side}_kind = 'member' AND {side}_name = ?
                    ORDER BY at DESC, position DESC, line DESC LIMIT ?""",  # noqa: S608 - names of our own
                *(self._pool.shop, owner, limit),
            )
            for row in rows:
                source, target = Account(row[5], row[6], row[3]), Account(row[7], row[8], row[3])
                position, line, at, unit, amount, *_, why, act, simulated = row
                found[position, line] = Move(
                    *(position, line, at, unit, amount, source, target, why, act), simulated=bool(simulated)
                )
        newest = sorted(found.values(), key=lambda one: (one.at, one.position, one.line), reverse=True)
        return newest[:limit]

    def returned(self, act: str) -> bool:
        """Whether something brought back was told under this name."""
        rows = self._pool.read("SELECT of FROM purse_return WHERE shop = ? AND act = ?", self._pool.shop, act)
        return bool(rows)

    def bought_by(self, members: Sequence[str], limit: int = 10) -> list[BoughtBy]:
        """The latest purchases of these members."""
        rows = self._pool.read(
            f"""SELECT p.id, p.at, p.till, p.cents, coalesce(q.points, 0), coalesce(q.back_cents, 0) FROM purchase p
                LEFT JOIN purse_purchase q ON q.shop = p.shop AND q.purchase = p.id
                WHERE p.shop = ? AND p.member IN ({marks(members)}) AND p.member <> '' ORDER BY p.at DESC, p.id LIMIT ?""",  # noqa: S608
            *(self._pool.shop, *members, limit),
        )
        return [BoughtBy(*row) for row in rows]

    def ends_by(self, until: float) -> bool:
        """Whether something has run out by then that is not booked."""
        return bool(
            self._pool.read(
                """SELECT lot FROM purse_lot WHERE shop = ? AND rest > 0 AND expires_at IS NOT NULL AND expires_at <= ?
                   LIMIT 1""",
                *(self._pool.shop, until),
            )
        )

    def totals(self) -> dict[tuple[str, str, str], int]:
        """Balances: of the shop's accounts each by its name, of members and vouchers all together under an empty name. By kind,
        name, unit."""
        rows = self._pool.read(
            """SELECT kind, CASE WHEN kind = 'shop' THEN name ELSE '' END, unit, sum(balance) FROM purse_account
               WHERE shop = ? GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""",
            self._pool.shop,
        )
        return {(kind, name, unit): int(total) for kind, name, unit, total in rows}

    def totals_at_once(self) -> dict[tuple[str, str, str], int]:
        """The same without reading every member's account: since all balances of a unit sum to nothing, members have what the
        shop's accounts and vouchers lack."""
        rows = self._pool.read(
            """SELECT kind, CASE WHEN kind = 'shop' THEN name ELSE '' END, unit, sum(balance) FROM purse_account
               WHERE shop = ? AND kind IN ('shop', 'gift') GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""",
            self._pool.shop,
        )
        found = {(kind, name, unit): int(total) for kind, name, unit, total in rows}
        for (_kind, _name, unit), total in list(found.items()):
            found["member", "", unit] = found.get(("member", "", unit), 0) - total
        return found

    def has_moves(self, more_than: int) -> bool:
        """Whether the books have more moves than that."""
        rows = self._pool.read(
            "SELECT count(*) FROM (SELECT position FROM purse_move WHERE shop = ? LIMIT ?) some",
            *(self._pool.shop, more_than + 1),
        )
        return int(rows[0][0]) > more_than

    def habits(self, first: float, end: float) -> list[tuple[str, str, str, int, int]]:
        """What to look at, by member of staff: (what, staff, member, how many, hundredths). What: "reversed" (acts taken back),
        "one" (payments from one purse), "topup" (paid in, by one person), "beyond" (more spent than was there), "own"."""
        shop = self._pool.shop
        found: list[tuple[str, str, str, int, int]] = []
        for what, where, by_member in (
            ("reversed", "reversed = 1 AND why IN ('spent', 'topup')", False),
            ("one", "reversed = 0 AND why = 'spent'", True),
            ("topup", "reversed = 0 AND why = 'topup'", False),
            ("beyond", "reversed = 0 AND beyond > 0", False),
        ):
            member = "member" if by_member else "''"
            rows = self._pool.read(
                f"""SELECT staff, {member}, count(*), sum(cents) FROM purse_act WHERE shop = ? AND at >= ? AND at < ?
                    AND staff <> '' AND {where} GROUP BY 1, 2 ORDER BY 1, 2""",  # noqa: S608 - conditions of our own
                *(shop, first, end),
            )
            found += [(what, staff, whose, int(count), int(cents)) for staff, whose, count, cents in rows]
        own = self._pool.read(
            """SELECT s.id, a.member, count(*), sum(a.cents) FROM purse_act a
               JOIN staff s ON s.shop = a.shop AND s.id = a.staff AND s.member <> '' AND s.member = a.member
               WHERE a.shop = ? AND a.at >= ? AND a.at < ? AND a.reversed = 0 GROUP BY 1, 2 ORDER BY 1, 2""",
            *(shop, first, end),
        )
        return found + [("own", staff, whose, int(count), int(cents)) for staff, whose, count, cents in own]

    def check(self) -> Checked:
        """Whether the books sum."""
        shop = self._pool.shop
        wrong = [
            f"account {kind} {name} {unit}: {balance} stands there, {moved} were moved"
            for kind, name, unit, balance, moved in self._pool.read(BOOKS, shop, shop, shop)
        ]
        wrong += [
            f"purse {name} {unit}: {balance} by the account, {rest} in its parts"
            for name, unit, balance, rest in self._pool.read(LOTS, shop, shop)
        ]
        sums = {
            str(unit): int(total)
            for unit, total in self._pool.read(
                "SELECT unit, sum(balance) FROM purse_account WHERE shop = ? GROUP BY unit ORDER BY unit",
                shop,
            )
        }
        wrong += [f"all accounts of {unit} sum to {total}" for unit, total in sums.items() if total]
        counts = [
            int(self._pool.read(f"SELECT count(*) FROM {table} WHERE shop = ?", shop)[0][0])  # noqa: S608 - our own names
            for table in ("purse_move", "purse_account")
        ]
        return Checked(tuple(wrong), counts[0], counts[1], sums)
