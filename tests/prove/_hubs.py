"""Processes of a hub, and shops as they are reached through one of them, for proofs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.client.link import HttpLink
from hub.store.whole import HubStore
from tests.hub_house import House

WITHIN_S = 60.0


class Branch(House):
    """One shop as it is reached through one web process."""

    def __init__(self, store: HubStore, key: Ed25519PrivateKey, address: str) -> None:
        self.now = time.time()
        self.store, self.key = store, key
        self.link = HttpLink(address)


class Program:
    """A process of the hub. Its lines are kept."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.lines: list[str] = []
        self._more = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._more:
                self.lines.append(line)
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()

    def said(self, pattern: str) -> str:
        """What it says that fits, once it does."""

        def find() -> re.Match[str] | None:
            return next((found for line in self.lines if (found := re.search(pattern, line))), None)

        with self._more:
            self._more.wait_for(lambda: find() is not None or self._ended, WITHIN_S)
            found = find()
        assert found is not None, f"it never said {pattern}:\n{''.join(self.lines)}"
        return found[1]

    def wait(self, within_s: float) -> int:
        """Its exit status, once it has ended by itself and said everything."""
        status = self._process.wait(within_s)
        self._reader.join(20)
        return status

    def end(self) -> None:
        """Ask it to end, and wait until it has said everything. May be called twice."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait(20)
        self._reader.join(20)


@contextmanager
def process(folder: Path, database: str, *words: str) -> Iterator[Program]:
    """`python -m hub` on this folder and database (empty: its file), ended with the block."""
    settings = {"HUB_DATABASE": database, "HUB_SITE": "no", "HUB_WORKER": "no"}
    running = subprocess.Popen(
        [sys.executable, "-m", "hub", "--dir", str(folder), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | settings,
        cwd=Path(__file__).resolve().parents[2],
    )
    with running:
        told = Program(running)
        try:
            yield told
        finally:
            told.end()
