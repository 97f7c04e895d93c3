"""Whether a batch is one run is known from reading it, and only where it is true."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from hub.reading import read_relayed, read_request
from hub.wire.events import OfferSeen, make_event, write_event


def texts_of(numbers: Sequence[tuple[str, int, int]]) -> list[msgspec.Raw]:
    """Events of these devices, epochs and numbers."""
    fact = OfferSeen(campaign=1, channel="portal")
    return [
        msgspec.Raw(write_event(make_event(device, epoch, seq, fact, at=1.0, clock="ntp", boot=1)))
        for device, epoch, seq in numbers
    ]


def body_of(texts: Sequence[msgspec.Raw]) -> bytes:
    return b'{"events":[' + b",".join(bytes(text) for text in texts) + b"]}"


def test_consecutive_events_of_one_journal_are_one_run() -> None:
    texts = texts_of([("edge-1", 1, 7), ("edge-1", 1, 8), ("edge-1", 1, 9)])
    assert read_request(body_of(texts), texts, "edge-1").is_run


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
    texts = texts_of(numbers)
    assert not read_request(body_of(texts), texts, "edge-1").is_run


def test_what_a_shops_hub_relays_is_never_taken_for_one_run_unseen() -> None:
    assert not read_relayed(texts_of([("edge-1", 1, 7), ("edge-2", 1, 8)])).is_run
