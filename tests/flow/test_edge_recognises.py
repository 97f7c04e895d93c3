"""From a tag in the snapshot to a visit that says whose it was."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from random import Random

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.config import read_config
from edge.daemon import Edge
from edge.recognition import address_hash
from edge.store import EdgeStore, open_pool
from hardware.ble.advertisement import Advertisement
from hardware.ble.jsonlines import write_lines
from hub.client.clock import Clock
from hub.client.db import writing
from hub.client.node import Node, NodeRecord
from hub.client.shelf import Shelf
from hub.wire.events import VisitClosed, read_event, read_fact
from hub.wire.identity import public_text
from hub.wire.sealing import seal
from hub.wire.snapshot import Manifest, Snapshot, Tag, TagKey, content_hash, section_body

IRK = bytes(range(16))


def recording(path: Path) -> Path:
    """A member who changes the address after five minutes, and a stranger."""
    heard = [
        Advertisement("55:00:00:00:00:01", "random", -60, b"\x02\x01\x1a", 1_000.0 + second)
        for second in range(600)
    ]
    for change in (1, 2):
        prand = bytes((0x40, 0, change))
        address = (prand + address_hash(IRK, prand)).hex(":")
        begin = 1_000.5 + 300 * (change - 1)
        heard += [
            Advertisement(address, "random", -60, b"\x02\x01\x1a", begin + second) for second in range(300)
        ]
    with path.open("wb") as file:
        write_lines(sorted(heard, key=lambda one: one.at), file)
    return path


def test_a_member_in_the_snapshot_is_recognised_at_the_door_and_a_stranger_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    key, hub = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    node = Node.save(
        folder, NodeRecord("edge-1", "edge", "Door", 1, 3, 0, public_text(hub), "http://127.0.0.1:9"), key
    )
    told = TagKey("irk", IRK.hex())
    sealed = seal(key.public_key().public_bytes_raw(), msgspec.json.encode(told), Random(1).randbytes(32))
    sections = {"tags": section_body([Tag("m-4711", "member", sealed=sealed)])}
    manifest = Manifest(1, node.device, 1.0, {name: content_hash(body) for name, body in sections.items()})
    pool = open_pool(folder)
    EdgeStore(pool, node, Clock())
    with writing(pool.here()) as conn:
        signed = Snapshot("", "", {name: msgspec.Raw(body) for name, body in sections.items()})
        assert Shelf(pool).adopt(conn, manifest, signed, 1.0)
    pool.close()

    loaded = Node.load(folder)
    assert loaded is not None
    radio = f"ble:replay:{recording(tmp_path / 'day.jsonl')}"
    edge = Edge(read_config({}, {"dir": str(folder), "radio": radio, "speed": "0"}), loaded, Clock())

    async def play() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(edge.run(stop))
        status, until = folder / "status.json", time.monotonic() + 20
        while time.monotonic() < until:
            if status.exists() and json.loads(status.read_bytes())["state"] == "ended":
                break
            await asyncio.sleep(0.05)
        stop.set()
        await running

    asyncio.run(play())
    pool = open_pool(folder)
    rows = pool.here().execute("SELECT text FROM outbox ORDER BY seq").fetchall()
    pool.close()
    visits = [fact for (text,) in rows if isinstance(fact := read_fact(read_event(text)), VisitClosed)]
    assert sorted((visit.known, visit.rank, round(visit.dwell_s)) for visit in visits) == [
        ("", "random", 599),
        ("m-4711", "member", 599),
    ]
