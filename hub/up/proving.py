"""`shopbell prove`: hands over to the proofs of the source tree."""

from __future__ import annotations

import argparse

from hub.up.tree import run_in_tree


def run(args: argparse.Namespace) -> int:
    """List the proofs or run one; 0 where the promise held."""
    command = ["-m", "tests.prove"]
    if args.name and not args.list:
        command.append(args.name)
    for flag, value in (("--size", args.size), ("--seed", args.seed)):
        if value is not None:
            command += [flag, str(value)]
    return run_in_tree(command + args.rest)
