"""Wrong codes cost time, by the rule of the installer's way in; counted in memory.

The installer's tries are on disk, for that code opens the door's settings. Here 55 random bits stand before an hour of Wi-Fi, and
every guest can send forms: a write to the card for each wrong one would be the greater harm. A place is an address of the
guest network, and stays in memory only.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from edge.portal.installer.entrance import FREE_TRIES, LONGEST_WAIT_S, wait_s
from edge.portal.store import Tries

MOST_PLACES = 4_096
"""More than a guest network has addresses; the ones that tried first are forgotten first."""


class WrongTries:
    """Counts by place. `now` is seconds of UTC."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, Tries] = OrderedDict()
        self._one = threading.Lock()

    def begin(self, place: str, now: float) -> float:
        """A try begins, and is counted before anything is looked at; above 0: how long to wait instead, nothing is counted."""
        with self._one:
            tries = self._counts.get(place, Tries())
            waiting = wait_s(tries, now, free=FREE_TRIES, longest_s=LONGEST_WAIT_S)
            if waiting > 0:
                return waiting
            self._counts[place] = Tries(tries.count + 1, now)
            self._counts.move_to_end(place)
            while len(self._counts) > MOST_PLACES:
                self._counts.popitem(last=False)
            return 0.0

    def right(self, place: str) -> None:
        """It was right: this one try is given back, and no other, or whoever has one code could guess for ever."""
        with self._one:
            tries = self._counts.pop(place, Tries())
            if tries.count > 1:
                self._counts[place] = Tries(tries.count - 1, tries.latest_at)
