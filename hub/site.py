"""The hub's public site: one more node of the shop, enrolled in the hub's own process, that shows offers to the world.

It has its own key, journal and snapshot, and meets the hub by the same exchange as every other node, without a network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.client.clock import Clock
from hub.client.counters import Counters
from hub.client.db import Pool
from hub.client.desk import NodeDesk
from hub.client.enrolling import enrol
from hub.client.exchange import Exchange, Syncer
from hub.client.link import SignedLink, WsgiLink
from hub.client.node import Node
from hub.client.outbox import Outbox
from hub.client.schema import MIGRATIONS_CLIENT
from hub.client.shelf import Shelf
from hub.devices import open_pairing
from hub.segments.counter import segments_now
from hub.store.base import Store
from hub.wire.events import Channel
from hub.wire.snapshot import Text

FOLDER = "site"
FILE = "site.db"
NAME = "Public site"

App = Callable[..., Iterable[bytes]]


class Site:
    """The node behind the public pages and `python -m hub coupon issue`."""

    def __init__(self, store: Store, key: Ed25519PrivateKey, folder: Path, app: App, clock: Clock) -> None:
        link = WsgiLink(app)
        node = Node.load(folder / FOLDER)
        if node is None or store.devices.get(node.device) is None:
            node = _join(store, key, folder / FOLDER, link, clock.now())
        self.node = node
        self.pool = Pool(folder / FOLDER / FILE, [MIGRATIONS_CLIENT])
        self.shelf = Shelf(self.pool)
        self.outbox = Outbox(self.pool, node, clock)
        signed = SignedLink(link, node, Counters(self.pool))
        self.exchange = Exchange(node, self.outbox, self.shelf, signed, clock)
        self.syncer = Syncer(self.exchange, self.outbox)
        self._clock = clock
        self._store = store

    def desk(self, channel: Channel, notice: Text | None = None) -> NodeDesk:
        """What shoppers can do here."""
        return NodeDesk(
            self.pool,
            self.node,
            self.outbox,
            self.shelf,
            channel,
            notice=lambda: notice or {},
            clock=self._clock,
            meant=lambda campaign, member, now: bool(
                segments_now(self._store, member, campaign.audience, now)
            ),
        )

    def close(self) -> None:
        """Let go of the files. May be called twice."""
        self.pool.close()


def _join(store: Store, key: Ed25519PrivateKey, folder: Path, link: Any, now: float) -> Node:
    """Enrol with a code of our own; an identity that this hub does not know (any more) is set aside first."""
    if folder.exists() and Node.load(folder) is not None:
        folder.rename(folder.with_name(f"{folder.name}.{int(now)}"))
    code = open_pairing(store, key, "site", now)
    return enrol(folder, "http://hub", str(code), "site", NAME, link)
