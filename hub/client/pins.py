"""Who of the staff may sign in at a node: PINs, and how often somebody may guess.

Every try is counted on disk before the PIN is looked at, so that neither many threads nor pulling the plug gives a free one.
Ten wrong PINs an hour for each person, whatever the pattern, and thirty for the node in all; before that, waits that double.

Time is that since the machine was switched on, which nobody can set: a wall clock may jump by hours when a hub or a time
server is heard. Of a guess before the last start only this is certain: it is at least as long ago as that start. So nothing is
forgiven by switching off and on, and at most an hour after a start a person may try again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hub.client.db import writing
from hub.client.staff_rows import StaffRows, Tried
from hub.wire.pins import argon2_input, read_pin
from hub.wire.snapshot import Staff

WINDOW_S = 3_600.0
GUESSES_OF_STAFF = 10
GUESSES_OF_NODE = 30
"""Wrong PINs within any hour. Six digits under ten guesses an hour last for five years on average, four for three weeks."""

FREE_TRIES_OF_STAFF = 3
FREE_TRIES_OF_NODE = 9
"""Three people may mistype on the same morning; more than FREE_TRIES_OF_STAFF, or one person would lock all the others out."""

FIRST_WAIT_S = 10.0
LONGEST_WAIT_S = 900.0

LONGEST_PIN = 64
NODE = "node"

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Wait:
    """Too many wrong PINs; `seconds` until the next try counts."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Wrong:
    """Not this PIN."""


@dataclass(frozen=True, slots=True)
class Unready:
    """This node cannot look at the PIN yet: what lies beneath it has not come from the hub. Nothing was counted."""


@dataclass(frozen=True, slots=True)
class Uptime:
    """Seconds since the machine was switched on, asleep or awake, and which start that was."""

    boot: str
    seconds: float


def uptime() -> Uptime:
    """This machine's."""
    boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
    return Uptime(boot, time.clock_gettime(time.CLOCK_BOOTTIME))


def since_s(tried: Tried, now: Uptime) -> float:
    """How long ago a try was, at least."""
    return max(0.0, now.seconds - tried.seconds) if tried.boot == now.boot else max(0.0, now.seconds)


def wait_s(tries: int, free: int) -> float:
    """How long to wait after so many wrong PINs in a row: nothing at first, then doubling."""
    if tries < free:
        return 0.0
    return float(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(tries - free, 16)))


@dataclass(frozen=True, slots=True)
class _Limit:
    """Whose tries are counted, and how many are let through."""

    who: str
    free: int
    in_window: int


def _no_pepper() -> bytes | None:
    return None


class PinCheck:
    """Checks PINs against the hashes of the snapshot. `pepper` is what lies beneath them, None while it has not come;
    `chain_pepper` beneath those of head office's staff."""

    def __init__(
        self,
        rows: StaffRows,
        pepper: Callable[[], bytes | None] = _no_pepper,
        steady: Callable[[], Uptime] = uptime,
        chain_pepper: Callable[[], bytes | None] = _no_pepper,
    ) -> None:
        self._rows = rows
        self._pepper = pepper
        self._chain_pepper = chain_pepper
        self._steady = steady
        # One hash at a time: each takes as much memory as the rest of the program.
        self._one = threading.Lock()

    def check(self, person: Staff | None, pin: str) -> Staff | Wait | Wrong | Unready:
        """Whether this PIN is that person's. Somebody unknown costs the node a try like everybody else."""
        limits = [_Limit(NODE, FREE_TRIES_OF_NODE, GUESSES_OF_NODE)]
        if person is not None:
            limits.append(_Limit(f"staff {person.id}", FREE_TRIES_OF_STAFF, GUESSES_OF_STAFF))
        with self._one:
            hashed, text = "", None
            if person is not None:
                kept = read_pin(person.pin)
                hashed, text = kept.hashed, argon2_input(kept, self._pepper(), pin)
                if text is None:
                    # Somebody of head office's, whose hub has another one.
                    text = argon2_input(kept, self._chain_pepper(), pin)
                if text is None:
                    return Unready()
            waiting = self._count(limits)
            if waiting is not None:
                return waiting
            if person is None or text is None or len(pin) > LONGEST_PIN or not _matches(hashed, text):
                return Wrong()
            self._forgive(limits)
            return person

    def _count(self, limits: list[_Limit]) -> Wait | None:
        now = self._steady()
        with writing(self._rows.pool.here()) as conn:
            longest = max(self._wait(self._rows.tried(conn, one.who), one, now) for one in limits)
            if longest > 0:
                return Wait(longest)
            for one in limits:
                self._rows.count_try(conn, one.who, now.boot, now.seconds, keep=one.in_window)
        return None

    @staticmethod
    def _wait(tries: list[Tried], limit: _Limit, now: Uptime) -> float:
        """`tries`: the newest first, as many as the window lets through."""
        if not tries:
            return 0.0
        in_a_row = wait_s(tries[0].in_a_row, limit.free) - since_s(tries[0], now)
        if len(tries) < limit.in_window:
            return in_a_row
        # From the least of all the guesses that would still be within the hour.
        longest_ago = max(since_s(one, now) for one in tries[: limit.in_window])
        return max(in_a_row, WINDOW_S - longest_ago)

    def _forgive(self, limits: list[_Limit]) -> None:
        """The right PIN was no guess: this one try goes, and the person's waits begin anew. The wrong ones before it stay, and
        so do the node's waits, or whoever has a PIN could guess the others' for ever."""
        with writing(self._rows.pool.here()) as conn:
            for one in limits:
                self._rows.take_back_try(conn, one.who, clear=one.who != NODE)


def _matches(hashed: str, text: str) -> bool:
    # Late: a node at rest needs none of it.
    from argon2 import PasswordHasher
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        return PasswordHasher().verify(hashed, text)
    except (Argon2Error, InvalidHashError):
        return False
