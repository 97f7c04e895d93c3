"""Keeps the wanted frames on an advertising stack, whatever happens to it: the one broadcaster, over BlueZ or a simulation.

A stack does what it is told and forgets everything when its service or its adapter goes. Here is remembered what is wanted.
Each round compares the two and puts right what differs; a round comes when frames are set, when the stack says that something
happened, when a turn ends, and every LOOK_S in any case, for a loss that nobody told of.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from hardware.ble.advertising import TURN_S, Features, off_air, taking_turns, told
from hardware.ble.broadcast import Cause, Frame, OnAir, Outage
from hardware.ble.codec import BadPayload
from hardware.device import DeviceError, Reason

logger = logging.getLogger(__name__)

LOOK_S = 10.0
"""So often the stack is asked how many frames it has. Two looks and the longest wait are well below the 90 s in which everything
must be back; each is two questions over D-Bus."""

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 15.0
"""After a failure. The longest is above LOOK_S, for the log's sake, and short enough for whoever plugs an adapter in again."""

REFUSED_AGAIN_S = 60.0
"""What was refused is tried again so often: BlueZ has one word for a bad frame and for a controller that was busy just then."""

MOST_OUTAGES = 16
"""An adapter with a loose plug must not fill the memory; a screen shows the last few."""


_GRAVITY = (Cause.RELEASED, Cause.POWER, Cause.ADAPTER, Cause.SERVICE)
_CAUSES = {
    Reason.SWITCHED_OFF: Cause.POWER,
    Reason.NOT_FOUND: Cause.ADAPTER,
    Reason.NO_SERVICE: Cause.SERVICE,
}


class Full(Exception):
    """No instance is free: another program took a place that seemed free."""


class Stack(Protocol):
    """What a broadcaster stands on. Every method but `close` raises DeviceError when the stack cannot be used.

    `on_event` is called from the event loop when something happened: with the Cause of a loss, or None when something that may
    be good came (an adapter, a service). Keys are the frames'.
    """

    simulated: bool
    on_event: Callable[[Cause | None], None]

    async def open(self) -> Features:
        """Reach the adapter, with nothing of ours on the air."""
        ...

    async def look(self) -> Features:
        """How it is now."""
        ...

    async def register(self, frame: Frame) -> int | None:
        """Put it on the air; the power in dBm where the adapter tells. Raises Full, and BadPayload where it is not taken."""
        ...

    async def change(self, frame: Frame) -> int | None:
        """Let a registered frame say something else, without a gap."""
        ...

    async def unregister(self, key: str) -> None:
        """Take it off the air; nothing where it is not there."""
        ...

    def read_back(self, frame: Frame) -> tuple[float, float] | None:
        """Between which intervals in ms the controller was told to send it; None where that cannot be seen."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...

    def describe(self) -> str:
        """One line for screens."""
        ...


class StackBroadcaster:
    """A `Broadcaster` on a stack."""

    def __init__(
        self,
        stack: Stack,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stack = stack
        self.simulated = stack.simulated
        self.outages: tuple[Outage, ...] = ()
        self._now = now
        self._monotonic = monotonic
        self._wanted: dict[str, Frame] = {}
        self._registered: dict[str, Frame] = {}
        self._powers_dbm: dict[str, int | None] = {}
        self._refused: dict[str, tuple[Frame, str, float]] = {}
        self._features: Features | None = None
        self._places = 0
        self._trouble: DeviceError | None = None
        self._wake = asyncio.Event()
        self._step = 0
        self._turned_at = 0.0
        self._looked_at = 0.0
        self._wait_s = FIRST_WAIT_S
        stack.on_event = self._happened

    @property
    def instances(self) -> int | None:
        """How many frames the adapter can carry for us at once."""
        return self._places if self._features else None

    @property
    def experimental(self) -> bool | None:
        """Whether intervals and powers are passed on."""
        return self._features.takes_wishes if self._features else None

    async def set(self, frames: Sequence[Frame]) -> None:
        """Want exactly these from now on."""
        self._wanted = {frame.key: frame for frame in frames}
        self._powers_dbm = {key: dbm for key, dbm in self._powers_dbm.items() if key in self._wanted}
        self._refused = {key: no for key, no in self._refused.items() if self._wanted.get(key) == no[0]}
        self._wake.set()
        await asyncio.sleep(0)

    def on_air(self) -> list[OnAir]:
        """What became of each wanted frame, in their order."""
        return [self._told(frame) for frame in self._wanted.values()]

    def describe(self) -> str:
        """One line for screens."""
        return self.stack.describe()

    async def run(self) -> None:
        """Keep the wanted frames on the air until cancelled."""
        while True:
            self._wake.clear()
            wait_s = await self._round()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()

    async def close(self) -> None:
        """Take everything off the air and let go of the device; may be called twice."""
        self._wanted = {}
        for key in list(self._registered):
            with contextlib.suppress(DeviceError):
                await self.stack.unregister(key)
        self._registered = {}
        self._features = None
        await self.stack.close()

    async def _round(self) -> float:
        """Make what is on the air what is wanted; returns after how many seconds there is something to do again."""
        again = self._monotonic() - REFUSED_AGAIN_S
        self._refused = {key: no for key, no in self._refused.items() if no[2] > again}
        if self._features is None and not self._wanted:
            # An adapter is left alone until there is something to say, and nobody is told that it is not there.
            self._trouble = None
            self._end_outage()
            return LOOK_S
        try:
            if self._features is None:
                self._features = await self.stack.open()
                self._places = self._features.free
                self._looked_at = self._monotonic()
                self._refused = {}
            elif self._monotonic() - self._looked_at >= LOOK_S:
                await self._look()
            await self._reconcile()
        except DeviceError as wrong:
            return self._failed(wrong)
        if self._trouble is not None:
            logger.info("%s is back", self.stack.describe())
        self._trouble, self._wait_s = None, FIRST_WAIT_S
        self._end_outage()
        turning = len(self._candidates()) > self._places > 0
        return max(self._turned_at + TURN_S - self._monotonic(), 0.0) if turning else LOOK_S

    async def _look(self) -> None:
        """Ask the stack whether it still has what we gave it, and how many places there are."""
        self._looked_at = self._monotonic()
        features = await self.stack.look()
        if features.active < len(self._registered):
            self._lose(Cause.RELEASED)
            self._features = await self.stack.open()
        else:
            self._features = features
        self._places = self._features.free + len(self._registered)

    async def _reconcile(self) -> None:
        """Take off what is not wanted, change what says something else, put on what has a place."""
        wanted = self._candidates()
        in_turn = {frame.key: frame for frame in taking_turns(wanted, self._places, self._turn(len(wanted)))}
        for key in [key for key in self._registered if key not in in_turn]:
            await self._take_off(key)
        for key, before in list(self._registered.items()):
            if in_turn[key] != before:
                await self._change(before, in_turn[key])
        for frame in in_turn.values():
            if frame.key not in self._registered and not await self._put_on(frame):
                return

    def _turn(self, wanted: int) -> int:
        now = self._monotonic()
        if wanted <= self._places:
            self._turned_at = now
        elif now - self._turned_at >= TURN_S:
            # One step, however late: after a suspended night nobody makes up for turns.
            self._turned_at = now
            self._step += 1
        return self._step

    async def _put_on(self, frame: Frame) -> bool:
        """False: there was no place after all."""
        try:
            power_dbm = await self.stack.register(frame)
        except Full:
            self._places = len(self._registered)
            return False
        except BadPayload as wrong:
            self._refused[frame.key] = frame, str(wrong), self._monotonic()
            return True
        if self._features is None:
            # It was lost again while we waited for the answer.
            return False
        self._registered[frame.key] = frame
        self._powers_dbm[frame.key] = power_dbm
        self._count(+1)
        return True

    async def _take_off(self, key: str) -> None:
        await self.stack.unregister(key)
        if self._registered.pop(key, None) is not None:
            self._count(-1)

    async def _change(self, before: Frame, after: Frame) -> None:
        if (before.interval_ms, before.power_dbm) != (after.interval_ms, after.power_dbm):
            # BlueZ takes one property at a time, and a smallest interval above the largest is refused: begin anew.
            await self._take_off(before.key)
            return
        try:
            power_dbm = await self.stack.change(after)
        except BadPayload as wrong:
            self._refused[after.key] = after, str(wrong), self._monotonic()
            await self._take_off(after.key)
        else:
            if after.key in self._registered:
                self._registered[after.key] = after
                self._powers_dbm[after.key] = power_dbm

    def _candidates(self) -> list[Frame]:
        return [frame for key, frame in self._wanted.items() if key not in self._refused]

    def _count(self, step: int) -> None:
        if self._features is not None:
            active, free = self._features.active + step, self._features.free - step
            self._features = self._features._replace(active=active, free=max(free, 0))

    def _happened(self, cause: Cause | None) -> None:
        """The stack says that something happened to it; None: try again at once."""
        if cause is not None:
            self._lose(cause)
        self._wait_s = FIRST_WAIT_S
        self._wake.set()

    def _lose(self, cause: Cause) -> None:
        """Nothing of ours is on the air any more."""
        lasting = self.outages[-1] if self.outages and self.outages[-1].ended_at is None else None
        if lasting is not None:
            # An adapter that is pulled out is first switched off: the graver cause is the true one.
            if _GRAVITY.index(cause) > _GRAVITY.index(lasting.cause):
                self.outages = (*self.outages[:-1], Outage(cause, lasting.began_at))
        elif self._registered:
            logger.warning("%s: frames=%d off the air, %s", self.describe(), len(self._registered), cause)
            self.outages = (*self.outages, Outage(cause, self._now()))[-MOST_OUTAGES:]
        self._registered = {}
        self._features = None

    def _failed(self, wrong: DeviceError) -> float:
        """A failure in the middle of a round is also a loss, of which nobody may have told."""
        if self._trouble is None or self._trouble.sentence != wrong.sentence:
            logger.warning("%s failed reason=%s: %s", self.describe(), wrong.reason.value, wrong.sentence)
        self._trouble = wrong
        self._lose(_CAUSES.get(wrong.reason, Cause.RELEASED))
        wait_s, self._wait_s = self._wait_s, min(2 * self._wait_s, LONGEST_WAIT_S)
        return wait_s

    def _end_outage(self) -> None:
        if self.outages and self.outages[-1].ended_at is None and (self._registered or not self._wanted):
            last = self.outages[-1]
            self.outages = (*self.outages[:-1], Outage(last.cause, last.began_at, self._now()))

    def _told(self, frame: Frame) -> OnAir:
        if frame.key in self._refused:
            return off_air(frame, "refused", self._refused[frame.key][1])
        if self._trouble is not None:
            return off_air(frame, "device", self._trouble.sentence)
        if self._features is None:
            return off_air(frame, "asking", "The adapter is being asked.")
        if self._places == 0:
            return off_air(frame, "full", "Other programs use every place that this adapter has for beacons.")
        candidates = len(self._candidates())
        if frame.key not in self._registered and candidates <= self._places:
            return off_air(frame, "soon", "It will be on the air in a moment.")
        # While a place changes hands there is one instance less for a moment, which is nothing to tell of.
        others = max(self._features.active - len(self._registered), 0)
        features = self._features._replace(active=others + min(candidates, self._places))
        power_dbm, seen_ms = self._powers_dbm.get(frame.key), self.stack.read_back(frame)
        return told(frame, features, candidates, self._places, power_dbm, seen_ms)
