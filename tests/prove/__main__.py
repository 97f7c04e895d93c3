"""Runs proofs: `python -m tests.prove [NAME] [--size N] [--seed S] | --all [--ci]`.

A proof that names its size (`SIZE_NAME = "days"`) takes it under that name, too: `--days 50`.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from tests.prove import Proof, Verdict, proofs, size_name

MOST_AGAIN = 2
"""Proofs that may break on a machine that is busy with others."""


def main() -> int:
    """0 where every promise that was asked for held."""
    parser = argparse.ArgumentParser(prog="shopbell prove")
    parser.add_argument("name", nargs="?")
    parser.add_argument("--size", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--ci", action="store_true")
    known = proofs()
    words = sorted({size_name(proof) for proof in known.values()} - {"size"})
    for word in words:
        parser.add_argument(f"--{word}", type=int, metavar="N")
    args = parser.parse_args()
    if args.all:
        seed = 1 if args.seed is None else args.seed
        sizes = {name: proof.CI_SIZE if args.ci else proof.DEFAULT_SIZE for name, proof in known.items()}
        broken = [name for name, proof in known.items() if not prove(proof, sizes[name], seed)]
        return 0 if _hold_alone([(known[name], sizes[name]) for name in broken], seed) else 1
    if args.name is None:
        for proof in known.values():
            print(f"{proof.NAME:16} {proof.PROMISE} ({size_name(proof)} {proof.DEFAULT_SIZE})")
        return 0
    if args.name not in known:
        print(
            f"shopbell: there is no proof called {args.name}. There are: {', '.join(known)}.", file=sys.stderr
        )
        return 2
    proof = known[args.name]
    strange = [word for word in words if word != size_name(proof) and getattr(args, word) is not None]
    if strange:
        print(f"shopbell: {proof.NAME} takes --{size_name(proof)}, not --{strange[0]}.", file=sys.stderr)
        return 2
    named = getattr(args, size_name(proof))
    asked = args.size if named is None else named
    size = proof.DEFAULT_SIZE if asked is None else asked
    if size < 1:
        print("shopbell: a proof has a size of at least 1.", file=sys.stderr)
        return 2
    return 0 if prove(proof, size, random.randrange(2**31) if args.seed is None else args.seed) else 1


def _hold_alone(broken: Sequence[tuple[Proof, int]], seed: int) -> bool:
    """Run the few that broke once more, twice in a row, as `./shopbell test` does with tests: what is broken breaks again.

    Proofs that drive real kernels and programs can be starved by whatever else the machine does; which were is told.
    """
    if len(broken) > MOST_AGAIN:
        return False
    for proof, size in broken:
        if not all(prove(proof, size, seed) for _ in range(2)):
            return False
        print(f"{proof.NAME}: held alone, twice; look at why it did not before.", flush=True)
    return True


def prove(proof: Proof, size: int, seed: int) -> bool:
    """Run one and print its verdict and its figures; a proof that breaks has not proved anything."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="shopbell-prove-", ignore_cleanup_errors=True) as folder:
        try:
            verdict = proof.run(size, seed, Path(folder))
        except Exception as wrong:
            traceback.print_exc()
            verdict = Verdict(False, f"The proof itself broke: {type(wrong).__name__}: {wrong}")
    took_s = round(time.monotonic() - began, 2)
    word = "held" if verdict.ok else "BROKEN"
    print(f"{proof.NAME}: {word}. {verdict.sentence} ({took_s:g} s)")
    if not verdict.ok:
        print(f"Again with: ./shopbell prove {proof.NAME} --{size_name(proof)} {size} --seed {seed}")
    figures = {
        "proof": proof.NAME,
        "ok": verdict.ok,
        "size": size,
        "seed": seed,
        "took_s": took_s,
        "sentence": verdict.sentence,
        **verdict.figures,
    }
    print(json.dumps(figures, ensure_ascii=False), flush=True)
    return verdict.ok


if __name__ == "__main__":
    sys.exit(main())
