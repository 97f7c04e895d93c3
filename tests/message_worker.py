"""A worker of the outbox as a process of its own, for tests that kill it.

python -m tests.message_worker FOLDER DATABASE URL NAME
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from hub.app import open_database
from hub.members.people_key import people_key
from hub.messages.handing import Hander
from hub.messages.http import HttpChannel, Provider
from hub.messages.people import People

LEASE_S = 3.0


def main() -> None:
    """Hand over until it is killed."""
    folder, database, url, name = sys.argv[1:]
    store = open_database(Path(folder), database)
    key = people_key(Path(folder))
    hander = Hander(
        store,
        People(store, key, ""),
        HttpChannel(lambda: Provider(url)),
        key.secret,
        worker=name,
        now=time.time,
        clock=lambda: "ntp",
        lease_s=LEASE_S,
    )
    print("ready", flush=True)
    while True:
        hander.sweep()
        wait_s = hander.once()
        time.sleep(0.02 if wait_s is None else min(wait_s, 0.02))


if __name__ == "__main__":
    main()
