"""The books of members' value while a batch is folded: moves between accounts, and the parts that a purse is made of.

A member's account is the sum of what is left of its parts, less its debt. An amount is never below 1 in a move; its direction
says what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hub.store.base_purse import PurseFoldingQuestions
from hub.store.purse_records import Account, LotRow, Move
from hub.wire.purse_lots import GRACE_S, Lot, give_back, take

SOURCES = {"earned": "earned", "topup": "paid-in", "office": "given", "care": "given", "import": "brought-in"}
"""From which of the shop's accounts value comes, by why."""

SINKS = {"spent": "paid-with", "run-out": "run-out", "brought-back": "earned", "taken-back": "given"}
"""Where it goes to. What was brought back goes where it came from."""

Times = tuple[float, float | None]


@dataclass(frozen=True, slots=True)
class Happened:
    """When something happened, and where in the journal it stands."""

    position: int
    at: float
    simulated: bool


class Books:
    """Keeps accounts in memory until `close`: an account that many facts of a batch touch is written once."""

    def __init__(self, ledger: PurseFoldingQuestions) -> None:
        self._ledger = ledger
        self._accounts: dict[Account, tuple[int, int]] = {}
        self._moves: list[Move] = []
        self._lines: dict[int, int] = {}

    def close(self) -> None:
        """Write what has changed."""
        if self._accounts:
            self._ledger.put_purse_accounts(self._accounts)
        if self._moves:
            self._ledger.add_purse_moves(self._moves)
        self._accounts, self._moves, self._lines = {}, [], {}

    def put_in(
        self,
        happened: Happened,
        owner: str,
        origin: str,
        unit: str,
        amount: int,
        lot: str,
        times: Times,
        why: str,
    ) -> None:
        """Something comes in, from the shop's account for `why`. What the purse owes is paid first."""
        rest = self._pay_debt(_member(owner, unit), amount)
        part = Lot(lot, rest, *times)
        self._ledger.put_purse_lot(LotRow(unit, part, owner, origin, happened.position, happened.at, amount))
        self._move(happened, _shop(SOURCES[why], unit), _member(owner, unit), amount, why, lot)

    def take_out(self, happened: Happened, owner: str, unit: str, amount: int, lot: str, why: str) -> None:
        """Something that came in as this part goes again: of what is left of it, of the rest of the purse, or as a debt."""
        open_ = amount
        own = self._ledger.purse_lot(unit, lot)
        if own is not None and own.member == owner and own.lot.left > 0:
            part = min(open_, own.lot.left)
            self._keep(own, own.lot.left - part)
            open_ -= part
        _, beyond = self._from_lots(owner, unit, open_, happened.at)
        self._owe(_member(owner, unit), beyond)
        source = why if why != "taken-back" else self._came_from(lot)
        sink = SOURCES.get(source, SINKS.get(why, "given"))
        if why == "run-out":
            sink = "run-out"
        self._move(happened, _member(owner, unit), _shop(sink, unit), amount, why, lot)

    def _came_from(self, lot: str) -> str:
        """Why a part came in that an act gave (`g/device/nonce`)."""
        device, _, nonce = lot.removeprefix("g/").partition("/")
        act = self._ledger.purse_act(device, nonce)
        return act.why if act is not None else "office"

    def void(self, unit: str, lot: str) -> None:
        """This part is worth nothing any more and cannot be taken out twice."""
        row = self._ledger.purse_lot(unit, lot)
        if row is not None:
            self._ledger.put_purse_lot(replace(row, amount=0))

    def pay(
        self, happened: Happened, owner: str, unit: str, amount: int, act: str
    ) -> tuple[tuple[tuple[str, int], ...], int]:
        """A payment: what was taken from which part, and what was not there."""
        parts, beyond = self._from_lots(owner, unit, amount, happened.at)
        self._owe(_member(owner, unit), beyond)
        self._move(happened, _member(owner, unit), _shop("paid-with", unit), amount, "spent", act)
        return parts, beyond

    def pay_back(
        self,
        happened: Happened,
        owner: str,
        origin: str,
        unit: str,
        parts: Sequence[tuple[str, int]],
        beyond: int,
        act: str,
    ) -> None:
        """A payment is taken back: each part gets what it gave, whoever has it now, once what its purse owes is paid."""
        source = _shop("paid-with", unit)
        for lot, amount in parts:
            row = self._ledger.purse_lot(unit, lot)
            if row is None:
                beyond += amount
                continue
            now = self._ledger.purse_owner(row.member)
            account = _member(now, unit)
            rest = self._pay_debt(account, amount)
            back = give_back(row.lot, rest, happened.at)
            self._ledger.put_purse_lot(replace(row, lot=back, member=now))
            self._move(happened, source, account, amount, "taken-back", act)
        if beyond > 0:
            account = _member(owner, unit)
            rest = self._pay_debt(account, beyond)
            ends = happened.at + GRACE_S if unit == "points" else None
            part = Lot(f"r/{act}", rest, happened.at, ends)
            self._ledger.put_purse_lot(
                LotRow(unit, part, owner, origin, happened.position, happened.at, beyond)
            )
            self._move(happened, source, account, beyond, "taken-back", act)

    def hand_over(self, happened: Happened, giver: str, taker: str, origins: Sequence[str] | None) -> None:
        """A purse becomes a part of another one. `origins`: only what came to these, and no debt."""
        self._flush()
        for unit in self._ledger.purse_units_of(giver):
            source, target = _member(giver, unit), _member(taker, unit)
            rows = self._ledger.purse_lots(giver, unit)
            if origins is not None:
                rows = [row for row in rows if row.origin in origins]
            for row in rows:
                self._ledger.put_purse_lot(replace(row, member=taker))
            amount = sum(row.lot.left for row in rows)
            if origins is None:
                balance, debt = self._account(source)
                self._accounts[source] = (balance, 0)
                self._owe(target, debt)
                amount -= debt
            if amount > 0:
                self._move(happened, source, target, amount, "merged", giver_act(happened))
            elif amount < 0:
                self._move(happened, target, source, -amount, "merged", giver_act(happened))
            self._settle_debt(taker, unit, happened.at)

    def voucher(
        self, happened: Happened, serial: str, before: tuple[int, int], after: tuple[int, int], act: str
    ) -> None:
        """A voucher: (spent, worth) before and after. It comes into the books when it is first used."""
        gift = Account("gift", serial, "stored")
        more = after[1] - before[1]
        spent = after[0] - before[0]
        for source, target, amount, why in (
            (_shop("vouchers", "stored"), gift, more, "voucher"),
            (gift, _shop("paid-with", "stored"), spent, "spent"),
        ):
            if amount > 0:
                self._move(happened, source, target, amount, why, act)
            elif amount < 0:
                self._move(happened, target, source, -amount, "taken-back", act)

    def _from_lots(
        self, owner: str, unit: str, amount: int, at: float
    ) -> tuple[tuple[tuple[str, int], ...], int]:
        if amount <= 0:
            return (), 0
        rows = {row.lot.id: row for row in self._ledger.purse_lots(owner, unit)}
        taken = take([row.lot for row in rows.values()], amount, at, any_lot=True)
        for lot, part in taken.parts:
            self._keep(rows[lot], rows[lot].lot.left - part)
        return taken.parts, taken.beyond

    def _settle_debt(self, owner: str, unit: str, at: float) -> None:
        """What a purse owes is paid with what is in it."""
        account = _member(owner, unit)
        balance, debt = self._account(account)
        if debt > 0:
            _, beyond = self._from_lots(owner, unit, debt, at)
            self._accounts[account] = (balance, beyond)

    def _keep(self, row: LotRow, rest: int) -> None:
        self._ledger.put_purse_lot(replace(row, lot=replace(row.lot, left=rest)))

    def _pay_debt(self, account: Account, amount: int) -> int:
        balance, debt = self._account(account)
        paid = min(debt, amount)
        self._accounts[account] = (balance, debt - paid)
        return amount - paid

    def _owe(self, account: Account, amount: int) -> None:
        balance, debt = self._account(account)
        self._accounts[account] = (balance, debt + amount)

    def _account(self, account: Account) -> tuple[int, int]:
        if account not in self._accounts:
            self._accounts[account] = self._ledger.purse_account(account)
        return self._accounts[account]

    def _flush(self) -> None:
        if self._accounts:
            self._ledger.put_purse_accounts(self._accounts)

    def _move(
        self, happened: Happened, source: Account, target: Account, amount: int, why: str, act: str
    ) -> None:
        for account, by in ((source, -amount), (target, amount)):
            balance, debt = self._account(account)
            self._accounts[account] = (balance + by, debt)
        line = self._lines.get(happened.position, 0)
        self._lines[happened.position] = line + 1
        self._moves.append(
            Move(
                *(happened.position, line, happened.at, source.unit, amount, source, target),
                *(why, act, happened.simulated),
            )
        )


def giver_act(happened: Happened) -> str:
    """Names a merging in the books without the ids of those who were merged."""
    return f"m/{happened.position}"


def _member(name: str, unit: str) -> Account:
    return Account("member", name, unit)


def _shop(name: str, unit: str) -> Account:
    return Account("shop", name, unit)
