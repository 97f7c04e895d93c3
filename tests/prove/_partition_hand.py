"""The hands of staff at one till: `python -m tests.prove._partition_hand ADDRESS PIN PLAN BEGIN INTERVAL`.

PLAN is a file with a list of `[serial, text]`. From BEGIN on (seconds of `time.monotonic()`, the same for all tills) each is
scanned at the till's page, one every INTERVAL seconds, and a line of JSON says what the page said.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from tests.prove._customers import Customers


def main() -> None:
    """Scan, look, next."""
    address, pin, plan = sys.argv[1:4]
    begin, interval = float(sys.argv[4]), float(sys.argv[5])
    hand = Customers(address, pin)
    for number, (serial, text) in enumerate(json.loads(Path(plan).read_text())):
        time.sleep(max(0.0, begin + number * interval - time.monotonic()))
        began = time.monotonic()
        tone = hand.redeem(text)
        print(
            json.dumps({"serial": serial, "tone": tone, "began": began, "ended": time.monotonic()}),
            flush=True,
        )


if __name__ == "__main__":
    main()
