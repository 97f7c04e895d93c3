"""Takes facts: `/v1/sync` from a request that is known to be good to the verdicts.

A fact is never refused. What can be read is in the journal, byte for byte, before the verdict is sent; what should not have
happened is flagged; what cannot be read as an event is kept aside here and on the device.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from hub.auditing import audit
from hub.fleet.clocks import mark_ahead
from hub.folding import fold, of_each_kind
from hub.ledger import FLAGGED, HUB, write_fact
from hub.members.late import heed
from hub.members.obeying import OBEYED, obey
from hub.reading import Read, read_exchange, read_request, texts_in
from hub.spending import NewAct
from hub.store.base import Store
from hub.store.records import Run
from hub.summing import Placed
from hub.wire.events import ClockState, Event, write_event
from hub.wire.sync import MAX_BATCH, SyncHead, Verdict

_TAKEN = tuple(Verdict(place, "taken") for place in range(MAX_BATCH))
"""Made once: nearly every verdict is one of these."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The facts of an exchange taken apart before the lock is taken; `array`: their text, as a JSON array."""

    device: str
    array: bytes
    read: Read


def read_batch(device: str, body: bytes) -> tuple[SyncHead, Batch] | str:
    """Everything of an exchange that can be done without the store; a sentence where it is none."""
    try:
        head, array, read = read_exchange(body, device)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as wrong:
        return str(wrong)
    if len(read.events) > MAX_BATCH:
        return f"{len(read.events)} facts came, and at most {MAX_BATCH} may come at once"
    return head, Batch(device, array, read)


def take(store: Store, batch: Batch, now: float, clock: ClockState) -> tuple[Verdict, ...]:
    """Put the new facts into the journal and into the projections. Call inside `store.writing()`."""
    array = heed(store, batch.array)
    if array is not batch.array:
        batch = Batch(batch.device, array, read_request(array, batch.device))
    events: Sequence[Any] = batch.read.events
    if not events:
        return ()
    if batch.read.is_run:
        first, last = events[0], events[-1]
        if not store.journal.known(batch.device, first.epoch, first.seq, last.seq):
            start = store.journal.last_position() + 1
            run = Run(start, batch.device, first.epoch, first.seq, len(events), now, batch.array)
            _keep(store, [run], events, now, clock)
            return _TAKEN[: len(events)]
    return _take_one_by_one(store, batch, now, clock)


def all_taken(verdicts: tuple[Verdict, ...]) -> bool:
    """Whether every one of them says that its event was taken, and was not here before."""
    return verdicts == _TAKEN[: len(verdicts)]


def _keep(store: Store, runs: Sequence[Run], events: Sequence[Any], now: float, clock: ClockState) -> None:
    """Journal, projections, audit, for events that are new and stand in these runs."""
    store.journal.append(runs)
    last_at = max([event.at for event in events])
    mark_ahead(store, events, last_at, now)
    placed: list[Placed] = list(enumerate(events, runs[0].position))
    by_kind = of_each_kind(placed)
    new = fold(store.ledger, placed, is_run=len(runs) == 1, by_kind=by_kind, last_at=last_at)
    obey(store, [event for _, event in by_kind.get(OBEYED, ())], now)
    if new:
        _audit(store, new, now, clock)


def runs_of(start: int, events: Sequence[Any], texts: Sequence[Any], now: float) -> Iterator[Run]:
    """Cut events, the first of which is to stand at the position `start`, into runs of one journal with consecutive numbers."""
    ends = [
        place
        for place in range(1, len(events))
        if (events[place].device, events[place].epoch, events[place].seq)
        != (events[place - 1].device, events[place - 1].epoch, events[place - 1].seq + 1)
    ]
    begin = 0
    for end in [*ends, len(events)]:
        first = events[begin]
        yield Run(
            start + begin,
            first.device,
            first.epoch,
            first.seq,
            end - begin,
            now,
            b"[" + b",".join(texts[begin:end]) + b"]",
        )
        begin = end


def _take_one_by_one(store: Store, batch: Batch, now: float, clock: ClockState) -> tuple[Verdict, ...]:
    """The same where something was here before, or cannot be read."""
    verdicts: dict[int, Verdict] = {}
    here = _known(store, batch)
    new: list[Any] = []
    texts: list[bytes] = []
    for place, (event, raw) in enumerate(zip(batch.read.events, texts_in(batch.array), strict=True)):
        text = bytes(raw)
        if event is None:
            reason = batch.read.bad[place]
            store.journal.park(batch.device, text, reason, now)
            verdicts[place] = Verdict(place, "parked", reason)
            continue
        before = here.setdefault((event.epoch, event.seq), text)
        if before is text:
            new.append(event)
            texts.append(text)
        else:
            verdicts[place] = _verdict_on_known(store, batch.device, place, text, before, now)
    if new:
        start = store.journal.last_position() + 1
        _keep(store, list(runs_of(start, new, texts, now)), new, now, clock)
    return tuple(verdicts.get(place, _TAKEN[place]) for place in range(len(batch.read.events)))


def _known(store: Store, batch: Batch) -> dict[tuple[int, int], bytes]:
    by_epoch: dict[int, list[int]] = defaultdict(list)
    for event in batch.read.events:
        if event is not None:
            by_epoch[event.epoch].append(event.seq)
    return {
        (epoch, seq): text
        for epoch, seqs in by_epoch.items()
        for seq, text in store.journal.known(batch.device, epoch, min(seqs), max(seqs)).items()
    }


def _verdict_on_known(
    store: Store, device: str, place: int, text: bytes, before: bytes, now: float
) -> Verdict:
    """The same event again is known. Another one under the same number is a journal that was set back: keep both."""
    if text == before:
        return Verdict(place, "known")
    reason = "another event with this number is in the hub's journal; was this device's disk set back?"
    store.journal.park(device, text, reason, now)
    return Verdict(place, "parked", reason)


def own_epoch(store: Store) -> int:
    """The number of the hub's own journal. A hub that was set back begins another: what it wrote after the copy was made is
    forgotten here, and known elsewhere, so no number of it may be given to another fact."""
    latest = store.setback.latest()
    return 1 if latest is None else latest.number


def append_own(
    store: Store, kind: str, data: msgspec.Raw, now: float, clock: ClockState, at: float | None = None
) -> Placed:
    """Write a fact of the hub's own into the journal. Call inside a transaction, and fold it there. `at`: when it happened, where
    the hub learns of it later."""
    data = msgspec.Raw(heed(store, bytes(data)))
    epoch = own_epoch(store)
    seq = store.journal.next_seq(HUB, epoch)
    position = store.journal.last_position() + 1
    event = Event(HUB, epoch, seq, kind, now if at is None else at, clock, data)
    store.journal.append([Run(position, HUB, epoch, seq, 1, now, b"[" + write_event(event) + b"]")])
    return position, event


def _audit(store: Store, new: Sequence[NewAct], now: float, clock: ClockState) -> None:
    """Write down what should not have been of what tills did alone."""
    found = [
        append_own(store, FLAGGED, write_fact(flagged), now, clock) for flagged in audit(store, new, now)
    ]
    if found:
        fold(store.ledger, found)
