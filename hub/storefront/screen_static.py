"""The screen's script and its worker as they are sent: each under a version, so that it may be kept for a year."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class Script:
    """Files of script that are sent as one."""

    names: tuple[str, ...]

    @property
    def text(self) -> str:
        """What is sent."""
        return "\n".join(map(_read, self.names))

    @property
    def version(self) -> str:
        """Changes when the text does."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]


SCRIPT = Script(("screen.js", "keys.js"))
WORKER = Script(("worker.js",))


@cache
def _read(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")
