"""The main door's side of its neighbours: it gives ears the salt, and takes what they hear as from a radio of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge.handing import SILENT_S, Heard, Here, Renamed, Salt, believed, read, write
from edge.line import Line, LineError, Role
from edge.scan import Batches

logger = logging.getLogger(__name__)

HANDSHAKE_S = 5.0
"""On a shop's own network it takes milliseconds; who needs longer holds a place for nothing."""

SALT_LOOKED_AT_S = 0.25
"""How soon ears hear of a new salt: what they tell under the old one meanwhile is lost, a packet or two of each phone."""

MOST_STRANGERS = 16
"""Connections that have not proved who they are; more are turned away, so that a flood costs no memory."""

READ_OCTETS = 65_536


class Shared(Protocol):
    """The part of the main door's address book that its neighbours need."""

    @property
    def salt(self) -> bytes: ...

    turn: int

    def renamed(self, pairs: list[tuple[int, int]]) -> None: ...


class Neighbours:
    """Ears of one main door. `zones` are those that are expected, the first has the receiver number `first`.

    `heard` counts packets told, by zone; `refused` is the sentence with which somebody was last sent away.
    """

    def __init__(
        self,
        zones: Sequence[str],
        first: int,
        batches: Batches,
        book: Shared,
        device: str,
        key: Ed25519PrivateKey,
        public_of: Callable[[str], Ed25519PublicKey | None],
        now: Callable[[], float],
    ) -> None:
        self.heard = dict.fromkeys(zones, 0)
        self.refused = ""
        self._receiver = {zone: first + place for place, zone in enumerate(zones)}
        self._batches = batches
        self._book = book
        self._device = device
        self._key = key
        self._public_of = public_of
        self._now = now
        self._strangers = 0
        self._ears: dict[str, asyncio.Task[None]] = {}

    @property
    def missing(self) -> list[str]:
        """The zones from which no ear speaks now."""
        return [zone for zone in self._receiver if zone not in self._ears]

    async def run(self, host: str, port: int) -> None:
        """Listen until cancelled. Raises OSError where the address cannot be had."""
        server = await asyncio.start_server(self._meet, host, port)
        try:
            async with server:
                await asyncio.Event().wait()
        finally:
            for task in self._ears.values():
                task.cancel()
            await asyncio.gather(*self._ears.values(), return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection from its beginning to its end."""
        if self._strangers >= MOST_STRANGERS:
            writer.close()
            return
        line = Line(Role.ANSWERER, self._device, self._key, self._public_of, X25519PrivateKey.generate())
        zone: str | None = None
        try:
            self._strangers += 1
            try:
                async with asyncio.timeout(HANDSHAKE_S):
                    zone = await self._who(line, reader, writer)
            finally:
                self._strangers -= 1
            await self._attend(zone, line, reader, writer)
        except (LineError, ValueError) as wrong:
            self.refused = str(wrong)
            logger.warning("neighbour refused: %s", wrong)
        except OSError:
            logger.info("neighbour=%s has gone", line.peer or "unknown")
        finally:
            me = asyncio.current_task()
            if zone is not None and self._ears.get(zone) is me:
                del self._ears[zone]
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _who(self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        """The zone of an ear that has proved who it is."""
        while True:
            messages = line.feed(await _some(reader))
            writer.write(line.outgoing())
            if messages:
                break
        hello = read(messages[0])
        if not isinstance(hello, Here):
            raise LineError(f"{line.peer} does not say which zone it hears.")
        if hello.zone not in self._receiver:
            known = ", ".join(self._receiver)
            raise LineError(
                f"{line.peer} hears the zone {hello.zone!r}; this door expects {known} (EDGE_NEIGHBOURS)."
            )
        return hello.zone

    async def _attend(
        self, zone: str, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Take what an ear tells until it goes. A second ear of the same zone takes the place of the first: it came back."""
        before, me = self._ears.get(zone), asyncio.current_task()
        if me is None:
            return
        self._ears[zone] = me
        if before is not None:
            before.cancel()
        self.refused = ""
        logger.info("neighbour=%s zone=%s speaks", line.peer, zone)
        telling = asyncio.create_task(self._tell_salts(line, writer))
        try:
            while True:
                async with asyncio.timeout(SILENT_S):
                    some = await _some(reader)
                for octets in line.feed(some):
                    self._take(zone, read(octets))
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def _tell_salts(self, line: Line, writer: asyncio.StreamWriter) -> None:
        told: int | None = None
        while True:
            if told != self._book.turn:
                told = self._book.turn
                line.send(write(Salt(told, self._book.salt)))
                writer.write(line.outgoing())
                await writer.drain()
            await asyncio.sleep(SALT_LOOKED_AT_S)

    def _take(self, zone: str, message: object) -> None:
        match message:
            case Heard(turn=turn, packets=packets) if turn == self._book.turn:
                heard = believed(packets, self._now())
                if heard:
                    self.heard[zone] += len(heard)
                    self._batches.put(self._receiver[zone], heard)
            case Renamed(turn=turn, pairs=pairs) if turn == self._book.turn:
                self._book.renamed(pairs)
            case Heard() | Renamed():
                return
            case _:
                raise LineError("The ear says what only a main door says.")


async def _some(reader: asyncio.StreamReader) -> bytes:
    octets = await reader.read(READ_OCTETS)
    if not octets:
        raise ConnectionResetError("closed")
    return octets
