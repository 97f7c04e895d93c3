"""`scanner:sim`: a scanner with a cable that can be pulled out, under the same rules as the real ones.

`scanner:sim:/tmp/scans` reads what anybody writes into that named pipe, which it makes: `echo TOKEN > /tmp/scans` pulls the
trigger. Without a place, whoever holds the object does: `scan("...")`, `unplug()`, `plug()`.
"""

from __future__ import annotations

import errno
import os
import select
import stat
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from hardware.reasons import DeviceError, Reason
from hardware.scanner.framing import Framer
from hardware.scanner.kept import KeptScanner
from hardware.wishes import read_wishes, short


class SimScanner(KeptScanner):
    """A scanner in memory: octets that are sent are heard, while it is plugged in."""

    simulated = True

    def __init__(self, framer: Framer, clock: Callable[[], float], pipe: Path | None = None) -> None:
        self._plugged = pipe is None
        self._there = threading.Condition()
        self._octets: deque[bytes] = deque()
        where = str(pipe) if pipe else "the simulator"
        super().__init__(where, f"Simulated scanner, {where}", self._open, framer, clock=clock)
        self._pipe = pipe

    def scan(self, text: str, symbology: str = "") -> None:
        """Pull the trigger before this text."""
        aim = f"]{symbology}" if symbology else ""
        self.send(f"{aim}{text}\r\n".encode())

    def send(self, octets: bytes) -> None:
        """Send these octets; lost where it is not plugged in."""
        with self._there:
            if self._plugged:
                self._octets.append(octets)
                self._there.notify_all()

    def unplug(self) -> None:
        """Pull the cable out."""
        with self._there:
            self._plugged = False
            self._octets.clear()
            self._there.notify_all()

    def plug(self) -> None:
        """Put it in again."""
        with self._there:
            self._plugged = True
            self._there.notify_all()

    def _open(self) -> _SimLine | _PipeLine:
        if self._pipe is not None:
            return _PipeLine(self._pipe)
        with self._there:
            if not self._plugged:
                raise OSError(errno.ENOENT, "unplugged")
        return _SimLine(self)

    def hear(self, timeout_s: float) -> list[bytes | None]:
        """What the cable carries; OSError when it is pulled out."""
        with self._there:
            self._there.wait_for(lambda: self._octets or not self._plugged, timeout_s)
            if not self._plugged:
                raise OSError(errno.EIO, "unplugged")
            return [self._octets.popleft()] if self._octets else []


class _SimLine:
    def __init__(self, scanner: SimScanner) -> None:
        self._scanner = scanner

    def read(self, timeout_s: float) -> list[bytes | None]:
        return self._scanner.hear(timeout_s)

    def close(self) -> None:
        pass


class _PipeLine:
    """A named pipe that anybody may write lines into. Held open for writing too, so that it does not end with a writer."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            os.mkfifo(path, 0o600)
        elif not stat.S_ISFIFO(path.stat().st_mode):
            raise DeviceError(
                Reason.BAD_NAME, f"{path} is there and no pipe. Name a place where none is yet."
            )
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def read(self, timeout_s: float) -> list[bytes | None]:
        ready, _, _ = select.select([self._descriptor], [], [], timeout_s)
        return [os.read(self._descriptor, 4096)] if ready else []

    def close(self) -> None:
        os.close(self._descriptor)


def open_scanner(argument: str, clock: Callable[[], float] = time.monotonic) -> SimScanner:
    """The scanner of `scanner:sim[:PIPE]`."""
    place, wishes = read_wishes("scanner:sim", argument, {"prefix": short, "suffix": short})
    framer = Framer(prefix=wishes.get("prefix", ""), suffix=wishes.get("suffix", ""))
    return SimScanner(framer, clock, Path(place) if place else None)
