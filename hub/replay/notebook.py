"""What has been played so far: a line of JSON for each step, so that whoever was stopped goes on where they were.

Nothing depends on it but time: what is done again under the same names changes nothing at the hub. The file holds keys of
programs and is for its owner alone.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TextIO

import msgspec


class Notebook:
    """Steps by their kind and name."""

    def __init__(self, path: Path) -> None:
        self._steps: dict[tuple[str, str], Any] = {}
        if path.exists():
            for line in path.read_bytes().splitlines():
                try:
                    kind, name, told = msgspec.json.decode(line)
                except (msgspec.MsgspecError, ValueError, TypeError):
                    # The last line of somebody who was stopped while writing it.
                    continue
                self._steps[kind, name] = told
        self._file: TextIO = os.fdopen(
            os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8"
        )
        # Behind half a line the next one begins anew.
        self._file.write("\n")

    def told(self, kind: str, name: str = "") -> Any:
        """What came of a step; None where it has not been done."""
        return self._steps.get((kind, name))

    def all(self, kind: str) -> dict[str, Any]:
        """Every step of a kind, by its name."""
        return {name: told for (of, name), told in self._steps.items() if of == kind}

    def note(self, kind: str, name: str, told: Any) -> None:
        """A step was done."""
        self._steps[kind, name] = told
        self._file.write(msgspec.json.encode((kind, name, told)).decode() + "\n")
        self._file.flush()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
