"""A door that does not count by itself: it hands what it hears to the shop's main door, under names that only that one can use.

While the main door cannot be reached, this one counts by itself, and says so: then somebody who is near both may count twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterable, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge.handing import BEAT_S, Heard, Here, Salt, pairs_in_frames, read, tell, write
from edge.line import Line, LineError, Role
from edge.presence import near_enough
from edge.recognition import Enrolled
from edge.sharing import EarBook
from hardware.ble.advertisement import Advertisement

logger = logging.getLogger(__name__)

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 15.0
"""A main door that is started again is found again within this."""

ANSWER_S = 5.0
"""As long as the main door gives us."""

MOST_UNSENT_OCTETS = 262_144
"""Half a minute of a busy street. A line that takes nothing for so long is none: what is heard now belongs to our own count."""

UNHEARD_MS = 10_000
"""What the main door has not confirmed for so long has not reached it. Above BEAT_S, or a quiet street would cut the line."""

READ_OCTETS = 65_536


class Ear:
    """The line to the main door. `handing` says whether what is heard goes there now; `trouble` why not."""

    def __init__(
        self,
        zone: str,
        host: str,
        port: int,
        device: str,
        key: Ed25519PrivateKey,
        public_of: Callable[[str], Ed25519PublicKey | None],
        tags: Iterable[str] = (),
    ) -> None:
        self.trouble = ""
        self.told = 0
        self._zone = zone
        self._address = host, port
        self._device = device
        self._key = key
        self._public_of = public_of
        self._tags = tuple(tags)
        self._enrolled: tuple[Enrolled, ...] = ()
        self._book: EarBook | None = None
        self._turn = 0
        self._line: Line | None = None
        self._writer: asyncio.StreamWriter | None = None

    @property
    def handing(self) -> bool:
        """Whether the main door counts for us now."""
        return self._book is not None

    def enrol(self, enrolled: Iterable[Enrolled]) -> None:
        """Whom this node may recognise."""
        self._enrolled = tuple(enrolled)
        if self._book is not None:
            self._book.enrol(self._enrolled)

    async def run(self) -> None:
        """Keep the line up until cancelled. Never raises for a network or a neighbour."""
        wait_s = FIRST_WAIT_S
        while True:
            try:
                await self._speak()
            except (LineError, ValueError) as wrong:
                self._lose(str(wrong))
            except OSError as wrong:
                host, port = self._address
                self._lose(
                    f"The main door at {host} port {port} does not answer: {wrong.strerror or 'not in time'}."
                )
            finally:
                if self.handing:
                    wait_s = FIRST_WAIT_S
                self._let_go()
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def hear(self, packets: Sequence[Advertisement], depart_dbm: int) -> None:
        """Hand over what was heard here; only while `handing`."""
        book, line, writer = self._book, self._line, self._writer
        if book is None or line is None or writer is None or not packets:
            return
        now = packets[-1].at
        book.tick(now)
        named = book.named(near_enough(packets, depart_dbm))
        for message in tell(self._turn, named, now):
            line.send(write(message))
            self.told += len(message.packets)
        writer.write(line.outgoing())
        if writer.transport.get_write_buffer_size() > MOST_UNSENT_OCTETS:
            writer.transport.abort()

    async def _speak(self) -> None:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_connection(*self._address)
        self._writer = writer
        connected: socket.socket = writer.get_extra_info("socket")
        # Without it, a main door that lost its power is believed to be there for a quarter of an hour.
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNHEARD_MS)
        line = self._line = Line(
            Role.CALLER, self._device, self._key, self._public_of, X25519PrivateKey.generate()
        )
        writer.write(line.outgoing())
        async with asyncio.timeout(ANSWER_S):
            while not line.ready:
                line.feed(await _some(reader))
                writer.write(line.outgoing())
        line.send(write(Here(self._zone)))
        writer.write(line.outgoing())
        beating = asyncio.create_task(self._beat(line, writer))
        try:
            await self._listen(line, reader, writer)
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)

    async def _listen(self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The main door is silent between two salts; a line that is cut is noticed by what we send."""
        while True:
            for octets in line.feed(await _some(reader)):
                message = read(octets)
                if not isinstance(message, Salt):
                    raise LineError("The main door says what only an ear says.")
                self._take_salt(message, line, writer)

    async def _beat(self, line: Line, writer: asyncio.StreamWriter) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            line.send(write(Heard(self._turn, [])))
            writer.write(line.outgoing())

    def _take_salt(self, message: Salt, line: Line, writer: asyncio.StreamWriter) -> None:
        self._turn = message.turn
        pairs: list[tuple[int, int]] = []
        if self._book is None:
            self._book = EarBook(message.salt, self._tags)
            self._book.enrol(self._enrolled)
            self.trouble = ""
            logger.info("the main door counts for this one now")
        else:
            pairs = self._book.renewed(message.salt)
        for frame in pairs_in_frames(self._turn, pairs):
            line.send(write(frame))
        writer.write(line.outgoing())

    def _lose(self, sentence: str) -> None:
        if sentence != self.trouble:
            logger.warning("main door: %s", sentence)
        self.trouble = sentence

    def _let_go(self) -> None:
        """No line: its names and its salt are of no use any more, and are gone."""
        self._book = None
        self._line = None
        writer, self._writer = self._writer, None
        if writer is not None:
            with contextlib.suppress(OSError):
                writer.close()


async def _some(reader: asyncio.StreamReader) -> bytes:
    octets = await reader.read(READ_OCTETS)
    if not octets:
        raise ConnectionResetError("it has hung up")
    return octets
