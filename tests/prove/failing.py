"""Every write, sync and rename fails in its turn; nothing is half done, and the programs go on."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from tests.prove import Verdict
from tests.prove._recorder import NoCompiler, build, start
from tests.prove.powercut import MEMORY, cut, figures_of, record

NAME = "failing"
PROMISE = "Whichever write, sync or rename fails, once or for ever: nothing half done, a sentence, and it goes on afterwards."
DEFAULT_SIZE = 10_000
CI_SIZE = 80

FAILING_ACTS, CUTS_OF_TRIES = 80, 3
"""A day on a disk that fails now and then, and how many power cuts into it for each failing call that is tried."""

FEWEST_CUTS, MOST_CUTS = 300, 20_000
WITHIN_S = 3_600


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` failing calls, or all where there are fewer; then power cuts on a disk whose calls fail now and then."""
    place = Path(tempfile.mkdtemp(prefix="failing-", dir=MEMORY)) if os.access(MEMORY, os.W_OK) else folder
    try:
        library = build(folder)
        results = tries(library, place, size, seed)
        story = record(library, place / "day", seed, FAILING_ACTS, "FULL", "failing")
        cuts = max(FEWEST_CUTS, min(MOST_CUTS, size * CUTS_OF_TRIES))
        found = cut(story, cuts, seed, place / "cuts")
    except NoCompiler as wrong:
        return Verdict(False, str(wrong))
    finally:
        if place != folder:
            shutil.rmtree(place, ignore_errors=True)
    trouble: Counter[str] = Counter()
    for result in results:
        trouble.update(result["trouble"])
    tried = sum(result["tries"] for result in results)
    failed = sum(result["failed"] for result in results)
    figures = {
        "calls_that_can_fail": results[0]["total"],
        "tried": tried,
        "told_as_failed": failed,
        "ways": results[0]["calls"],
        "trouble": dict(trouble),
        "wrong": [sentence for result in results for sentence in result["wrong"]][:12],
        "cuts_after_failed_syncs": figures_of(story, found),
    }
    enough = all(results[0]["calls"].values()) and failed > 0
    troubles = ", ".join(
        f"{trouble[kind]} {kind}" for kind in ("corrupt", "lost", "half done", "doubled", "stuck", "untyped")
    )
    sentence = f"{tried} failing calls of {results[0]['total']}: {troubles}"
    rest = f"{found.cuts} power cuts on a disk whose calls fail now and then: {found.bad} do harm"
    return Verdict(enough and not trouble and not found.trouble, f"{sentence}; {rest}.", figures)


def tries(library: Path, place: Path, size: int, seed: int) -> list[dict[str, Any]]:
    """The failing calls, shared out among the processors."""
    shares = max(1, min(len(os.sched_getaffinity(0)), size // 50))
    children = []
    for share in range(shares):
        shop = place / f"share{share}"
        shop.mkdir(parents=True)
        arguments = [str(shop), str(seed), str(size), str(share), str(shares)]
        children.append(start(library, "tests.prove._power_fail", arguments, shop))
    results = []
    for child in children:
        said, wrong = child.communicate(timeout=WITHIN_S)
        if child.returncode:
            raise RuntimeError(f"a share of the failing calls broke: {wrong[-2000:]}")
        results.append(json.loads(said.splitlines()[-1]))
    return results
