"""Who of the staff may sign in at a node: PINs, and how long somebody waits who guesses.

Every try is counted on disk before the PIN is looked at, so that neither many threads nor pulling the plug gives a free one.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from hub.client.db import writing
from hub.client.staff_rows import StaffRows
from hub.wire.snapshot import Staff

FREE_TRIES_OF_STAFF = 3
FREE_TRIES_OF_NODE = 9
"""Three people may mistype on the same morning; more than FREE_TRIES_OF_STAFF, or one person would lock all the others out."""

FIRST_WAIT_S = 10.0
LONGEST_WAIT_S = 900.0
"""With a quarter of an hour between tries, four digits last for a hundred days."""

LONGEST_PIN = 64
NODE = "node"


@dataclass(frozen=True, slots=True)
class Wait:
    """Too many wrong PINs; `seconds` until the next try counts."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Wrong:
    """Not this PIN."""


def wait_s(tries: int, free: int) -> float:
    """How long to wait after so many wrong PINs in a row: nothing at first, then doubling."""
    if tries < free:
        return 0.0
    return float(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(tries - free, 16)))


class PinCheck:
    """Checks PINs against the hashes of the snapshot."""

    def __init__(self, rows: StaffRows) -> None:
        self._rows = rows
        # One hash at a time: each takes as much memory as the rest of the program.
        self._one = threading.Lock()

    def check(self, person: Staff | None, pin: str, now: float) -> Staff | Wait | Wrong:
        """Whether this PIN is that person's. Somebody unknown costs the node a try like everybody else."""
        who = [(NODE, FREE_TRIES_OF_NODE)]
        if person is not None:
            who.append((f"staff {person.id}", FREE_TRIES_OF_STAFF))
        with self._one:
            waiting = self._count(who, now)
            if waiting is not None:
                return waiting
            if person is None or len(pin) > LONGEST_PIN or not _matches(person.pin, pin):
                return Wrong()
            self._forgive(who, now)
            return person

    def _count(self, who: list[tuple[str, int]], now: float) -> Wait | None:
        with writing(self._rows.pool.here()) as conn:
            longest = 0.0
            for name, free in who:
                tries, at = self._rows.wrong_pins(conn, name)
                if at > now:
                    # The clock was set back: the wait begins again, it does not grow by years.
                    self._rows.set_wrong_pins(conn, name, tries, now)
                    at = now
                longest = max(longest, at + wait_s(tries, free) - now if tries else 0.0)
            if longest > 0:
                return Wait(longest)
            for name, _ in who:
                tries, _ = self._rows.wrong_pins(conn, name)
                self._rows.set_wrong_pins(conn, name, tries + 1, now)
        return None

    def _forgive(self, who: list[tuple[str, int]], now: float) -> None:
        """The right PIN clears a person's count, and gives the node back only this one try: else whoever has a PIN could
        guess the others' for ever."""
        with writing(self._rows.pool.here()) as conn:
            for name, _ in who:
                tries, _ = self._rows.wrong_pins(conn, name)
                self._rows.set_wrong_pins(conn, name, max(0, tries - 1) if name == NODE else 0, now)


def _matches(hashed: str, pin: str) -> bool:
    # Late: a node at rest needs none of it.
    from argon2 import PasswordHasher
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        return PasswordHasher().verify(hashed, pin)
    except (Argon2Error, InvalidHashError):
        return False
