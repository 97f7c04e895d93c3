"""cheroot, as the portal's TLS uses it. Imported only where there is a certificate: it costs some megabytes."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from cheroot.makefile import StreamReader, StreamWriter
from cheroot.server import HTTPConnection
from cheroot.ssl import Adapter as CherootAdapter
from cheroot.wsgi import Server

if TYPE_CHECKING:
    from edge.portal.front import Wsgi

logger = logging.getLogger(__name__)

THREADS = 4
WAITING = 128
SILENCE_S = 5
"""A phone that says nothing for so long holds a thread no longer."""

THREADS_FOR_ONE = 2
MOST_WAITING_FROM_ONE = 16
"""One address is one phone: it gets half of the threads at most, and its other connections wait for those."""

HEAD_OCTETS = 16_384
BODY_OCTETS = 32_768
DEFER_S = 2
"""The kernel keeps a connection until the phone has said something (TCP_DEFER_ACCEPT of tcp(7))."""


class Adapter(CherootAdapter):
    """Wraps connections with the context of the moment; shaking hands is left to the thread that reads."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context

    def bind(self, sock: Any) -> Any:
        """The listening socket stays as it is."""
        return sock

    def wrap(self, sock: Any) -> tuple[ssl.SSLSocket, dict[str, str]]:
        """In cheroot's one loop nobody may be waited for: a phone that is slow with its hand would keep out all others."""
        line = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return line, self.get_environ()

    def get_environ(self) -> dict[str, str]:
        """What the application is told of the line."""
        return {"wsgi.url_scheme": "https", "HTTPS": "on"}

    def makefile(self, sock: Any, mode: str = "r", bufsize: int = -1) -> Any:
        """A file to read from or to write to."""
        return (StreamReader if "r" in mode else StreamWriter)(sock, mode, bufsize)


class _Connection(HTTPConnection):
    """A connection that tells its server when its thread has done with it."""

    def communicate(self) -> Any:
        """Answer one request."""
        try:
            return super().communicate()  # type: ignore[no-untyped-call]  # cheroot's stub says nothing of it
        finally:
            self.server.let_go(self.remote_addr)


class QuietServer(Server):
    """Shares its threads between phones, and says nothing of connections that fail: they come with addresses."""

    ConnectionClass = _Connection

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._lock = threading.Lock()
        self._in_work: dict[str, int] = {}
        self._waiting: dict[str, deque[Any]] = {}

    def process_conn(self, conn: Any) -> None:
        """Somebody has sent something: to a thread with it, or to those of the same phone that wait."""
        address = conn.remote_addr
        with self._lock:
            waits = self._in_work.get(address, 0) >= THREADS_FOR_ONE
            if waits:
                waiting = self._waiting.setdefault(address, deque())
                waiting.append(conn)
                stale = waiting.popleft() if len(waiting) > MOST_WAITING_FROM_ONE else None
            else:
                self._in_work[address] = self._in_work.get(address, 0) + 1
        if not waits:
            super().process_conn(conn)
        elif stale is not None:
            stale.close()

    def let_go(self, address: str) -> None:
        """A thread has done with a connection of this phone."""
        with self._lock:
            waiting = self._waiting.get(address)
            conn = waiting.popleft() if waiting else None
            if not waiting:
                self._waiting.pop(address, None)
            if conn is None:
                self._in_work[address] -= 1
                if not self._in_work[address]:
                    del self._in_work[address]
        if conn is not None:
            super().process_conn(conn)

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """What cheroot would print."""
        del level, traceback
        logger.debug("tls said=%s", msg)


def make_server(app: Wsgi, place: tuple[str, int], adapter: Adapter) -> QuietServer:
    """A server that listens already. OSError where the port is taken."""
    server = QuietServer(
        place, app, numthreads=THREADS, max=THREADS, request_queue_size=WAITING, timeout=SILENCE_S
    )
    server.max_request_header_size = HEAD_OCTETS
    server.max_request_body_size = BODY_OCTETS
    server.ssl_adapter = adapter
    server.prepare()
    with contextlib.suppress(OSError, AttributeError):
        server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, DEFER_S)
    return server
