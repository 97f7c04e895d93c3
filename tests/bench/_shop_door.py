"""The whole door in a process of its own, for `tests.bench.presence` to start with the allocator that the shop's door has."""

from __future__ import annotations

import json
import random
import sys

from edge.door import Door
from tests.bench.presence import PACKETS, Phones, batches_of, rate


def main() -> int:
    """Answers each line on standard input with the nanoseconds that one packet took, in processor time."""
    phones = Phones(int(sys.argv[1]))
    door = Door("door", random.Random(1).randbytes)
    for _ in range(20):
        for batch in batches_of(phones.heard(PACKETS // 5)):
            door.hear(batch)
    print(json.dumps({"devices": door.followed}), flush=True)
    for _ in sys.stdin:
        batches = batches_of(phones.heard())

        def run(batches: list = batches) -> None:  # type: ignore[type-arg]
            for batch in batches:
                door.hear(batch)

        print(json.dumps({"ns": 1e9 / rate(run, PACKETS)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
