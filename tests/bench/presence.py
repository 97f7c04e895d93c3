"""The door's tracker beside habluetooth's compiled one, and what it costs in memory.

Both sides are fed the same packets in the same order in the same minute: 5,000 devices, each near and heard with the spread of a
real radio, payloads that repeat as a phone's do between two changes of its address. What each side does with one packet:

- ours: address -> subject (list of known addresses), a `Sighting`, `PresenceTracker.feed` (hysteresis, peak, last time);
- habluetooth: `BaseHaRemoteScanner._async_on_raw_advertisement` with an unchanged payload, its quickest way in (no parsing):
  a service info, the scanner's history, `BluetoothManager._scanner_adv_received` (history, sources, intervals).

The second pair leaves both ways in out: ready sightings into `feed`, ready service infos into `scanner_adv_received`. The third
is the whole door, occupancy included, against the same entry of habluetooth. Neither of them has a goal.
Nothing on either side is parsed: a payload that changed costs habluetooth a parse, and us nothing.
"""

from __future__ import annotations

import asyncio
import gc
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

from edge.door import Door
from edge.presence import PresenceTracker, near_enough
from edge.subjects import EXAMINED_PACKETS, SubjectBook
from hardware.ble.advertisement import Advertisement

DEVICES = 5_000
PACKETS = 100_000
ROUNDS = 7
BATCH = 64
GOAL_SPEED = 1.5
GOAL_BYTES = 128
GOAL_RSS_MB = 60


def street(devices: int, packets: int, seed: int = 7, begin: float = 1_000.0) -> list[Advertisement]:
    """Packets of so many phones, all of them near, in random order at 5,000 packets a second."""
    rnd = random.Random(seed)
    phones = [
        (
            ":".join(f"{octet:02x}" for octet in rnd.randbytes(6)),
            b"\x02\x01\x1a\x03\x03\x9f\xfe\x0b\xff\x57\x01" + rnd.randbytes(8),
            rnd.uniform(-76, -50),
        )
        for _ in range(devices)
    ]
    heard = []
    for number in range(packets):
        address, payload, level = phones[number] if number < devices else phones[rnd.randrange(devices)]
        rssi_dbm = min(-30, round(rnd.gauss(level, 3)))
        heard.append(Advertisement(address, "random", rssi_dbm, payload, begin + number / 5_000))
    return heard


def measure(rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """Ratios against habluetooth; medians of the rounds, the two sides taking turns."""
    heard = street(DEVICES, PACKETS)
    ours_full, ours_bare, ours_door = _ours(heard)
    peer_full, peer_bare = asyncio.run(_peer(heard))
    pairs = [
        ("tracker update at 5,000 devices", ours_full, peer_full, GOAL_SPEED),
        ("tracker update alone, values made beforehand", ours_bare, peer_bare, None),
        ("whole door with occupancy", ours_door, peer_full, None),
    ]
    rows: list[dict[str, Any]] = []
    for name, ours, peer, goal in pairs:
        mine, theirs = [], []
        for _ in range(max(5, rounds)):
            theirs.append(_rate(peer, len(heard)))
            mine.append(_rate(ours, len(heard)))
        a, b = statistics.median(mine), statistics.median(theirs)
        rows.append(
            {
                "name": name,
                "ours": round(a),
                "peer": round(b),
                "ratio": round(a / b, 2),
                "goal": goal,
                "unit": "packets/s",
            }
        )
    return rows


def _rate(run: Callable[[], None], packets: int) -> float:
    gc.collect()
    gc.disable()
    try:
        begin = time.perf_counter()
        run()
        return packets / (time.perf_counter() - begin)
    finally:
        gc.enable()


def _ours(heard: list[Advertisement]) -> tuple[Callable[[], None], Callable[[], None], Callable[[], None]]:
    rnd = random.Random(1)
    book = SubjectBook(b"bench-salt")
    tracker = PresenceTracker("door", lambda: rnd.getrandbits(64))
    for one in heard[:DEVICES]:
        for _ in range(EXAMINED_PACKETS):
            book.subjects_of((one,))

    def full() -> None:
        for begin in range(0, len(heard), BATCH):
            near = near_enough(heard[begin : begin + BATCH])
            tracker.feed_all(book.subjects_of(near), near)

    near = near_enough(heard)
    batches = [near[begin : begin + BATCH] for begin in range(0, len(near), BATCH)]
    named = [(book.subjects_of(batch), batch) for batch in batches]

    def bare() -> None:
        for subjects, batch in named:
            tracker.feed_all(subjects, batch)

    door = Door("door", rnd.randbytes, window_s=3600)

    def whole() -> None:
        for begin in range(0, len(heard), BATCH):
            door.hear_all(heard[begin : begin + BATCH])

    for begin in (960.0, 980.0):  # warm: everybody known, and most of them visitors by the time that counts
        packets = street(DEVICES, PACKETS, begin=begin)
        door.hear_all(packets)
        near = near_enough(packets)
        tracker.feed_all(book.subjects_of(near), near)
    return full, bare, whole


async def _peer(heard: list[Advertisement]) -> tuple[Callable[[], None], Callable[[], None]]:
    import logging

    from habluetooth import BaseHaRemoteScanner, BluetoothManager, BluetoothServiceInfoBleak, set_manager

    logging.getLogger("habluetooth").setLevel(logging.CRITICAL)

    class Manager(BluetoothManager):
        def _discover_service_info(self, service_info: BluetoothServiceInfoBleak) -> None:
            """A subclass must take what is new; here nobody wants it."""

    manager = Manager()
    set_manager(manager)
    scanner = BaseHaRemoteScanner("AA:BB:CC:DD:EE:FF", "radio", None, False)
    nothing: dict[str, Any] = {}

    def full() -> None:
        on_advertisement = scanner._async_on_raw_advertisement
        for one in heard:
            on_advertisement(one.address, one.rssi_dbm, one.payload, nothing, one.at)

    for _ in range(2):
        full()
    known = {info.address: info for info in manager.async_discovered_service_info(False)}
    infos = []
    for one in heard:
        info = known[one.address]
        infos.append(
            BluetoothServiceInfoBleak(
                name=info.name, address=one.address, rssi=one.rssi_dbm, manufacturer_data=info.manufacturer_data,
                service_data=info.service_data, service_uuids=info.service_uuids, source=info.source, device=info.device,
                advertisement=None, connectable=False, time=one.at, tx_power=None, raw=one.payload,
            )
        )  # fmt: skip

    def bare() -> None:
        received = manager.scanner_adv_received
        for info in infos:
            received(info)

    return full, bare
