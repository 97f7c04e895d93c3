"""Reads many events at once.

Pure. `hub.ingest` feeds it what devices send, `hub.rebuild` what the journal holds. It says exactly what
`hub.wire.events.read_event` says; one by one only where something in the batch is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from hub.wire.events import (
    MAX_EVENT_BYTES,
    BadEvent,
    ClockState,
    Count,
    Event,
    Ordinal,
    Stamp,
    read_event,
)

_DEVICE = re.compile("[a-z0-9][a-z0-9-]{0,39}")
_KIND = re.compile("[a-z]+[.][a-z]+")
_KIND_LONGEST = 60


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """An event whose names are checked here, once per distinct name and not once per event."""

    device: str
    epoch: Ordinal
    seq: Ordinal
    kind: str
    at: Stamp
    clock: ClockState
    data: msgspec.Raw = msgspec.Raw(b"{}")
    boot: Count = 0


class _Batch(msgspec.Struct):
    events: list[Envelope] = []


_batches = msgspec.json.Decoder(_Batch)
_lists = msgspec.json.Decoder(list[Envelope])


@dataclass(frozen=True, slots=True)
class Read:
    """A batch taken apart. `bad`: place to reason, for what is no event of this device; `events` has None there.
    `is_run`: known to be consecutive events of one journal, which is what a device sends nearly always."""

    events: Sequence[Envelope | Event | None]
    bad: dict[int, str]
    is_run: bool = False


def read_request(body: bytes, texts: Sequence[msgspec.Raw], device: str) -> Read:
    """The events of a sync request whose texts are known already."""
    try:
        events = _batches.decode(body).events
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _one_by_one(texts, device)
    if (
        len(events) == len(texts)
        and {event.device for event in events} <= {device}
        and _kinds_are_good({event.kind for event in events})
        and _longest(texts) <= MAX_EVENT_BYTES
    ):
        return Read(events, {}, _follow_each_other(events))
    return _one_by_one(texts, device)


def read_relayed(texts: Sequence[msgspec.Raw]) -> Read:
    """The events of a shop as its hub tells them: of any of its devices, and the hub's own."""
    try:
        events = _lists.decode(b"[" + b",".join(texts) + b"]")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _one_by_one(texts, None)
    if (
        len(events) == len(texts)
        and all(_DEVICE.fullmatch(device) for device in {event.device for event in events})
        and _kinds_are_good({event.kind for event in events})
        and _longest(texts) <= MAX_EVENT_BYTES
    ):
        return Read(events, {})
    return _one_by_one(texts, None)


def read_run(texts: bytes) -> list[Envelope]:
    """The events of a run: they were read before, when they were taken."""
    return _lists.decode(texts)


def _follow_each_other(events: Sequence[Envelope]) -> bool:
    """Whether these, all of one device, are of one epoch and have consecutive numbers."""
    if not events:
        return False
    first = events[0].seq
    return [event.seq for event in events] == list(range(first, first + len(events))) and len(
        {event.epoch for event in events}
    ) == 1


def _kinds_are_good(kinds: set[str]) -> bool:
    return all(len(kind) <= _KIND_LONGEST and _KIND.fullmatch(kind) for kind in kinds)


def _longest(texts: Sequence[msgspec.Raw]) -> int:
    # Without a loop of our own: this looks at every event of every batch.
    return max(map(len, map(memoryview, texts)), default=0)  # type: ignore[arg-type]


def _one_by_one(texts: Sequence[msgspec.Raw], device: str | None) -> Read:
    events: list[Event | None] = []
    bad: dict[int, str] = {}
    for place, text in enumerate(texts):
        try:
            event = read_event(text)
        except BadEvent as wrong:
            bad[place] = str(wrong)
            events.append(None)
            continue
        if device is None or event.device == device:
            events.append(event)
        else:
            bad[place] = f"this is an event of {event.device}, sent by {device}"
            events.append(None)
    return Read(events, bad)
