"""The power goes at any moment of a day at the counter; what was acknowledged is there afterwards, whole, once."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.prove import Verdict
from tests.prove._disk import folder_as_base
from tests.prove._power_replay import Cutter, Found, Story, read_story
from tests.prove._power_shop import make_old_hub
from tests.prove._recorder import NoCompiler, build, read_trace, start

NAME = "powercut"
PROMISE = "Pull the plug at any moment: nothing corrupt, nothing acknowledged lost, nothing half done, and it goes on."
DEFAULT_SIZE = 100_000
CI_SIZE = 600
SIZE_NAME = "cuts"

ACTS_FEWEST, ACTS_MOST, CUTS_FOR_ACT = 40, 400, 100
PLANTED_ACTS, PLANTED_CUTS = 30, 300
"""The same with `synchronous=NORMAL`, which does not sync a commit: a proof that does not find that proves nothing."""

KINDS = frozenset(
    {"issue", "redeem", "reserve", "release", "reverse", "pin", "print", "tell", "migrate", "enrol"}
)
"""What a day has to have in it."""

MEMORY = Path("/dev/shm")
"""A disk in memory, for images by the thousand; each run has a folder of its own there."""


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` cuts in one recorded day."""
    place = Path(tempfile.mkdtemp(prefix="powercut-", dir=MEMORY)) if os.access(MEMORY, os.W_OK) else folder
    try:
        library = build(folder)
        acts = max(ACTS_FEWEST, min(ACTS_MOST, size // CUTS_FOR_ACT))
        story = record(library, place / "full", seed, acts, "FULL")
        found = cut(story, size, seed, place / "cuts")
        planted_story = record(library, place / "normal", seed, PLANTED_ACTS, "NORMAL")
        planted = cut(planted_story, PLANTED_CUTS, seed, place / "planted")
    except NoCompiler as wrong:
        return Verdict(False, str(wrong))
    finally:
        if place != folder:
            shutil.rmtree(place, ignore_errors=True)
    done = {str(ack["act"]) for _, ack in story.acks}
    caught = planted.trouble["lost"] > 0
    ok = not found.trouble and caught and done >= KINDS
    figures = figures_of(story, found) | {
        "missing_acts": sorted(KINDS - done),
        "with_synchronous_normal": dict(planted.trouble),
        "planted": planted.wrong[:3],
    }
    troubles = ", ".join(
        f"{found.trouble[kind]} {kind}" for kind in ("corrupt", "lost", "half done", "doubled", "stuck")
    )
    sentence = f"{found.cuts} cuts into {acknowledged(story)} acknowledged acts ({found.images} different disks): {troubles}"
    rest = f"with synchronous=NORMAL {planted.bad} of {planted.cuts} cuts do harm, as they should"
    return Verdict(ok, f"{sentence}; {rest if caught else 'synchronous=NORMAL was not caught'}.", figures)


def figures_of(story: Story, found: Found) -> dict[str, Any]:
    """What was cut, and how much of it differed."""
    return {
        "calls": len(story.entries),
        "acknowledged": acknowledged(story),
        "cuts": found.cuts,
        "different_disks": found.images,
        "different_contents": found.contents,
        "opened_by_the_programs": found.pairs,
        "trouble": dict(found.trouble),
        "wrong": found.wrong[:12],
    }


def acknowledged(story: Story) -> int:
    """How many acts were acknowledged; that one was begun is no acknowledgement."""
    return sum(ack["act"] != "begin" for _, ack in story.acks)


def record(library: Path, place: Path, seed: int, acts: int, sync: str, *more: str) -> Story:
    """A day under the recorder, read back."""
    shop, trace = place / "shop", place / "trace"
    make_old_hub(shop / "hub", time.time())
    base = folder_as_base(shop)
    child = start(
        library, "tests.prove._power_day", [str(shop), str(seed), str(acts), sync, *more], shop, trace
    )
    _, said = child.communicate(timeout=600)
    if child.returncode:
        raise RuntimeError(f"the day could not be recorded: {said[-2000:]}")
    shutil.rmtree(shop)
    story = read_story(shop, base, list(read_trace(trace)), place / "now")
    trace.unlink()
    return story


def cut(story: Story, cuts: int, seed: int, place: Path) -> Found:
    """The cuts, shared out among the processors."""
    workers = max(1, min(len(os.sched_getaffinity(0)), cuts // 100))
    shares = [cuts // workers + (number < cuts % workers) for number in range(workers)]
    found = Found()
    # Forked: the story is there in each without being copied.
    context = multiprocessing.get_context("fork")
    with context.Pool(workers, initializer=_take, initargs=(story,)) as pool:
        jobs = [
            pool.apply_async(_work, (share, seed * 1000 + number, place / str(number)))
            for number, share in enumerate(shares)
        ]
        for job in jobs:
            found.merge(job.get())
    return found


_story: list[Story] = []


def _take(story: Story) -> None:
    _story[:] = [story]


def _work(cuts: int, seed: int, place: Path) -> Found:
    return Cutter(_story[0], seed, place).run(cuts)
