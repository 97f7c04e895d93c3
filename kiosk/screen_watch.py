"""What is to be done about the browser of the shoppers' screen, from how it looked.

Pure. `kiosk.screen_browser` looks every two seconds and does what stands here: a page that crashed or went blank is loaded
again, a browser that is gone or says nothing is started again, later each time, and one that cannot reach its server shows a
calm page until it can.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

SILENT_LOOKS = 2
"""Looks in a row without an answer (each waits for seconds) until a browser counts as hanging."""

BLANK_S, LOADING_S = 4.0, 25.0
"""How long a page may be blank that was well before, and one that is still being loaded: a small computer takes its time."""

LEAST_CHARACTERS = 10
"""Every page of ours says more than this."""

MOST_RELOADS, RELOADS_WITHIN_S = 3, 60.0
"""More reloads than this in a minute do not help: then the browser itself is started again."""

BACK_OFF_FIRST_S, BACK_OFF_LONGEST_S = 0.5, 30.0
SETTLED_S = 60.0


class Step(StrEnum):
    """What to do."""

    NOTHING = "nothing"
    LOAD = "load"
    """Load the start page."""
    WAIT = "wait"
    """Show the calm page: the server does not answer."""
    RESTART = "restart"
    """End the browser and start it again."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One look. `answered`: the page did; `ours`: it is one of the screen's own pages; `waiting`: it is the calm page;
    `characters`: how many a person can read on it; `server`: whether the server answers, looked at where it matters."""

    running: bool = True
    crashed: bool = False
    answered: bool = True
    ours: bool = True
    waiting: bool = False
    characters: int = 100
    server: bool = True


@dataclass(slots=True)
class Judge:
    """Judges looks, one after the other. Times are seconds of a steady clock."""

    silent: int = 0
    blank_since: float | None = None
    is_loading: bool = True
    good_since: float | None = None
    reloads: list[float] = field(default_factory=list)
    deaths: int = 0

    def judge(self, seen: Seen, now: float) -> Step:
        """What is to be done about this look."""
        step = self._step(seen, now)
        if step is Step.NOTHING and seen.answered and not self.silent and self.blank_since is None:
            self.good_since = now if self.good_since is None else self.good_since
            if now - self.good_since >= SETTLED_S:
                self.deaths = 0
        else:
            self.good_since = None
        return step

    def pause_s(self) -> float:
        """How long to wait before the browser is started again; call it once for each time."""
        self.deaths += 1
        self.silent, self.blank_since, self.is_loading = 0, None, True
        self.reloads.clear()
        return min(BACK_OFF_LONGEST_S, BACK_OFF_FIRST_S * 2.0 ** min(self.deaths - 1, 10))

    def _step(self, seen: Seen, now: float) -> Step:
        if not seen.running:
            return Step.RESTART
        if seen.crashed:
            return self._load(now)
        if not seen.answered:
            self.silent += 1
            return Step.RESTART if self.silent >= SILENT_LOOKS else Step.NOTHING
        self.silent = 0
        if seen.waiting:
            self.blank_since, self.is_loading = None, seen.server
            return Step.LOAD if seen.server else Step.NOTHING
        if seen.ours and seen.characters >= LEAST_CHARACTERS:
            self.blank_since, self.is_loading = None, False
            return Step.NOTHING
        if self.blank_since is None:
            self.blank_since = now
        # Where the server is away nothing is being loaded.
        if now - self.blank_since < (LOADING_S if self.is_loading and seen.server else BLANK_S):
            return Step.NOTHING
        self.blank_since = None
        # A browser that is started again would not reach the server either.
        return self._load(now) if seen.server else Step.WAIT

    def _load(self, now: float) -> Step:
        self.reloads = [at for at in self.reloads if now - at < RELOADS_WITHIN_S]
        if len(self.reloads) >= MOST_RELOADS:
            return Step.RESTART
        self.reloads.append(now)
        self.blank_since, self.is_loading = None, True
        return Step.LOAD
