"""The kiosk's application: the shopper's screen at `/`, the till at `/till`, and how it is at `/healthz`."""

from __future__ import annotations

import contextlib
import io
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from flask import Flask, Request, Response, jsonify

from kiosk.counter import Counter
from kiosk.health import report
from kiosk.screen import create_screen
from kiosk.till import create_till

logger = logging.getLogger(__name__)


FINISH_WITHIN_S = 4.0
"""A little more than the longest wait for the hub."""


class CannotListen(Exception):
    """The address cannot be had; the text says which and why."""


class _InMemory(Request):
    """Uploads stay in memory, within the limit that the till sets: a full disk must not keep a picture from being read."""

    def _get_file_stream(self, *_: Any, **__: Any) -> io.BytesIO:
        return io.BytesIO()


def create_app(counter: Counter) -> Flask:
    """The application around a counter; starts nothing."""
    app = Flask(__name__, static_folder=None)
    app.request_class = _InMemory
    app.config["MAX_CONTENT_LENGTH"] = 2**20
    app.register_blueprint(create_screen(counter))
    app.register_blueprint(create_till(counter))
    app.add_url_rule("/healthz", "healthz", lambda: _healthz(counter))
    return app


def _healthz(counter: Counter) -> Response:
    health = report(counter.node.name, counter.condition(), counter.watcher.look())
    response = jsonify(health)
    response.status_code = 503 if health["status"] == "error" else 200
    response.headers["Cache-Control"] = "no-store"
    return response


def serve(counter: Counter, ready: Callable[[str], None]) -> None:
    """Answer until SIGTERM or SIGINT, then end in order. `ready` gets the address. CannotListen where it is taken."""
    from waitress.server import create_server

    config = counter.config
    listening = _listen(config.host, config.port)
    server = create_server(create_app(counter), sockets=[listening], threads=config.threads, ident=None)
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
    counter.start()
    answering.start()
    ready(f"http://{config.host}:{listening.getsockname()[1]}")
    while answering.is_alive() and not stopping.wait(1.0):
        pass
    _finish_requests(server)
    server.close()
    answering.join(2.0)
    counter.stop()


def _finish_requests(server: Any) -> None:
    """Give the requests that are under way time to be answered: staff see the verdict of what was redeemed."""
    until = time.monotonic() + FINISH_WITHIN_S
    tasks = server.task_dispatcher
    while time.monotonic() < until and (tasks.active_count or tasks.queue):
        time.sleep(0.05)
    time.sleep(0.1)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as wrong:
        raise CannotListen(
            f"The kiosk cannot listen on {host}, port {port}: {wrong.strerror or wrong}. "
            "Stop what uses the port, or set KIOSK_PORT to another."
        ) from wrong
    return listening
