"""What members have is never lost, never doubled: thousands of days of one shop, each drawn by its seed, each judged.

Purchases, points that wait and run out, payments from purses at tills that are cut off, go off and come back, things brought
back, memberships merged, backups put back: the real programs on real files in one process, so the same seed makes the same day.
After every step the books sum. Then the same with mistakes planted: each has to be found.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.prove import Verdict
from tests.prove._places import copied, quick_place
from tests.prove._value_judge import Watcher, judge
from tests.prove._value_schedule import ValueSchedule
from tests.prove._value_world import BUGS, ValueWorld, build

NAME = "value"
PROMISE = "What members have always sums, is spent once while its hub is reachable, and beyond its right by no till."
DEFAULT_SIZE = 200
CI_SIZE = 12
SIZE_NAME = "schedules"

STEPS = 70
CHUNK = 10
REBUILD_EVERY = 10
MOST_TO_CATCH = 200
"""Days within which a planted mistake has to be found."""


@dataclass(slots=True)
class Tally:
    """What some days came to. `broken`: the number of the day and what it broke."""

    counts: Counter[str] = field(default_factory=Counter)
    broken: list[tuple[int, list[str]]] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another's days too."""
        self.counts += other.counts
        self.broken += other.broken


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` days drawn from `seed`, and the planted mistakes."""
    with quick_place(folder) as place:
        build(place / "template")
        total = Tally()
        with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as processes:
            chunks = [(str(place), seed, day, min(day + CHUNK, size), "") for day in range(0, size, CHUNK)]
            for part in processes.map(days, chunks):
                total.add(part)
            found = processes.map(catch, [(str(place), seed, bug) for bug in BUGS])
            caught = dict(zip(BUGS, found, strict=True))
    return _verdict(total, caught, size, seed)


def _verdict(total: Tally, caught: dict[str, tuple[int, str] | None], size: int, seed: int) -> Verdict:
    missed = [bug for bug, found in caught.items() if found is None]
    counts = total.counts
    sentence = (
        f"{size} days, {counts['steps']} steps, {counts['bought']} purchases, {counts['brought back']} brought back, "
        f"{counts['paid']} payments from purses, {counts['alone']} of them by a till alone, {counts['paid in']} paid in, "
        f"{counts['taken back']} taken back, {counts['crashes']} machines went off, {counts['races']} races, "
        f"{counts['restored']} backups put back: {len(total.broken)} days broke a promise. The books summed after every step. "
        f"{counts['beyond']} payments by tills that were cut off were beyond what was there, each as a debt in the books. "
        f"Planted mistakes found: {len(caught) - len(missed)} of {len(caught)}"
    )
    sentence += f" (missed: {', '.join(missed)})." if missed else "."
    if total.broken:
        day, wrong = total.broken[0]
        sentence += f" The first: day {day} of seed {seed}: {wrong[0]}."
    figures: dict[str, Any] = {
        "counts": dict(sorted(counts.items())),
        "broken": [{"day": day, "wrong": wrong[:5]} for day, wrong in total.broken[:20]],
        "planted": {
            bug: "not found" if found is None else {"found by day": found[0], "because": found[1]}
            for bug, found in caught.items()
        },
    }
    return Verdict(not total.broken and not missed, sentence, figures)


def days(chunk: tuple[str, int, int, int, str]) -> Tally:
    """Draw some days. Runs in a process of its own."""
    place, seed, first, end, bug = chunk
    total = Tally()
    for day in range(first, end):
        total.add(_day(Path(place), seed, day, bug))
    return total


def catch(asked: tuple[str, int, str]) -> tuple[int, str] | None:
    """The first day that shows a planted mistake, and by what; None where none does."""
    place, seed, bug = asked
    for day in range(MOST_TO_CATCH):
        broken = _day(Path(place), seed, day, bug).broken
        if broken:
            return day, broken[0][1][0]
    return None


def _day(place: Path, seed: int, number: int, bug: str) -> Tally:
    logging.disable(logging.CRITICAL)
    with copied(place) as folder:
        world = ValueWorld(folder, f"{seed}/{number}")
        if bug:
            BUGS[bug](world)
        world.start()
        watcher = Watcher(world)
        schedule = ValueSchedule(world, watcher.look)
        try:
            schedule.run_value(STEPS)
            wrong = judge(world, schedule, watcher, with_rebuild=number % REBUILD_EVERY == 0)
            acts = world.hub.store.purse.acts_between(0.0, 1e12, 100_000)
            kinds = world.hub.store.journal.kinds()
        finally:
            world.stop()
    spent = [act for act in acts if act.why == "spent"]
    counts = Counter(
        {
            "steps": STEPS,
            "bought": kinds.get("purchase.paid", 0),
            "brought back": kinds.get("purchase.reversed", 0),
            "paid": len(spent),
            "alone": sum(act.offline for act in spent),
            "beyond": sum(act.beyond > 0 for act in spent),
            "paid in": sum(act.why == "topup" for act in acts),
            "taken back": sum(act.reversed for act in acts),
            "run out": schedule.booked,
            "merged": schedule.merged,
            "crashes": schedule.day.crashes,
            "races": schedule.day.races,
            "restored": len(schedule.day.restored_at),
        }
    )
    return Tally(counts, [(number, wrong)] if wrong else [])
