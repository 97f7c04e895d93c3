"""A hub with a shop and its nodes in one process, for proofs: real stores, real exchange, a line that can be bad."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from waitress.server import create_server

from hub.app import create_app, open_store
from hub.client.clock import Clock
from hub.client.counters import Counters
from hub.client.db import Pool
from hub.client.desk import NodeDesk
from hub.client.enrolling import enrol
from hub.client.exchange import Exchange
from hub.client.link import Link, Reply, SignedLink, WsgiLink
from hub.client.node import Node
from hub.client.outbox import Outbox
from hub.client.schema import MIGRATIONS_CLIENT
from hub.client.shelf import Shelf
from hub.config import Config
from hub.devices import hub_key, open_pairing
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.snapshot import Campaign, Offer, Shop, Value


class BadLine:
    """A link that loses a share of what goes over it: half of that on the way up, half on the way back."""

    def __init__(self, link: Link, rnd: random.Random, share: float) -> None:
        self._link = link
        self._rnd = rnd
        self.share = share
        self.exchanges = 0
        self.lost = 0

    def post(self, path: str, body: bytes, headers: dict[str, str], timeout_s: float) -> Reply:
        """One request, perhaps lost, perhaps done but not answered."""
        self.exchanges += 1
        if self._rnd.random() >= self.share:
            return self._link.post(path, body, headers, timeout_s)
        self.lost += 1
        if self._rnd.random() < 0.5:
            self._link.post(path, body, headers, timeout_s)
        return Reply(0, b"the line was bad")


class ProofNode:
    """One node with its disk and its way to the hub."""

    def __init__(self, folder: Path, node: Node, link: Link) -> None:
        self.node = node
        self.clock = Clock()
        self.pool = Pool(folder / "node.db", [MIGRATIONS_CLIENT])
        self.shelf = Shelf(self.pool)
        self.outbox = Outbox(self.pool, node, self.clock)
        self.signed = SignedLink(link, node, Counters(self.pool))
        self.exchange = Exchange(node, self.outbox, self.shelf, self.signed, self.clock)
        self.desk = NodeDesk(self.pool, node, self.outbox, self.shelf, "kiosk")


class ProofSite:
    """A hub in a folder with two campaigns: 1 without limits, 2 a lot of fifty."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        hub_folder = folder / "hub"
        hub_folder.mkdir(parents=True)
        now = time.time()
        store = SqliteStore(hub_folder / FILE)
        store.shop.save(Shop(1, {"en": "Proof"}), now)
        for number, limit in ((1, None), (2, 50)):
            offer = Offer({"en": f"Offer {number}"}, {"en": "Proof"}, Value("amount", cents=100 * number))
            campaign = Campaign(number, offer, int(now) - 60, int(now) + 86_400, issue_limit=limit)
            store.campaigns.save(campaign, "published", now, "proof")
        store.close()
        self.store = open_store(hub_folder)
        self.key = hub_key(hub_folder)
        self.app = create_app(Config(dir=hub_folder), self.store, self.key, admin=False)
        self.link = WsgiLink(self.app)
        self._nodes: list[ProofNode] = []

    def node(self, name: str, program: str = "kiosk", link: Link | None = None) -> ProofNode:
        """A new node, paired over a good line; `link` is what it uses afterwards."""
        code = open_pairing(self.store, self.key, program, time.time())
        identity = enrol(self.folder / name, "http://hub", str(code), program, name, self.link)
        self._nodes.append(ProofNode(self.folder / name, identity, link or self.link))
        return self._nodes[-1]

    def close(self) -> None:
        """Close every file."""
        for node in self._nodes:
            node.pool.close()
        self.store.close()


@contextmanager
def site_in(folder: Path) -> Iterator[ProofSite]:
    """A site that is closed in the end."""
    site = ProofSite(folder)
    try:
        yield site
    finally:
        site.close()


@contextmanager
def served(site: ProofSite, threads: int = 8) -> Iterator[str]:
    """The hub on a real port of the loopback, as `python -m hub serve` has it; its address."""
    server = create_server(site.app, host="127.0.0.1", port=0, threads=threads, ident=None)
    thread = threading.Thread(target=server.run, name="hub", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.close()
        thread.join(5)
