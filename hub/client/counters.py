"""The numbers that a node puts on its requests."""

from __future__ import annotations

import threading

from hub.client.db import Pool, writing

COUNTER_BLOCK = 1_000
"""Counters taken from the disk at once: one small write in a thousand requests, at most that many skipped by a crash."""


class Counters:
    """Numbers that this node never uses twice, not even after a crash."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._next = 0
        self._end = 0

    def take(self, above: int = 0) -> int:
        """The next number; higher than `above` where the hub has seen more than this disk remembers."""
        with self._lock:
            if self._next >= self._end or self._next <= above:
                with writing(self._pool.here()) as conn:
                    (reserved,) = conn.execute("SELECT coalesce(max(reserved), 0) FROM counter").fetchone()
                    start = max(reserved, above) + 1
                    conn.execute("INSERT OR REPLACE INTO counter VALUES (1, ?)", (start + COUNTER_BLOCK - 1,))
                self._next, self._end = start, start + COUNTER_BLOCK
            number = self._next
            self._next += 1
            return number
