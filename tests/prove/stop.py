"""Nothing is handed to a channel after a stop is known, and no message twice: two workers, a queue, a stop, crashes,
interleaved."""

from __future__ import annotations

import random
from pathlib import Path

from tests.prove import Verdict
from tests.prove._stop_mistakes import MISTAKES
from tests.prove._stop_world import Parts, World, fresh

NAME = "stop"
PROMISE = "Nothing is sent after a stop is known, whatever comes in between, and no message goes twice."
DEFAULT_SIZE = 10_000
CI_SIZE = 150
SIZE_NAME = "interleavings"

IN_ONE_SHOP = 200
MOST_FOR_A_MISTAKE = 400
"""So many interleavings find each planted mistake, or the proof is worth nothing."""


def run(size: int, seed: int, folder: Path) -> Verdict:
    """So many interleavings, then each mistake until it is found."""
    chance = random.Random(seed)
    wrong: list[str] = []
    figures: dict[str, object] = {"stops": {}, "crashes": 0, "left": 0, "held_back": 0}
    for start in range(0, size, IN_ONE_SHOP):
        seeds = [chance.randrange(2**40) for _ in range(min(IN_ONE_SHOP, size - start))]
        wrong += _play(fresh(folder), seeds, figures)
        if wrong:
            break
    found = {} if wrong else {name: _find(fresh(folder), parts, chance) for name, parts in MISTAKES.items()}
    figures["found"] = found
    missed = [name for name, after in found.items() if after is None]
    if wrong:
        return Verdict(False, f"{len(wrong)} promises were broken; the first: {wrong[0]}.", figures)
    if missed:
        return Verdict(False, f"It does not find these planted mistakes: {', '.join(missed)}.", figures)
    return Verdict(
        True,
        f"{size} interleavings of two workers, a queue, a stop and {figures['crashes']} crashes: {figures['left']} messages "
        f"left, none after its stop was known and none twice; {len(found)} planted mistakes were found.",
        figures,
    )


def _play(folder: Path, seeds: list[int], figures: dict[str, object]) -> list[str]:
    world = World(folder)
    try:
        for seed in seeds:
            wrong = world.play(seed)
            figures["left"] = int(str(figures["left"])) + len(world.left)
            figures["held_back"] = int(str(figures["held_back"])) + len(world.made) - len(world.left)
            if wrong:
                return wrong
    finally:
        figures["crashes"] = int(str(figures["crashes"])) + world.crashes
        stops = figures["stops"]
        assert isinstance(stops, dict)
        for kind, count in world.kinds.items():
            stops[kind] = stops.get(kind, 0) + count
        world.close()
    return []


def _find(folder: Path, parts: Parts, chance: random.Random) -> int | None:
    """After how many interleavings a mistake is found; None where it is not."""
    world = World(folder, parts)
    try:
        for count in range(1, MOST_FOR_A_MISTAKE + 1):
            if world.play(chance.randrange(2**40)):
                return count
    finally:
        world.close()
    return None
