"""The shops of one database, each with what one process remembers of it alone: caches, and what its nodes told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from hub.store.base import Store

T = TypeVar("T")


class Tenants(Generic[T]):
    """One part for each shop, made when it is first needed: what is remembered of one is never seen by another.

    Safe to use from several threads.
    """

    def __init__(self, store: Store, make: Callable[[Store], T]) -> None:
        self.store = store
        self._make = make
        self._lock = threading.Lock()
        self._parts: dict[int, T] = {store.shop.number: make(store)}
        self._of_nodes: dict[str, int] = {}

    def home(self) -> T:
        """The part of the shop that this hub is for."""
        return self.of_shop(self.store.shop.number)

    def of_shop(self, number: int) -> T:
        """The part of one shop."""
        with self._lock:
            if number not in self._parts:
                self._parts[number] = self._make(self.store.of_shop(number))
            return self._parts[number]

    def of_node(self, node: str) -> T:
        """The part of the shop at which a node of this name was enrolled; the hub's own where none was."""
        # A name never goes to another shop, so what was found once stays true; what was not may be there in a moment.
        number = self._of_nodes.get(node) or self.store.shop_of_node(node)
        if number is None:
            return self.home()
        self._of_nodes[node] = number
        return self.of_shop(number)
