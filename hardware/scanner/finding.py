"""A device on a cable, kept open: opened when it is there, looked for again when it is not, in steps that grow to two seconds."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from hardware.device import DeviceError, Reason
from hardware.scanner.framing import Framer, Repeats
from hardware.scanner.scanner import Found, Heard, Lost, Scan, Unread

FIRST_PAUSE_S, MOST_PAUSE_S = 0.1, 2.0

READ_S = 0.1
"""How long one look at the device takes at most: whoever closes it waits so long."""


class Line(Protocol):
    """An open device."""

    def read(self, timeout_s: float) -> list[bytes | None]:
        """Octets that came within `timeout_s`; None among them where some are known to be missing. OSError when it is gone."""

    def close(self) -> None:
        """Let go of it."""


class KeptScanner:
    """A scanner behind a line that may come and go; drivers give `open_line`, which raises OSError or DeviceError."""

    simulated = False

    def __init__(
        self,
        where: str,
        described: str,
        open_line: Callable[[], Line],
        framer: Framer,
        repeats: Repeats | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._where = where
        self._described = described
        self._open_line = open_line
        self._framer = framer
        self._repeats = repeats or Repeats()
        self._clock = clock
        self._line: Line | None = None
        self._told: Reason | None = None
        self._waiting: deque[Heard] = deque()
        self._closing = threading.Event()
        self._pause_s = FIRST_PAUSE_S
        self._look_at = 0.0

    def read(self, timeout_s: float) -> Heard | None:
        """What comes next; None where nothing came in time or the scanner was closed."""
        until = self._clock() + timeout_s
        while not self._closing.is_set():
            if self._waiting:
                return self._waiting.popleft()
            left_s = until - self._clock()
            if left_s <= 0:
                return None
            if self._line is None:
                self._look(left_s)
            else:
                self._hear(self._line, min(left_s, READ_S))
        self._let_go()
        return None

    def describe(self) -> str:
        """One line for screens."""
        return self._described

    def close(self) -> None:
        """Let go of the device, at the latest when the look under way is over."""
        self._closing.set()

    def _look(self, left_s: float) -> None:
        wait_s = self._look_at - self._clock()
        if wait_s > 0:
            self._closing.wait(min(wait_s, left_s))
            return
        try:
            self._line = self._open_line()
        except (OSError, DeviceError) as wrong:
            reason, sentence = explain(wrong, self._where)
            self._look_at = self._clock() + self._pause_s
            self._pause_s = min(self._pause_s * 2, MOST_PAUSE_S)
            if reason != self._told:
                self._told = reason
                self._waiting.append(Lost(reason, sentence))
            return
        self._pause_s, self._told = FIRST_PAUSE_S, None
        self._framer.forget()
        self._waiting.append(Found())

    def _hear(self, line: Line, timeout_s: float) -> None:
        try:
            came = line.read(timeout_s)
        except OSError as wrong:
            self._let_go()
            reason, sentence = explain(wrong, self._where)
            # Gone is gone, whatever the kernel calls it.
            self._told = Reason.NOT_FOUND if reason == Reason.BROKEN else reason
            self._waiting.append(Lost(self._told, sentence if self._told == reason else gone(self._where)))
            return
        for octets in came:
            if octets is None:
                self._keep([self._framer.spoil()])
            elif octets:
                self._keep(self._framer.feed(octets, self._clock()))
        if not came:
            self._keep([self._framer.idle(self._clock())])

    def _keep(self, found: list[Scan | Unread] | list[Unread | None]) -> None:
        for one in found:
            if isinstance(one, Scan) and not self._repeats.is_new(one.text, one.at):
                continue
            if one is not None:
                self._waiting.append(one)

    def _let_go(self) -> None:
        line, self._line = self._line, None
        self._look_at = 0.0
        if line is not None:
            line.close()


def gone(where: str) -> str:
    """That it is not there, and what to do."""
    return f"The scanner at {where} is not there. Plug it in: it is used as soon as it is."


def explain(wrong: OSError | DeviceError, where: str) -> tuple[Reason, str]:
    """What a failure to open or read means, for programs and for people."""
    if isinstance(wrong, DeviceError):
        return wrong.reason, wrong.sentence
    code = wrong.errno
    if code in (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO):
        return Reason.NOT_FOUND, gone(where)
    if code in (errno.EACCES, errno.EPERM):
        return (
            Reason.NO_PERMISSION,
            f"This program may not read {where}. Install the rules for devices: sudo ./shopbell install --counter",
        )
    if code in (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK):
        return Reason.BUSY, f"Another program holds the scanner at {where}. Close that one."
    said = os.strerror(code) if code else str(wrong)
    return Reason.BROKEN, f"The scanner at {where} cannot be used: {said}. Pull it out and plug it in again."
