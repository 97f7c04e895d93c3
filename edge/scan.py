"""The shell around one radio: packets into a queue of bounded size, failures into waiting and trying again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Sequence

from edge.recovery import Ladder
from hardware.ble.advertisement import Advertisement
from hardware.ble.radio import Clock, Radio
from hardware.device import DeviceError, Reason

logger = logging.getLogger(__name__)

QUEUE_PACKETS = 4_096
"""Two seconds of the densest street that a radio can hear. Longer, and a slow card makes us see people who have left."""

BATCH_PACKETS = 256
"""Taken together when they wait together. Larger, and nothing else gets a turn for milliseconds."""

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
"""A radio that is broken is tried once a minute: soon enough for whoever mends it, seldom enough for the log."""

LONGEST_AWAY_WAIT_S = 15.0
"""One that is merely away (pulled out, switched off, its service stopped) is tried oftener: whoever puts it back waits beside it,
and it is to hear again within 90 s, of which starting takes up to 10."""

HEALTHY_AFTER_S = 60.0
"""A radio that ran so long starts again from the first wait."""

SETTLED_S = 10.0
"""A radio that cannot be used says so within seconds of being opened; one that has not after this takes commands."""

_AWAY = frozenset({Reason.NOT_FOUND, Reason.NO_SERVICE, Reason.SWITCHED_OFF})

Batch = tuple[int, Sequence[Advertisement]]
"""What one receiver heard together: its number, and its packets in order of time."""


class Batches:
    """What radios have heard and nobody has taken yet, oldest first; bounded by packets."""

    def __init__(self, most: int = QUEUE_PACKETS) -> None:
        self._most = most
        self._waiting: deque[Batch] = deque()
        self._packets = 0
        self._came = asyncio.Event()
        self._taken = asyncio.Event()

    def put(self, receiver: int, packets: Sequence[Advertisement]) -> int:
        """Take in what fits; how many packets did not. The oldest stay: visits are cut short rather than made up."""
        fits = min(len(packets), self._most - self._packets)
        if fits > 0:
            self._add(receiver, packets if fits == len(packets) else packets[:fits])
        return len(packets) - fits

    async def put_all(self, receiver: int, packets: Sequence[Advertisement]) -> None:
        """Take in everything, waiting for room."""
        while self._packets and self._packets + len(packets) > self._most:
            self._taken.clear()
            await self._taken.wait()
        self._add(receiver, packets)

    async def get(self, timeout_s: float) -> list[Batch]:
        """What waits, BATCH_PACKETS or one batch more; empty when nothing came in time."""
        if not self._waiting:
            self._came.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._came.wait()
        return self.waiting(BATCH_PACKETS)

    def waiting(self, most: int = QUEUE_PACKETS) -> list[Batch]:
        """What waits now, without waiting for more."""
        taken: list[Batch] = []
        count = 0
        while self._waiting and count < most:
            batch = self._waiting.popleft()
            count += len(batch[1])
            taken.append(batch)
        self._packets -= count
        self._taken.set()
        return taken

    def _add(self, receiver: int, packets: Sequence[Advertisement]) -> None:
        self._waiting.append((receiver, packets))
        self._packets += len(packets)
        self._came.set()


class Scanner:
    """Keeps a radio listening. `trouble` is None while it listens; `ended` is set when a recording is over."""

    def __init__(
        self,
        open_radio: Callable[[], Radio],
        monotonic: Callable[[], float],
        batches: Batches | None = None,
        receiver: int = 0,
        name: str = "",
    ) -> None:
        self._open = open_radio
        self._monotonic = monotonic
        self.batches = batches or Batches()
        self.receiver = receiver
        self.name = name
        self.ladder = Ladder(monotonic())
        self._dropped_here = 0
        self._dropped_before = 0
        self._opened_at = 0.0
        self._trouble: DeviceError | None = None
        self._listening: asyncio.Task[None] | None = None
        self._soon = asyncio.Event()
        self.radio: Radio | None = None
        self.adapter = ""
        self.description = ""
        self.clock: Clock = "wall"
        self.simulated = False
        self.heard = 0
        self.heard_last: float | None = None
        self.ended = asyncio.Event()

    @property
    def dropped(self) -> int:
        """Packets lost on this side of the air, by us and by the drivers."""
        return self._dropped_here + self._dropped_before + (self.radio.dropped if self.radio else 0)

    @property
    def answers(self) -> bool:
        """Whether the radio was opened and has taken the command to scan."""
        return self.radio is not None and self._monotonic() - self._opened_at >= SETTLED_S

    @property
    def may_miss_repeats(self) -> bool:
        """Whether the adapter may report each sender only once in ten seconds."""
        return bool(getattr(self.radio, "may_miss_repeats", False))

    @property
    def trouble(self) -> DeviceError | None:
        """Why the radio cannot be used; None when it can."""
        return None if self.answers else self._trouble

    async def run(self) -> None:
        """Listen until cancelled; a recording ends by itself. Never raises for a device."""
        wait_s = FIRST_WAIT_S
        while True:
            began = self._monotonic()
            longest_s = LONGEST_WAIT_S
            self._soon.clear()
            try:
                self._take(self._open())
                await self._listen_or_restart()
                logger.info("radio=%s has ended", self.description)
            except DeviceError as wrong:
                self._note(wrong)
                longest_s = LONGEST_AWAY_WAIT_S if wrong.reason in _AWAY else LONGEST_WAIT_S
            finally:
                await self._let_go()
            if self.clock == "capture":
                # Whole or cut off: played once. Again would count the same people twice.
                self.ended.set()
                return
            if self._monotonic() - began > HEALTHY_AFTER_S:
                wait_s = FIRST_WAIT_S
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(wait_s, longest_s)):
                    await self._soon.wait()
            wait_s = FIRST_WAIT_S if self._soon.is_set() else min(2 * wait_s, longest_s)

    def restart(self) -> None:
        """Let the radio go and open it again at once."""
        self._soon.set()
        if self._listening is not None:
            self._listening.cancel()

    def _take(self, radio: Radio) -> None:
        self.radio, self._opened_at = radio, self._monotonic()
        self.description, self.simulated, self.clock = radio.describe(), radio.simulated, radio.clock
        # Which adapter of the kernel it is, where it is one.
        self.adapter = getattr(radio, "adapter", "")

    def _note(self, wrong: DeviceError) -> None:
        if self._trouble is None or self._trouble.sentence != wrong.sentence:
            logger.warning("radio failed reason=%s: %s", wrong.reason.value, wrong.sentence)
        self._trouble = wrong
        self.ladder.failed(wrong.reason.value)

    async def _listen_or_restart(self) -> None:
        """Listen until the radio ends or fails, or is to be restarted."""
        listening = self._listening = asyncio.create_task(self._listen())
        try:
            await asyncio.wait([listening])
        finally:
            self._listening = None
            if not listening.done():
                listening.cancel()
            (outcome,) = await asyncio.gather(listening, return_exceptions=True)
        if isinstance(outcome, Exception):
            raise outcome

    async def _listen(self) -> None:
        """Put packets into the queue until the radio ends."""
        radio = self.radio
        if radio is None:
            return
        # The air does not wait: what does not fit is lost and counted. A recording, and a street that runs faster
        # than real time, can wait.
        can_wait = radio.clock != "wall"
        async for packets in radio.scan():
            now = self._monotonic()
            self._trouble = None
            self.heard += len(packets)
            self.heard_last = now
            self.ladder.heard(now)
            if can_wait:
                await self.batches.put_all(self.receiver, packets)
            else:
                self._dropped_here += self.batches.put(self.receiver, packets)

    async def _let_go(self) -> None:
        if self.radio is not None:
            self._dropped_before += self.radio.dropped
            radio, self.radio = self.radio, None
            with contextlib.suppress(DeviceError):
                await radio.close()
