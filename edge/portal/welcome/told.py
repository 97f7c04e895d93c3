"""A new member's code on its way from the form to the next page. In memory only, for a quarter of an hour at most."""

from __future__ import annotations

import threading
from dataclasses import dataclass

TOLD_FOR_S = 900
MOST = 512
"""Who joins in a quarter of an hour; the oldest goes first."""


@dataclass(frozen=True, slots=True)
class _Note:
    code: str
    until: float


class Told:
    """Codes by the mark of the phone that has just joined: no cookie, and none in an address that a phone keeps."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._notes: dict[str, _Note] = {}

    def put(self, mark: str, code: str, now: float) -> None:
        """Keep a code for the next page of this phone."""
        with self._lock:
            self._notes.pop(mark, None)
            self._notes[mark] = _Note(code, now + TOLD_FOR_S)
            for old in [key for key, note in self._notes.items() if note.until <= now]:
                del self._notes[old]
            while len(self._notes) > MOST:
                del self._notes[next(iter(self._notes))]

    def get(self, mark: str, now: float) -> str:
        """The code of this phone; "" where there is none any more. It may look again: pop-ups are loaded twice."""
        note = self._notes.get(mark)
        return note.code if note is not None and now < note.until else ""

    def drop(self, mark: str) -> None:
        """The phone has left, or wants to be forgotten."""
        with self._lock:
            self._notes.pop(mark, None)
