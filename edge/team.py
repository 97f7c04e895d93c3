"""A door among others: it counts alone, counts for ears as well, or is itself the ear of a main door.

The door hears through this: while an ear hands over what it hears it counts nothing itself, and when it cannot it does.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge.config import Config
from edge.door import NOTHING, Door, Noticed
from edge.ear import Ear
from edge.neighbours import Neighbours
from edge.recognition import Enrolled
from edge.scan import Batches
from hardware.ble.advertisement import Advertisement
from hub.client.db import StorageError
from hub.client.node import Node
from hub.client.shelf import Shelf
from hub.wire.identity import read_public

logger = logging.getLogger(__name__)

Say = Callable[[str, bool, float, str, str | None], object]
"""`Watch.say`: a warning's code, whether it holds, when, its detail, its subject."""


class Team:
    """What a door is to the other doors of its shop, by its settings."""

    def __init__(self, config: Config, node: Node, door: Door, shelf: Shelf, batches: Batches) -> None:
        self._door = door
        self._shelf = shelf
        self._zones = config.neighbours
        self._listen = config.neighbours_host, config.neighbours_port
        self._bound = ""
        self._was_handing = False
        self.neighbours: Neighbours | None = None
        self.ear: Ear | None = None
        if door.shared_book is not None:
            self.neighbours = Neighbours(
                config.neighbours, len(config.zones), batches, door.shared_book, node.device, node.key, self._public_of,
                time.time,
            )  # fmt: skip
        if config.main_door is not None:
            host, port = config.main_door
            self.ear = Ear(config.zone, host, port, node.device, node.key, self._public_of, config.tags)

    async def run(self) -> None:
        """Listen for ears, or keep the line to the main door; until cancelled. A port that is taken is a warning."""
        if self.ear is not None:
            await self.ear.run()
        if self.neighbours is not None:
            try:
                await self.neighbours.run(*self._listen)
            except OSError as wrong:
                self._bound = f"Port {self._listen[1]} cannot be used: {wrong.strerror}."
                logger.warning("neighbours cannot be heard: %s", self._bound)

    def hear(self, packets: Sequence[Advertisement], receiver: int) -> Noticed:
        """A batch: handed to the main door, or counted here."""
        noticed = self._turn_over()
        if self.ear is not None and self.ear.handing:
            self.ear.hear(packets, self._door.depart_dbm(receiver))
            return noticed
        return noticed + self._door.hear(packets, receiver)

    def tick(self, now: float) -> Noticed:
        """Time passes; nothing passes here for whoever only listens."""
        noticed = self._turn_over()
        return noticed if self._was_handing else noticed + self._door.tick(now)

    def enrol(self, enrolled: Iterable[Enrolled]) -> None:
        """Whom this node may recognise, wherever it is counted."""
        everybody = tuple(enrolled)
        self._door.enrol(everybody)
        if self.ear is not None:
            self.ear.enrol(everybody)

    def look(self, say: Say, now: float) -> None:
        """Find out what is wrong between the doors."""
        if self.ear is not None:
            say("main-door-silent", not self.ear.handing, now, self.ear.trouble, None)
        if self.neighbours is not None:
            missing = self.neighbours.missing
            detail = self._bound or self.neighbours.refused
            for zone in self._zones:
                say("ear-silent", zone in missing, now, detail, zone)

    def _turn_over(self) -> Noticed:
        """When the main door takes over, what was counted here so far is told and ends; when it is lost, we begin anew."""
        handing = self.ear is not None and self.ear.handing
        if handing == self._was_handing:
            return NOTHING
        self._was_handing = handing
        return self._door.stop() if handing else NOTHING

    def _public_of(self, device: str) -> Ed25519PublicKey | None:
        """The key of a node for which the shop's hub vouches."""
        try:
            key = self._shelf.key_of(device)
        except (StorageError, sqlite3.Error) as wrong:
            logger.warning("keys not read: %s", wrong)
            return None
        return None if key is None or key.withdrawn_at is not None else read_public(key.public)
