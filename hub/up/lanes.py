"""Commands that check something: one at a time, or several beside each other, whose words still come one after the other."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from hub.up.tree import source_tree

TAIL_OCTETS = 20_000
LOOKS_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Step:
    """One check and how it went; `last` is the last line that it printed, `tail` the end of all that it printed."""

    name: str
    status: int
    took_s: float
    last: str
    tail: str = ""

    @property
    def passed(self) -> bool:
        """Whether it went well."""
        return self.status == 0


def beside(name: str, commands: Sequence[Sequence[str]]) -> list[Step]:
    """Run arguments of Python beside each other; one step each, in their order.

    What the first says comes through as it is said, what the next says once the one before has ended.
    """
    began = time.monotonic()
    with ExitStack() as kept:
        running: list[tuple[subprocess.Popen[bytes], IO[bytes]]] = []
        try:
            for arguments in commands:
                said = kept.enter_context(tempfile.NamedTemporaryFile())
                with Path(said.name).open("wb") as writes:
                    running.append((_start(arguments, writes), said.file))
            return [_followed(name, process, said, began) for process, said in running]
        except BaseException:
            for process, _ in running:
                process.terminate()
            for process, _ in running:
                process.wait()
            raise


def _start(arguments: Sequence[str], writes: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=source_tree(),
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=writes,
        stderr=subprocess.STDOUT,
    )


def _followed(name: str, process: subprocess.Popen[bytes], said: IO[bytes], began: float) -> Step:
    """Let through what it says until it has ended."""
    tail = b""
    while True:
        # Asked before reading: what it said last is read, too.
        status = process.poll()
        while chunk := said.read(65_536):
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
            tail = (tail + chunk)[-TAIL_OCTETS:]
        if status is not None:
            text = tail.decode(errors="replace")
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            return Step(name, status, time.monotonic() - began, lines[-1] if lines else "", text)
        time.sleep(LOOKS_EVERY_S)
