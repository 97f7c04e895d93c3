"""The promises of the product, each with a proof that anybody can run at any size and with any seed.

A proof is a module of this folder with `NAME`, `PROMISE` (one sentence), `DEFAULT_SIZE`, `CI_SIZE` and
`run(size, seed, folder) -> Verdict`; where there is a word for its size it says so (`SIZE_NAME = "days"`). The same size and
seed make the same run, as far as threads and processes allow it.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the promise held, in one sentence, with the figures."""

    ok: bool
    sentence: str
    figures: dict[str, Any] = field(default_factory=dict)


class Proof(Protocol):
    """What a module of this folder offers."""

    NAME: str
    PROMISE: str
    DEFAULT_SIZE: int
    CI_SIZE: int

    def run(self, size: int, seed: int, folder: Path) -> Verdict: ...


def size_name(proof: Proof) -> str:
    """What the size of a proof is called on the command line."""
    name: str = getattr(proof, "SIZE_NAME", "size")
    return name


def proofs() -> dict[str, Proof]:
    """Every proof by its name; a module without a NAME is a part of others."""
    found = {}
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        if module.name.rpartition(".")[2].startswith("_"):
            continue
        proof = cast("Proof", import_module(module.name))
        if hasattr(proof, "NAME"):
            found[proof.NAME] = proof
    return dict(sorted(found.items()))
