"""What members have, as the store gives it out.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hub.wire.purse_lots import Lot
from hub.wire.purse_rules import PurseRules

AccountKind = Literal["member", "gift", "shop"]

POINTS, STORED, PUNCH = "points", "stored", "punch/"


@dataclass(frozen=True, slots=True)
class Ruled:
    """Rules of a shop, and from when on (seconds of UTC). `position`: where in the journal they stand."""

    position: int
    since: float
    rules: PurseRules
    who: str


@dataclass(frozen=True, slots=True)
class Account:
    """Who or what has something of one unit. `name`: an opaque member, a voucher's serial, or what the shop's account is for."""

    kind: AccountKind
    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Move:
    """An amount from one account to another."""

    position: int
    line: int
    at: float
    unit: str
    amount: int
    source: Account
    target: Account
    why: str
    act: str
    simulated: bool


@dataclass(frozen=True, slots=True)
class LotRow:
    """A part of a purse; `lot.left` of `amount` is there. `member`: whose it is now; `origin`: whose when it came."""

    unit: str
    lot: Lot
    member: str
    origin: str
    position: int
    earned_at: float
    amount: int


@dataclass(frozen=True, slots=True)
class PurseAct:
    """Something paid from a purse or given into one. `parts`: lots with what was taken of each."""

    device: str
    nonce: str
    position: int
    at: float
    why: str
    member: str
    unit: str
    amount: int
    cents: int
    till: str
    staff: str
    purchase: str
    offline: bool
    reversed: bool
    beyond: int
    parts: tuple[tuple[str, int], ...]
    reason: str
    simulated: bool


@dataclass(frozen=True, slots=True)
class PurseReversal:
    """An act (`of`, of the till `device`) was taken back."""

    device: str
    of: str
    position: int
    at: float
    nonce: str
    till: str
    staff: str
    who: str
    reason: str


@dataclass(frozen=True, slots=True)
class PurchaseEarned:
    """What a purchase earned and what of it was brought back. `known`: the purchase itself has been told."""

    purchase: str
    position: int
    at: float
    member: str
    cents: int
    rule: int
    factor: int
    points: int
    back_cents: int
    back_all: bool
    known: bool

    @property
    def stays_cents(self) -> int:
        """What was paid and not returned."""
        return 0 if self.back_all else max(0, self.cents - self.back_cents)


@dataclass(frozen=True, slots=True)
class BoughtBy:
    """A purchase of a member, with what it earned and what of it was brought back; `points` 0 where it earned none."""

    id: str
    at: float
    till: str
    cents: int
    points: int
    back_cents: int


@dataclass(frozen=True, slots=True)
class VoucherPart:
    """What an act at the counter changed of a voucher: what was spent of it and what it is worth, before and after."""

    position: int
    at: float
    simulated: bool
    serial: str
    before: tuple[int, int]
    after: tuple[int, int]
    act: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether the books sum: what is wrong, in words for programs; empty where nothing is. `moves`, `accounts`: how many."""

    wrong: tuple[str, ...]
    moves: int
    accounts: int
    sums: dict[str, int]
