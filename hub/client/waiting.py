"""Where connections wait until they have sent a whole head: whatever their number, they cost a server's loop nothing.

Waitress looks at every connection in every turn of its loop. Here they share one epoll (epoll(7)), which is looked at as one.
"""

from __future__ import annotations

import contextlib
import logging
import select
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

logger = logging.getLogger(__name__)

Look = Callable[[socket.socket, Any, bytes], None]

HEAD_OCTETS = 4_096
"""Of a request that may be answered at the door, and of what waits outside; heads of browsers have some hundred octets."""

HEAD_WITHIN_S = 10.0
"""For a head to arrive, also the next one on the same connection; a phone on the edge of the network needs two or three."""

MOST_WAITING = 600
MOST_WAITING_FROM_ONE = 120
"""Connections that wait outside, in all and from one address, which is one phone and cannot take the others' places.

With MOST_CHANNELS of `hub.client.fronted` it stays below 1,024 open files, the usual limit."""

AT_ONCE = 64
"""Connections that are taken in one turn of the loop: then the answers of the pages are sent on."""

END = b"\r\n\r\n"
DONT_WAIT = socket.MSG_DONTWAIT


@dataclass(slots=True)
class _Waiting:
    """A connection that has not sent a whole head yet."""

    line: socket.socket
    peer: Any
    data: bytes
    until: float


class Room:
    """Where connections wait for the rest of their heads: one entry in the server's map, whatever their number.

    `look` is told a connection, its peer and what it has sent, once that is a whole head or will never be a short one.
    """

    accepting = False

    def __init__(self, look: Look, within_s: float) -> None:
        self._look = look
        self._within_s = within_s
        self._epoll = select.epoll()
        self._waiting: dict[int, _Waiting] = {}
        self._from: dict[str, dict[int, None]] = {}
        self._next_s = 0.0

    def fileno(self) -> int:
        """What the server's loop looks at: readable when anybody in here has sent something."""
        return self._epoll.fileno()

    def take(self, line: socket.socket, peer: Any, data: bytes) -> None:
        """Let a connection wait; the oldest goes where there are too many."""
        mine = self._from.setdefault(peer[0], {})
        if len(mine) >= MOST_WAITING_FROM_ONE:
            self._drop(next(iter(mine)))
        elif len(self._waiting) >= MOST_WAITING:
            self._drop(next(iter(self._waiting)))
        number = line.fileno()
        self._waiting[number] = _Waiting(line, peer, data, time.monotonic() + self._within_s)
        self._from.setdefault(peer[0], {})[number] = None
        self._epoll.register(number, select.EPOLLIN)

    def drop_oldest(self) -> None:
        """Make room in the table of open files."""
        if self._waiting:
            self._drop(next(iter(self._waiting)))

    def readable(self) -> bool:
        """Always; and the loop asks at least once a second, which is when those are sent away whose time is over."""
        now = time.monotonic()
        if now >= self._next_s:
            self._next_s = now + 1.0
            while self._waiting:
                number, first = next(iter(self._waiting.items()))
                if first.until > now:
                    break
                self._drop(number)
        return True

    def writable(self) -> bool:
        """Nothing is ever sent from here."""
        return False

    def handle_read_event(self) -> None:
        """Read what has come, and look at it again."""
        for number, _ in self._epoll.poll(0, AT_ONCE):
            waiting = self._waiting.get(number)
            if waiting is None:
                continue
            try:
                more = waiting.line.recv(HEAD_OCTETS, DONT_WAIT)
            except BlockingIOError:
                continue
            except OSError:
                more = b""
            if not more:
                self._drop(number)
                continue
            waiting.data += more
            if is_partial(waiting.data):
                continue
            self._forget(number)
            self._look(waiting.line, waiting.peer, waiting.data)

    def handle_write_event(self) -> None:
        """Never asked for."""

    def handle_expt_event(self) -> None:
        """Nothing out of band is expected."""

    def handle_error(self) -> None:
        """Something went wrong with one of them: say so and go on."""
        logger.error("waiting room failed", exc_info=sys.exc_info())

    def handle_close(self) -> None:
        """The server's loop found the room itself broken, which no connection can bring about."""
        self.close()

    def close(self) -> None:
        """Send everybody away."""
        for number in list(self._waiting):
            self._drop(number)
        self._epoll.close()

    def gone(self) -> bool:
        """Whether it is closed."""
        return self._epoll.closed

    def _forget(self, number: int) -> _Waiting | None:
        waiting = self._waiting.pop(number, None)
        if waiting is None:
            return None
        with contextlib.suppress(OSError):
            self._epoll.unregister(number)
        mine = self._from.get(waiting.peer[0], {})
        mine.pop(number, None)
        if not mine:
            self._from.pop(waiting.peer[0], None)
        return waiting

    def _drop(self, number: int) -> None:
        waiting = self._forget(number)
        if waiting is not None:
            waiting.line.close()


def is_partial(data: bytes) -> bool:
    """Whether this may still become a short head of a GET or a HEAD."""
    if len(data) >= HEAD_OCTETS or END in data:
        return False
    start = data[:5]
    return b"GET "[: len(start)] == start[:4] or b"HEAD "[: len(start)] == start
