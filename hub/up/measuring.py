"""`shopbell bench`: hands over to the measurements of the source tree."""

from __future__ import annotations

import argparse
import sys

from hub.up.packages import PEER_TOOLS, TEST_TOOLS, bring
from hub.up.tree import run_in_tree, source_tree


def run(args: argparse.Namespace) -> int:
    """Measure; 0 where every goal was met."""
    if args.install:
        bring((*TEST_TOOLS, *PEER_TOOLS), _tell, "to measure against", services=True)
    file = args.json.absolute() if args.json else source_tree() / "out" / "bench.json"
    command = ["-m", "tests.bench.run", "--rounds", str(args.rounds), "--json", str(file)]
    return run_in_tree([*command, args.name] if args.name else command)


def _tell(sentence: str) -> None:
    print(f"shopbell: {sentence}", file=sys.stderr, flush=True)
