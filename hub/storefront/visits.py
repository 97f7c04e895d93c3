"""Visits at a kiosk: what the person in front of the screen has taken and looked for, in memory only, until they go.

A visit's name stands in the addresses of its pages, and nothing else of it does: no serial, no code, no word. Once it is
ended the name means nothing, so an address from the browser's history, its cache or its disk leads nowhere.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

MOST_VISITS = 64
"""One screen has one visit; more are screens on the shop's own network, or somebody who plays."""

MOST_COUPONS = 50

_NAME = re.compile(r"[0-9a-f]{32}")


@dataclass(slots=True)
class Visit:
    """One person in front of the screen. `serials`: the coupons taken, in order; `words`: what was looked for last; `cards`: the
    forms with which they became a member, `form` the one that is not finished."""

    name: str
    touched_at: float
    serials: list[str] = field(default_factory=list)
    words: str = ""
    cards: set[str] = field(default_factory=set)
    form: object = None

    def place_of(self, serial: str) -> int:
        """Under which number of this visit a coupon is shown, counted from 1; a new coupon gets the next."""
        if serial not in self.serials:
            self.serials.append(serial)
            del self.serials[:-MOST_COUPONS]
        return self.serials.index(serial) + 1

    def serial_at(self, place: str) -> str | None:
        """The coupon that is shown under this number; None where there is none."""
        if not (place.isascii() and place.isdigit() and len(place) < 4):
            return None
        return self.serials[int(place) - 1] if 1 <= int(place) <= len(self.serials) else None


class Visits:
    """The visits that go on. `now` is seconds of any steady clock, `keep_s` how long one stands that nobody touches."""

    def __init__(self, now: Callable[[], float], keep_s: float) -> None:
        self._now = now
        self._keep_s = keep_s
        self._lock = threading.Lock()
        self._going: dict[str, Visit] = {}

    @staticmethod
    def is_name(text: str) -> bool:
        """Whether this could name a visit."""
        return _NAME.fullmatch(text) is not None

    def find(self, name: str) -> Visit | None:
        """A visit that goes on; looking at it is no touch."""
        with self._lock:
            self._forget_old()
            return self._going.get(name)

    def touch(self, name: str) -> Visit:
        """The visit of this name, which somebody has just touched; it begins where there was none."""
        with self._lock:
            self._forget_old()
            visit = self._going.pop(name, None) or Visit(name, 0.0)
            visit.touched_at = self._now()
            self._going[name] = visit
            while len(self._going) > MOST_VISITS:
                del self._going[next(iter(self._going))]
            return visit

    def idle_s(self, visit: Visit) -> float:
        """How long nobody has touched it."""
        return self._now() - visit.touched_at

    def end(self, name: str) -> None:
        """Forget it."""
        with self._lock:
            self._going.pop(name, None)

    def __len__(self) -> int:
        """How many go on."""
        with self._lock:
            self._forget_old()
            return len(self._going)

    def _forget_old(self) -> None:
        limit = self._now() - self._keep_s
        for name in [name for name, visit in self._going.items() if visit.touched_at < limit]:
            del self._going[name]
