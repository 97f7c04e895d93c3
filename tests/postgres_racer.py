"""One process of a race: eight tills of one hub process ask for the same coupon at once. Used by `test_hub_databases`."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from tests.hub_house import House

TILLS = 8


def race(folder: Path, database: str, token: str, name: str) -> int:
    """How many of this process's tills were told yes. Begins when a line comes in."""
    house = House(folder, database)
    tills = [house.node(name=f"{name} {place}") for place in range(TILLS)]
    answers: list[bool] = []
    threads = [
        threading.Thread(target=lambda till=till: answers.append(till.redeem(token).accepted))
        for till in tills
    ]
    print("ready", flush=True)
    sys.stdin.readline()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    house.close()
    assert len(answers) == TILLS
    return sum(answers)


if __name__ == "__main__":
    print(race(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]))
