"""A portal in this process: a real door's disk, a gate that speaks the protocol, the server that phones meet."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from portal_gate import FakeGate

from edge.gate.client import GateClient
from edge.gate.protocol import Phone
from edge.portal.app import House, Portal, create_portal
from edge.portal.config import Config, read_config
from edge.portal.gatekeeper import GateKeeper
from edge.portal.keeper import Keeper, NoGate
from edge.portal.tls import Certificates
from edge.store import open_pool
from hub.client.clock import Clock
from hub.client.fronted import FrontedServer
from hub.client.node import Node
from hub.client.outbox import Outbox
from hub.client.shelf import Shelf

HERE = Phone("02:00:00:00:00:0a", "127.0.0.1")
"""Whoever speaks over the loopback, for a keeper whose table of addresses says so."""

LINE_S = 10.0


@dataclass
class Shop:
    """A portal, its keeper, and where it listens."""

    portal: Portal
    keeper: Keeper
    config: Config
    gate: FakeGate | None
    port: int = 0
    macs: dict[str, str] = field(default_factory=lambda: {HERE.ip: HERE.mac})

    def look(self) -> None:
        """The keeper reads the gate now."""
        assert isinstance(self.keeper, GateKeeper)
        self.keeper.refresh(time.time())

    def say(self, octets: bytes) -> bytes:
        """Everything that comes back until the other side ends."""
        with self.line() as line:
            line.sendall(octets)
            return rest_of(line)

    def line(self) -> socket.socket:
        """A connection to it."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=LINE_S)

    def get(self, host: str, target: str = "/", *headers: str) -> bytes:
        """A plain request, after which the connection ends."""
        lines = [f"GET {target} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
        return self.say("\r\n".join([*lines, "", ""]).encode("latin-1"))


def rest_of(line: socket.socket) -> bytes:
    """What comes until the end; a reset is an end, too."""
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := line.recv(65_536):
            parts.append(part)
    return b"".join(parts)


@contextlib.contextmanager
def shop_in(
    folder: Path, door: Path, *, gate: bool = True, certificates: Certificates | None = None, **settings: str
) -> Iterator[Shop]:
    """A portal on a copy of the disk of `door`, served on a free port of the loopback. Settings by their names."""
    shutil.copytree(door, folder / "edge")
    config = read_config({"PORTAL_DIR": str(folder / "edge"), **settings}, {})
    node = Node.load(config.dir)
    assert node is not None
    with contextlib.ExitStack() as stack:
        pool, clock = open_pool(config.dir), Clock()
        stack.callback(pool.close)
        keeper: Keeper = NoGate()
        macs = {HERE.ip: HERE.mac}
        other: FakeGate | None = None
        if gate:
            other = stack.enter_context(FakeGate(folder / "gate.sock"))
            line = GateClient(other.path)
            stack.callback(line.close)
            keeper = GateKeeper(line.ask, lambda: dict(macs))
            keeper.refresh(time.time())
        outbox = Outbox(pool, node, clock)
        portal = create_portal(
            House(config, node, outbox, Shelf(pool), clock, keeper, certificates=certificates)
        )
        stack.callback(portal.close)
        shop = Shop(portal, keeper, config, other, macs=macs)
        shop.port = stack.enter_context(served(portal))
        yield shop


@contextlib.contextmanager
def served(portal: Portal) -> Iterator[int]:
    """A portal behind its door on a free port of the loopback, which is yielded."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=1_024)
    server = FrontedServer(
        portal.wsgi,
        listening,
        portal.front,
        threads=4,
        ident=None,
        max_request_body_size=32_768,
        channel_timeout=15,
        asyncore_use_poll=True,
        clear_untrusted_proxy_headers=True,
    )

    def answer() -> None:
        # Closing the server from outside takes the socket away under its loop.
        with contextlib.suppress(OSError, ValueError):
            server.run()

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        server.close()
        server.task_dispatcher.shutdown(timeout=5)
        thread.join(5)
