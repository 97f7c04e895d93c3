"""What comes to a simulated modem, given to its owner by a thread of its own until the owner has kept it."""

from __future__ import annotations

import logging
import threading
from collections import deque

from hardware.modem.modem import Owner, Received, Report
from hardware.reasons import Found, Lost

logger = logging.getLogger(__name__)

AGAIN_S = 0.2
MOST = 1_000


class SimInbox:
    """Keeps the order. `closing` ends it."""

    def __init__(self, closing: threading.Event) -> None:
        self._closing = closing
        self._there = threading.Condition()
        self._waiting: deque[Received | Report] = deque(maxlen=MOST)
        self._news: deque[Lost | Found] = deque([Found()], maxlen=MOST)
        self._plugged = True
        self._owner: Owner | None = None
        self._thread: threading.Thread | None = None

    def listen(self, owner: Owner) -> None:
        """Give it to this owner."""
        with self._there:
            self._owner = owner
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="modem-sim", daemon=True)
                self._thread.start()
            self._there.notify_all()

    def put(self, thing: Received | Report) -> None:
        """Something came."""
        with self._there:
            self._waiting.append(thing)
            self._there.notify_all()

    def pause(self, lost: Lost) -> None:
        """The plug is pulled."""
        with self._there:
            self._plugged = False
            self._news.append(lost)
            self._there.notify_all()

    def go_on(self, found: Found) -> None:
        """It is in again."""
        with self._there:
            self._plugged = True
            self._news.append(found)
            self._there.notify_all()

    def close(self) -> None:
        """Give nothing more."""
        with self._there:
            self._there.notify_all()

    def _run(self) -> None:
        while not self._closing.is_set():
            with self._there:
                self._there.wait_for(self._has_something)
                owner = self._owner
                news = self._news.popleft() if self._news else None
                thing = self._waiting[0] if news is None and self._waiting else None
            if owner is None or self._closing.is_set():
                continue
            if self._give(owner, news or thing) and thing is not None:
                with self._there:
                    self._waiting.popleft()

    def _has_something(self) -> bool:
        return bool(self._closing.is_set() or self._news or (self._waiting and self._plugged))

    def _give(self, owner: Owner, what: Received | Report | Lost | Found | None) -> bool:
        try:
            if isinstance(what, Received):
                owner.received(what)
            elif isinstance(what, Report):
                owner.reported(what)
            elif what is not None:
                owner.told(what)
        except Exception as wrong:  # noqa: BLE001 - it is tried again, as a real modem does
            logger.warning("modem: what came could not be kept yet (%s)", type(wrong).__name__)
            self._closing.wait(AGAIN_S)
            return False
        return True
