"""Takes events that another hub has taken before: of any device of the shop, in that hub's order, each once by its id.

Nothing is judged again: what the other hub came to (`redemption.flagged`) is among the events.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from hub.folding import fold
from hub.ingest import runs_of
from hub.members.late import heed
from hub.reading import read_relayed
from hub.store.base import Store

CLASH = "another event with this number is in the books; was one of the two hubs set back to a backup?"


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of them. `strange`: the place of the first that was not here before, or that clashes with one that is; None
    where all were known."""

    new: int
    parked: int
    strange: int | None


def take_all(store: Store, texts: Sequence[msgspec.Raw], now: float, source: str) -> Taken:
    """Put those that are new into the journal and the projections. Call inside `store.writing()`.

    `source`: whose they are said to be where they cannot be read. What cannot be taken is kept aside, and lost nowhere.
    """
    if not texts:
        return Taken(0, 0, None)
    texts = [msgspec.Raw(heed(store, bytes(text))) for text in texts]
    read = read_relayed(texts)
    here = _known(store, read.events)
    new: list[Any] = []
    kept: list[bytes] = []
    parked, strange = 0, None
    for place, event in enumerate(read.events):
        text = bytes(texts[place])
        before = None if event is None else here.setdefault((event.device, event.epoch, event.seq), text)
        if before is not None and before is not text and before == text:
            continue
        strange = place if strange is None else strange
        if event is not None and before is text:
            new.append(event)
            kept.append(text)
            continue
        parked += 1
        store.journal.park(source if event is None else event.device, text, read.bad.get(place, CLASH), now)
    if new:
        start = store.journal.last_position() + 1
        store.journal.append(runs_of(start, new, kept, now))
        fold(store.ledger, list(zip(range(start, start + len(new)), new, strict=True)))
    return Taken(len(new), parked, strange)


def _known(store: Store, events: Sequence[Any]) -> dict[tuple[str, int, int], bytes]:
    """Those of them that are here already."""
    found: dict[tuple[str, int, int], bytes] = {}
    for device, epoch, low, high in _spans(events):
        for seq, text in store.journal.known(device, epoch, low, high).items():
            found[device, epoch, seq] = text
    return found


def _spans(events: Sequence[Any]) -> Iterator[tuple[str, int, int, int]]:
    """Device, epoch and consecutive numbers: a span never asks for more of the journal than the events themselves are."""
    numbers: dict[tuple[str, int], list[int]] = defaultdict(list)
    for event in events:
        if event is not None:
            numbers[event.device, event.epoch].append(event.seq)
    for (device, epoch), seqs in numbers.items():
        seqs.sort()
        low = high = seqs[0]
        for seq in seqs[1:]:
            if seq > high + 1:
                yield device, epoch, low, high
                low = seq
            high = seq
        yield device, epoch, low, high
