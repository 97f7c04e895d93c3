"""`light:sim`: a light that remembers what it was set to."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from hardware.light.light import OFF, Step
from hardware.reasons import DeviceError, Reason
from hardware.wishes import read_wishes

KEPT = 200


class SimLight:
    """A light in memory. `history` has what it was set to, with the time on a steady clock."""

    simulated = True

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: deque[tuple[float, Step]] = deque(maxlen=KEPT)
        self._changed = threading.Condition()
        self._closed = False
        self._plugged = True

    @property
    def history(self) -> tuple[tuple[float, Step], ...]:
        """What it was set to, the oldest first."""
        with self._changed:
            return tuple(self._kept)

    @property
    def now(self) -> Step:
        """How it is."""
        with self._changed:
            return self._kept[-1][1] if self._kept else OFF

    def wait_for(self, wanted: Callable[[Step], bool], within_s: float) -> bool:
        """Whether it was set to something that is wanted within the time."""
        with self._changed:
            return self._changed.wait_for(lambda: any(wanted(step) for _, step in self._kept), within_s)

    def plug(self, there: bool) -> None:
        """Take it off its pins, or put it back."""
        self._plugged = there

    def set(self, step: Step) -> None:
        """Be so from now on."""
        with self._changed:
            if self._closed:
                return
            if not self._plugged:
                raise DeviceError(Reason.NOT_FOUND, "The simulated light is not there.")
            self._kept.append((self._clock(), step))
            self._changed.notify_all()

    def describe(self) -> str:
        """One line for screens."""
        return "Simulated light"

    def close(self) -> None:
        """Put it out."""
        with self._changed:
            if not self._closed:
                self._kept.append((self._clock(), OFF))
            self._closed = True
            self._changed.notify_all()


def open_light(argument: str) -> SimLight:
    """The light of `light:sim`."""
    read_wishes("light:sim", argument, {})
    return SimLight()
