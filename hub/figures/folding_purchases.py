"""What facts about purchases add: each purchase once, the first that the hub learnt of, whoever tells it again.

`hub.folding` gives the events of a batch in the journal's order, at ingest and at a rebuild alike.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.store.base import LedgerQuestions
from hub.store.local_days import QUARTER_S
from hub.store.purchase_records import Purchase
from hub.summing import Placed
from hub.wire.events import PurchasePaid


def paid(ledger: LedgerQuestions, placed: Sequence[Placed], facts: Sequence[PurchasePaid]) -> list[Purchase]:
    """Purchases, and those of them that are new. Call inside a transaction."""
    new = new_purchases(ledger, placed, facts)
    ledger.roll(
        "purchases",
        [(int(one.at) // QUARTER_S, one.staff, one.till, one.simulated, 1, one.cents) for one in new],
    )
    return new


def new_purchases(
    ledger: LedgerQuestions, placed: Sequence[Placed], facts: Sequence[PurchasePaid]
) -> list[Purchase]:
    """Keep them; those that nobody had told before, in the journal's order."""
    first: dict[str, Purchase] = {}
    for (position, event), fact in zip(placed, facts, strict=True):
        if fact.id not in first:
            first[fact.id] = Purchase(
                id=fact.id,
                position=position,
                device=event.device,
                at=event.at,
                till=fact.till,
                staff=fact.staff,
                cents=fact.cents,
                items=fact.items,
                member=fact.member,
                zone=fact.zone,
                simulated=fact.simulated,
            )
    return ledger.add_purchases(list(first.values()))
