"""Whether a batch is one run is known from reading it, and only where it is true."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from hub.reading import read_exchange, read_relayed, read_request
from hub.wire.events import MAX_EVENT_BYTES, OfferSeen, make_event, write_event
from hub.wire.sync import SyncRequest


def texts_of(numbers: Sequence[tuple[str, int, int]]) -> list[msgspec.Raw]:
    """Events of these devices, epochs and numbers."""
    fact = OfferSeen(campaign=1, channel="portal")
    return [
        msgspec.Raw(write_event(make_event(device, epoch, seq, fact, at=1.0, clock="ntp", boot=1)))
        for device, epoch, seq in numbers
    ]


def array_of(texts: Sequence[bytes], between: bytes = b",") -> bytes:
    return b"[" + between.join(bytes(text) for text in texts) + b"]"


def test_consecutive_events_of_one_journal_are_one_run() -> None:
    texts = texts_of([("edge-1", 1, 7), ("edge-1", 1, 8), ("edge-1", 1, 9)])
    assert read_request(array_of(texts), "edge-1").is_run


@pytest.mark.parametrize(
    "numbers",
    [
        [("edge-1", 1, 7), ("edge-1", 1, 9)],
        [("edge-1", 1, 8), ("edge-1", 1, 7)],
        [("edge-1", 1, 7), ("edge-1", 2, 8)],
        [("edge-1", 1, 7), ("edge-1", 1, 7)],
        [],
    ],
)
def test_a_gap_an_order_or_an_epoch_makes_it_several(numbers: list[tuple[str, int, int]]) -> None:
    assert not read_request(array_of(texts_of(numbers)), "edge-1").is_run


EVENTS = array_of(texts_of([("edge-1", 1, 7), ("edge-1", 1, 8)]))


@pytest.mark.parametrize(
    "body",
    [
        b'{"have":{"shop":"a"},"events":' + EVENTS + b"}",
        b'{"events":' + EVENTS + b',"have":{"shop":"a"}}',
        b'{"events":' + EVENTS + b',"have":{"shop":"a"},"settings":[]}',
        b'{ "have" : {"shop":"a"}, "events" : ' + EVENTS + b" }",
        b'{"have":{"shop":"a"},"newer":{"events":[1,{"a":[2]}]},"events" :' + EVENTS + b"}",
        b'{"have":{"shop":"a"},"newer":{"events":[1]},"events":' + EVENTS + b"}",
        b'{"events":[],"have":{"shop":"a"},"events":' + EVENTS + b"}",
    ],
)
def test_an_exchange_is_read_the_same_in_whatever_order_it_is_written(body: bytes) -> None:
    head, array, read = read_exchange(body, "edge-1")
    whole = msgspec.json.decode(body, type=SyncRequest)
    assert head.have == whole.have == {"shop": "a"}
    assert array == EVENTS
    assert [event.seq for event in read.events if event] == [7, 8]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"events":[}]}',
        b'{"events":' + EVENTS + b"]}",
        b'{"have":{"events":' + EVENTS + b"}",
        b'{"have":1,"events":' + EVENTS + b"}",
        b'{"events":{}}',
        b'{"events":' + EVENTS + b",[]}",
        b'{"have":{},' + EVENTS + b"}",
    ],
)
def test_what_is_no_exchange_is_read_as_none(body: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        msgspec.json.decode(body, type=SyncRequest)
    with pytest.raises(msgspec.MsgspecError):
        read_exchange(body, "edge-1")


@pytest.mark.parametrize("between", [b",", b", "])
@pytest.mark.parametrize("spare", [0, 1])
def test_an_event_may_be_as_long_as_a_fact_may_be_and_no_longer(between: bytes, spare: int) -> None:
    first, second = (bytes(text) for text in texts_of([("edge-1", 1, 7), ("edge-1", 1, 8)]))
    room = MAX_EVENT_BYTES - len(second) - len(b',"more":""') + spare
    long = second[:-1] + b',"more":"' + b"x" * room + b'"}'
    read = read_request(array_of([first, long], between), "edge-1")
    assert set(read.bad) == ({1} if spare else set())


def test_a_separator_inside_a_fact_hides_no_long_event() -> None:
    first, second = (bytes(text) for text in texts_of([("edge-1", 1, 7), ("edge-1", 1, 8)]))
    odd = (
        first[:-1]
        + b',"more":[{"a":1},{"device":"'
        + b"x" * 9_000
        + b'"},{"device":"'
        + b"x" * 9_000
        + b'"}]}'
    )
    assert set(read_request(array_of([odd, second]), "edge-1").bad) == {0}


def test_what_a_shops_hub_relays_is_never_taken_for_one_run_unseen() -> None:
    assert not read_relayed(texts_of([("edge-1", 1, 7), ("edge-2", 1, 8)])).is_run
