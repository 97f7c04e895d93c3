"""How a node answers HTTP: waitress with a few threads, a sentence for a port that is taken, an end in order."""

from __future__ import annotations

import contextlib
import errno
import signal
import socket
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from waitress.server import create_server

MAX_REQUEST_BYTES = 16 * 2**20
"""Pictures from a phone's camera pass; the application sets tighter limits where it can."""

IDLE_TIMEOUT_S = 30
"""A phone that walked out of the shop must not hold a thread."""


class ServeError(Exception):
    """The address cannot be listened on; the text is a sentence for people."""


def serve(
    app: Callable[..., Any], host: str, port: int, *, threads: int, ready: Callable[[int], None]
) -> None:
    """Answer until SIGTERM or SIGINT; requests under way are finished. `ready` is told the port. Call it in the main thread."""
    listening = _listen(host, port)
    server = create_server(
        app,
        sockets=[listening],
        threads=threads,
        ident=None,
        channel_timeout=IDLE_TIMEOUT_S,
        max_request_body_size=MAX_REQUEST_BYTES,
        clear_untrusted_proxy_headers=True,
    )
    with _stop_signals():
        ready(int(listening.getsockname()[1]))
        # waitress ends its loop, and then its threads, on SystemExit.
        server.run()
        server.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as wrong:
        raise ServeError(_why(wrong, host, port)) from wrong


def _why(wrong: OSError, host: str, port: int) -> str:
    if wrong.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is used by another program. Choose another port, or stop that program."
    if wrong.errno == errno.EACCES:
        return f"This user may not listen on port {port}. Choose a port above 1023."
    return f"{host} port {port} cannot be listened on: {wrong.strerror or wrong}."


@contextlib.contextmanager
def _stop_signals() -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
