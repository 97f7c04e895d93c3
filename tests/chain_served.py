"""`python -m hub serve` as a program of its own, for tests of a chain."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

STARTS_WITHIN_S = 90.0
ROOT = Path(__file__).resolve().parents[1]


class Served:
    """`python -m hub serve` for one folder, and where it answers."""

    def __init__(self, folder: Path, log: Path) -> None:
        env = {**os.environ, "HUB_DIR": str(folder), "HUB_PORT": "0", "HUB_SITE": "no", "HUB_WORKER": "no"}
        self._log = log
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "hub", "serve"],
                cwd=ROOT,
                env=env,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.url = wait_for(self._address, STARTS_WITHIN_S, log)

    def _address(self) -> str:
        words = self._log.read_text(errors="replace").split()
        return next((word for word in words if word.startswith("http://127.0.0.1:")), "")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if how == signal.SIGKILL:
            # As a machine goes that loses its power: with every program that it had begun.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, how)
        else:
            self._process.send_signal(how)
        self._process.wait(30)


def wait_for(look: Callable[[], str], seconds: float, log: Path) -> str:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(log.read_text(errors="replace")[-2_000:])
