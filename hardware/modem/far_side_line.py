"""The far side on a pseudo terminal, which is a serial line to whoever opens it; with a plug that can be pulled."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import tty
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from hardware.modem.far_side import FarSide, Faults

SLICE = 7
"""Octets that are written at once: lines come cut, as they do from a slow line."""


class FarSideLine:
    """A modem at `place`, which is a link as udev makes it for one on USB. Memory and SIM card outlast the plug."""

    def __init__(
        self,
        place: Path,
        *,
        faults: Faults | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.place = place
        self.modem = FarSide(self._say, faults=faults, now=now)
        self._lock = threading.RLock()
        self._hand = threading.RLock()
        self._end = -1
        self._ends = threading.Event()
        self._thread: threading.Thread | None = None

    def plug(self) -> None:
        """Put it in: it is there, and starts."""
        with self._hand:
            if self._end >= 0:
                return
            ours, theirs = os.openpty()
            tty.setraw(theirs)
            name = os.ttyname(theirs)
            # Only our end stays open: when it is closed the line hangs up, as when a plug is pulled.
            os.close(theirs)
            os.set_blocking(ours, False)
            with self._lock:
                self._end = ours
            self._ends = threading.Event()
            self._thread = threading.Thread(target=self._serve, args=(ours, self._ends), daemon=True)
            self._thread.start()
            self.place.symlink_to(name)

    def unplug(self) -> None:
        """Pull it out; what is said from now on nobody hears."""
        with self._hand:
            with contextlib.suppress(FileNotFoundError):
                self.place.unlink()
            with self._lock:
                ours, self._end = self._end, -1
            self._ends.set()
            if self._thread is not None and threading.current_thread() is not self._thread:
                self._thread.join(5)
            if ours >= 0:
                os.close(ours)
                self.modem.restart()

    def close(self) -> None:
        """Away for good."""
        self.unplug()

    def _serve(self, ours: int, ends: threading.Event) -> None:
        # A terminal whose other end is not open says that it has hung up, again and again.
        poll, opened = select.poll(), False
        poll.register(ours, select.POLLIN)
        while not ends.is_set():
            for _, what in poll.poll(50):
                if what & select.POLLIN:
                    if not opened:
                        self.modem.reopened()
                    opened = True
                    with contextlib.suppress(BlockingIOError, OSError):
                        self.modem.hear(os.read(ours, 4096))
                elif what & select.POLLHUP:
                    opened = False
                    ends.wait(0.02)

    def _say(self, octets: bytes) -> None:
        with self._lock:
            ours = self._end
            for at in range(0, len(octets), SLICE):
                piece = octets[at : at + SLICE]
                # Nobody listens, or nobody is there: it is lost, as on a real line.
                with contextlib.suppress(BlockingIOError, OSError):
                    if ours >= 0:
                        # Whoever listens takes it soon; the terminal holds 4 KiB.
                        select.select([], [ours], [], 1.0)
                        os.write(ours, piece)
