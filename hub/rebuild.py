"""Makes all projections again from the journal, and shows that the result is equal to the byte.

`rebuild` does it in one transaction, for a hub that is just opened. Where tills are there, it is work (`hub.work`): everything
is derived beside what is in use, in small steps, and put in its place under a lock that lasts as long as a comparison.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from hub.config import Config
from hub.folding import fold
from hub.reading import read_run
from hub.store.base import Store
from hub.store.beside import REBUILT, VERIFIED
from hub.store.whole import HubStore
from hub.work import Progress, WorkFailed

logger = logging.getLogger(__name__)

FOLDING = 4
"""Raised with each release that derives something else from the same journal. A file that was written by another one is made
again when a hub opens it: an old release keeps facts that it does not understand, and they have to count from then on."""

LONGEST_PAUSE_S = 0.05
"""After each step the others have the database for as long as the step took, but no longer than this."""

WORTH_SAYING = 200_000
"""Facts whose second reading takes seconds: whoever waits is told."""

CLOSE = 200
"""So few events behind the journal's end, the rest is done under the lock."""


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


def bring_up_to_date(store: Store) -> bool:
    """Make the projections again where another release made them; whether it did. Others that open the file wait."""
    if store.ledger.folding() == FOLDING:
        return False
    with store.writing():
        if store.ledger.folding() == FOLDING:
            return False
        facts = store.journal.last_position()
        if facts >= WORTH_SAYING:
            logger.warning(
                "another release summed up what is here: %d facts are read again before the hub answers",
                facts,
            )
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


class _Beside:
    """What is derived beside. A context, which leaves nothing behind, also where the work ends early."""

    def __init__(self, store: HubStore, progress: Progress, apart: int) -> None:
        self._store = store
        self._progress = progress
        self._apart = apart
        self._other = store.of_shop(store.shop.number + apart)
        self.events = 0

    def derive(self) -> None:
        """Everything, but for the last few events."""
        self._empty("clearing")
        while self._behind() > CLOSE:
            self._progress.step(self.events, self._store.journal.last_position(), "deriving", "events")
            began = time.monotonic()
            with self._other.writing():
                # A worker that lost this work must not write among what another one derives.
                self._progress.check()
                self.catch_up(limit=8)
            time.sleep(min(LONGEST_PAUSE_S, time.monotonic() - began))
        self._progress.step(self.events, self._store.journal.last_position(), "comparing", "events")

    def catch_up(self, limit: int = 50) -> bool:
        """The next runs of the journal; whether there were any."""
        runs = self._store.beside.runs_after(self.events, limit)
        for run in runs:
            fold(self._other.ledger, list(enumerate(read_run(run.texts), run.position)))
            self.events = run.position + run.count - 1
        return bool(runs)

    def close(self) -> None:
        """Take it away again, part by part."""
        while self._store.beside.empty(self._apart):
            time.sleep(0.001)

    def _empty(self, note: str) -> None:
        while self._store.beside.empty(self._apart):
            self._progress.step(0, 0, note, "events")

    def _behind(self) -> int:
        return self._store.journal.last_position() - self.events


def rebuild_work(
    store: HubStore, _config: Config, _arguments: Mapping[str, Any], progress: Progress
) -> dict[str, object]:
    """The projections again from the journal, while the shop goes on."""
    _alone(store, progress)
    with closing(_Beside(store, progress, REBUILT)) as beside:
        beside.derive()
        began = time.monotonic()
        with progress.last_step():
            while beside.catch_up():
                pass
            changed = store.beside.put_in_place(REBUILT)
            if changed:
                store.segments.set_clock("?")
            store.ledger.set_folding(FOLDING)
        held_s = time.monotonic() - began
        progress.step(beside.events, beside.events, "clearing", "events")
        return {"events": beside.events, "changed": changed, "held_s": round(held_s, 3)}


def verify_work(
    store: HubStore, _config: Config, _arguments: Mapping[str, Any], progress: Progress
) -> dict[str, object]:
    """Whether a rebuild would change anything, whether the database is in order, whether nobody edited the record of changes."""
    _alone(store, progress)
    progress.step(0, 0, "checking", "events")
    fault = store.is_sound()
    if fault is not None:
        raise WorkFailed("damaged", f"The database is damaged: {fault}. Restore it from a backup.")
    with closing(_Beside(store, progress, VERIFIED)) as beside:
        beside.derive()
        with progress.last_step():
            while beside.catch_up():
                pass
            differ = store.beside.differing(VERIFIED)
        progress.step(beside.events, beside.events, "clearing", "events")
    record = store.people.audit_chain()
    if differ:
        raise WorkFailed(
            "differs",
            f"A rebuild would change: {', '.join(differ)}. Derive everything again.",
            differ=differ,
            events=beside.events,
        )
    if record.broken is not None:
        raise WorkFailed(
            "edited",
            f"The record of changes was edited: row {record.broken.position} is the first that does not fit.",
            position=record.broken.position,
        )
    return {"events": beside.events, "changes": record.rows, "latest": record.latest}


def _alone(store: HubStore, progress: Progress) -> None:
    """What is derived beside has one place for each kind of work, so only the oldest of its kind goes on."""
    for other in store.work.open(progress.work.kind):
        if other.state == "running" and other.id < progress.work.id:
            raise WorkFailed("twice", f"The same is being done already, as work {other.id}.", work=other.id)
