"""`python -m hub.replay.house CLOCK`: `python -m hub serve`, with the time that stands in the file CLOCK.

The file holds eight bytes: seconds of UTC as a little-endian double (`Hand` writes them).
"""

from __future__ import annotations

import argparse
import logging
import mmap
import os
import struct
import sys
from pathlib import Path

from hub.client.clock import Clock
from hub.config import read_config
from hub.serving import serve

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


def main() -> int:
    """Until SIGTERM."""
    logging.basicConfig(level=logging.WARNING)
    hand = Hand(Path(sys.argv[1]))
    return serve(read_config(os.environ), argparse.Namespace(), Clock(wall=hand.now, ntp=lambda: True))


if __name__ == "__main__":
    sys.exit(main())
