"""A thousand nodes at one hub: how long each waits for its exchange, what that costs, and how soon an offer is everywhere.

Four shops of 250 doors in one database, one `python -m hub serve` in a process of its own. Each door sends three facts every 30
seconds over a connection of its own, signed and counted as nodes do, at a moment of its own within the 30 seconds. A wait is
counted from the moment at which a door meant to send, so that a queue in front of the hub is part of it. Then an offer is
published in each shop, and the last of the thousand doors to have it is waited for.
"""

from __future__ import annotations

import http.client
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.app import open_store
from hub.devices import hub_key
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.events import write_event
from hub.wire.identity import public_text, sign_request
from hub.wire.snapshot import Campaign, Manifest, Offer, Shop, Value
from hub.wire.sync import SyncReply, SyncRequest
from tests.bench._ingest_sides import child, free_port, some_events

SHOPS, DOORS = 4, 250
PERIOD_S = 30.0
FACTS = 3
WAIT_S = 0.3
CPU = 0.3
PUBLISHED_S = 60.0
SENDERS = 16

_replies = msgspec.json.Decoder(SyncReply)
_manifests = msgspec.json.Decoder(Manifest)


@dataclass
class Door:
    """A simulated node: its key, how far it has counted, and what it has of the snapshot."""

    key: Ed25519PrivateKey
    device: str
    counter: int = 0
    seq: int = 1
    have: dict[str, str] = field(default_factory=dict)
    changed_at: float = 0.0

    def sync(self, port: int) -> None:
        """One exchange."""
        texts = tuple(msgspec.Raw(write_event(one)) for one in some_events(self.device, self.seq, FACTS))
        body = msgspec.json.encode(SyncRequest(events=texts, have=self.have, brief=True))
        self.counter += 1
        self.seq += FACTS
        headers = sign_request(self.key, self.device, self.counter, "POST", "/v1/sync", body)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("POST", "/v1/sync", body, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        assert answer.status == 200, text
        reply = _replies.decode(text)
        assert (reply.all_taken, reply.verdicts) == (FACTS, ())
        if reply.snapshot is not None:
            sections = _manifests.decode(reply.snapshot.manifest).sections
            if sections.get("campaigns") != self.have.get("campaigns"):
                self.changed_at = time.monotonic()
            self.have = sections


def _offer(number: int, title: str) -> Campaign:
    return Campaign(number, Offer({"en": title}, {}, Value("amount", 500)), 0, 2_000_000_000)


def prepare(folder: Path) -> list[Door]:
    """Shops with an offer and their doors."""
    now = time.time()
    first = SqliteStore(folder / FILE)
    doors = []
    for number in range(1, SHOPS + 1):
        store = first.of_shop(number)
        with store.writing():
            store.shop.save(Shop(number, {"en": f"Shop {number}"}), now)
            store.campaigns.save(_offer(1, "Coffee"), "published", now, "bench")
            for place in range(DOORS):
                key = Ed25519PrivateKey.generate()
                device = store.devices.enrol("edge", f"Door {place}", public_text(key), now)
                assert device is not None
                doors.append(Door(key, device.device))
    first.close()
    hub_key(folder)
    return doors


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Fleet:
    """All doors in their turns, until `stop`."""

    def __init__(self, doors: list[Door], port: int) -> None:
        self.doors = doors
        self._port = port
        self._stopping = threading.Event()
        self.waits: list[float] = []
        self.failed: list[str] = []
        self._pool = ThreadPoolExecutor(SENDERS)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin the first turn now."""
        self._thread.start()

    def stop(self) -> None:
        """End, with what is under way."""
        self._stopping.set()
        self._thread.join(PERIOD_S)
        self._pool.shutdown(wait=True)

    def _run(self) -> None:
        begun, turn = time.monotonic(), 0
        while not self._stopping.is_set():
            for place, door in enumerate(self.doors):
                due = begun + (turn + place / len(self.doors)) * PERIOD_S
                if self._stopping.wait(max(0.0, due - time.monotonic())):
                    return
                self._pool.submit(self._send, door, due)
            turn += 1

    def _send(self, door: Door, due: float) -> None:
        try:
            door.sync(self._port)
        except (OSError, AssertionError, http.client.HTTPException) as wrong:
            self.failed.append(repr(wrong))
        self.waits.append(time.monotonic() - due)


def _until(done: Callable[[], bool], within_s: float) -> bool:
    until = time.monotonic() + within_s
    while not done() and time.monotonic() < until:
        time.sleep(0.1)
    return done()


def _publish(folder: Path) -> float:
    store = open_store(folder)
    begun = time.monotonic()
    for number in store.shops():
        store.of_shop(number).campaigns.save(_offer(2, "Tea"), "published", time.time(), "bench")
    store.close()
    return begun


def measure(rounds: int = 7) -> list[dict[str, Any]]:
    """Waits over whole periods of 30 s (at least two), the hub's share of a core, seconds until an offer is everywhere."""
    periods = max(2, rounds // 3)
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        doors = prepare(folder)
        port = free_port()
        serve = [sys.executable, "-m", "hub", "--dir", str(folder), "serve", "--port", str(port)]
        with child(serve, port, {"HUB_SITE": "no"}) as process:
            fleet = Fleet(doors, port)
            fleet.start()
            # The first turn gives each door its snapshot.
            if not _until(lambda: all(door.have for door in doors) or bool(fleet.failed), 4 * PERIOD_S):
                raise RuntimeError("not every door has its snapshot")
            fleet.waits, cpu, begun = [], _cpu_s(process.pid), time.monotonic()
            time.sleep(periods * PERIOD_S)
            waits = sorted(fleet.waits)
            part = (_cpu_s(process.pid) - cpu) / (time.monotonic() - begun)
            published = _publish(folder)
            everywhere = _until(lambda: all(door.changed_at > published for door in doors), 2 * PUBLISHED_S)
            fleet.stop()
    if fleet.failed:
        raise RuntimeError(f"{len(fleet.failed)} exchanges failed, the first: {fleet.failed[0]}")
    if not everywhere:
        raise RuntimeError("the offer did not come to every door")
    last = max(door.changed_at for door in doors) - published
    name = f"{len(doors):,} nodes, an exchange every {PERIOD_S:.0f} s"
    p99 = waits[min(len(waits) - 1, int(len(waits) * 0.99))]
    return [
        _limit(f"{name}: wait p99 <=", 1000 * p99, 1000 * WAIT_S, "ms"),
        {**_limit(f"{name}: wait p50", 1000 * statistics.median(waits), 0, "ms"), "goal": None},
        _limit(f"{name}: the hub's part of one core <=", 100 * part, 100 * CPU, "%"),
        _limit(f"{name}: an offer is at the last of them <=", last, PUBLISHED_S, "s"),
    ]


def _limit(name: str, ours: float, goal: float, unit: str) -> dict[str, Any]:
    return {
        "name": name,
        "ours": ours,
        "peer": None,
        "ratio": None,
        "goal": goal,
        "limit": True,
        "unit": unit,
    }
