"""How a program answers HTTP: waitress with a few threads, a sentence for a port that is taken, an end in order.

With a `Front` (`hub.client.fronted`) simple requests are answered at the door, and slow ones wait there.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from waitress.server import create_server

from hub.client import pulse
from hub.client.dispatching import dispatcher_of
from hub.client.fronted import Front, FrontedServer
from hub.client.memory import return_large_blocks
from hub.client.watchdog import notify

MAX_REQUEST_BYTES = 64 * 2**20
"""What is read at all: a manager's photograph passes. Each application sets tighter limits of its own."""

IDLE_TIMEOUT_S = 60
"""A phone that walked out of the shop must not hold a connection for ever."""

FINISH_WITHIN_S = 5.0
"""How long requests under way may take once the end was asked for."""

WAITING = 256
"""Connections that may wait to be taken when a whole shop wakes up at once."""


class ServeError(Exception):
    """The address cannot be listened on; the text is a sentence for people."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; ServeError where it cannot be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=WAITING)
    except OSError as wrong:
        raise ServeError(_why(wrong, host, port)) from wrong


def serve(
    app: Callable[..., Any],
    listening: socket.socket,
    *,
    threads: int,
    ready: Callable[[str], None],
    front: Front | None = None,
    body_octets: int = MAX_REQUEST_BYTES,
    idle_s: int = IDLE_TIMEOUT_S,
    leaving: Callable[[], None] | None = None,
    proxy: str = "",
) -> None:
    """Answer until SIGTERM or SIGINT; `ready` is told the address. Call it in the main thread.

    `front` is asked before `app`. Of a body at most `body_octets` are read; a connection without a request ends after `idle_s`.
    `leaving` is called when the end begins: whoever holds requests back on purpose lets them go then. `proxy`: the address of a
    reverse proxy that is believed where it says from whom a request came, and whether over TLS; nobody else is.

    Requests under way are finished and their answers sent: staff see the verdict of what was redeemed. A second signal
    changes nothing, so that whoever calls can put things away in peace. systemd is told when answering begins and ends, and
    pinged from the loop (`hub.client.pulse`).
    """
    return_large_blocks()
    # Requests queue for a moment when many come at once: that is no warning.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    adjustments: dict[str, Any] = {
        "threads": threads,
        "ident": None,
        "max_request_body_size": body_octets,
        "channel_timeout": idle_s,
        "asyncore_use_poll": True,
        "clear_untrusted_proxy_headers": True,
    }
    if proxy:
        adjustments["trusted_proxy"] = proxy
        adjustments["trusted_proxy_headers"] = {"x-forwarded-for", "x-forwarded-proto"}
    everybody: dict[int, Any] = {}
    server: Any = (
        create_server(
            app,
            everybody,
            _dispatcher=dispatcher_of(threads),
            sockets=[listening],
            recv_bytes=262_144,
            **adjustments,
        )
        if front is None
        else FrontedServer(app, listening, front, everybody=everybody, **adjustments)
    )
    pulse.begin(everybody, server.task_dispatcher)
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)

    def answer() -> None:
        # Closing the server from outside takes the socket away under its loop.
        with contextlib.suppress(OSError, ValueError):
            server.run()

    answering = threading.Thread(target=answer, name="answering", daemon=True)
    answering.start()
    ready(_address(listening))
    notify("READY=1")
    while answering.is_alive() and not stopping.wait(1.0):
        pass
    notify("STOPPING=1")
    if leaving is not None:
        leaving()
    _finish_requests(server)
    server.close()
    answering.join(2.0)


def _finish_requests(server: Any) -> None:
    until = time.monotonic() + FINISH_WITHIN_S
    tasks = server.task_dispatcher
    while time.monotonic() < until and (tasks.active_count or tasks.queue):
        time.sleep(0.05)
    # The last answer is in the server's buffer when its task ends; its loop sends it in the next turn.
    time.sleep(0.1)


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{'[' + host + ']' if ':' in host else host}:{port}"


def _why(wrong: OSError, host: str, port: int) -> str:
    if wrong.errno == errno.EADDRINUSE:
        return f"Port {port} is in use. Stop what uses it, or give --port another number."
    if wrong.errno == errno.EACCES:
        return f"Port {port} may not be used by this user. Give --port a number above 1023."
    return f"{host} is no address of this machine ({wrong.strerror or wrong}). Give --host another."
