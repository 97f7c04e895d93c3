"""What one till decides with: its disk, its journal, what the hub last said, its clock and its line to the hub."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hub.client.clock import Clock
from hub.client.desk import NodeDesk
from hub.client.node import Node
from hub.client.outbox import Outbox
from hub.client.shelf import Shelf
from kiosk.line import HubLine
from kiosk.store import CounterStore


@dataclass(frozen=True, slots=True)
class Means:
    """All of it. `desk` hands out what comes with a receipt. `flush` sends what waits, once, where the hub answers."""

    store: CounterStore
    node: Node
    outbox: Outbox
    shelf: Shelf
    clock: Clock
    line: HubLine
    desk: NodeDesk
    flush: Callable[[], object]

    @property
    def clock_set(self) -> bool:
        """Whether the clock was set since the start, as `hub.wire.rotating` asks."""
        return self.clock.state() in ("lan", "ntp")

    def timezone(self) -> str:
        """The shop's own."""
        shop = self.shelf.shop()
        return shop.timezone if shop is not None else "UTC"
