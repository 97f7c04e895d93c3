"""What to do about a radio that falls silent: one step after another, each only when the one before did not help.

Pure: `edge.scan` looks every CHECK_S, carries the steps out through `hardware.ble.recovery` and says how they went. Times are in
seconds of a clock that does not jump.

Silence proves little: at four in the morning there may be nobody. So a ladder that did not help ends in one of two verdicts.
STUCK, and something has to be unplugged: the adapter does not take commands, or another receiver of ours hears what it does not,
or nothing was heard for a day. QUIET otherwise: nothing is heard, and the adapter answers.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

CHECK_S = 30.0
"""How often silence is looked at: a step, and then as long to show whether it helped as an adapter takes to come back (10 s)."""

SILENT_S = 90.0
"""So long without a packet is stuck: in any street something speaks every few seconds, and the warning waits as long. At 30 s
a shop without customers would have its radio restarted all day; at 5 min whole visits are lost."""

FIRST_PAUSE_S = 300.0
LONGEST_PAUSE_S = 3600.0
"""After a ladder that did not help: 5 minutes, then each time twice as long. Oftener, and advertising is cut off all through a
quiet night; longer than an hour, and a radio that would come back in the morning does not."""

DAY_S = 86_400.0
"""No street is silent for a day: an adapter that hears nothing for so long is stuck, whatever it answers."""

HELPED_WITHIN_S = 60.0
"""A packet so soon after a step is that step's doing: two looks. What comes later came by itself."""

RECOVERED_TOLD_S = 3600.0
"""For an hour people are told that the radio was away: long enough to be read, short enough to be of today."""


class Step(Enum):
    """The steps, in their order: each reaches deeper and disturbs more."""

    SCAN = "scan"
    POWER = "power"
    USB = "usb"
    RELOAD = "reload"


LADDER = tuple(Step)
SHORT_LADDER = (Step.SCAN, Step.POWER)
"""What is tried again where it is only quiet: the deeper steps would cut off advertising for nothing."""


class Verdict(Enum):
    """How a radio is."""

    HEARS = "hears"
    CLIMBING = "climbing"
    STUCK = "stuck"
    QUIET = "quiet"


class Tried(NamedTuple):
    """A step that was tried, and whether it could be carried out; `said` is the reason if not."""

    step: Step
    done: bool
    said: str = ""


class Recovered(NamedTuple):
    """A silence that is over: when, after how long, why (a reason's word; "silent" where nobody said more), and the step that
    ended it (None: it came back by itself).
    """

    at: float
    silent_s: float
    why: str
    step: Step | None


class Ladder:
    """One radio's way back. `tried` are the steps of this silence; `recovered` is the last one that was more than quiet."""

    def __init__(self, now: float) -> None:
        self.tried: list[Tried] = []
        self.recovered: Recovered | None = None
        self._heard_at = now
        self._steps: tuple[Step, ...] = LADDER
        self._place = 0
        self._pause_s = FIRST_PAUSE_S
        self._stepped_at: float | None = None
        self._under_way: Step | None = None
        self._waits_until = now
        self._judged: Verdict | None = None
        self._failure = ""

    def verdict(self, now: float) -> Verdict:
        """How the radio is now."""
        if now - self._heard_at < SILENT_S:
            return Verdict.HEARS
        return self._judged or Verdict.CLIMBING

    def heard(self, now: float) -> None:
        """A packet came: the silence is over, and the next one begins at the foot of the ladder.

        It may come while a step is still being carried out, which then is the one that helped.
        """
        if self.tried or self._failure or self._under_way:
            self._get_up(now)
        self._heard_at = now

    def failed(self, why: str) -> None:
        """The radio says itself that it cannot be used, by a reason's word; it is opened again and again until it can."""
        # After a step of ours it says so because of that step.
        self._failure = self._failure if self.tried else why

    def look(self, now: float, *, answers: bool, others_hear: bool) -> Step | None:
        """The step that is to be tried now, if any.

        `answers`: the adapter has taken its last command to scan. `others_hear`: another receiver of ours hears something.
        """
        if now - self._heard_at < SILENT_S or now < self._waits_until:
            return None
        if self._place < len(self._steps):
            self._under_way = self._steps[self._place]
            return self._under_way
        # The ladder did not help: judge, and wait longer than the last time.
        stuck = others_hear or not answers or now - self._heard_at >= DAY_S
        self._judged = Verdict.STUCK if stuck else Verdict.QUIET
        self._steps = LADDER if stuck else SHORT_LADDER
        self._place = 0
        self._waits_until = now + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        return None

    def went(self, step: Step, now: float, *, done: bool, said: str = "") -> None:
        """How a step went. One that could not be carried out makes room for the next at once."""
        if self._under_way is not step:
            return  # It helped before it was through: that silence is over, and told.
        self._under_way = None
        self.tried = [*(one for one in self.tried if one.step is not step), Tried(step, done, said)]
        self._place += 1
        if done:
            self._stepped_at = now
            self._waits_until = now + CHECK_S

    def _get_up(self, now: float) -> None:
        helped = self._stepped_at is not None and now - self._stepped_at <= HELPED_WITHIN_S
        last = next((one.step for one in reversed(self.tried) if one.done), None) if helped else None
        last = self._under_way or last
        if last is not None or self._failure or self._judged is not Verdict.QUIET:
            # After a quiet night the first customer is no recovery.
            self.recovered = Recovered(now, now - self._heard_at, self._failure or "silent", last)
        self.tried = []
        self._steps, self._place, self._pause_s = LADDER, 0, FIRST_PAUSE_S
        self._stepped_at, self._under_way = None, None
        self._waits_until, self._judged, self._failure = now, None, ""
