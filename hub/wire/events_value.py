"""Facts about value: what the shop decided about purses, what was put in, paid, taken back, and has run out.

Pure. Points of purchases are in no fact: they follow from `purchase.paid`, `purchase.reversed` and the rules (`ValueRuled`), in
the journal's order (`hub.purse.folding`). A member is opaque. `asked_by` is the till for which the hub decided; only the hub may
say so. An act is known by its till and `nonce`: the same one counts once, however often it arrives.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from hub.wire.fact import Cents, Count, Fact, MemberId, Short, Stamp
from hub.wire.purse_rules import PurseRules, Unit

Amount = Annotated[int, Meta(ge=1, le=10**9)]
Nonce = Annotated[str, Meta(min_length=8, max_length=200)]


class PurchaseReversed(Fact, frozen=True, kw_only=True):
    """Something of a purchase (`of`: its id) was brought back and its money returned. `cents`: how much of it; None: all that
    is left. The same `act` is told once. It may come before its purchase does."""

    of: Annotated[str, Meta(min_length=1, max_length=200)]
    act: Nonce
    till: Short
    staff: Short
    cents: Cents | None = None
    reason: Short = ""


class ValueRuled(Fact, frozen=True, kw_only=True):
    """The shop decided about its purses; for purchases from then on."""

    rules: PurseRules
    by: Short


class ValueGranted(Fact, frozen=True, kw_only=True):
    """Something was put into a member's purse. `why`: "topup" (paid in: `cents`), "office" (a manager, with a reason), "care"
    (a plan or an answer), "import" (what they had elsewhere)."""

    nonce: Nonce
    member: MemberId
    unit: Unit
    amount: Amount
    why: Literal["topup", "office", "care", "import"]
    till: Short = ""
    staff: Short = ""
    cents: Cents = 0
    card: Short = ""
    expires_at: Stamp | None = None
    reason: Short = ""
    asked_by: Short = ""
    decided_at: Stamp | None = None
    """When the hub decided it, where a till tells it again to a hub that was set back: of what was paid in alone."""


class ValueSpent(Fact, frozen=True, kw_only=True):
    """A member paid `cents` of a purchase with `amount` of a unit. `offline`: a till that was cut off decided, within its
    rights."""

    nonce: Nonce
    member: MemberId
    unit: Unit
    amount: Amount
    cents: Cents
    till: Short
    staff: Short
    card: Short = ""
    purchase: Short = ""
    offline: bool = False
    asked_by: Short = ""
    decided_at: Stamp | None = None
    """When the hub decided it, where a till tells it again to a hub that was set back."""


class ValueReversed(Fact, frozen=True, kw_only=True):
    """A payment or a paying in (`of`: its nonce, `acted`: its till) was taken back: a record of its own, nothing is deleted."""

    of: Nonce
    acted: Short
    nonce: Nonce
    till: Short
    staff: Short
    by: Literal["staff", "manager"]
    reason: Short
    offline: bool = False
    decided_at: Stamp | None = None


class ValueExpired(Fact, frozen=True, kw_only=True):
    """What ran out until then is booked as run out: the first `most` lots of it by their end. Only the hub says so."""

    until: Stamp
    most: Count


VALUE_KINDS: dict[str, type[Fact]] = {
    "purchase.reversed": PurchaseReversed,
    "value.ruled": ValueRuled,
    "value.granted": ValueGranted,
    "value.spent": ValueSpent,
    "value.reversed": ValueReversed,
    "value.expired": ValueExpired,
}
