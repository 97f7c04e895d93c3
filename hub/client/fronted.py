"""A server with somebody at its door: simple requests are answered from the loop itself, slow ones wait outside.

Waitress reads, parses and answers with a thread for each request, which is right for pages and wrong for a whole shop of phones
that ask the same small question every few seconds. Here a `Front` looks at each connection first. Whoever is answered by it
costs no thread and no parser; whoever has not sent a whole head yet waits in a room that costs the loop nothing; everybody
else gets a channel of waitress as always, with what was read so far.
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
from typing import Any, cast

from waitress.adjustments import Adjustments
from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError, TransferEncodingNotImplemented
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

logger = logging.getLogger(__name__)

Front = Callable[[bytes, str], bytes | None]
"""Told the whole head of a request without a body, and the peer's address. A whole answer, or None: the application is asked.

The connection ends after an answer that says `Connection: close`. Called in the server's loop: it may wait for nothing."""

HEAD_OCTETS = 4_096
"""Of a request that may be answered at the door, and of what waits outside; heads of browsers have some hundred octets."""

HEAD_WITHIN_S = 10.0
"""For a head to arrive, also the next one on the same connection; a phone on the edge of the network needs two or three."""

REQUEST_WITHIN_S = 30.0
"""For a whole request to arrive once it has a channel: a form of some kilobytes."""

MOST_WAITING = 600
MOST_WAITING_FROM_ONE = 120
"""Connections that wait outside, in all and from one address. With MOST_CHANNELS it stays below 1,024 open files, the usual
limit; one address is one phone, and cannot take the others' places."""

MOST_CHANNELS = 200
"""Requests in work and connections kept alive; each may hold MOST_HEAD_OCTETS and a body."""

MOST_HEAD_OCTETS = 16_384
AT_ONCE = 64
"""Connections that are taken in one turn of the loop: then the answers of the pages are sent on."""

DEFER_S = 2
"""The kernel keeps connections on which nothing was said for so long to itself (TCP_DEFER_ACCEPT of tcp(7))."""

_END = b"\r\n\r\n"
_WAIT_FLAG = socket.MSG_DONTWAIT


class _Parser(HTTPRequestParser):
    """Waitress's parser, for which whatever makes no sense is the client's mistake: 400, never 5xx."""

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except TransferEncodingNotImplemented as wrong:
            raise ParsingError(str(wrong)) from wrong
        except ValueError as wrong:
            # "http://[" is no address for urlsplit, and a length of five thousand digits is no int.
            raise ParsingError("Request cannot be read") from wrong


class _Channel(HTTPChannel):
    """A connection in work; it knows since when it waits for the rest of a request."""

    parser_class = _Parser
    unfinished_since: float | None = None

    def received(self, data: bytes) -> bool:
        # A connection that was kept asks again: the door may know the answer this time.
        if self.request is None and not (self.requests or self.will_close or self.close_when_flushed):
            answer = cast("FrontedServer", self.server).ask_front(data, self.addr[0])
            if answer is not None:
                return self._say(answer)
        return self.take(data)

    def _say(self, answer: bytes) -> bool:
        """Send an answer of the front; no thread is at work for this connection."""
        sent = 0
        try:
            if self.socket is not None and not self.total_outbufs_len:
                with contextlib.suppress(BlockingIOError):
                    sent = self.socket.send(answer, _WAIT_FLAG)
            if sent < len(answer):
                self.write_soon(answer[sent:])
        except (OSError, ClientDisconnected):
            self.will_close = True
            return False
        self.close_when_flushed = is_last(answer)
        return True

    def take(self, data: bytes) -> bool:
        """Read it as waitress does, for the application."""
        taken: bool = super().received(data)
        if self.request is None:
            self.unfinished_since = None
        elif self.unfinished_since is None:
            self.unfinished_since = time.time()
        return taken

    def handle_close(self) -> None:
        # Closing with octets unread sends a reset, which takes the answer from a client that has not read it yet.
        line = self.socket
        if line is not None:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_WR)
                for _ in range(8):
                    if not line.recv(65_536, _WAIT_FLAG):
                        break
        super().handle_close()


@dataclass(slots=True)
class _Waiting:
    """A connection that has not sent a whole head yet."""

    line: socket.socket
    peer: Any
    data: bytes
    until: float


class _Room:
    """Where connections wait for the rest of their heads: one entry in the server's map, whatever their number."""

    accepting = False

    def __init__(self, server: FrontedServer, within_s: float) -> None:
        self._server = server
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
                more = waiting.line.recv(HEAD_OCTETS, _WAIT_FLAG)
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
            self._server.look(waiting.line, waiting.peer, waiting.data)

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
    if len(data) >= HEAD_OCTETS or _END in data:
        return False
    start = data[:5]
    return b"GET "[: len(start)] == start[:4] or b"HEAD "[: len(start)] == start


def is_last(answer: bytes) -> bool:
    """Whether an answer says that its connection ends."""
    end = answer.find(_END) + 2
    return answer.find(b"\r\nConnection: close\r\n", 0, end) >= 0


class FrontedServer(TcpWSGIServer):
    """Waitress with a front. `listening` is a TCP socket that listens.

    `head_within_s` and `request_within_s` say how long a head and a whole request may take to arrive.
    """

    def __init__(
        self,
        app: Callable[..., Any],
        listening: socket.socket,
        front: Front,
        *,
        head_within_s: float = HEAD_WITHIN_S,
        request_within_s: float = REQUEST_WITHIN_S,
        **adjustments: Any,
    ) -> None:
        adj = Adjustments(
            max_request_header_size=MOST_HEAD_OCTETS,
            # What is read is kept for as long as its request takes: a large piece of memory of which little is used is a hole.
            recv_bytes=HEAD_OCTETS,
            cleanup_interval=1,
            # Waitress would take nobody any more from this number on; here the stalest has to go before it.
            connection_limit=MOST_CHANNELS + 4 * AT_ONCE,
            **adjustments,
        )
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.set_thread_count(adj.threads)
        self._front = front
        self._request_within_s = request_within_s
        place = (listening.family, listening.type, listening.proto, listening.getsockname())
        with contextlib.suppress(OSError, AttributeError):
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, DEFER_S)
        # Whoever has an entry in here is asked by the loop in every turn.
        self._everybody: dict[int, Any] = {}
        super().__init__(
            app,
            self._everybody,
            _sock=listening,
            dispatcher=dispatcher,
            adj=adj,
            sockinfo=place,
            bind_socket=False,
        )
        self._listening = listening
        self._room = _Room(self, head_within_s)
        self._everybody[self._room.fileno()] = self._room

    def handle_accept(self) -> None:
        """Take a batch of those who wait at the door."""
        for _ in range(AT_ONCE):
            try:
                line, peer = self._listening.accept()
            except BlockingIOError:
                return
            except OSError:
                # Too many open files, or a connection that went before it was taken.
                self._room.drop_oldest()
                return
            try:
                data = line.recv(HEAD_OCTETS, _WAIT_FLAG)
            except BlockingIOError:
                self._room.take(line, peer, b"")
                continue
            except OSError:
                data = b""
            if not data:
                line.close()
            elif is_partial(data):
                self._room.take(line, peer, data)
            else:
                self.look(line, peer, data)

    def look(self, line: socket.socket, peer: Any, data: bytes) -> None:
        """Answer a connection at the door, or give it a channel with what it has sent so far."""
        answer = self.ask_front(data, peer[0])
        if answer is None:
            self._hand_over(line, peer, data)
            return
        try:
            sent = line.send(answer, _WAIT_FLAG)
        except BlockingIOError:
            sent = 0
        except OSError:
            line.close()
            return
        if sent < len(answer):
            channel = self._hand_over(line, peer, b"")
            if channel is not None:
                channel.write_soon(answer[sent:])
                channel.close_when_flushed = is_last(answer)
        elif is_last(answer):
            line.close()
        else:
            self._room.take(line, peer, b"")

    def ask_front(self, data: bytes, ip: str) -> bytes | None:
        """What the front says to exactly one whole head; None for anything else."""
        if not data.endswith(_END) or data.find(_END) != len(data) - 4 or len(data) >= HEAD_OCTETS:
            return None
        try:
            return self._front(data, ip)
        except Exception:
            # The application is asked instead, and says it in its own way.
            logger.exception("front failed")
            return None

    def maintenance(self, now: float) -> None:
        """Close channels that have been idle for long, or whose request does not come to an end."""
        super().maintenance(now)  # type: ignore[arg-type]  # typeshed says int, waitress hands in time.time()
        for channel in self._channels():
            since = channel.unfinished_since
            if since is not None and not channel.requests and since < now - self._request_within_s:
                channel.will_close = True

    def _hand_over(self, line: socket.socket, peer: Any, data: bytes) -> _Channel | None:
        channels = self._channels()
        if len(channels) >= MOST_CHANNELS:
            idle = [channel for channel in channels if not channel.requests and not channel.will_close]
            if not idle:
                line.close()
                return None
            # It goes in the next turn: until then its number must not become another connection's.
            min(idle, key=lambda channel: channel.last_activity).will_close = True
        try:
            self.set_socket_options(line)
            channel = _Channel(self, line, peer, self.adj, map=self._everybody)
        except OSError:
            line.close()
            return None
        if data:
            channel.take(data)
        return channel

    def _channels(self) -> list[Any]:
        # waitress keeps a dict here; types-waitress says that it is a channel.
        return list(self.active_channels.values())  # type: ignore[attr-defined]

    def close(self) -> None:
        """Stop listening, and send away whoever waits."""
        if not self._room.gone():
            self._everybody.pop(self._room.fileno(), None)
            self._room.close()
        super().close()
