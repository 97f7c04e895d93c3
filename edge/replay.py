"""A recording through the door, offline and as fast as it goes: the same `Door` as in the shop, with the recording's clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

import msgspec

from edge.door import TICK_S, Door, Noticed
from edge.occupancy import Correction, Occupancy
from edge.visits import Visit
from hardware.ble.advertisement import Advertisement
from hardware.ble.captures import Capture, CaptureError

BATCH_PACKETS = 256
"""As large as the batches of `edge.scan`; the result does not depend on it."""

_DIGITS = 3
"""Milliseconds: recordings of the same air by different tools agree no further."""


class ReplayedVisit(msgspec.Struct, frozen=True):
    """A visit as printed; times are the recording's, in seconds."""

    id: str
    zone: str
    arrived_at: float
    departed_at: float
    dwell_s: float
    peak_dbm: int
    rank: str


class ReplayedWindow(msgspec.Struct, frozen=True):
    """People present in one window as printed."""

    at: float
    window_s: float
    people: float
    low: float
    high: float
    addresses: int


class ReplayedStreet(msgspec.Struct, frozen=True):
    """Who went past and who came in, as printed."""

    at: float
    window_s: float
    passers: int
    entrants: int


class Replayed(msgspec.Struct, frozen=True):
    """What a recording holds. `error` says where it was cut off; what stood before that is counted."""

    file: str
    simulated: bool
    packets: int
    first_at: float | None
    last_at: float | None
    visits: list[ReplayedVisit]
    present: list[ReplayedWindow]
    street: list[ReplayedStreet]
    error: str | None = None


def replay(path: Path, zone: str, tags: Iterable[str] = (), correction: Correction | None = None) -> Replayed:
    """Visits and people present in a recording. The same recording gives the same result, its visit ids included."""
    door = Door(zone, Random(0).randbytes, tags, correction)
    noticed: list[Noticed] = []
    packets = 0
    first_at: float | None = None
    error: str | None = None
    batches = in_batches(Capture(path))
    try:
        for batch in batches:
            first_at = batch[0].at if first_at is None else first_at
            packets += len(batch)
            noticed.append(door.hear(batch))
    except CaptureError as wrong:
        error = str(wrong)
    last_at = door.now
    noticed.append(door.stop())
    return Replayed(
        path.name,
        True,
        packets,
        first_at,
        last_at,
        [_visit(visit) for one in noticed for visit in one.closed],
        [_window(window) for one in noticed for window in one.measured],
        [
            ReplayedStreet(
                round(count.at, _DIGITS), round(count.window_s, _DIGITS), count.passers, count.entrants
            )
            for one in noticed
            for count in one.street
        ],
        error,
    )


def in_batches(heard: Iterable[Advertisement]) -> Iterator[list[Advertisement]]:
    """The packets in their order, in lists that span less than a tick; what came before an error is handed out first."""
    batch: list[Advertisement] = []
    try:
        for one in heard:
            if batch and (len(batch) >= BATCH_PACKETS or one.at - batch[0].at >= TICK_S):
                yield batch
                batch = []
            batch.append(one)
    except CaptureError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _visit(visit: Visit) -> ReplayedVisit:
    departed_at = visit.arrived_at if visit.departed_at is None else visit.departed_at
    return ReplayedVisit(
        visit.id,
        visit.zone,
        round(visit.arrived_at, _DIGITS),
        round(departed_at, _DIGITS),
        round(visit.dwell_s, _DIGITS),
        visit.peak_dbm,
        visit.subject.rank.word,
    )


def _window(window: Occupancy) -> ReplayedWindow:
    return ReplayedWindow(
        round(window.at, _DIGITS), window.window_s, window.people, window.low, window.high, window.addresses
    )
