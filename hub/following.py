"""Follows a hub that is moved to a database while it runs (`hub.moving`): its programs end in order and begin again there."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading

from hub.client.trouble import StorageError
from hub.store.sqlite import SqliteStore
from hub.store.whole import HubStore

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5


class Follower:
    """Watches a store's file; once it was moved, and is whole where it is now, this program is asked to end as by SIGTERM."""

    def __init__(self, store: HubStore) -> None:
        self._stop = threading.Event()
        self._moved = False
        self._thread: threading.Thread | None = None
        if isinstance(store, SqliteStore):
            self._thread = threading.Thread(target=self._look, args=(store,), name="follower", daemon=True)
            self._thread.start()

    def _look(self, store: SqliteStore) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            try:
                self._moved = _is_elsewhere(store)
            except StorageError as wrong:
                # Whoever watches the disk says it; here it only means to look again.
                logger.debug("cannot see whether the hub was moved: %s", wrong)
            if self._moved:
                os.kill(os.getpid(), signal.SIGTERM)
                return

    def close(self) -> None:
        """Watch no more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5)

    def follow(self) -> None:
        """Begin this program again where the hub is now, if it was moved. Everything of it must be closed."""
        if self._moved:
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - this very program


def _is_elsewhere(store: SqliteStore) -> bool:
    place = store.moved_to()
    if not place:
        return False
    from hub.store.moving_there import begun_before

    return not begun_before(place)
