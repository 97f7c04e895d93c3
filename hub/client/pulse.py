"""The pings of a program that answers HTTP: from the server's own loop, and only while a worker of its gets something done.

A loop that turns proves little where every worker waits for a lock that nobody lets go. So the loop puts a small task among the
requests, and tells systemd (`WatchdogSec=`) once a worker has taken it: where either stands still, the pings stop, and systemd
ends the program and starts it again.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from hub.client.watchdog import notify

PLACE = -1
"""Among the file descriptors that a loop looks at: none has this number."""


class Tasks(Protocol):
    """Where a server's requests wait for a worker (waitress' ThreadedTaskDispatcher)."""

    def add_task(self, task: Pulse) -> None: ...


def interval_s(environ: Mapping[str, str]) -> float | None:
    """How often to ping: a third of what systemd waits (sd_watchdog_enabled(3)); None where nobody waits for a ping."""
    asked = environ.get("WATCHDOG_USEC", "")
    if not asked.isdecimal() or int(asked) == 0 or not environ.get("NOTIFY_SOCKET"):
        return None
    return int(asked) / 3e6


class Pulse:
    """Stands in a server's map of sockets under PLACE: never to be read or written, and asked for that in every turn."""

    accepting = False

    def __init__(
        self,
        tasks: Tasks,
        every_s: float,
        tell: Callable[[str], None] = notify,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tasks = tasks
        self._every_s = every_s
        self._tell = tell
        self._now = now
        self._done = threading.Event()
        self._is_asked = False
        self._next = now()

    def readable(self) -> bool:
        """A turn of the loop: ask for a worker when it is time, ping where one has answered."""
        if self._is_asked:
            if self._done.is_set():
                self._is_asked = False
                self._tell("WATCHDOG=1")
        elif self._now() >= self._next:
            self._next = self._now() + self._every_s
            self._is_asked = True
            self._done.clear()
            self._tasks.add_task(self)
        return False

    def writable(self) -> bool:
        """Never."""
        return False

    def service(self) -> None:
        """A worker has taken it."""
        self._done.set()

    def cancel(self) -> None:
        """The server ends."""

    def close(self) -> None:
        """The server's map is closed."""


def begin(everybody: dict[int, object], tasks: Tasks) -> None:
    """Ping systemd from the loop that looks at `everybody`, where it waits for that."""
    every_s = interval_s(os.environ)
    if every_s is not None:
        everybody[PLACE] = Pulse(tasks, every_s)
