"""Reads many events at once.

Pure. `hub.ingest` feeds it what devices send, `hub.rebuild` what the journal holds. It says exactly what
`hub.wire.events.read_event` says; one by one only where something in the batch is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

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
from hub.wire.sync import SyncHead

_DEVICE = re.compile("[a-z0-9][a-z0-9-]{0,39}")
_KIND = re.compile("[a-z]+[.][a-z]+")
_KIND_LONGEST = 60

# Without a loop of our own: these look at every event of every batch.
_DEVICE_OF, _KIND_OF = attrgetter("device"), attrgetter("kind")
_SEQ_OF, _EPOCH_OF = attrgetter("seq"), attrgetter("epoch")


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


class _Whole(SyncHead, frozen=True):
    """A `SyncRequest` of which the facts are only the text of their array."""

    events: msgspec.Raw = msgspec.Raw(b"[]")


_heads = msgspec.json.Decoder(SyncHead)
_wholes = msgspec.json.Decoder(_Whole)
_lists = msgspec.json.Decoder(list[Envelope])
_texts = msgspec.json.Decoder(list[msgspec.Raw])

_EVENTS = b'"events":['
_BETWEEN = b'},{"device":"'
"""What stands between two events as `hub.wire.events.write_event` writes them."""


@dataclass(frozen=True, slots=True)
class Read:
    """A batch taken apart. `bad`: place to reason, for what is no event of this device; `events` has None there.
    `is_run`: known to be consecutive events of one journal, which is what a device sends nearly always."""

    events: Sequence[Envelope | Event | None]
    bad: dict[int, str]
    is_run: bool = False


def read_exchange(body: bytes, device: str) -> tuple[SyncHead, bytes, Read]:
    """What a node says beside its facts, their text as a JSON array, and the facts; msgspec.MsgspecError where it is no exchange.

    The text of a large request is gone through once: the array is cut out where our devices write it, at the end, and both parts
    have to be whole JSON then.
    """
    place = body.find(_EVENTS)
    if place >= 0 and body.endswith(b"]}"):
        try:
            head = _heads.decode(body[:place] + _EVENTS + b"]}")
            array = body[place + len(_EVENTS) - 1 : -1]
            return head, array, read_request(array, device)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass  # written in another order, or wrong: then what is wrong is found below
    whole = _wholes.decode(body)
    array = bytes(whole.events)
    return whole, array, read_request(array, device)


def read_request(array: bytes, device: str) -> Read:
    """The events of a node, from the text of their array; msgspec.MsgspecError where it is none."""
    events = _short_ones(array)
    if (
        events is not None
        and set(map(_DEVICE_OF, events)) <= {device}
        and _kinds_are_good(set(map(_KIND_OF, events)))
    ):
        return Read(events, {}, _follow_each_other(events))
    return _one_by_one(texts_in(array), device)


def texts_in(array: bytes) -> list[msgspec.Raw]:
    """The text of each event in an array; msgspec.MsgspecError where it is none."""
    return _texts.decode(array)


def _short_ones(array: bytes) -> list[Envelope] | None:
    """The events of an array, where all of them can be read and none of them is too long; else None.

    Taken apart piece by piece, each cut where one event seems to end, as our devices write it, and no longer than one event may
    be. A piece that is whole JSON was cut between two events, so each event in it is short enough.
    """
    events: list[Envelope] = []
    start, end = 1, len(array) - 1
    try:
        while end - start > MAX_EVENT_BYTES:
            cut = array.rfind(_BETWEEN, start, start + MAX_EVENT_BYTES) + 1
            if not cut:
                break
            events += _lists.decode(b"[" + array[start:cut] + b"]")
            start = cut + 1
        else:
            if array.startswith(b"[") and array.endswith(b"]"):
                return events + _lists.decode(b"[" + array[start:end] + b"]")
        events = _lists.decode(array)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return events if _longest(texts_in(array)) <= MAX_EVENT_BYTES else None


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
    return (
        list(map(_SEQ_OF, events)) == list(range(first, first + len(events)))
        and len(set(map(_EPOCH_OF, events))) == 1
    )


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
