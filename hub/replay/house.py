"""`python -m hub.replay.house CLOCK`: `python -m hub serve`, with the time that stands in the file CLOCK.

The file holds eight bytes: seconds of UTC as a little-endian double (`Hand` writes them).
"""

from __future__ import annotations

import argparse
import logging
import mmap
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.client.clock import Clock
from hub.config import read_config
from hub.replay.shops import CannotPlay
from hub.serving import serve

HUB, CLOCK, LOG = "hub", "clock", "hub.log"
"""What it has in the folder of a journey."""

STOP_S = 30.0
_TIME = struct.Struct("<d")


class Hand:
    """The hand of the clock: whoever plays moves it, whoever serves reads it. A context, which lets go of the file."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(_TIME.pack(0.0))
        self._file = path.open("r+b")
        self._bytes = mmap.mmap(self._file.fileno(), _TIME.size)

    def now(self) -> float:
        """Where it stands."""
        return float(_TIME.unpack_from(self._bytes)[0])

    def move(self, to: float) -> None:
        """It never goes back."""
        if to > self.now():
            _TIME.pack_into(self._bytes, 0, to)

    def close(self) -> None:
        """Let go of the file."""
        self._bytes.close()
        self._file.close()


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The hub with its clock, as a process of its own; its address. CannotPlay where it does not start."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    environment |= {
        "HUB_DIR": str((folder / HUB).absolute()),
        "HUB_PORT": "0",
        "HUB_WORKER": "no",
        "HUB_BACKUP_DAYS": "0",
    }
    with (folder / LOG).open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", "-m", "hub.replay.house", str((folder / CLOCK).absolute())],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
        try:
            yield _address(process, folder)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _address(process: subprocess.Popen[str], folder: Path) -> str:
    assert process.stdout is not None  # noqa: S101 - it was asked for
    for line in process.stdout:
        if "answers at" in line:
            return line.split()[-1].rstrip("/")
    raise CannotPlay(f"The hub does not start. Why stands in {folder / 'hub.log'}.")


def main() -> int:
    """Until SIGTERM."""
    logging.basicConfig(level=logging.WARNING)
    hand = Hand(Path(sys.argv[1]))
    return serve(read_config(os.environ), argparse.Namespace(), Clock(wall=hand.now, ntp=lambda: True))


if __name__ == "__main__":
    sys.exit(main())
