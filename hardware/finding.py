"""A device on a cable, kept open: opened when it is there, looked for again when it is not, in steps that grow to two seconds.

A loss is told once, and again where its reason changes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from hardware.reasons import DeviceError, Found, Lost, Reason

FIRST_PAUSE_S, MOST_PAUSE_S = 0.1, 2.0


class Closable(Protocol):
    """An open device."""

    def close(self) -> None:
        """Let go of it."""


L = TypeVar("L", bound=Closable)


@dataclass(frozen=True, slots=True)
class Place:
    """What the device is for people ("scanner"), and where it is looked for ("/dev/ttyACM0")."""

    what: str
    where: str

    def gone(self) -> Lost:
        """That it is not there, and what to do."""
        return Lost(
            Reason.NOT_FOUND,
            f"The {self.what} at {self.where} is not there. Plug it in: it is used as soon as it is.",
        )

    def explain(self, wrong: OSError | DeviceError) -> Lost:
        """What a failure to open or read means."""
        if isinstance(wrong, DeviceError):
            return Lost(wrong.reason, wrong.sentence)
        code = wrong.errno
        if code in (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO):
            return self.gone()
        if code in (errno.EACCES, errno.EPERM):
            return Lost(
                Reason.NO_PERMISSION,
                f"This program may not read {self.where}. Install the rules for devices: sudo ./shopbell install --counter",
            )
        if code in (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK):
            return Lost(
                Reason.BUSY, f"Another program holds the {self.what} at {self.where}. Close that one."
            )
        said = os.strerror(code) if code else str(wrong)
        return Lost(
            Reason.BROKEN,
            f"The {self.what} at {self.where} cannot be used: {said}. Pull it out and plug it in again.",
        )


class Finder(Generic[L]):
    """Keeps one device open for one thread; `close` may be called by any. `open_line` raises OSError or DeviceError."""

    def __init__(self, place: Place, open_line: Callable[[], L], clock: Callable[[], float]) -> None:
        self.line: L | None = None
        self.closing = threading.Event()
        self._place = place
        self._open_line = open_line
        self._clock = clock
        self._told: Reason | None = None
        self._pause_s = FIRST_PAUSE_S
        self._look_at = 0.0

    def look(self, left_s: float) -> Lost | Found | None:
        """Open it where its turn has come, else wait for that, `left_s` at most; what there is to tell."""
        wait_s = self._look_at - self._clock()
        if wait_s > 0:
            self.closing.wait(min(wait_s, left_s))
            return None
        try:
            self.line = self._open_line()
        except (OSError, DeviceError) as wrong:
            lost = self._place.explain(wrong)
            self._look_at = self._clock() + self._pause_s
            self._pause_s = min(self._pause_s * 2, MOST_PAUSE_S)
            if lost.reason == self._told:
                return None
            self._told = lost.reason
            return lost
        self._pause_s, self._told = FIRST_PAUSE_S, None
        return Found()

    def lose(self, wrong: OSError) -> Lost:
        """It failed while it was read. Gone is gone, whatever the kernel calls it."""
        self.let_go()
        lost = self._place.explain(wrong)
        lost = self._place.gone() if lost.reason == Reason.BROKEN else lost
        self._told = lost.reason
        return lost

    def let_go(self) -> None:
        """Close it, and look for it at once when asked again."""
        line, self.line = self.line, None
        self._look_at = 0.0
        if line is not None:
            # What is gone already cannot always be closed.
            with contextlib.suppress(OSError):
                line.close()
