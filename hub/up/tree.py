"""Where the source tree is, and running its own tools in it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import hub
from hub.up.sentences import UpError


def source_tree() -> Path:
    """The clone that holds the tests; UpError where only the programs are installed."""
    root = Path(str(hub.__file__)).resolve().parents[1]
    if not (root / "tests" / "conftest.py").is_file():
        raise UpError("Tests, proofs and measurements come with the source tree; run this from a clone.")
    return root


def run_in_tree(arguments: Sequence[str]) -> int:
    """`python arguments` at the root of the tree, with this very Python; its exit status."""
    try:
        return subprocess.run([sys.executable, *arguments], cwd=source_tree(), check=False).returncode
    except KeyboardInterrupt:
        return 130
