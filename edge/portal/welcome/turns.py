"""One form at a time for each phone: two taps must not be two guests."""

from __future__ import annotations

import threading

STRIPES = 32
"""Phones that share a lock wait for each other for as long as a form takes; more locks, fewer of them do."""


class Turns:
    """Locks by mark; a fixed number of them, however many phones come."""

    def __init__(self) -> None:
        self._locks = tuple(threading.Lock() for _ in range(STRIPES))

    def of(self, mark: str) -> threading.Lock:
        """The lock of the phone with this mark: hexadecimal digits."""
        return self._locks[int(mark[:8], 16) % STRIPES]
