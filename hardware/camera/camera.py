"""The port of a camera: the newest frame, in grey, or that the camera went away and came back.

Pure. `read` raises nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from hardware.reasons import Found, Lost


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture: `grey` has `width` x `height` octets, 0 is black. `at` is seconds of a steady clock, when it was taken out."""

    width: int
    height: int
    grey: bytes
    at: float


Seen = Frame | Lost | Found


class Camera(Protocol):
    """One camera. `read` is called by one thread; `close` by any."""

    simulated: bool

    def read(self, timeout_s: float) -> Seen | None:
        """The newest frame that was not read yet; None where none came within `timeout_s` (s) or the camera was closed."""

    def describe(self) -> str:
        """One line for screens."""

    def close(self) -> None:
        """Let go of the device; a `read` under way returns. May be called twice."""
