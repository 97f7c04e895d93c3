"""What an event of the journal changes in the ledger.

Pure. `hub.folding` feeds it, with what the ledger says of the same act and the same coupon, at ingest and at a rebuild alike.
The first act in the hub's order counts. The same nonce of the same till is the same act, however often and however it comes.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from hub.store.records import Act, Conflict
from hub.wire.events import CouponRedeemed, CouponRefused, Fact, Serial, Short

HUB = "hub"
"""The name under which the hub keeps its own journal. No node can have it: theirs end in a number."""

FLAGGED = "redemption.flagged"


class RedeemedHere(CouponRedeemed, frozen=True, kw_only=True):
    """A redemption that the hub decided; `asked_by` is the till's device."""

    asked_by: Short | None = None


class RefusedHere(CouponRefused, frozen=True, kw_only=True):
    """A refusal that the hub decided; `asked_by` is the till's device."""

    asked_by: Short | None = None


class RedemptionFlagged(Fact, frozen=True, kw_only=True):
    """The hub's audit of an act that a till made on its own: by the one rule it should have been refused with `refusal`."""

    serial: Serial
    nonce: Short
    device: Short
    refusal: Short


@dataclass(frozen=True, slots=True)
class Happened:
    """Where an event stands: the hub's position, whose journal, when."""

    position: int
    device: str
    at: float


@dataclass(frozen=True, slots=True)
class Folded:
    """What one redemption adds. Nothing where the same act was there."""

    act: Act | None
    conflict: Conflict | None


def who_acted(device: str, asked_by: str | None) -> str:
    """The till behind an event: only the hub may speak for another device."""
    return asked_by if device == HUB and asked_by is not None else device


def fold_redeemed(event: Happened, fact: RedeemedHere, same: Act | None, first: Act | None) -> Folded:
    """What a redemption changes. `same`: the act of this till under this nonce; `first`: the act that counts for the coupon."""
    if same is not None:
        return Folded(None, None)
    act = Act(
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
        standing="first" if first is None else "conflict",
        flag=None,
        simulated=fact.simulated,
    )
    return Folded(act, None if first is None else _conflict(first, act))


def _conflict(first: Act, second: Act) -> Conflict:
    return Conflict(
        position=second.position,
        serial=second.serial,
        campaign=second.campaign,
        cost_cents=second.value_cents,
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
