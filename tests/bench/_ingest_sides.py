"""The sides that the measurements of ingest set against each other, and a shop's facts; nothing is measured here."""

from __future__ import annotations

import http.client
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.client.enrolling import enrol
from hub.client.node import Node
from hub.devices import hub_key, open_pairing
from hub.ingest import Batch, read_batch, take
from hub.serving import settle
from hub.store.records import Run
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.events import (
    CouponIssued,
    Event,
    OccupancyMeasured,
    OfferSeen,
    VisitClosed,
    make_event,
    read_event,
    write_event,
)
from hub.wire.identity import sign_request
from hub.wire.snapshot import Campaign, Manifest, Offer, Shop, Value
from hub.wire.sync import MAX_BATCH, SyncReply, SyncRequest

BATCH = MAX_BATCH
BATCHES = 16
"""Batches of one side in one round."""

SENDERS = 4
"""Nodes, or clients of Datasette, that send at the same time."""

NOW = 1_800_000_000.0
"""The hub's time: after every stamp, as it is of facts that had to wait."""

Send = Callable[[], object]

RAW_TABLE = """CREATE TABLE journal (position INTEGER PRIMARY KEY, shop INTEGER NOT NULL, device TEXT NOT NULL,
    epoch INTEGER NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, at REAL NOT NULL, received_at REAL NOT NULL,
    text BLOB NOT NULL, UNIQUE (shop, device, epoch, seq))"""


def some_events(device: str, first: int, count: int, *, plain: bool = False) -> list[Event]:
    """Events as a door and a till write them; `plain`: without coupons."""
    events = []
    for seq in range(first, first + count):
        at = 1_795_000_000.0 + seq
        place = seq % (96 if plain else 100)
        if place < 45:
            fact: Any = OccupancyMeasured(zone="door", window_s=60, people=12.5, low=9, high=15, addresses=33)
        elif place < 85:
            fact = VisitClosed(
                id=os.urandom(8).hex(),
                zone="door",
                arrived_at=at - 60,
                departed_at=at,
                dwell_s=60.25,
                peak_dbm=-61,
            )
        elif place < 96:
            fact = OfferSeen(campaign=1, channel="portal")
        else:
            fact = CouponIssued(
                serial=os.urandom(8).hex(),
                campaign=1,
                code="0123456789AB",
                key_number=0,
                expires_at=1_800_000_000,
                channel="portal",
            )
        events.append(make_event(device, 1, seq, fact, at=at, clock="ntp", boot=1))
    return events


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def child(
    command: Sequence[str], port: int, environ: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A server in a process of its own, once it answers."""
    process = subprocess.Popen(
        command, env={**os.environ, **(environ or {})}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 30
        while time.monotonic() < until and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        else:
            raise RuntimeError(f"{command[2]} does not answer")
        yield process
    finally:
        process.terminate()
        process.wait(20)


def make_hub(folder: Path) -> None:
    """A shop with one offer."""
    store = SqliteStore(folder / FILE)
    offer = Offer({"en": "Coffee"}, {}, Value("amount", 500))
    store.shop.save(Shop(1, {"en": "Bench"}), time.time())
    store.campaigns.save(Campaign(1, offer, 0, 2_000_000_000), "published", time.time(), "bench")
    store.close()
    hub_key(folder)


class OurSide:
    """A node of a hub that runs in a process of its own."""

    def __init__(self, folder: Path, port: int, name: str = "node") -> None:
        store = SqliteStore(folder / FILE)
        code = open_pairing(store, hub_key(folder), "edge", time.time())
        store.close()
        self._node: Node = enrol(folder / name, f"http://127.0.0.1:{port}", str(code), "edge", "Door")
        self._port = port
        self._counter = 0
        self._seq = 1
        reply = msgspec.json.decode(self._post(b"{}"), type=SyncReply)
        assert reply.snapshot is not None
        self._have = msgspec.json.decode(reply.snapshot.manifest, type=Manifest).sections

    def _post(self, body: bytes) -> bytes:
        self._counter += 1
        key: Ed25519PrivateKey = self._node.key
        headers = sign_request(key, self._node.device, self._counter, "POST", "/v1/sync", body)
        return self._send(body, headers)

    def _send(self, body: bytes, headers: dict[str, str]) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        connection.request("POST", "/v1/sync", body, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        connection.close()
        return text

    def batches(self, count: int = BATCHES, *, plain: bool = False) -> list[Send]:
        """Requests that are ready to be sent: what a device does before is not the hub's time."""
        ready = []
        for _ in range(count):
            events = some_events(self._node.device, self._seq, BATCH, plain=plain)
            texts = [write_event(event) for event in events]
            self._seq += BATCH
            self._counter += 1
            request = SyncRequest(
                events=tuple(msgspec.Raw(text) for text in texts), have=self._have, brief=True
            )
            body = msgspec.json.encode(request)
            headers = sign_request(self._node.key, self._node.device, self._counter, "POST", "/v1/sync", body)
            ready.append(lambda body=body, headers=headers: self._send(body, headers))
        return ready


class InProcess:
    """The hub's store and the way of facts into it, without HTTP."""

    def __init__(self, folder: Path) -> None:
        settle()
        folder.mkdir()
        self.store = SqliteStore(folder / FILE)
        self.store.shop.save(Shop(1, {"en": "Bench"}), time.time())
        self._seq: Counter[str] = Counter()

    def batches(self, device: str, keep: Callable[[Batch], object], *, plain: bool = False) -> list[Send]:
        """Requests' bodies, ready to be read and given to `keep` inside a transaction."""
        ready = []
        for _ in range(BATCHES):
            events = some_events(device, self._seq[device] + 1, BATCH, plain=plain)
            self._seq[device] += BATCH
            texts = tuple(msgspec.Raw(write_event(event)) for event in events)
            body = msgspec.json.encode(SyncRequest(events=texts))
            ready.append(lambda body=body: self._take(device, body, keep))
        return ready

    def _take(self, device: str, body: bytes, keep: Callable[[Batch], object]) -> None:
        apart = read_batch(device, body)
        assert not isinstance(apart, str)
        batch = apart[1]
        with self.store.writing():
            keep(batch)

    def whole(self, batch: Batch) -> None:
        """As the hub takes it."""
        verdicts = take(self.store, batch, NOW, "ntp")
        assert len(verdicts) == BATCH

    def journal_alone(self, batch: Batch) -> None:
        """The same without any projection."""
        first, last = batch.read.events[0], batch.read.events[-1]
        assert first is not None
        assert last is not None
        assert not self.store.journal.known(batch.device, first.epoch, first.seq, last.seq)
        start = self.store.journal.last_position() + 1
        self.store.journal.append([Run(start, batch.device, first.epoch, first.seq, BATCH, NOW, batch.array)])


class RawSide:
    """`executemany` and nothing else."""

    def __init__(self, folder: Path) -> None:
        self._conn = sqlite3.connect(folder / "raw.db", isolation_level=None)
        self._conn.execute("PRAGMA journal_mode = WAL")
        self._conn.execute("PRAGMA synchronous = NORMAL")
        self._conn.execute(RAW_TABLE)
        self._seq = 1

    def batches(self, *, plain: bool = False) -> list[Send]:
        """Rows that are ready to be written."""
        ready = []
        for _ in range(BATCHES):
            texts = [write_event(event) for event in some_events("edge-1", self._seq, BATCH, plain=plain)]
            rows = [
                (None, 1, event.device, event.epoch, event.seq, event.kind, event.at, 1.0, text)
                for event, text in ((read_event(text), text) for text in texts)
            ]
            self._seq += BATCH
            ready.append(lambda rows=rows: self._write(rows))
        return ready

    def _write(self, rows: list[tuple[Any, ...]]) -> None:
        self._conn.execute("BEGIN")
        self._conn.executemany("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        self._conn.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        self._conn.close()


class DatasetteSide:
    """The insert API of Datasette, with the same rows as JSON."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token
        self._seq = 1

    def batches(self, count: int, *, plain: bool = False) -> list[Send]:
        """Requests that are ready to be sent."""
        ready = []
        for _ in range(count):
            events = some_events("edge-1", self._seq, BATCH, plain=plain)
            rows = [
                {
                    "shop": 1,
                    "device": event.device,
                    "epoch": event.epoch,
                    "seq": event.seq,
                    "kind": event.kind,
                    "at": event.at,
                    "received_at": 1.0,
                    "text": write_event(event).decode(),
                }
                for event in events
            ]
            self._seq += BATCH
            body = json.dumps({"rows": rows}).encode()
            ready.append(lambda body=body: self._send(body))
        return ready

    def _send(self, body: bytes) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        connection.request("POST", "/peer/journal/-/insert", body, headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 201, text
        connection.close()


@contextmanager
def datasette(folder: Path) -> Iterator[DatasetteSide]:
    """Datasette with one table, allowed to take a whole batch at once."""
    path = folder / "peer.db"
    conn = sqlite3.connect(path)
    conn.execute("PRAGMA journal_mode = WAL")
    conn.execute(RAW_TABLE)
    conn.commit()
    conn.close()
    port = free_port()
    secret = {"DATASETTE_SECRET": "bench"}
    command = [sys.executable, "-m", "datasette"]
    token = subprocess.run(
        [*command, "create-token", "root"],
        env={**os.environ, **secret},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    options = [
        "--root",
        "--setting",
        "max_insert_rows",
        str(BATCH),
        "--port",
        str(port),
        "--host",
        "127.0.0.1",
    ]
    with child([*command, "serve", str(path), *options], port, secret):
        yield DatasetteSide(port, token)
