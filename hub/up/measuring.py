"""`shopbell bench`: hands over to the measurements of the source tree."""

from __future__ import annotations

import argparse

from hub.up.tree import run_in_tree, source_tree


def run(args: argparse.Namespace) -> int:
    """Measure; 0 where every goal was met."""
    file = args.json.absolute() if args.json else source_tree() / "out" / "bench.json"
    command = ["-m", "tests.bench.run", "--rounds", str(args.rounds), "--json", str(file)]
    return run_in_tree([*command, args.name] if args.name else command)
