"""A recording as a radio: `ble:replay:FILE` (real pace), `ble:replay:FILE` with speed 60 or 0 (as fast as it can)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from hardware.ble.advertisement import Advertisement
from hardware.ble.captures import Capture, CaptureError
from hardware.ble.pace import paced
from hardware.ble.radio import Clock
from hardware.device import DeviceError, Reason


class ReplayRadio:
    """Yields a recording's advertisements at their own distances in time, divided by `speed`, and then ends.

    `at` stays the recording's own time. A recording that is cut off yields what it has, then raises DeviceError.
    """

    simulated = True
    clock: Clock = "capture"
    dropped = 0

    def __init__(
        self, path: str | Path, speed: float = 1.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.capture = Capture(path)
        self.speed = speed
        self._monotonic = monotonic
        self._closed = False

    async def scan(self) -> AsyncIterator[Sequence[Advertisement]]:
        """The recording from its first packet on, each time."""
        try:
            async for heard in paced(iter(self.capture), lambda: self.speed, self._monotonic):
                if self._closed:
                    return
                yield heard
        except CaptureError as problem:
            raise DeviceError(Reason.BROKEN, str(problem)) from problem

    async def close(self) -> None:
        """Stop at the next packet."""
        self._closed = True
        await asyncio.sleep(0)

    def describe(self) -> str:
        """One line for screens."""
        return f"Replay of {self.capture.path.name}"


def open_radio(argument: str, speed: float = 1.0) -> ReplayRadio:
    """The radio of `ble:replay:FILE`; the file must be there."""
    path = Path(argument).expanduser()
    if not argument or not path.is_file():
        raise DeviceError(
            Reason.NOT_FOUND, f"There is no recording {argument!r}. Give its path: ble:replay:FILE."
        )
    return ReplayRadio(path, speed)
