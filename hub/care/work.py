"""What workers do for care plans, again and again: look who goes in, take the steps that are due, forget what no cap looks back
to."""

from __future__ import annotations

import logging
import time

from hub.care.crowds import let_in_crowds
from hub.care.entering import let_in_the_coming, look_through_journal, look_through_segments
from hub.care.frequency import MOST_DAYS
from hub.care.made import means_of, with_coupons
from hub.care.means import Means
from hub.care.walking import walk
from hub.config import Config
from hub.store.whole import HubStore

logger = logging.getLogger(__name__)

LOOK_FOR_S = 1.5
"""How long one turn may take before others have theirs; what is left is taken up half a second later."""


def work_care(store: HubStore, config: Config, now: float) -> None:
    """One turn of one worker. Any number of them may take theirs at the same time."""
    if not store.care.plans():
        return
    means, began = means_of(store, config), time.monotonic()
    let_in(means, now, began + LOOK_FOR_S)
    with with_coupons(means, store, config, now) as giving:
        while walk(giving, now) and time.monotonic() - began < LOOK_FOR_S:
            pass


def turn(means: Means, now: float) -> None:
    """Everything that is to be done at `now`."""
    busy = True
    while busy:
        busy = let_in(means, now)
        busy = bool(walk(means, now)) or busy


def let_in(means: Means, now: float, until: float | None = None) -> bool:
    """Let in whoever goes into a plan now; whether there was anybody to look at. `until` (of `time.monotonic`): what takes longer
    is left for the next turn."""
    some = False
    while True:
        busy = look_through_journal(means, now)
        busy = look_through_segments(means, now) or busy
        busy = let_in_crowds(means, now) or busy
        busy = let_in_the_coming(means, now) or busy
        some = some or busy
        if not busy or (until is not None and time.monotonic() > until):
            return some


def tidy_care(store: HubStore, _config: Config, now: float) -> None:
    """Forget to whom something was sent longer ago than any cap looks back."""
    gone = store.care.prune_contacts(now - (MOST_DAYS + 2) * 86_400.0)
    if gone:
        logger.info("forgot %d messages that no cap counts any more", gone)
