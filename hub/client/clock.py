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

_TIMESYNC_MARK = Path("/run/systemd/timesync/synchronized")


class Clock:
    """Wall time in seconds of UTC. Without NTP the shop's hub is the time server."""

    def __init__(
        self, wall: Callable[[], float] = time.time, ntp: Callable[[], bool] = _TIMESYNC_MARK.exists
    ) -> None:
        self._wall = wall
        self._ntp = ntp
        self._offset_s = 0.0
        self._heard_hub = False

    def now(self) -> float:
        """Seconds of UTC, as well as this node knows."""
        return self._wall() + self._offset_s

    def state(self) -> ClockState:
        """Where the time comes from."""
        if self._ntp():
            return "ntp"
        if self._heard_hub:
            return "lan"
        return "restored" if self.now() >= RELEASED_AT else "unset"

    def hear_hub(self, hub_now: float) -> None:
        """Take the hub's time, unless this node has a better source."""
        self._heard_hub = True
        if self._ntp():
            self._offset_s = 0.0
        elif abs(hub_now - self.now()) > CORRECT_BEYOND_S:
            self._offset_s = hub_now - self._wall()
