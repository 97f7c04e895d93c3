"""A coupon is spent once, whatever happens: thousands of days of one shop, each drawn by its seed, each judged.

The hub, the tills and the door are the real programs on real files, put together in one process, so that a day of a thousand
messages takes a tenth of a second and the same seed makes the same day (`_coupon_world`, `_coupon_schedule`, `_coupon_judge`).
Then the same with mistakes planted (`_coupon_bugs`): each has to be found, or the proof itself is worth nothing.
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
from tests.prove._coupon_bugs import BUGS
from tests.prove._coupon_escrow import sell
from tests.prove._coupon_judge import accepted, judge
from tests.prove._coupon_schedule import Schedule
from tests.prove._coupon_world import World, build
from tests.prove._places import copied, quick_place

NAME = "coupons"
PROMISE = "No coupon is accepted twice while its hub is reachable, no lot is oversold, each green light is in the ledger once."
DEFAULT_SIZE = 10_000
CI_SIZE = 100
SIZE_NAME = "schedules"

STEPS = 80
CHUNK = 25
"""Days that a process draws in one go."""

REBUILD_EVERY = 20
MOST_TO_CATCH = 400
"""Days within which a planted mistake has to be found."""

MOST_STRANDED = 0.01
LOTS = 4


@dataclass(slots=True)
class Tally:
    """What some days came to. `broken`: the number of the day and what it broke."""

    days: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    broken: list[tuple[int, list[str]]] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another's days too."""
        self.days += other.days
        self.counts += other.counts
        self.broken += other.broken


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` days drawn from `seed`, the planted mistakes, and the lots."""
    with quick_place(folder) as place:
        build(place / "template")
        total = Tally()
        with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as processes:
            chunks = [(str(place), seed, day, min(day + CHUNK, size), "") for day in range(0, size, CHUNK)]
            for part in processes.map(days, chunks):
                total.add(part)
            caught = dict(
                zip(BUGS, processes.map(catch, [(str(place), seed, bug) for bug in BUGS]), strict=True)
            )
            stranded = list(processes.map(lot, [(str(place), seed, number) for number in range(LOTS)]))
    return _verdict(total, caught, stranded, seed)


def _verdict(
    total: Tally, caught: dict[str, tuple[int, str] | None], stranded: list[tuple[float, float]], seed: int
) -> Verdict:
    most = max(share for share, _ in stranded)
    missed = [bug for bug, found in caught.items() if found is None]
    counts = total.counts
    sentence = (
        f"{total.days} days, {counts['steps']} steps, {counts['shown']} coupons shown, {counts['accepted']} accepted, "
        f"{counts['alone']} of them by a till alone, {counts['crashes']} machines went off, {counts['races']} races: "
        f"{len(total.broken)} days broke a promise. {counts['doubles']} doubles, all by tills that were cut off, each with its "
        f"cost in the office. Stranded of a lot at {100 * min(reached for _, reached in stranded):.0f}% reachability: at most "
        f"{100 * most:.2f}%. Planted mistakes found: {len(caught) - len(missed)} of {len(caught)}"
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
        "stranded": [round(share, 4) for share, _ in stranded],
        "reachable": [round(reached, 3) for _, reached in stranded],
    }
    ok = not total.broken and not missed and most <= MOST_STRANDED
    return Verdict(ok, sentence, figures)


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


def lot(asked: tuple[str, int, int]) -> tuple[float, float]:
    """The stranded share of one lot, and the share of the time in which the hub could be reached."""
    place, seed, number = asked
    with copied(Path(place)) as folder:
        sold = sell(folder, f"{seed}/lot {number}")
        return sold.stranded, sold.reached


def _day(place: Path, seed: int, number: int, bug: str) -> Tally:
    # What the hub logs about its own end is no news here.
    logging.disable(logging.CRITICAL)
    with copied(place) as folder:
        world = World(folder, f"{seed}/{number}")
        if bug:
            BUGS[bug](world)
        world.start()
        try:
            day = Schedule(world).run(STEPS)
            wrong = judge(world, day, with_rebuild=number % REBUILD_EVERY == 0)
            doubles = len(world.hub.store.counter.conflicts(10_000))
        finally:
            world.stop()
    counts = Counter(
        steps=STEPS,
        taken=len(day.taken),
        shown=len(day.shown),
        accepted=sum(accepted(shown) for shown in day.shown),
        alone=sum(accepted(shown) and shown.verdict.offline for shown in day.shown if shown.verdict),
        undone=sum(undoing.saw is not None and undoing.saw.state == "reversed" for undoing in day.undoings),
        held=sum(shown.hold is not None and shown.hold.held for shown in day.shown),
        crashes=day.crashes,
        races=day.races,
        restored=len(day.restored_at),
        doubles=doubles,
    )
    return Tally(1, counts, [(number, wrong)] if wrong else [])
