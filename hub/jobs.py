"""What the hub does by itself while it serves: keeps the log short, forgets what has ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped]

from hub.client.db import StorageError
from hub.figures.settling import settle
from hub.messages.rules import read_rules
from hub.store.whole import HubStore
from hub.work import due

logger = logging.getLogger(__name__)

CHECKPOINT_S = 2.0
CHECKPOINT_OCTETS = 8 * 2**20
"""The write-ahead log goes into the file outside of any till's request: looked at so often, done where so much waits in it. What
is in the log is as safe as what is in the file."""

SETTLE_S = 30.0
"""What may be shown of people is looked after so often; a page that asks in between does it itself, for its days."""

PRUNE_S = 600.0
KEEP_ANSWERS_S = 30 * 86_400.0
"""A till that has waited for a month with the same question may ask anew: the coupon is used, whatever it is told."""


def start_jobs(store: HubStore, now: Callable[[], float] = time.time) -> BackgroundScheduler:
    """Begin, in a thread of its own; `shutdown()` on what comes back ends it."""
    # One line a minute at most: a job that is late says nothing that a person would want to know.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = BackgroundScheduler(timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1})
    scheduler.add_job(
        _guarded(lambda: store.checkpoint(CHECKPOINT_OCTETS)),
        "interval",
        seconds=CHECKPOINT_S,
        misfire_grace_time=60,
    )
    scheduler.add_job(
        _guarded(lambda: prune_all(store, now())), "interval", seconds=PRUNE_S, misfire_grace_time=600
    )
    scheduler.add_job(
        _guarded(lambda: settle_all(store, now())), "interval", seconds=SETTLE_S, misfire_grace_time=60
    )
    scheduler.start()
    return scheduler


def prune_all(store: HubStore, now: float) -> None:
    """The same for every shop of the database; of several processes one has the turn."""
    for number in store.shops():
        own = store.of_shop(number)
        # Half of it: the one process of a shop that runs alone comes a little early at times.
        if due(own, "prune", PRUNE_S / 2, now):
            prune(own, now)


def settle_all(store: HubStore, now: float) -> None:
    """Make what may be shown of people anew, so that no page has to wait for it. Where nothing came it only reads; of several
    processes the one that is first does it."""
    for number in store.shops():
        settle(store.of_shop(number), (number,), now)


def prune(store: HubStore, now: float) -> None:
    """Forget sessions and pairing codes that have ended, and answers that nobody can ask for again."""
    sessions = store.people.prune_sessions(now)
    store.persons.prune(now)
    pairings = store.devices.prune_pairings(now)
    answers = store.journal.prune_answers(now - KEEP_ANSWERS_S)
    talks_end = now - read_rules(store.messages.rules()).keep_days * 86_400.0
    store.inbox.prune(talks_end, now - KEEP_ANSWERS_S)
    if sessions or pairings or answers:
        logger.info("pruned sessions=%d pairings=%d answers=%d", sessions, pairings, answers)


def _guarded(job: Callable[[], None]) -> Callable[[], None]:
    """A full disk is told by the list of warnings; the job tries again at its next turn."""

    def run() -> None:
        try:
            job()
        except StorageError as wrong:
            logger.warning("a job was not done: %s", wrong)

    return run
