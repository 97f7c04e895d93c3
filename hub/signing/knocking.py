"""Guesses are counted before they are looked at, and after a few each has to wait longer than the one before."""

from __future__ import annotations

from dataclasses import dataclass

from hub.store.base import Store
from hub.store.entry import Knocks

FORGET_AFTER_S = 86_400
WAIT_FIRST_S, WAIT_LONGEST_S = 5.0, 900.0
FREE_FROM_ONE_PLACE = 5
"""Wrong tries from one address before it has to wait."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Too many wrong tries: nothing is looked at before so many seconds have passed."""

    seconds: float


def wait_s(knocks: Knocks, now: float, *, free: int, longest_s: float) -> float:
    """How long until the next try is looked at: nothing for the first few, then doubling, counted from the latest try."""
    over = knocks.count - free
    if over < 0 or now - knocks.latest_at > FORGET_AFTER_S:
        return 0.0
    step = min(longest_s, WAIT_FIRST_S * 2.0 ** min(over, 20))
    # A clock that was set back must not lock anybody out for long.
    return min(step, max(0.0, knocks.latest_at + step - now))


def knock(
    store: Store,
    what: str,
    subject: str,
    now: float,
    *,
    free: int = FREE_FROM_ONE_PLACE,
    longest_s: float = WAIT_LONGEST_S,
) -> Wait | None:
    """Count one more try, on disk before anything is compared; Wait where this one is not looked at."""
    with store.writing():
        seconds = wait_s(store.entry.knocks(what, subject), now, free=free, longest_s=longest_s)
        if seconds > 0:
            return Wait(seconds)
        store.entry.knock(what, subject, now, forget_after_s=FORGET_AFTER_S)
    return None
