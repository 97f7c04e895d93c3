"""The edge as it runs in a shop, but each salt that it draws is also told to whoever started it: `SALTS` is where.

`PLANTED` is an address that this process keeps on purpose, to show that a search of its memory finds one.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path

from edge.config import read_config
from edge.daemon import serve
from edge.forgetting import begin_again, keep_to_ourselves
from edge.subjects import SALT_BYTES
from hub.client.node import Node


def main() -> int:
    """As `python -m edge run`."""
    begin_again()
    if os.geteuid() == 0:
        # Root reads the memory all the same; anybody else's proof could not.
        keep_to_ourselves()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    told = os.open(os.environ.pop("SALTS"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    kept = os.environ.pop("PLANTED")
    config = read_config(os.environ)
    node = Node.load(Path(config.dir))
    if node is None:
        return 2

    def random_bytes(count: int) -> bytes:
        drawn = os.urandom(count)
        if count == SALT_BYTES:
            os.write(told, drawn)
        return drawn

    asyncio.run(serve(config, node, random_bytes))
    logging.getLogger(__name__).info("kept=%d", len(kept))
    return 0


if __name__ == "__main__":
    sys.exit(main())
