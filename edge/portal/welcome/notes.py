"""What a guest who came in as a member is told on the page that says so. In memory only, for a quarter of an hour at most."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from html import escape

from hub.wire.sync_notes import Note

KEPT_S = 900
MOST = 512
"""Who comes in as a member in a quarter of an hour; the oldest goes first."""

MOST_OCTETS = 6_000
"""A page of the portal goes out in one answer of a bounded size. What has no room is told the next time."""

WAITS_S = 1.0
"""So long the first page waits for the hub, which was asked when the gate opened. Later the page is shown without."""

Ask = Callable[[str, tuple[int, ...]], tuple[Note, ...]]
"""What is this member to be told? These numbers they were. Nothing where nobody answers; it may take seconds."""


def nobody(_member: str, _told: tuple[int, ...]) -> tuple[Note, ...]:
    """Nobody is asked: where there is no door beside the portal."""
    return ()


@dataclass(slots=True)
class _Guest:
    member: str
    until: float
    answer: Future[tuple[Note, ...]]
    told: bool = False
    waited: bool = False


class Notes:
    """Words by the mark of the phone that came in. Whoever looks again within the quarter of an hour sees them again."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._guests: dict[str, _Guest] = {}
        self._asking = ThreadPoolExecutor(2, "notes")

    def came(self, mark: str, member: str, now: float) -> None:
        """This phone is in as a member's: ask for them, without waiting."""
        guest = _Guest(member, now + KEPT_S, self._asking.submit(self._ask, member, ()))
        with self._lock:
            self._guests.pop(mark, None)
            self._guests[mark] = guest
            for old in [key for key, one in self._guests.items() if one.until <= now]:
                del self._guests[old]
            while len(self._guests) > MOST:
                del self._guests[next(iter(self._guests))]

    def of(self, mark: str, now: float, *, looked: bool) -> tuple[str, ...]:
        """The words for this phone. `looked`: somebody sees the page, so that they count as told."""
        with self._lock:
            guest = self._guests.get(mark)
            if guest is None or now >= guest.until:
                return ()
            waits_s, guest.waited = (0.0 if guest.waited else WAITS_S), True
        try:
            notes = _that_fit(guest.answer.result(waits_s))
        except (TimeoutError, CancelledError):
            return ()
        with self._lock:
            tell, guest.told = looked and bool(notes) and not guest.told, guest.told or looked
        if tell:
            self._asking.submit(self._ask, guest.member, tuple(note.number for note in notes))
        return tuple(note.text for note in notes)

    def drop(self, mark: str) -> None:
        """The phone has left, or wants to be forgotten."""
        with self._lock:
            self._guests.pop(mark, None)

    def close(self) -> None:
        """Ask nothing more."""
        self._asking.shutdown(wait=False, cancel_futures=True)


def _that_fit(notes: Sequence[Note]) -> list[Note]:
    """The first that have room on one page, the oldest at least."""
    left = MOST_OCTETS
    fit: list[Note] = []
    for note in notes:
        left -= len(escape(note.text).encode())
        if fit and left < 0:
            break
        fit.append(note)
    return fit
