"""What people saw on one day of the shop, as `_coupon_schedule` writes it down and `_coupon_judge` reads it."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.wire.coupon import Issued
from kiosk.verdicts import Hold, Reversal, Verdict


@dataclass(slots=True)
class Taken:
    """A coupon in a shopper's hand."""

    issued: Issued
    campaign: int
    node: str


@dataclass(slots=True)
class Shown:
    """One time that a shopper showed a coupon and staff pressed Redeem, once or several times under the same `nonce`.

    `verdict` is what staff saw; None where they saw nothing. `reached`: an answer of the hub came to the till meanwhile.
    """

    till: str
    taken: Taken
    nonce: str
    member: str
    amount_cents: int | None
    basket_cents: int | None
    verdict: Verdict | None = None
    pressed: int = 0
    reached: bool = False
    known: tuple[str, ...] = ()
    """The acts on the coupon in the hub's ledger just before, where one of them had used it; empty while a second till asks."""

    hold: Hold | None = None
    """What staff saw when they held the coupon for this purchase first."""


@dataclass(slots=True)
class Undoing:
    """One time that staff took a redemption back. `saw` is what they saw; None where they saw nothing."""

    till: str
    shown: Shown
    nonce: str
    saw: Reversal | None = None


@dataclass(slots=True)
class Day:
    """What people saw, in the order in which they saw it."""

    taken: list[Taken] = field(default_factory=list)
    refused_to_take: int = 0
    lost_takes: int = 0
    shown: list[Shown] = field(default_factory=list)
    undoings: list[Undoing] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    crashes: int = 0
    races: int = 0
    restored_at: list[float] = field(default_factory=list)
