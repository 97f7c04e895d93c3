"""What an exchange tells the hub of a node itself: its settings in force, its clock, and whether it is done and may go."""

from __future__ import annotations

import threading

from hub.fleet.clocks import hear
from hub.fleet.leaving import has_told_all, leave
from hub.fleet.settings import NodeSettings
from hub.store.base import Store
from hub.store.fleet_records import Told
from hub.store.records import Device
from hub.wire.sync import SyncHead, Verdict


class Listening:
    """Of one shop, for as long as the hub runs: it remembers what stands in the store, so that an exchange that tells nothing new
    costs no question. Safe to use from several threads."""

    def __init__(self, store: Store, settings: NodeSettings) -> None:
        self._store = store
        self._settings = settings
        self._lock = threading.Lock()
        self._told: dict[str, Told] | None = None

    def after(self, device: Device, asked: SyncHead, verdicts: tuple[Verdict, ...], now: float) -> None:
        """Call inside `store.writing()`, when everything else of the exchange is done."""
        name = device.device
        with self._lock:
            if self._told is None:
                self._told = self._store.fleet.told()
            before = self._told.get(name)
        told = hear(self._store, name, asked, now, before)
        if told is not None and told is not before:
            with self._lock:
                self._told[name] = told
        if self._settings.retiring(name) and has_told_all(verdicts):
            leave(self._store, name, now)
