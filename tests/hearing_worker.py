"""A hub that hears by a message centre as a process of its own, for tests that kill it.

python -m tests.hearing_worker FOLDER DATABASE PORT PASSWORD
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

from hub.app import open_database
from hub.messages.listening import Listening, ears_of
from hub.messages.smpp import Centre, SmppChannel


def main() -> None:
    """Hear until it is killed."""
    folder, database, port, password = sys.argv[1:]
    store = open_database(Path(folder), database)
    ears = ears_of(store, Path(folder), lambda: "ntp")
    channel = SmppChannel(Centre("127.0.0.1", int(port), "shop", password), lambda: "Corner")
    channel.listen(Listening(ears, time.time))
    threading.Event().wait()


if __name__ == "__main__":
    main()
