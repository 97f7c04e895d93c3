"""A scanner behind a line that may come and go: its octets framed, double triggers taken for one."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from hardware.finding import Finder, Place
from hardware.reasons import Found
from hardware.scanner.framing import Framer, Repeats
from hardware.scanner.scanner import Heard, Scan

READ_S = 0.1
"""How long one look at the device takes at most: whoever closes it waits so long."""


class Line(Protocol):
    """An open scanner."""

    def read(self, timeout_s: float) -> list[bytes | None]:
        """Octets that came within `timeout_s`; None among them where some are known to be missing. OSError when it is gone."""

    def close(self) -> None:
        """Let go of it."""


class KeptScanner:
    """One scanner; drivers give `open_line`, which raises OSError or DeviceError."""

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
        self._finder = Finder(Place("scanner", where), open_line, clock)
        self._described = described
        self._framer = framer
        self._repeats = repeats or Repeats()
        self._clock = clock
        self._waiting: deque[Heard] = deque()

    def read(self, timeout_s: float) -> Heard | None:
        """What comes next; None where nothing came in time or the scanner was closed."""
        until = self._clock() + timeout_s
        while not self._finder.closing.is_set():
            if self._waiting:
                return self._waiting.popleft()
            left_s = until - self._clock()
            if left_s <= 0:
                return None
            if self._finder.line is None:
                told = self._finder.look(left_s)
                if isinstance(told, Found):
                    self._framer.forget()
                self._keep([told])
            else:
                self._hear(self._finder.line, min(left_s, READ_S))
        self._finder.let_go()
        return None

    def describe(self) -> str:
        """One line for screens."""
        return self._described

    def close(self) -> None:
        """Let go of the device, at the latest when the look under way is over."""
        self._finder.closing.set()

    def _hear(self, line: Line, timeout_s: float) -> None:
        try:
            came = line.read(timeout_s)
        except OSError as wrong:
            self._keep([self._finder.lose(wrong)])
            return
        for octets in came:
            if octets is None:
                self._keep([self._framer.spoil(self._clock())])
            elif octets:
                self._keep(self._framer.feed(octets, self._clock()))
        if not came:
            self._keep([self._framer.idle(self._clock())])

    def _keep(self, found: Sequence[Heard | None]) -> None:
        for one in found:
            if isinstance(one, Scan) and not self._repeats.is_new(one.text, one.at):
                continue
            if one is not None:
                self._waiting.append(one)
