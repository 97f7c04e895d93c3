"""The door's tracker beside habluetooth's compiled one and Bermuda's, and what the door costs in memory.

All sides are fed 5,000 phones, all of them near and by then known, heard with the spread of a real radio, with payloads that
repeat as a phone's do between two changes of its address; in turns within the same minute, in processor time. What each side
does with one packet:

- ours, in batches of 256 as `edge.scan` hands a crowd out: is it near enough, address -> row, `PresenceTracker.feed_all`
  (hysteresis, zone, dwell, peak and level); the whole door besides lets time pass, counts people and passers and renews salts;
- habluetooth: `BaseHaRemoteScanner._async_on_raw_advertisement` with an unchanged payload, its quickest way in (nothing is
  parsed): a service info, the scanner's history, `BluetoothManager._scanner_adv_received` (history, sources, intervals);
- Bermuda: one of its update cycles over one new packet of each phone (`tests.bench._bermuda`; it keeps areas and distances).

In the shop the door runs with an allocator that overwrites what is freed (`edge.forgetting`): one pair has it so. Another leaves
the ways in out: known rows into `feed_all`, ready service infos into `scanner_adv_received`.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.door import Door
from edge.forgetting import OVERWRITING
from edge.presence import PresenceTracker, near_enough
from edge.subjects import AddressBook
from hardware.ble.advertisement import Advertisement
from hardware.ble.jsonlines import write_lines
from hub.client.node import Node, NodeRecord
from hub.wire.identity import public_text

DEVICES = 5_000
PACKETS = 50_000
PACKETS_PER_S = 5_000
ROUNDS = 7
BATCH = 256
GOAL_SPEED = 1.5
GOAL_BERMUDA = 20
CROWD = 100_000
GOAL_CROWD_MB = 20
GOAL_BYTES = 128
GOAL_RSS_MB = 60
CHILD_LISTENS_S = 30.0
HEARD_EVERY_S = 4.0

Runs = dict[str, Callable[[], None]]


class Phones:
    """So many phones near the door, and what is heard of them, ten seconds at a time."""

    def __init__(self, devices: int, seed: int = 7) -> None:
        self._rnd = random.Random(seed)
        self._at = 1_000.0
        self._phones = [
            (
                ":".join(f"{octet:02x}" for octet in self._rnd.randbytes(6)),
                b"\x02\x01\x1a\x03\x03\x9f\xfe\x0b\xff\x57\x01" + self._rnd.randbytes(8),
                self._rnd.uniform(-78, -50),
            )
            for _ in range(devices)
        ]

    def heard(self, packets: int = PACKETS) -> list[Advertisement]:
        """The next packets, in random order."""
        rnd, rows = self._rnd, []
        for _ in range(packets):
            address, payload, level = self._phones[rnd.randrange(len(self._phones))]
            rssi_dbm = min(-30, round(rnd.gauss(level, 3)))
            self._at += 1 / PACKETS_PER_S
            rows.append(Advertisement(address, "random", rssi_dbm, payload, self._at))
        return rows


def measure(rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """Everything that this module measures."""
    return [
        *measure_speed(rounds),
        *measure_bermuda(rounds),
        *measure_memory(),
        *measure_crowd(),
        *measure_rss(),
    ]


def measure_speed(rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """Ratios against habluetooth; medians of the rounds, the two sides taking turns."""
    phones = Phones(DEVICES)
    ours, peer = _Ours(), _Peer()
    for _ in range(20):  # warm: everybody known, and most of them visitors by the time that counts
        warm = phones.heard(PACKETS // 5)
        ours.know(warm)
        peer.know(warm)
    speeds: dict[str, list[float]] = {}
    with _Child("tests.bench._shop_door", DEVICES, **OVERWRITING) as in_shop:
        for _ in range(max(5, rounds)):
            packets = phones.heard()
            for side, runs in (("peer", peer.runs(packets)), ("ours", ours.runs(packets))):
                for name, run in runs.items():
                    speeds.setdefault(f"{side} {name}", []).append(rate(run, len(packets)))
            speeds.setdefault("ours in the shop", []).append(in_shop.rate())
    return [
        _row(f"{title} at 5,000 devices", speeds[f"ours {mine}"], speeds[f"peer {theirs}"], goal)
        for title, mine, theirs, goal in (
            ("tracker update", "update", "update", GOAL_SPEED),
            ("whole door", "door", "update", GOAL_SPEED),
            ("whole door with freed memory overwritten", "in the shop", "update", GOAL_SPEED),
            ("whole door, two zones", "two zones", "update", None),
            ("tracker update, ways in left out", "bare", "bare", None),
        )
    ]


def measure_bermuda(rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """The ratio against Bermuda's update, where its checkout is at hand."""
    name = "whole door at 5,000 devices, against Bermuda's update"
    if "BERMUDA" not in os.environ:
        how = "not measured: set BERMUDA to a checkout of github.com/agittins/bermuda"
        return [
            {"name": f"{name} ({how})", "ours": None, "peer": None, "ratio": None, "goal": None, "unit": ""}
        ]
    phones, ours = Phones(DEVICES), _Ours()
    for _ in range(20):
        ours.know(phones.heard(PACKETS // 5))
    mine: list[float] = []
    theirs: list[float] = []
    with _Child("tests.bench._bermuda", DEVICES) as bermuda:
        for _ in range(max(5, rounds)):
            packets = phones.heard()
            mine.append(rate(ours.runs(packets)["door"], len(packets)))
            theirs.append(bermuda.rate())
    return [_row(name, mine, theirs, GOAL_BERMUDA)]


def _row(name: str, mine: list[float], theirs: list[float], goal: float | None) -> dict[str, Any]:
    # Pair by pair: a machine whose speed drifts slows both sides of a round.
    ratio = statistics.median(a / b for a, b in zip(mine, theirs, strict=True))
    return {
        "name": name,
        "ours": round(statistics.median(mine)),
        "peer": round(statistics.median(theirs)),
        "ratio": round(ratio, 2),
        "goal": goal,
        "unit": "packets/s",
    }


def rate(run: Callable[[], None], packets: int) -> float:
    """Packets a second of this thread's processor time."""
    gc.collect()
    gc.disable()
    try:
        begin = time.thread_time()
        run()
        return packets / (time.thread_time() - begin)
    finally:
        gc.enable()


class _Child:
    """A side that needs a process of its own: it says when it is warm, and then for each line what a packet takes (ns)."""

    def __init__(self, module: str, devices: int, **env: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, str(devices)], env={**os.environ, **env}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            cwd=Path(__file__).resolve().parents[2],
        )  # fmt: skip
        self._heard()

    def _heard(self) -> dict[str, float]:
        assert self._process.stdout is not None
        answer: dict[str, float] = json.loads(self._process.stdout.readline() or "{}")
        if not answer:
            raise RuntimeError(f"{self._process.args} has ended")
        return answer

    def rate(self) -> float:
        """Packets a second in one round."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return 1e9 / self._heard()["ns"]

    def __enter__(self) -> _Child:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)


def batches_of(packets: Sequence[Advertisement]) -> list[Sequence[Advertisement]]:
    return [packets[begin : begin + BATCH] for begin in range(0, len(packets), BATCH)]


class _Ours:
    def __init__(self) -> None:
        rnd = random.Random(1)
        self.book = AddressBook(b"bench-salt")
        self.tracker = PresenceTracker(self.book, ("door",), lambda: rnd.getrandbits(64))
        self.door = Door("door", rnd.randbytes)
        self.two = Door(("door", "counter"), rnd.randbytes)

    def know(self, packets: Sequence[Advertisement]) -> None:
        for run in self.runs(packets).values():
            run()

    def runs(self, packets: Sequence[Advertisement]) -> Runs:
        batches = batches_of(packets)
        named = [(self.book.rows_of(near), near) for near in map(near_enough, batches)]

        def update() -> None:
            for batch in batches:
                near = near_enough(batch)
                self.tracker.feed_all(self.book.rows_of(near), near)

        def bare() -> None:
            for rows, near in named:
                self.tracker.feed_all(rows, near)

        def door() -> None:
            for batch in batches:
                self.door.hear(batch)

        def two_zones() -> None:
            for number, batch in enumerate(batches):
                self.two.hear(batch, number % 2)

        return {"update": update, "bare": bare, "door": door, "two zones": two_zones}


class _Peer:
    def __init__(self) -> None:
        from habluetooth import BaseHaRemoteScanner, BluetoothManager, BluetoothServiceInfoBleak, set_manager

        logging.getLogger("habluetooth").setLevel(logging.CRITICAL)

        class Manager(BluetoothManager):  # type: ignore[misc]
            def _discover_service_info(self, service_info: Any) -> None:
                """What is new comes here; nobody wants it."""

        async def make() -> tuple[Any, Any]:
            manager = Manager()
            set_manager(manager)
            return manager, BaseHaRemoteScanner("AA:BB:CC:DD:EE:FF", "radio", None, False)

        self.info_type = BluetoothServiceInfoBleak
        self.manager, self.scanner = asyncio.run(make())

    def know(self, packets: Sequence[Advertisement]) -> None:
        nothing: dict[str, Any] = {}
        for one in packets:
            self.scanner._async_on_raw_advertisement(one.address, one.rssi_dbm, one.payload, nothing, one.at)

    def runs(self, packets: Sequence[Advertisement]) -> Runs:
        known = {info.address: info for info in self.manager.async_discovered_service_info(False)}
        infos = [
            self.info_type(
                name=info.name, address=one.address, rssi=one.rssi_dbm, manufacturer_data=info.manufacturer_data,
                service_data=info.service_data, service_uuids=info.service_uuids, source=info.source, device=info.device,
                advertisement=None, connectable=False, time=one.at, tx_power=None, raw=one.payload,
            )
            for one in packets
            for info in (known[one.address],)
        ]  # fmt: skip

        def update() -> None:
            on_advertisement, nothing = self.scanner._async_on_raw_advertisement, {}
            for one in packets:
                on_advertisement(one.address, one.rssi_dbm, one.payload, nothing, one.at)

        def bare() -> None:
            received = self.manager.scanner_adv_received
            for info in infos:
                received(info)

        return {"update": update, "bare": bare}


def measure_memory(devices: int = DEVICES) -> list[dict[str, Any]]:
    """Bytes a device of the tracker, all of them visitors, beyond the keys (the pseudonyms), as tracemalloc counts them."""
    rnd = random.Random(2)
    packets = [
        [Advertisement(f"{number:012x}", "random", -60, b"", 1_000.0 + second) for number in range(devices)]
        for second in range(0, 40, 4)
    ]
    book = AddressBook(b"bench-salt")
    rows = book.rows_of(packets[0])
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracker = PresenceTracker(book, ("door",), lambda: rnd.getrandbits(64))
        for batch in packets:
            tracker.feed_all(rows, batch)
        gc.collect()
        bytes_each = (tracemalloc.get_traced_memory()[0] - before) / devices
    finally:
        tracemalloc.stop()
    if tracker.visitors != devices:
        raise AssertionError(f"{tracker.visitors} of {devices} devices are visitors")
    return [
        {
            "name": f"memory a device beyond its key, {devices:,} visitors",
            "ours": round(bytes_each, 1),
            "peer": None,
            "ratio": None,
            "goal": GOAL_BYTES,
            "limit": True,
            "unit": "bytes",
        }
    ]


def measure_crowd(devices: int = CROWD) -> list[dict[str, Any]]:
    """What so many devices take in all, keys and addresses included, as tracemalloc counts it: every one of them is a visitor."""
    rnd = random.Random(3)
    addresses = [f"{number:012x}" for number in range(devices)]

    def crowd(second: float) -> list[Advertisement]:
        # An address is a new text in each packet, as it comes from a radio.
        return [
            Advertisement(
                ":".join(one[at : at + 2] for at in range(0, 12, 2)),
                "random",
                -60,
                b"\x02\x01\x1a",
                1_000.0 + second,
            )
            for one in addresses
        ]

    def taken(feed: Callable[[Sequence[Advertisement]], object]) -> float:
        before = tracemalloc.get_traced_memory()[0]
        for second in range(0, 40, 4):
            for batch in batches_of(crowd(second)):
                feed(batch)
        gc.collect()
        return (tracemalloc.get_traced_memory()[0] - before) / 1e6

    tracemalloc.start()
    try:
        book = AddressBook(b"bench-salt")
        tracker = PresenceTracker(book, ("door",), lambda: rnd.getrandbits(64))
        tracker_mb = taken(lambda batch: tracker.feed_all(book.rows_of(batch), batch))
        door = Door("door", rnd.randbytes)
        door_mb = taken(door.hear)
    finally:
        tracemalloc.stop()
    if not tracker.visitors == door.visitors == devices:
        raise AssertionError(f"{tracker.visitors} and {door.visitors} of {devices} devices are visitors")
    return [
        {
            "name": f"{what}, {devices:,} visitors",
            "ours": round(figure, 1),
            "peer": None,
            "ratio": None,
            "goal": GOAL_CROWD_MB,
            "limit": True,
            "unit": "MB",
        }
        for what, figure in (("tracker with its address book", tracker_mb), ("whole door", door_mb))
    ]


def measure_rss(devices: int = DEVICES) -> list[dict[str, Any]]:
    """Resident set of a whole edge process that follows so many devices, as in a shop: none of them is simulated in it."""
    with tempfile.TemporaryDirectory() as folder:
        place, recording = Path(folder) / "edge", Path(folder) / "crowd.jsonl"
        key = Ed25519PrivateKey.generate()
        Node.save(
            place, NodeRecord("edge-1", "edge", "Door", 1, 1, 0, public_text(key), "http://127.0.0.1:9"), key
        )
        # Each is heard every few seconds, for longer than anybody looks. Somewhat more than wanted: some are faint.
        count = round(1.05 * devices)
        heard = Phones(count).heard(round(count * (CHILD_LISTENS_S + 30) / HEARD_EVERY_S))
        begin = heard[0].at
        slower = HEARD_EVERY_S * PACKETS_PER_S / count
        with recording.open("wb") as file:
            write_lines(
                (msgspec.structs.replace(one, at=begin + (one.at - begin) * slower) for one in heard), file
            )
        radio = f"ble:replay:{recording}"
        child = subprocess.Popen(
            [sys.executable, "-m", "edge", "run", "--radio", radio, "--dir", str(place)],
            env={name: value for name, value in os.environ.items() if not name.startswith("EDGE_")},
            cwd=Path(__file__).resolve().parents[2],
            stderr=subprocess.DEVNULL,
        )
        peak_mb, followed = 0.0, 0
        try:
            until = time.monotonic() + CHILD_LISTENS_S
            while time.monotonic() < until and child.poll() is None:
                time.sleep(1)
                status = Path(f"/proc/{child.pid}/status").read_text()
                kb = next(
                    (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")), 0
                )
                peak_mb = max(peak_mb, kb * 1024 / 1e6)
                if (place / "status.json").exists():
                    followed = max(followed, json.loads((place / "status.json").read_bytes())["followed"])
        finally:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
    return [
        {
            "name": f"edge process resident set, {followed:,} devices followed",
            "ours": round(peak_mb, 1),
            "peer": None,
            "ratio": None,
            "goal": GOAL_RSS_MB,
            "limit": True,
            "unit": "MB",
        }
    ]


if __name__ == "__main__":
    for row in measure():
        print(json.dumps(row))
