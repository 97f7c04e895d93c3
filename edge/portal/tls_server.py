"""cheroot, as the portal's TLS uses it. Imported only where there is a certificate: it costs some megabytes."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
from typing import TYPE_CHECKING, Any

from cheroot.makefile import StreamReader, StreamWriter
from cheroot.ssl import Adapter as CherootAdapter
from cheroot.wsgi import Server

if TYPE_CHECKING:
    from edge.portal.front import Wsgi

logger = logging.getLogger(__name__)

THREADS = 4
WAITING = 128
SILENCE_S = 5
"""A phone that says nothing for so long holds a thread no longer."""

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


class QuietServer(Server):
    """Says nothing of connections that fail: they are phones that do not know the certificate, and their addresses."""

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
