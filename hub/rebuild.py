"""Makes all projections again from the journal, and shows that the result is equal to the byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.config import Config
from hub.folding import fold
from hub.reading import read_run
from hub.store.base import Store
from hub.store.whole import HubStore
from hub.work import Progress

FOLDING = 2
"""Raised with each release that derives something else from the same journal. A file that was written by another one is made
again when a hub opens it: an old release keeps facts that it does not understand, and they have to count from then on."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a comparison came to. `differ`: the projections that a rebuild would change."""

    events: int
    differ: tuple[str, ...]


def rebuild(store: Store) -> int:
    """Empty the projections and derive them from the journal, in one transaction; how many events it read."""
    count = 0
    with store.writing():
        store.ledger.empty_projections()
        for run in store.journal.runs():
            fold(store.ledger, list(enumerate(read_run(run.texts), run.position)))
            count += run.count
    return count


def rebuild_work(
    store: HubStore, _config: Config, _arguments: Mapping[str, Any], progress: Progress
) -> dict[str, object]:
    """The projections again from the journal, as work."""
    with progress.last_step():
        return {"events": rebuild(store)}


def bring_up_to_date(store: Store) -> bool:
    """Make the projections again where another release made them; whether it did. Others that open the file wait."""
    if store.ledger.folding() == FOLDING:
        return False
    with store.writing():
        if store.ledger.folding() == FOLDING:
            return False
        rebuild(store)
        store.ledger.set_folding(FOLDING)
    return True


def verify(store: HubStore) -> Verified:
    """Rebuild on trial and compare; nothing is changed."""
    with store.trial() as copy:
        before = copy.ledger.digest()
        events = rebuild(copy)
        after = copy.ledger.digest()
    return Verified(events, tuple(name for name in before if before[name] != after[name]))
