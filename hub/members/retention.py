"""For how long people are kept: who is not heard of for the months that the shop says is forgotten by itself, as by a wish.

The shop decides (`python -m hub member keep --months 36`); without its word nobody is forgotten by themselves. A sign of life is
a visit in which they were recognised, a purchase, a coupon, a yes or a no, a change of their fields. Messages that have gone out
are kept for `LETTERS_S`; what was said in talks as `hub.jobs` says; files that were taken in or given out for a week.
"""

from __future__ import annotations

import logging

from hub.config import Config
from hub.members.consent import withdraw
from hub.store.base import Store
from hub.store.whole import HubStore
from hub.wire.events import ClockState

logger = logging.getLogger(__name__)

MONTH_S = 365.2425 / 12 * 86_400.0
LETTERS_S = 400 * 86_400.0
LEAST_MONTHS, MOST_MONTHS = 3, 240
AT_ONCE = 200
"""In one turn, so that a shop that begins with it is not busy for a night; the next turn goes on."""

PLACE = "Retention"


def keep_no_longer(store: Store, now: float, clock: ClockState = "ntp") -> int:
    """Let those be forgotten who are not heard of any more; how many. Opens its own transactions."""
    months = store.idle.months()
    if not months:
        return 0
    idle = store.idle.members(now - months * MONTH_S, AT_ONCE)
    for member in idle:
        withdraw(store, member, "all", place=PLACE, proof="", now=now, clock=clock)
    if idle:
        logger.info("not heard of for %d months: %d are forgotten", months, len(idle))
    return len(idle)


def work_retention(store: HubStore, _config: Config, now: float) -> None:
    """The repeated job of a worker."""
    keep_no_longer(store, now)
    store.messages.prune(now - LETTERS_S)
