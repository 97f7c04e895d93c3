"""What is asked of a till, and what it says: one scan, one undo, one search.

Pure. `kiosk.redemption` answers, `kiosk.store` keeps, the till page and the receipt show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from hub.wire.rules import UNDO_S, FirstUse
from hub.wire.sync import Found


@dataclass(frozen=True, slots=True)
class Scan:
    """One act of a member of staff. `nonce` is made before anybody is asked and stays that of this act.

    `products`: what is bought, as the till scanned it; None where nobody scanned. `member`: the opaque id of whoever redeems.
    `amount_cents`: how much of a voucher is to be spent. `reservation`: the nonce of the hold that this act completes.
    `training`: the rule is asked and a verdict is shown, but nothing comes of it.
    """

    text: str
    staff: str
    nonce: str
    basket_cents: int | None = None
    products: tuple[str, ...] | None = None
    member: str = ""
    amount_cents: int | None = None
    reservation: str = ""
    training: bool = False


@dataclass(frozen=True, slots=True)
class Undo:
    """A member of staff takes a redemption back. `of` is the nonce of the verdict that accepted it; `nonce` this act's own,
    made when the button is shown, so that two taps are one act. `reason` has 1 to 200 characters."""

    of: str
    staff: str
    nonce: str
    reason: str


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """What this till said to one scan. Times are seconds of UTC.

    `decided_by`: `hub`, or `till` where it was cut off or needed nobody. `offline`: the till was cut off. `sentence` is set
    where the hub said in its own words why it did not decide. `text`: what was scanned, kept only where trying again helps.
    `act`: the nonce under which the hub knows the redemption. `balance_cents`: what is left on a voucher. `next_coupon`: the
    serial of the coupon for the next visit that came with it. `training`: nothing came of it. `reversed_at`: it was taken back
    then. `unseen`: decided in the background, after staff had been told otherwise or nothing, and nobody has looked since.
    """

    nonce: str
    at: float
    accepted: bool
    decided_by: Literal["hub", "till"]
    staff: str
    refusal: str | None = None
    serial: str | None = None
    campaign: int | None = None
    value_cents: int = 0
    basket_cents: int | None = None
    offline: bool = False
    first_use: FirstUse | None = None
    sentence: str | None = None
    text: str | None = None
    act: str = ""
    member: str = ""
    balance_cents: int | None = None
    next_coupon: str | None = None
    training: bool = False
    reversed_at: float | None = None
    unseen: bool = False

    @property
    def printable(self) -> bool:
        """Whether a receipt may be printed for it: it was accepted, for good, and still stands."""
        return self.accepted and not self.training and self.reversed_at is None

    def may_undo(self, staff: str, now: float) -> bool:
        """Whether the page offers to take it back. The rule says the last word."""
        return self.printable and self.staff == staff and now - self.at <= UNDO_S


class Reversal(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of an undo. `state`: `reversed`; `refused` with the reason; `open` where the hub did not answer: it is asked
    again by itself, and until then the coupon counts as used here.

    `of` is the verdict's nonce. `offline`: this till did it alone. `unseen`: as of a `Verdict`.
    """

    nonce: str
    of: str
    at: float
    staff: str
    reason: str
    state: Literal["reversed", "refused", "open"]
    refusal: str | None = None
    serial: str | None = None
    campaign: int | None = None
    value_cents: int = 0
    offline: bool = False
    sentence: str | None = None
    unseen: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """Whether a coupon is held for one purchase, until when (seconds of UTC), and what it would be worth. `nonce` goes into
    `Scan.reservation`."""

    nonce: str
    held: bool
    refusal: str | None = None
    serial: str | None = None
    campaign: int | None = None
    value_cents: int = 0
    until: float | None = None
    sentence: str | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """What a search came to, the latest first. `from_hub` False: the hub did not answer, this is what the till itself knows,
    and there may be more."""

    found: tuple[Found, ...] = ()
    refusal: str | None = None
    from_hub: bool = True
    sentence: str | None = None
