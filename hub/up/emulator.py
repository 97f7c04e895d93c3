"""emupos, a receipt printer that others wrote and that draws what it prints: our printer driver is tried on it.

It needs Python 3.13, so it lives in a virtual environment of its own beside ours.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from hub.up.tree import source_tree

LEAST = (3, 13)
WANTED = "emupos>=0.4"
WITHIN_S = 300.0


def emulator(root: Path | None = None) -> Path | None:
    """The program, where it is installed."""
    program = _home(root) / "bin" / "emupos"
    return program if program.exists() else None


def bring_emulator(tell: Callable[[str], None], root: Path | None = None) -> str | None:
    """Install it where it is not; None where it is there now, else why not."""
    if emulator(root):
        return None
    python = next(_pythons(), None)
    if python is None:
        return "emupos, an emulated receipt printer, needs Python 3.13 or newer, and there is none on this machine."
    tell("installing emupos, an emulated receipt printer, for the tests of the printer (half a minute, once)")
    failed = install_apart(python, _home(root), WANTED)
    if failed is not None:
        return f"emupos could not be installed: {failed}"
    return None if emulator(root) else "emupos was installed and brought no program."


def install_apart(python: str, home: Path, *wanted: str) -> str | None:
    """Make an environment of its own at `home` with these packages; None where it is there now, else why not."""
    try:
        for command in (
            [python, "-m", "venv", str(home)],
            [str(home / "bin" / "python"), "-m", "pip", "install", "-q", *wanted],
        ):
            subprocess.run(command, check=True, capture_output=True, timeout=WITHIN_S, env=_env())
    except (OSError, subprocess.SubprocessError) as wrong:
        # Half an environment would be taken for a whole one.
        shutil.rmtree(home, ignore_errors=True)
        said = getattr(wrong, "stderr", None) or b""
        return said.decode(errors="replace").strip()[-200:] or str(wrong)
    return None


def _home(root: Path | None) -> Path:
    return (root or source_tree()) / ".venv" / "emupos"


def _env() -> dict[str, str]:
    """Without what ties a Python to our own environment."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}


def _pythons() -> Iterator[str]:
    """Every Python here that is new enough and runs: ours, on the path, kept by pyenv."""
    kept = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    names = [f"python3.{minor}" for minor in range(LEAST[1], LEAST[1] + 6)]
    candidates = [sys.executable, *filter(None, map(shutil.which, names))]
    candidates += [str(path) for name in names for path in sorted(kept.glob(f"3.*/bin/{name}"))]
    for candidate in candidates:
        try:
            asked = subprocess.run(
                [candidate, "-c", "import sys, venv; print(*sys.version_info[:2])"],
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
                env=_env(),
            )
        except (OSError, subprocess.SubprocessError):
            continue
        words = asked.stdout.split()
        if asked.returncode == 0 and len(words) == 2 and (int(words[0]), int(words[1])) >= LEAST:
            yield candidate
