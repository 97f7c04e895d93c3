"""What a point-of-sale system tells of purchases, and what is known of them.

A purchase is told once by its id; the same one again changes nothing, from whichever side it comes
(`hub.wire.events.PurchasePaid`).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from hub.folding import fold
from hub.ingest import append_own
from hub.ledger import write_fact
from hub.outside.asking import Call, page_from
from hub.outside.shapes import Time
from hub.purse.returning import bring_back
from hub.store.purchase_records import Purchase
from hub.wire.events import PurchasePaid

MOST_AT_ONCE = 500

PurchaseId = Annotated[str, Meta(min_length=1, max_length=100)]
Word = Annotated[str, Meta(max_length=60)]
Sum = Annotated[int, Meta(ge=0, le=10**11)]


class PurchaseTold(msgspec.Struct, frozen=True):
    """Something that was paid. `id`: no other purchase of the shop has it, such as the till's name and the receipt's number.
    `cents`: what was paid for everything, after all discounts. `member`: the opaque number of a member who showed it."""

    id: PurchaseId
    at: Annotated[float, Meta(ge=0, le=2**33)]
    till: Annotated[str, Meta(min_length=1, max_length=60)]
    cents: Sum
    staff: Word = ""
    items: Annotated[int, Meta(ge=0, le=100_000)] | None = None
    member: Annotated[str, Meta(max_length=40, pattern="^[A-Za-z0-9_-]*$")] = ""
    zone: Word = ""


class PurchasesTold(msgspec.Struct, frozen=True):
    """Purchases, in any order."""

    purchases: Annotated[list[PurchaseTold], Meta(min_length=1, max_length=MOST_AT_ONCE)]


class PurchaseKept(msgspec.Struct, frozen=True):
    """What became of one. `known`: it was told before and stands as it was told first, which `same` says."""

    id: str
    outcome: Literal["kept", "known"]
    same: bool = True


class PurchasesKept(msgspec.Struct, frozen=True):
    """What became of each, in the order in which they were told."""

    items: list[PurchaseKept]


class PurchasesWanted(msgspec.Struct, frozen=True):
    """Which purchases: from that moment on, to before that one."""

    cursor: Annotated[str, Meta(max_length=60)] = ""
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    since: Time | None = None
    until: Time | None = None


class PurchaseShown(msgspec.Struct, frozen=True):
    """One purchase as it was told first. `device`: whose fact it is, "hub" where a program told it here."""

    id: str
    at: float
    till: str
    staff: str
    cents: int
    items: int | None
    member: str
    zone: str
    device: str
    simulated: bool


class PurchasePage(msgspec.Struct, frozen=True):
    """Purchases in the order in which the hub learnt of them."""

    items: list[PurchaseShown]
    next: str | None


def tell(call: Call) -> PurchasesKept:
    """Keep what was not known yet."""
    asked: PurchasesTold = call.body
    store, clock = call.store, call.hub.clock()
    with store.writing():
        kept = []
        for told in asked.purchases:
            before = store.ledger.purchase(told.id)
            if before is not None:
                kept.append(PurchaseKept(told.id, "known", _is_same(told, before)))
                continue
            fact = PurchasePaid(
                id=told.id,
                till=told.till,
                staff=told.staff,
                cents=told.cents,
                member=told.member,
                items=told.items,
                zone=told.zone,
            )
            fold(
                store.ledger,
                [append_own(store, "purchase.paid", write_fact(fact), call.now, clock, at=told.at)],
            )
            kept.append(PurchaseKept(told.id, "kept"))
    return PurchasesKept(kept)


class ReturnTold(msgspec.Struct, frozen=True):
    """Something of a purchase (`purchase`: its id) was brought back. `id`: no other return has it. `cents`: how much money
    was returned; without it all that is left."""

    id: Annotated[str, Meta(min_length=8, max_length=100)]
    purchase: PurchaseId
    till: Annotated[str, Meta(min_length=1, max_length=60)]
    cents: Sum | None = None
    staff: Word = ""
    reason: Annotated[str, Meta(max_length=200)] = ""


class ReturnsTold(msgspec.Struct, frozen=True):
    """What was brought back, in any order, also before its purchase is told."""

    returns: Annotated[list[ReturnTold], Meta(min_length=1, max_length=MOST_AT_ONCE)]


def tell_returns(call: Call) -> PurchasesKept:
    """Keep what was not known yet: points of what was brought back are taken off."""
    asked: ReturnsTold = call.body
    store, clock = call.store, call.hub.clock()
    with store.writing():
        kept = []
        for told in asked.returns:
            news = bring_back(
                store,
                told.purchase,
                told.id,
                told.cents,
                by=told.staff,
                reason=told.reason,
                now=call.now,
                clock=clock,
                till=told.till,
            )
            kept.append(PurchaseKept(told.id, "kept" if news else "known"))
    return PurchasesKept(kept)


def purchases(call: Call) -> PurchasePage:
    """Purchases in the hub's order."""
    query: PurchasesWanted = call.query
    found = call.store.ledger.purchases_after(
        page_from(query.cursor),
        float(query.since or 0),
        float(2**34 if query.until is None else query.until),
        query.limit + 1,
    )
    some = found[: query.limit]
    items = [
        PurchaseShown(**{name: getattr(one, name) for name in PurchaseShown.__struct_fields__})
        for one in some
    ]
    return PurchasePage(items, str(some[-1].position) if len(found) > len(some) else None)


def _is_same(told: PurchaseTold, kept: Purchase) -> bool:
    names = ("at", "till", "cents", "staff", "items", "member", "zone")
    return all(getattr(told, name) == getattr(kept, name) for name in names)
