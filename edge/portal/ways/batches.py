"""A batch of printed codes: what staff may ask for, and what a code of it gives.

Pure. `edge.portal.ways.vouchers` makes and keeps them.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.gate.protocol import Limits
from edge.portal.guests import NO_LIMITS

MOST_CODES = 500
"""A sheet of A4 holds 24: twenty sheets at once are enough for any counter."""

MOST_USES = 50
LEAST_LASTS_S, MOST_LASTS_S = 5 * 60, 31 * 86_400
MOST_VALID_S = 400 * 86_400
WHAT_FOR_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Wish:
    """What staff ask for.

    `lasts_s`: how long a code is good from its first use on. `valid_until`: the last moment (seconds of UTC) for that first
    use. `uses`: how many devices may be in with one code at a time. `what_for`: for whoever reads the list later.
    """

    count: int
    lasts_s: int
    valid_until: float
    uses: int = 1
    limits: Limits = NO_LIMITS
    what_for: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it is kept. `made_by` is the id of somebody of the staff; `ended_at` None while it runs."""

    id: str
    made_at: float
    made_by: str
    wish: Wish
    ended_at: float | None = None


@dataclass(frozen=True, slots=True)
class BatchCount:
    """A batch and what became of its codes: how many were begun, how many of those last at this moment."""

    batch: Batch
    begun: int
    lasting: int

    def runs(self, now: float) -> bool:
        """Whether any code of it lets in."""
        return self.batch.ended_at is None and (self.lasting > 0 or now <= self.batch.wish.valid_until)


@dataclass(frozen=True, slots=True)
class Voucher:
    """One code as it is kept. `until`: when its time is over (seconds of UTC), None before its first use.

    `hash` is what it is found by; the code itself is not kept once it was used.
    """

    hash: bytes
    batch: Batch
    until: float | None = None

    def seconds_at(self, now: float) -> int:
        """How long it still lets in, at least a second; 0 where its time is over or its first use comes too late."""
        if self.until is None:
            return self.batch.wish.lasts_s if now <= self.batch.wish.valid_until else 0
        return max(1, round(self.until - now)) if now < self.until else 0


def checked(wish: Wish, now: float) -> Wish:
    """The wish, where it is one that can be met; ValueError else. Pages say it in better words, this holds for everybody."""
    sound = (
        1 <= wish.count <= MOST_CODES
        and 1 <= wish.uses <= MOST_USES
        and LEAST_LASTS_S <= wish.lasts_s <= MOST_LASTS_S
        and now < wish.valid_until <= now + MOST_VALID_S
        and len(wish.what_for) <= WHAT_FOR_CHARACTERS
    )
    if not sound:
        raise ValueError(f"no such batch can be made: {wish}")
    return wish
