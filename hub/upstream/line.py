"""The line to head office: whose node this hub is there, and the numbers on its requests, which live with the journal."""

from __future__ import annotations

import threading
from pathlib import Path

from hub.client.counters import Counters
from hub.client.link import HttpLink, Link, SignedLink
from hub.client.node import Node
from hub.store.base import Store

FOLDER = "upstream"
"""Inside the hub's folder: its key for head office, and where that is. All processes of one hub have it."""

BLOCK = 50
"""Numbers taken from the database at once, for each process."""


class StoreCounters(Counters):
    """Numbers for requests that no process of this hub uses twice."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._taking = threading.Lock()
        self._free: range = range(0)

    def take(self, above: int = 0) -> int:
        """The next number, higher than `above`."""
        with self._taking:
            if not self._free or self._free[0] <= above:
                last = self._store.chain.take_counter(above, BLOCK)
                self._free = range(last - BLOCK + 1, last + 1)
            number, self._free = self._free[0], self._free[1:]
            return number


def node_at_head_office(folder: Path) -> Node | None:
    """Who this hub is at head office; None where it stands alone. `folder`: the hub's own."""
    return Node.load(folder / FOLDER)


def signed_link(store: Store, node: Node, link: Link | None = None) -> SignedLink:
    """The line; by TLS only to the hub whose key it learnt when it joined. `link`: another way there than the address that the
    node knows, for tests."""
    return SignedLink(link or HttpLink(node.hub_url, node.hub), node, StoreCounters(store))
