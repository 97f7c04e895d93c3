"""Facts of care plans, written down many at once."""

from __future__ import annotations

from collections.abc import Sequence

from hub.folding import fold
from hub.ingest import own_epoch
from hub.ledger import HUB, write_fact
from hub.store.base import Store
from hub.store.records import Run as JournalRun
from hub.wire.events import KIND_OF, ClockState, Event, Fact, write_event


def tell(store: Store, facts: Sequence[Fact], now: float, clock: ClockState) -> None:
    """Write these facts of the hub's own, in their order, and what follows from them. Call inside a transaction."""
    if not facts:
        return
    epoch = own_epoch(store)
    seq = store.journal.next_seq(HUB, epoch)
    position = store.journal.last_position() + 1
    events = [
        Event(HUB, epoch, seq + place, KIND_OF[type(fact)], now, clock, write_fact(fact))
        for place, fact in enumerate(facts)
    ]
    texts = b"[" + b",".join(write_event(event) for event in events) + b"]"
    store.journal.append([JournalRun(position, HUB, epoch, seq, len(events), now, texts)])
    fold(store.ledger, [(position + place, event) for place, event in enumerate(events)])
