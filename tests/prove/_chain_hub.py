"""`python -m tests.prove._chain_hub PLACE FIRST DAY_S`: `python -m hub serve`, with the clock of the days that are played."""

from __future__ import annotations

import argparse
import logging
import os
import sys

from hub.config import read_config
from hub.serving import serve
from tests.prove._chain_days import Days


def main() -> int:
    """Until SIGTERM."""
    logging.basicConfig(level=logging.WARNING)
    return serve(read_config(os.environ), argparse.Namespace(), Days.read(sys.argv[1:4]).clock())


if __name__ == "__main__":
    sys.exit(main())
