"""How often and how long each offer stood in front on a screen while somebody could see it, gathered into few facts.

The page tells of seconds in which it was visible; nobody is believed more seconds than have gone by. What is not told yet
is in memory: a machine that loses its power loses some minutes of it, and nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

TELL_S = 300.0
"""One fact an offer in five minutes: 288 a day for a screen with one offer, some kilobytes."""

MOST_OFFERS = 200
MOST_TIMES = 100
SLACK_S = 2.0
"""Timers of a page and of this machine are not read at the same moment."""

Tell = Callable[[int, int, float], None]
"""Campaign, times, seconds."""


class Exposures:
    """The tally of one node's screens. `now` is seconds of a steady clock."""

    def __init__(self, now: Callable[[], float], tell: Tell, tell_s: float = TELL_S) -> None:
        self._now = now
        self._tell = tell
        self._tell_s = tell_s
        self._lock = threading.Lock()
        self._sums: dict[int, tuple[int, float]] = {}
        self._since: float | None = None
        self._heard_at: dict[str, float] = {}

    def began(self, page: str) -> None:
        """A page was sent to a screen; its first seconds are counted from here."""
        with self._lock:
            self._heard_at[page] = self._now()
            while len(self._heard_at) > MOST_OFFERS:
                del self._heard_at[next(iter(self._heard_at))]

    def add(self, page: str, seen: Sequence[tuple[int, int, float]]) -> None:
        """What a page tells: campaign, times it came to the front, seconds. A page that was never sent is not believed."""
        now = self._now()
        with self._lock:
            heard_at = self._heard_at.get(page)
            if heard_at is None:
                return
            self._heard_at[page] = now
            self._credit(seen, now - heard_at + SLACK_S)
        self.tell_when_due()

    def stood(self, page: str, campaign: int, longest_s: float) -> None:
        """A page without script was relieved by the next: it stood from when it was sent until now."""
        with self._lock:
            heard_at = self._heard_at.pop(page, None)
            if heard_at is None:
                return
            stood_s = min(self._now() - heard_at, longest_s)
            self._credit([(campaign, 1, stood_s)], stood_s)
        self.tell_when_due()

    def _credit(self, seen: Sequence[tuple[int, int, float]], left_s: float) -> None:
        for campaign, times, seconds in seen[:MOST_OFFERS]:
            believed = max(0.0, min(seconds, left_s))
            left_s -= believed
            if times > 0 or believed:
                before = self._sums.get(campaign, (0, 0.0))
                self._sums[campaign] = (before[0] + min(max(times, 0), MOST_TIMES), before[1] + believed)
                self._since = self._now() if self._since is None else self._since

    def tell_when_due(self, *, at_once: bool = False) -> None:
        """Make facts of what was gathered, when its time has come."""
        now = self._now()
        with self._lock:
            if self._since is None or (not at_once and now - self._since < self._tell_s):
                return
            sums, self._sums, self._since = self._sums, {}, None
        for campaign, (times, seconds) in sums.items():
            self._tell(campaign, times, round(min(seconds, 86_400.0), 1))
