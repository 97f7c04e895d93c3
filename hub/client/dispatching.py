"""Which of a server's threads answers the next request: the one that answered last.

Each thread has a connection to the database and memory of its own. Where requests come one after the other, as they do in most
shops, one warm thread answers them all, and the others keep nothing.
"""

from __future__ import annotations

import threading

from waitress.task import ThreadedTaskDispatcher


class LatestFirst(threading.Condition):
    """A condition that wakes whoever began to wait last. For waits without a time-out."""

    def __init__(self, lock: threading.Lock) -> None:
        super().__init__(lock)
        self._asleep: list[threading.Lock] = []

    def wait(self, timeout: float | None = None) -> bool:
        """Sleep until it is notified; the lock has to be held, and is held again afterwards."""
        assert timeout is None, "who gives up waiting would have to be taken off the list"  # noqa: S101 - a slip of ours
        mine = threading.Lock()
        mine.acquire()
        self._asleep.append(mine)
        self.release()
        try:
            mine.acquire()
        finally:
            self.acquire()
        return True

    def notify(self, n: int = 1) -> None:
        """Wake the latest `n`; the lock has to be held."""
        for _ in range(min(n, len(self._asleep))):
            self._asleep.pop().release()

    def notify_all(self) -> None:
        """Wake everybody."""
        self.notify(len(self._asleep))


def dispatcher_of(threads: int) -> ThreadedTaskDispatcher:
    """So many threads, the warmest first."""
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.queue_cv = LatestFirst(dispatcher.lock)
    dispatcher.set_thread_count(threads)
    return dispatcher
