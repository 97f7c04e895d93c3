"""moto, a server of others' make that speaks S3: backups to such storage are tried on it.

What it needs does not go together with what we pin, so it lives in a virtual environment of its own beside ours.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from hub.up.emulator import install_apart
from hub.up.tree import source_tree

WANTED = ("moto[s3]>=5", "flask", "flask-cors")


def storage_python(root: Path | None = None) -> Path | None:
    """The Python in whose environment it is, where it is installed."""
    python = _home(root) / "bin" / "python"
    return python if python.exists() else None


def bring_storage(tell: Callable[[str], None], root: Path | None = None) -> str | None:
    """Install it where it is not; None where it is there now, else why not."""
    if storage_python(root):
        return None
    tell("installing moto, a server that speaks S3, for the tests of the backup (half a minute, once)")
    failed = install_apart(sys.executable, _home(root), *WANTED)
    return None if failed is None else f"moto could not be installed: {failed}"


def _home(root: Path | None) -> Path:
    return (root or source_tree()) / ".venv" / "storage"
