"""The parts of a purse, by when they came and until when they are good, and which of them a payment takes.

Pure. Both the hub's books (`hub.purse.folding`) and whoever asks what is in a purse go by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

GRACE_S = 30 * 86_400.0
"""What comes back from a payment that was taken back, and has run out meanwhile, is good for so long again."""

NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Lot:
    """A part of a purse that came in at one time. `left` of it is there; it can be spent from `usable_at` until before
    `expires_at` (None: without end)."""

    id: str
    left: int
    usable_at: float
    expires_at: float | None

    def good(self, at: float) -> bool:
        """Whether it can be spent at that moment."""
        return self.usable_at <= at and (self.expires_at is None or at < self.expires_at)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a payment takes: of each lot how much, and what nothing was there for (`beyond`)."""

    parts: tuple[tuple[str, int], ...]
    beyond: int


def take(lots: Sequence[Lot], amount: int, at: float, *, any_lot: bool = False) -> Taken:
    """Take an amount from lots: what ends first goes first, then what came first (`lots` stand in that order of coming).

    `any_lot`: where good ones do not suffice, take those that still wait or have run out too: for what has happened already.
    """
    order = sorted((lot for lot in lots if lot.left > 0), key=lambda lot: (not lot.good(at), _end(lot)))
    parts, open_ = [], amount
    for lot in order:
        if open_ <= 0 or not (lot.good(at) or any_lot):
            break
        part = min(open_, lot.left)
        parts.append((lot.id, part))
        open_ -= part
    return Taken(tuple(parts), open_)


def _end(lot: Lot) -> float:
    return NEVER if lot.expires_at is None else lot.expires_at


def give_back(lot: Lot, part: int, at: float) -> Lot:
    """A lot with a part of it given back; one that has run out meanwhile is good again for a while."""
    end = lot.expires_at
    if end is not None and end <= at:
        end = at + GRACE_S
    return replace(lot, left=lot.left + part, expires_at=end)
