"""A camera that looks at the counter all the time: its frames decoded, a code that stays in sight taken once."""

from __future__ import annotations

import time
from collections.abc import Callable

from hardware.camera.camera import Camera, Frame
from hardware.scanner.framing import Repeats
from hardware.scanner.scanner import Heard, Scan
from kiosk.pictures import read_frame

MOST_A_S = 10.0
"""Frames decoded in a second: a hand holds a phone still for longer, and the till's processor has other work."""


class CameraReader:
    """A camera as a scanner: what it sees is what it reads. One thread reads; any may close."""

    def __init__(self, camera: Camera, clock: Callable[[], float] = time.monotonic) -> None:
        self._camera = camera
        self._clock = clock
        self._repeats = Repeats(held=True)
        self._next_at = 0.0

    @property
    def simulated(self) -> bool:
        """Whether the camera is."""
        return self._camera.simulated

    @property
    def camera(self) -> Camera:
        """The camera itself."""
        return self._camera

    def read(self, timeout_s: float) -> Heard | None:
        """The next code that came into sight; or that the camera went away, or came back; None where nothing did in time."""
        until = self._clock() + timeout_s
        while (left_s := until - self._clock()) > 0:
            seen = self._camera.read(left_s)
            if seen is None:
                return None
            if not isinstance(seen, Frame):
                return seen
            if seen.at < self._next_at:
                continue
            began = self._clock()
            text = read_frame(seen.width, seen.height, seen.grey)
            self._next_at = began + max(1 / MOST_A_S, self._clock() - began)
            if text and self._repeats.is_new(text, self._clock()):
                return Scan(text, seen.at)
        return None

    def describe(self) -> str:
        """One line for screens."""
        return self._camera.describe()

    def close(self) -> None:
        """Let go of the camera."""
        self._camera.close()
