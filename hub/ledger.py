"""What an event of the journal changes in the ledger.

Pure. `hub.folding` feeds it, with what the ledger says of the same act and the same coupon, at ingest and at a rebuild alike.
The first act in the hub's order counts. The same nonce of the same till is the same act, however often and however it comes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec

from hub.store.records import Act, Conflict, Reversal, Standing, VoucherSum
from hub.wire.events import (
    CouponRedeemed,
    CouponRefused,
    CouponReleased,
    CouponReserved,
    CouponReversed,
    Fact,
    Serial,
    Short,
)

HUB = "hub"
"""The name under which the hub keeps its own journal. No node can have it: theirs end in a number."""

FLAGGED = "redemption.flagged"

AGAIN = "/again"
"""Behind a nonce: the till used it once more on its own after a manager had taken the act back. No till makes such a nonce."""


class RedeemedHere(CouponRedeemed, frozen=True, kw_only=True):
    """A redemption that the hub decided; `asked_by` is the till's device, `reservation` the nonce of the one it completes.

    `right_spent`: it used up one of the till's own rights.
    """

    asked_by: Short | None = None
    reservation: Short = ""
    right_spent: bool = False
    booked_in: int = 0
    """At head office: the shop of the chain that sold it, in whose own books it stands too."""


class RefusedHere(CouponRefused, frozen=True, kw_only=True):
    """A refusal that the hub decided; `asked_by` is the till's device."""

    asked_by: Short | None = None


class ReservedHere(CouponReserved, frozen=True, kw_only=True):
    """A reservation: only the hub makes any. `asked_by` is the till's device."""

    asked_by: Short


class ReleasedHere(CouponReleased, frozen=True, kw_only=True):
    """A reservation that its till gave up."""

    asked_by: Short


class RedemptionFlagged(Fact, frozen=True, kw_only=True):
    """The hub's audit of an act that a till made on its own: by the one rule it should have been refused with `refusal`.

    `reversal`: it is the reversal of `nonce` that should have been.
    """

    serial: Serial
    nonce: Short
    device: Short
    refusal: Short
    reversal: bool = False


@dataclass(frozen=True, slots=True)
class Happened:
    """Where an event stands: the hub's position, whose journal, when."""

    position: int
    device: str
    at: float


@dataclass(frozen=True, slots=True)
class Folded:
    """What one redemption adds. Nothing where the same act was there. `voucher`: its sum from now on."""

    act: Act | None
    conflict: Conflict | None
    voucher: VoucherSum | None = None


def who_acted(device: str, asked_by: str | None) -> str:
    """The till behind an event: only the hub may speak for another device."""
    return asked_by if device == HUB and asked_by is not None else device


def fold_redeemed(
    event: Happened,
    fact: RedeemedHere,
    same: Act | None,
    first: Act | None,
    *,
    taken_back: bool = False,
    voucher: VoucherSum | None = None,
    part_before: Act | None = None,
) -> Folded:
    """What a redemption changes. `same`: the act of this till under this nonce; `first`: the act that counts for the coupon.

    `taken_back`: its reversal came before it. `voucher`, `part_before`: what was spent of this voucher, and where last. An act
    that says what is left (`balance_cents`) spent a part of a voucher.
    """
    if same is not None:
        return Folded(None, None)
    if taken_back:
        return Folded(_act(event, fact, "reversed"), None)
    if first is not None:
        second = _act(event, fact, "conflict")
        return Folded(second, conflict_of(first, second, second.value_cents))
    if fact.balance_cents is None:
        return Folded(_act(event, fact, "first"), None)
    part = _act(event, fact, "part")
    after = _spent(event, part, voucher)
    beyond = min(part.value_cents, beyond_worth(after))
    conflict = conflict_of(part_before or part, part, beyond) if beyond else None
    return Folded(part, conflict, after)


def _spent(event: Happened, part: Act, before: VoucherSum | None) -> VoucherSum:
    """What is spent of a voucher after a part. The hub knows what it is worth. A till tells parts again to a hub that was set
    back, in any order: each was at least of what it took and left, and the first was of all of it."""
    spent = before.spent_cents if before else 0
    told = part.value_cents + (part.balance_cents or 0)
    worth = spent + told if event.device == HUB else max(told, before.worth_cents if before else 0)
    return VoucherSum(spent + part.value_cents, worth)


def beyond_worth(voucher: VoucherSum) -> int:
    """What was spent of a voucher beyond what it is worth."""
    return max(0, voucher.spent_cents - voucher.worth_cents)


def settle(
    conflicts: list[Conflict], taken_back: Act, next_first: Act | None, left_beyond: int, at: float
) -> list[Conflict]:
    """How a coupon's conflicts stand after one of its acts was taken back; those that changed.

    The act's own conflict is settled. Where it was the one that counted, `next_first` counts now: its conflict is settled and
    the others stand against it. For a voucher the latest ones are settled until no more than `left_beyond` remains.
    """
    changed = []
    if taken_back.standing == "part":
        over = sum(conflict.cost_cents for conflict in conflicts) - left_beyond
        for conflict in sorted(
            conflicts, key=lambda one: (one.position != taken_back.position, -one.position)
        ):
            if over <= 0:
                break
            less = min(over, conflict.cost_cents)
            over -= less
            cost = conflict.cost_cents - less
            changed.append(
                replace(conflict, cost_cents=cost, settled_at=None)
                if cost
                else replace(conflict, settled_at=at)
            )
        return changed
    for conflict in conflicts:
        if conflict.position in (taken_back.position, next_first.position if next_first else None):
            changed.append(replace(conflict, settled_at=at))
        elif next_first is not None:
            changed.append(
                replace(
                    conflict,
                    first_at=next_first.at,
                    first_device=next_first.device,
                    first_till=next_first.till,
                    first_staff=next_first.staff,
                )
            )
    return changed


def reversal_of(event: Happened, fact: CouponReversed, of: str) -> Reversal:
    """A reversal as the ledger keeps it; `of`: the nonce under which the act stands there."""
    return Reversal(
        device=fact.redeemed_by,
        of=of,
        position=event.position,
        nonce=fact.nonce,
        serial=fact.serial,
        campaign=fact.campaign,
        at=event.at,
        till=fact.till,
        staff=fact.staff,
        by=fact.by,
        reason=fact.reason,
        value_cents=fact.value_cents,
        offline=fact.offline,
        flag=None,
        simulated=fact.simulated,
    )


def _act(event: Happened, fact: RedeemedHere, standing: Standing) -> Act:
    return Act(
        device=who_acted(event.device, fact.asked_by),
        nonce=fact.nonce,
        position=event.position,
        serial=fact.serial,
        campaign=fact.campaign,
        at=event.at,
        till=fact.till,
        staff=fact.staff,
        value_cents=fact.value_cents,
        basket_cents=fact.basket_cents,
        offline=fact.offline,
        standing=standing,
        flag=None,
        simulated=fact.simulated,
        member=fact.member,
        balance_cents=fact.balance_cents,
        right_spent=fact.right_spent and event.device == HUB,
        purchase=fact.purchase,
        booked_in=fact.booked_in if event.device == HUB else 0,
    )


def conflict_of(first: Act, second: Act, cost_cents: int) -> Conflict:
    """A second acceptance, and what it cost."""
    return Conflict(
        position=second.position,
        serial=second.serial,
        campaign=second.campaign,
        cost_cents=cost_cents,
        first_at=first.at,
        first_device=first.device,
        first_till=first.till,
        first_staff=first.staff,
        second_at=second.at,
        second_device=second.device,
        second_till=second.till,
        second_staff=second.staff,
        simulated=second.simulated,
    )


def write_fact(fact: Fact) -> msgspec.Raw:
    """A fact of the hub's own as it stands in an event."""
    return msgspec.Raw(msgspec.json.encode(fact))
