"""A server with somebody at its door: simple requests are answered from the loop itself, slow ones wait outside.

Waitress reads, parses and answers with a thread for each request, which is right for pages and wrong for a whole shop of phones
that ask the same small question every few seconds. Here a `Front` looks at each connection first. Whoever is answered by it
costs no thread and no parser; whoever has not sent a whole head yet waits in a room that costs the loop nothing; everybody
else gets a channel of waitress as always, with what was read so far.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from collections.abc import Callable
from typing import Any, cast

from waitress.adjustments import Adjustments
from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError, TransferEncodingNotImplemented
from waitress.server import TcpWSGIServer

from hub.client.dispatching import dispatcher_of
from hub.client.waiting import AT_ONCE, DONT_WAIT, END, HEAD_OCTETS, HEAD_WITHIN_S, Room, is_partial

logger = logging.getLogger(__name__)

Front = Callable[[bytes, str], bytes | None]
"""Told the whole head of a request without a body, and the peer's address. A whole answer, or None: the application is asked.

The connection ends after an answer that says `Connection: close`. Called in the server's loop: it may wait for nothing."""

REQUEST_WITHIN_S = 30.0
"""For a whole request to arrive once it has a channel: a form of some kilobytes."""

MOST_CHANNELS = 200
"""Requests in work and connections kept alive; each may hold MOST_HEAD_OCTETS and a body."""

MOST_HEAD_OCTETS = 16_384
SEND_OCTETS = 65_536
DEFER_S = 2
"""The kernel keeps connections on which nothing was said for so long to itself (TCP_DEFER_ACCEPT of tcp(7))."""


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
                    sent = self.socket.send(answer, DONT_WAIT)
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
                    if not line.recv(65_536, DONT_WAIT):
                        break
        super().handle_close()


def is_last(answer: bytes) -> bool:
    """Whether an answer says that its connection ends."""
    end = answer.find(END) + 2
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
        everybody: dict[int, Any] | None = None,
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
        # A whole page goes in one piece, from the loop: pieces from a worker cost each a turn of the interpreter's lock.
        # As an argument it warns that it will go one day; pages are then sent in pieces again.
        adj.send_bytes = SEND_OCTETS
        self._front = front
        self._request_within_s = request_within_s
        place = (listening.family, listening.type, listening.proto, listening.getsockname())
        with contextlib.suppress(OSError, AttributeError):
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, DEFER_S)
        # Whoever has an entry in here is asked by the loop in every turn.
        self._everybody: dict[int, Any] = {} if everybody is None else everybody
        super().__init__(
            app,
            self._everybody,
            _sock=listening,
            dispatcher=dispatcher_of(adj.threads),
            adj=adj,
            sockinfo=place,
            bind_socket=False,
        )
        self._listening = listening
        self._room = Room(self.look, head_within_s)
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
                data = line.recv(HEAD_OCTETS, DONT_WAIT)
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
            sent = line.send(answer, DONT_WAIT)
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
        if not data.endswith(END) or data.find(END) != len(data) - 4 or len(data) >= HEAD_OCTETS:
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
