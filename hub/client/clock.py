"""What a node knows about the time: its own clock, corrected by its hub, and how far to trust it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from hub.wire.events import ClockState

RELEASED_AT = 1_767_225_600.0
"""1 January 2026: a clock before this has not been set since the program was written."""

CORRECT_BEYOND_S = 2.0
"""Differences below this come from the network's own delay; correcting them would only make the clock nervous."""

JUMP_S = 30.0
"""A clock that NTP keeps is off by less than a second, and steps over more than that only before it is called synchronised."""

PLAUSIBLE_S = 30 * 86_400.0
"""A shop that was closed for a month has a clock that is right; one that is years ahead has none."""

LOOK_S = 1.0
"""How often the mark of systemd-timesyncd is looked for: the time is asked for with every packet."""

_TIMESYNC_MARK = Path("/run/systemd/timesync/synchronized")


def since_boot() -> float:
    """Seconds of a clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Timesync:
    """Whether systemd-timesyncd has set this machine's clock, looked at once a second."""

    def __init__(self, mark: Path = _TIMESYNC_MARK) -> None:
        self._mark = mark
        self._looked_at = -LOOK_S
        self._there = False

    def __call__(self) -> bool:
        now = since_boot()
        if now - self._looked_at >= LOOK_S:
            self._looked_at, self._there = now, self._mark.exists()
        return self._there


class Clock:
    """Wall time in seconds of UTC. Without NTP the shop's hub is the time server.

    Once the hub was heard, its time goes on by a clock that nobody sets (`steady`): a wall clock that is put right later, as a
    Pi's is when its network comes up, must not be corrected twice. Where only `wall` is given, it is taken for steady.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        ntp: Callable[[], bool] | None = None,
        steady: Callable[[], float] | None = None,
    ) -> None:
        self._wall = wall
        self._ntp = ntp or Timesync()
        self._steady = steady or (since_boot if wall is time.time else wall)
        self._heard: tuple[float, float] | None = None
        self._floor: tuple[float, float] | None = None
        self._last: tuple[bool, float] | None = None
        self._jumped = False

    def now(self) -> float:
        """Seconds of UTC, as well as this node knows."""
        if self._set_by_ntp():
            return self._wall()
        if self._heard is not None:
            then, steady = self._heard
            return then + self._steady() - steady
        wall = self._wall()
        if self._floor is None:
            return wall
        then, steady = self._floor
        least = then + self._steady() - steady
        return wall if least <= wall <= least + PLAUSIBLE_S else least

    def start_from(self, heard_at: float) -> None:
        """The hub's time when it was heard before this start (seconds of UTC), 0 where it never was: it is later than that now.

        A machine's clock that shows less, or unbelievably much more, is not believed: time goes on from there.
        """
        if heard_at > 0 and self._floor is None:
            self._floor = heard_at, self._steady()

    def _set_by_ntp(self) -> bool:
        """Whether the network has set this machine's clock, and nobody has moved it since.

        Once NTP has set a clock it is only ever moved by hair's breadths. One that jumps afterwards was set by somebody, or is
        broken: it is not believed any more until the hub says the same.
        """
        ntp, ahead = self._ntp(), self._wall() - self._steady()
        if ntp and self._last is not None and self._last[0] and abs(ahead - self._last[1]) > JUMP_S:
            self._jumped = True
        self._last = ntp, ahead
        return ntp and not self._jumped

    def machine(self) -> float:
        """What this machine's own clock shows, right or not."""
        return self._wall()

    def state(self) -> ClockState:
        """Where the time comes from."""
        if self._set_by_ntp():
            return "ntp"
        if self._heard is not None:
            return "lan"
        return "restored" if self._wall() >= RELEASED_AT else "unset"

    def hear_hub(self, hub_now: float) -> None:
        """Take the hub's time, unless this node has a better source."""
        own = self.now()
        if self._jumped and abs(hub_now - self._wall()) <= CORRECT_BEYOND_S:
            self._jumped = False
        self._heard = (hub_now if abs(hub_now - own) > CORRECT_BEYOND_S else own, self._steady())
