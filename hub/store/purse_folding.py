"""The store's side of the books of members' value: what is read and written while facts are folded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from hub.store.connection import HubPool
from hub.store.purse_records import (
    Account,
    LotRow,
    Move,
    PurchaseEarned,
    PurseAct,
    PurseReversal,
    Ruled,
)
from hub.wire.purse_lots import Lot
from hub.wire.purse_rules import PurseRules

ACT = (
    "device, nonce, position, at, why, member, unit, amount, cents, till, staff, purchase, offline, reversed, beyond, parts, "
    "reason, simulated"
)
_LOT = "unit, lot, rest, usable_at, expires_at, member, origin, position, earned_at, amount"
_PARTS = msgspec.json.Decoder(tuple[tuple[str, int], ...])

MOST_LOTS = 10_000
"""Parts of one purse that are looked at: more than a person's life has."""


def read_act(row: Sequence[Any]) -> PurseAct:
    """An act from a row in the order of `ACT`."""
    device, nonce, position, at, why, member, unit, amount, cents, till, staff, purchase, *rest = row
    offline, reversed_, beyond, parts, reason, simulated = rest
    return PurseAct(
        *(device, nonce, position, at, why, member, unit, amount, cents, till, staff, purchase),
        *(bool(offline), bool(reversed_), beyond, _PARTS.decode(parts), reason, bool(simulated)),
    )


def read_lot(row: Sequence[Any]) -> LotRow:
    """A lot from a row in the order of `_LOT`."""
    unit, lot, rest, usable_at, expires_at, member, origin, position, earned_at, amount = row
    return LotRow(unit, Lot(lot, rest, usable_at, expires_at), member, origin, position, earned_at, amount)


def marks(values: Sequence[object]) -> str:
    """A question mark for each."""
    return ", ".join("?" * len(values))


class SqlPurseReading:
    """What both the folding and those who decide need to know."""

    _pool: HubPool

    def purse_rules(self) -> list[Ruled]:
        """All rules, in the order in which they were told."""
        rows = self._pool.read(
            "SELECT position, since, body, who FROM purse_rule WHERE shop = ? ORDER BY position",
            self._pool.shop,
        )
        return [
            Ruled(position, since, msgspec.json.decode(body, type=PurseRules), who)
            for position, since, body, who in rows
        ]

    def purse_owner(self, member: str) -> str:
        """Whose purse a member's is: their own, or that of the membership that theirs was merged into."""
        rows = self._pool.read(
            "SELECT into_member FROM member_into WHERE shop = ? AND member = ?", self._pool.shop, member
        )
        return str(rows[0][0]) if rows else member

    def purse_members(self, owner: str) -> list[str]:
        """All memberships whose purse this is."""
        rows = self._pool.read(
            "SELECT member FROM member_into WHERE shop = ? AND into_member = ? ORDER BY member",
            self._pool.shop,
            owner,
        )
        return [owner, *(str(member) for (member,) in rows)]

    def purse_account(self, account: Account) -> tuple[int, int]:
        """Balance and debt of an account."""
        rows = self._pool.read(
            "SELECT balance, debt FROM purse_account WHERE shop = ? AND kind = ? AND name = ? AND unit = ?",
            *(self._pool.shop, account.kind, account.name, account.unit),
        )
        return (int(rows[0][0]), int(rows[0][1])) if rows else (0, 0)

    def purse_lots(self, owner: str, unit: str) -> list[LotRow]:
        """What is left of a purse, in the order in which it came."""
        rows = self._pool.read(
            f"""SELECT {_LOT} FROM purse_lot WHERE shop = ? AND member = ? AND unit = ? AND rest > 0
                ORDER BY position, lot LIMIT {MOST_LOTS}""",  # noqa: S608 - names of our own
            *(self._pool.shop, owner, unit),
        )
        return [read_lot(row) for row in rows]

    def purse_act(self, device: str, nonce: str) -> PurseAct | None:
        """The act of a till under this nonce."""
        rows = self._pool.read(
            f"SELECT {ACT} FROM purse_act WHERE shop = ? AND device = ? AND nonce = ?",  # noqa: S608 - names of our own
            *(self._pool.shop, device, nonce),
        )
        return read_act(rows[0]) if rows else None

    def purse_year_cents(
        self, members: Sequence[str], first: float, last: float, before: int | None = None
    ) -> int:
        """What these members paid from `first` to `last`, what they brought back taken off. `before`: as it was told before that
        position of the journal."""
        until = " AND position < ?" if before is not None else ""
        values = [self._pool.shop, *members, first, last, *([before] if before is not None else [])]
        paid = self._pool.read(
            f"""SELECT coalesce(sum(cents), 0) FROM purchase WHERE shop = ? AND member IN ({marks(members)}) AND member <> ''
                AND at >= ? AND at <= ?{until}""",  # noqa: S608 - question marks
            *values,
        )
        # What was brought back is folded in its turn, so nothing of later facts stands there while facts are folded.
        back = self._pool.read(
            f"""SELECT coalesce(sum(back_cents), 0) FROM purse_purchase WHERE shop = ? AND member IN ({marks(members)})
                AND at >= ? AND at <= ? AND back_cents > 0 AND known = 1""",  # noqa: S608 - question marks
            *(self._pool.shop, *members, first, last),
        )
        return int(paid[0][0]) - int(back[0][0])

    def purse_reversal(self, device: str, of: str) -> PurseReversal | None:
        """How an act was taken back; None where it was not."""
        rows = self._pool.read(
            """SELECT device, of, position, at, nonce, till, staff, who, reason FROM purse_reversal
               WHERE shop = ? AND device = ? AND of = ?""",
            *(self._pool.shop, device, of),
        )
        return PurseReversal(*rows[0]) if rows else None


class SqlPurseFolding(SqlPurseReading):
    """What is written; each row follows from events alone."""

    def purse_merge_of(self, act: str) -> str:
        """Whose membership a merging gave to another one; empty where there is none of that name."""
        rows = self._pool.read(
            "SELECT member FROM member_merge WHERE shop = ? AND act = ?", self._pool.shop, act
        )
        return str(rows[0][0]) if rows else ""

    def add_purse_rule(self, ruled: Ruled) -> None:
        """The shop decided anew."""
        with self._pool.writing() as conn:
            conn.execute(
                "INSERT INTO purse_rule VALUES (?, ?, ?, ?, ?)",
                (
                    self._pool.shop,
                    ruled.position,
                    ruled.since,
                    msgspec.json.encode(ruled.rules).decode(),
                    ruled.who,
                ),
            )

    def put_purse_accounts(self, accounts: Mapping[Account, tuple[int, int]]) -> None:
        """Balances and debts as they are now."""
        rows = [
            (self._pool.shop, one.kind, one.name, one.unit, *values)
            for one, values in sorted(
                accounts.items(), key=lambda pair: (pair[0].kind, pair[0].name, pair[0].unit)
            )
        ]
        with self._pool.writing() as conn:
            conn.executemany(
                """INSERT INTO purse_account (shop, kind, name, unit, balance, debt) VALUES (?, ?, ?, ?, ?, ?)
                   ON CONFLICT (shop, kind, name, unit) DO UPDATE SET balance = excluded.balance, debt = excluded.debt""",
                rows,
            )

    def add_purse_moves(self, moves: Iterable[Move]) -> None:
        """Amounts from one account to another."""
        rows = [
            (
                *(self._pool.shop, one.position, one.line, one.at, one.unit, one.amount),
                *(one.source.kind, one.source.name, one.target.kind, one.target.name),
                *(one.why, one.act, one.simulated),
            )
            for one in moves
        ]
        with self._pool.writing() as conn:
            conn.executemany("INSERT INTO purse_move VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def purse_lot(self, unit: str, lot: str) -> LotRow | None:
        """One part by its name, whether something of it is left or not."""
        rows = self._pool.read(
            f"SELECT {_LOT} FROM purse_lot WHERE shop = ? AND unit = ? AND lot = ?",  # noqa: S608 - names of our own
            *(self._pool.shop, unit, lot),
        )
        return read_lot(rows[0]) if rows else None

    def purse_lots_between(self, members: Sequence[str], unit: str, first: float, end: float) -> int:
        """How many parts of a unit came to these members in a stretch of time."""
        rows = self._pool.read(
            f"""SELECT count(*) FROM purse_lot WHERE shop = ? AND origin IN ({marks(members)}) AND unit = ? AND earned_at >= ?
                AND earned_at < ?""",  # noqa: S608 - question marks
            *(self._pool.shop, *members, unit, first, end),
        )
        return int(rows[0][0])

    def purse_lots_ended(self, until: float, most: int) -> list[LotRow]:
        """The first parts that have run out by then."""
        rows = self._pool.read(
            f"""SELECT {_LOT} FROM purse_lot WHERE shop = ? AND rest > 0 AND expires_at IS NOT NULL AND expires_at <= ?
                ORDER BY expires_at, unit, lot LIMIT ?""",  # noqa: S608 - names of our own
            *(self._pool.shop, until, most),
        )
        return [read_lot(row) for row in rows]

    def purse_units_of(self, owner: str) -> list[str]:
        """Of what a member has an account."""
        rows = self._pool.read(
            "SELECT unit FROM purse_account WHERE shop = ? AND kind = 'member' AND name = ? ORDER BY unit",
            *(self._pool.shop, owner),
        )
        return [str(unit) for (unit,) in rows]

    def purse_lots_from(self, owner: str, origins: Sequence[str]) -> list[LotRow]:
        """What is left of a purse of what came to these members."""
        rows = self._pool.read(
            f"""SELECT {_LOT} FROM purse_lot WHERE shop = ? AND member = ? AND rest > 0 AND origin IN ({marks(origins)})
                ORDER BY unit, position, lot LIMIT {MOST_LOTS}""",  # noqa: S608 - question marks
            *(self._pool.shop, owner, *origins),
        )
        return [read_lot(row) for row in rows]

    def put_purse_lot(self, row: LotRow) -> None:
        """A part as it is now."""
        lot = row.lot
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO purse_lot (shop, unit, lot, member, origin, position, earned_at, usable_at, expires_at, amount,
                   rest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (shop, unit, lot) DO UPDATE SET
                   member = excluded.member, expires_at = excluded.expires_at, amount = excluded.amount, rest = excluded.rest""",
                (
                    *(self._pool.shop, row.unit, lot.id, row.member, row.origin, row.position, row.earned_at),
                    *(lot.usable_at, lot.expires_at, row.amount, lot.left),
                ),
            )

    def add_purse_act(self, act: PurseAct) -> None:
        """Something was paid or given."""
        parts = msgspec.json.encode(act.parts).decode()
        with self._pool.writing() as conn:
            conn.execute(
                f"INSERT INTO purse_act (shop, {ACT}) VALUES (?, {', '.join('?' * 18)})",  # noqa: S608 - names of our own
                (
                    *(self._pool.shop, act.device, act.nonce, act.position, act.at, act.why, act.member),
                    *(act.unit, act.amount, act.cents, act.till, act.staff, act.purchase, act.offline),
                    *(act.reversed, act.beyond, parts, act.reason, act.simulated),
                ),
            )

    def reverse_purse_act(self, device: str, nonce: str) -> None:
        """It was taken back."""
        with self._pool.writing() as conn:
            conn.execute(
                "UPDATE purse_act SET reversed = 1 WHERE shop = ? AND device = ? AND nonce = ?",
                (self._pool.shop, device, nonce),
            )

    def add_purse_reversal(self, reversal: PurseReversal) -> None:
        """An act is taken back."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO purse_reversal (shop, device, of, position, at, nonce, till, staff, who, reason)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                (
                    *(self._pool.shop, reversal.device, reversal.of, reversal.position, reversal.at),
                    *(reversal.nonce, reversal.till, reversal.staff, reversal.who, reversal.reason),
                ),
            )

    def purse_purchase(self, purchase: str) -> PurchaseEarned | None:
        """What a purchase earned."""
        rows = self._pool.read(
            """SELECT purchase, position, at, member, cents, rule, factor, points, back_cents, back_all, known
               FROM purse_purchase WHERE shop = ? AND purchase = ?""",
            *(self._pool.shop, purchase),
        )
        if not rows:
            return None
        name, position, at, member, cents, rule, factor, points, back_cents, back_all, known = rows[0]
        return PurchaseEarned(
            *(name, position, at, member, cents, rule, factor, points, back_cents),
            bool(back_all),
            bool(known),
        )

    def put_purse_purchase(self, row: PurchaseEarned) -> None:
        """What a purchase earned, as it stands now."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO purse_purchase (shop, purchase, position, at, member, cents, rule, factor, points, back_cents,
                   back_all, known) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (shop, purchase) DO UPDATE SET
                   position = excluded.position, at = excluded.at, member = excluded.member, cents = excluded.cents,
                   rule = excluded.rule, factor = excluded.factor, points = excluded.points, back_cents = excluded.back_cents,
                   back_all = excluded.back_all, known = excluded.known""",
                (
                    *(self._pool.shop, row.purchase, row.position, row.at, row.member, row.cents, row.rule),
                    *(row.factor, row.points, row.back_cents, row.back_all, row.known),
                ),
            )

    def add_purse_return(
        self,
        act: str,
        position: int,
        at: float,
        of: str,
        cents: int | None,
        till: str,
        staff: str,
        reason: str,
    ) -> bool:
        """Something was brought back; whether that is news."""
        with self._pool.writing() as conn:
            done = conn.execute(
                """INSERT INTO purse_return (shop, act, position, at, of, cents, till, staff, reason)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING""",
                (self._pool.shop, act, position, at, of, cents, till, staff, reason),
            )
            return done.rowcount == 1

    def bump_purse_till(self, device: str, cents: int) -> None:
        """A till accepted so much more alone."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO purse_till (shop, device, alone_cents) VALUES (?, ?, ?) ON CONFLICT (shop, device) DO UPDATE SET
                   alone_cents = purse_till.alone_cents + excluded.alone_cents""",
                (self._pool.shop, device, cents),
            )
