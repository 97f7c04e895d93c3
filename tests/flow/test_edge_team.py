"""Two real doors of one shop over a real connection: one counts, the other hands over, and takes over when it is alone."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.config import read_config
from edge.daemon import Edge
from edge.store import open_pool
from hub.client.clock import Clock
from hub.client.db import writing
from hub.client.node import Node, NodeRecord
from hub.client.shelf import Shelf
from hub.wire.identity import public_text, sign_text
from hub.wire.snapshot import Key, Manifest, Shop, Snapshot, content_hash, section_body

HUB = Ed25519PrivateKey.from_private_bytes(b"h" * 32)
NODES = {
    name: Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32, b".")) for name in ("edge-1", "edge-2")
}


def joined(folder: Path, device: str) -> Node:
    """A node with the shop's snapshot, whose hub is away."""
    record = NodeRecord(device, "edge", device, 1, 1, 0, public_text(HUB), "http://127.0.0.1:9")
    node = Node.save(folder, record, NODES[device])
    bodies = {
        "shop": section_body(Shop(1, {"en": "Corner"})),
        "keys": section_body(
            [Key(n, name, public_text(key)) for n, (name, key) in enumerate(NODES.items(), 1)]
        ),
    }
    manifest = Manifest(1, device, 1.0, {name: content_hash(body) for name, body in bodies.items()})
    text = section_body(manifest).decode()
    pool = open_pool(folder)
    sections = {name: msgspec.Raw(body) for name, body in bodies.items()}
    with writing(pool.here()) as conn:
        assert Shelf(pool).adopt(conn, manifest, Snapshot(text, sign_text(HUB, text), sections), 1.0)
    pool.close()
    return node


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def status(folder: Path) -> dict[str, object]:
    path = folder / "status.json"
    found: dict[str, object] = json.loads(path.read_bytes()) if path.exists() else {}
    return found


async def until(happens: Callable[[], object], seconds: float = 30.0) -> None:
    for _ in range(round(seconds / 0.1)):
        if happens():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it did not happen in time")


def test_an_ears_street_is_counted_by_the_main_door_alone_and_by_the_ear_when_that_is_gone(
    tmp_path: Path,
) -> None:
    port = free_port()
    main_dir, ear_dir = tmp_path / "main", tmp_path / "ear"
    main_config = read_config(
        {},
        {
            "dir": str(main_dir), "radio": "ble:sim:seed=1,busy=0", "zone": "door", "neighbours": "counter",
            "neighbours_host": "127.0.0.1", "neighbours_port": str(port),
        },
    )  # fmt: skip
    ear_config = read_config(
        {},
        {
            "dir": str(ear_dir),
            "radio": "ble:sim:seed=2,busy=4",
            "zone": "counter",
            "hands_to": f"127.0.0.1:{port}",
        },
    )

    async def scenario() -> None:
        main = Edge(main_config, joined(main_dir, "edge-1"), Clock())
        ear = Edge(ear_config, joined(ear_dir, "edge-2"), Clock())
        stop_main, stop_ear = asyncio.Event(), asyncio.Event()
        running = [asyncio.create_task(main.run(stop_main)), asyncio.create_task(ear.run(stop_ear))]
        try:
            # The ear's own door follows nobody any more; before the main one there is only staff, and still it follows a crowd.
            await until(
                lambda: status(ear_dir).get("followed") == 0 and int(str(status(ear_dir)["heard"])) > 20
            )
            await until(lambda: int(str(status(main_dir)["followed"])) > 8)
            stop_main.set()
            await running[0]
            await until(lambda: int(str(status(ear_dir)["followed"])) > 0)
        finally:
            stop_main.set()
            stop_ear.set()
            await asyncio.gather(*running)

    began = time.monotonic()
    asyncio.run(scenario())
    assert time.monotonic() - began < 60


def test_a_port_that_is_taken_is_a_warning_and_the_door_counts_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            config = read_config(
                {},
                {
                    "dir": str(tmp_path), "radio": "ble:sim", "neighbours": "counter", "neighbours_host": "127.0.0.1",
                    "neighbours_port": str(taken.getsockname()[1]),
                },
            )  # fmt: skip
            stop = asyncio.Event()
            running = asyncio.create_task(Edge(config, joined(tmp_path, "edge-1"), Clock()).run(stop))
            await until(lambda: int(str(status(tmp_path).get("heard", 0))) > 0)
            stop.set()
            await running

    asyncio.run(scenario())
