"""The shell around a radio: packets into a queue of bounded size, failures into waiting and trying again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from hardware.ble.advertisement import Advertisement
from hardware.ble.radio import Clock, Radio
from hardware.device import DeviceError

logger = logging.getLogger(__name__)

QUEUE_PACKETS = 4_096
"""Two seconds of the densest street that a radio can hear. Longer, and a slow card makes us see people who have left."""

BATCH_PACKETS = 256
"""Taken together when they wait together. Larger, and nothing else gets a turn for milliseconds."""

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
"""A radio that was pulled out is tried once a minute: soon enough for whoever plugs it in again, seldom enough for the log."""

HEALTHY_AFTER_S = 60.0
"""A radio that ran so long starts again from the first wait."""


class Scanner:
    """Keeps a radio listening. `trouble` is None while it listens; `ended` is set when a recording is over."""

    def __init__(self, open_radio: Callable[[], Radio], monotonic: Callable[[], float]) -> None:
        self._open = open_radio
        self._monotonic = monotonic
        self._queue: asyncio.Queue[Advertisement] = asyncio.Queue(QUEUE_PACKETS)
        self._dropped_here = 0
        self._dropped_before = 0
        self.radio: Radio | None = None
        self.description = ""
        self.clock: Clock = "wall"
        self.simulated = False
        self.heard = 0
        self.heard_last: float | None = None
        self.trouble: DeviceError | None = None
        self.ended = asyncio.Event()

    @property
    def dropped(self) -> int:
        """Packets lost on this side of the air, by us and by the drivers."""
        return self._dropped_here + self._dropped_before + (self.radio.dropped if self.radio else 0)

    async def run(self) -> None:
        """Listen until cancelled; a recording ends by itself. Never raises for a device."""
        wait_s = FIRST_WAIT_S
        while True:
            began = self._monotonic()
            try:
                self._take(self._open())
                await self._listen()
                logger.info("radio=%s has ended", self.description)
            except DeviceError as wrong:
                if self.trouble is None or self.trouble.sentence != wrong.sentence:
                    logger.warning("radio failed reason=%s: %s", wrong.reason.value, wrong.sentence)
                self.trouble = wrong
            finally:
                await self._let_go()
            if self.clock == "capture":
                # Whole or cut off: played once. Again would count the same people twice.
                self.ended.set()
                return
            if self._monotonic() - began > HEALTHY_AFTER_S:
                wait_s = FIRST_WAIT_S
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    async def batch(self, timeout_s: float) -> list[Advertisement]:
        """What waits, oldest first; empty when nothing came in time."""
        try:
            async with asyncio.timeout(timeout_s):
                packets = [await self._queue.get()]
        except TimeoutError:
            return []
        return packets + self.waiting(BATCH_PACKETS - 1)

    def waiting(self, most: int = QUEUE_PACKETS) -> list[Advertisement]:
        """What waits now, without waiting for more."""
        packets: list[Advertisement] = []
        with contextlib.suppress(asyncio.QueueEmpty):
            while len(packets) < most:
                packets.append(self._queue.get_nowait())
        return packets

    def _take(self, radio: Radio) -> None:
        self.radio = radio
        self.description, self.simulated, self.clock = radio.describe(), radio.simulated, radio.clock

    async def _listen(self) -> None:
        """Put packets into the queue until the radio ends."""
        radio = self.radio
        if radio is None:
            return
        # The air does not wait: what does not fit is lost and counted. A recording, and a street that runs faster
        # than real time, can wait.
        can_wait = radio.clock != "wall"
        async for packets in radio.scan():
            if self.trouble is not None:
                self.trouble = None
            self.heard += len(packets)
            self.heard_last = self._monotonic()
            for packet in packets:
                if can_wait:
                    await self._queue.put(packet)
                    continue
                try:
                    self._queue.put_nowait(packet)
                except asyncio.QueueFull:
                    self._dropped_here += 1

    async def _let_go(self) -> None:
        if self.radio is not None:
            self._dropped_before += self.radio.dropped
            radio, self.radio = self.radio, None
            with contextlib.suppress(DeviceError):
                await radio.close()
