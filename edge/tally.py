"""Counting heads against the door's own windows: what the installer taps, paired with what the radio counted meanwhile.

Pure: `edge.live` tells it each tap and each window that the door has measured; the clock is that of the packets. A window pairs
with the heads only when it was counted from its first second to its last; the heads of a window are their mean over it.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from edge.occupancy import Occupancy

COUNT_S = 900.0
"""Fifteen minutes, as long as a person counts without mistakes: some fourteen windows of a minute."""

LEAST_WINDOWS = 5
"""Below, the count says less about this shop than the usual figures do."""

PAUSED = -1


class Counted(msgspec.Struct, frozen=True):
    """One window that was counted by both: `names` by the radio in all zones together, and the mean of the heads over it."""

    at: float
    names: float
    heads: float


class Tally:
    """One count, from its first tap on. Heads are people inside, staff included."""

    def __init__(self, heads: int, now: float) -> None:
        self._taps: list[tuple[float, int]] = [(now, heads)]
        self._now = now
        self._heads = heads
        self.counted: list[Counted] = []

    @property
    def heads(self) -> int:
        """The latest number, also while paused."""
        return self._heads

    @property
    def paused(self) -> bool:
        """Whether nobody looks just now."""
        return self._taps[-1][1] == PAUSED

    @property
    def counted_s(self) -> float:
        """How long somebody has looked."""
        return sum(end - begin for begin, end, heads in self._spans() if heads != PAUSED)

    @property
    def enough(self) -> bool:
        """Whether the time is over and there is something to go by."""
        return self.counted_s >= COUNT_S and len(self.counted) >= LEAST_WINDOWS

    def tick(self, now: float) -> None:
        """Let time pass. A clock that was set back makes the taps worthless: the count begins anew with its latest number."""
        if now < self._taps[-1][0] - 60:
            self._taps = [(now, self._taps[-1][1])]
            self._now = now
        self._now = max(self._now, now)

    def tap(self, heads: int, *, paused: bool = False) -> None:
        """So many from now on; `paused`: nobody looks."""
        self._heads = heads
        said = PAUSED if paused else heads
        if said != self._taps[-1][1]:
            self._taps.append((self._now, said))

    def measured(self, windows: Iterable[Occupancy]) -> None:
        """What the door has counted; several zones have each their window at the same time."""
        names: dict[float, float] = {}
        lasted_s: dict[float, float] = {}
        for window in windows:
            names[window.at] = names.get(window.at, 0.0) + window.working.names
            lasted_s[window.at] = window.window_s
        for at, counted in names.items():
            heads = self._mean(at - lasted_s[at], at)
            if heads is not None:
                self.counted.append(Counted(at, counted, heads))

    def _spans(self) -> list[tuple[float, float, int]]:
        ends = [at for at, _ in self._taps[1:]] + [self._now]
        return [(begin, max(begin, end), heads) for (begin, heads), end in zip(self._taps, ends, strict=True)]

    def _mean(self, begin: float, end: float) -> float | None:
        """The mean of the heads over this time; None where nobody looked for a part of it."""
        self.tick(end)
        covered, people = 0.0, 0.0
        for since, until, heads in self._spans():
            share = min(end, until) - max(begin, since)
            if share <= 0:
                continue
            if heads == PAUSED:
                return None
            covered += share
            people += share * heads
        return people / covered if end > begin and covered >= end - begin - 0.5 else None
