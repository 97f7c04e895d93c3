"""Where the programs are: in a source tree, or in one of several versions side by side; and running the tree's own tools."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import hub
from hub.up.sentences import UpError

VERSIONS, CURRENT = "versions", "current"
"""Below the folder of a packaged installation (`hub.up.versions`)."""


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of the programs that run here. `is_packaged`: it holds versions, of which this one runs from `version`."""

    folder: Path
    is_packaged: bool
    version: Path
    units: Path


def find_home() -> Home:
    """Where this very program is from; UpError where it is neither a clone nor one of our versions."""
    prefix = Path(sys.prefix).resolve()
    units = prefix / "share" / "shopbell" / "units"
    if prefix.parent.name == VERSIONS and units.is_dir():
        return Home(prefix.parent.parent, True, prefix, units)
    clone = Path(str(hub.__file__)).resolve().parents[1]
    if not (clone / "units" / "system").is_dir():
        raise UpError(
            "Services are installed from a clone or from a bundle (docs/update.md); this is neither."
        )
    return Home(clone, False, clone, clone / "units")


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
