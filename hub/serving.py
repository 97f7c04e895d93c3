"""Serves the hub: one socket, a few threads, the jobs, the public site's exchange; stops in order."""

from __future__ import annotations

import argparse
import errno
import gc
import logging
import signal
import socket
import sys
from types import FrameType

from waitress.server import create_server

from hub.app import Hub
from hub.cli import CommandError, show
from hub.config import Config
from hub.jobs import start_jobs
from hub.wire.sync import MAX_BODY_BYTES

logger = logging.getLogger(__name__)

MAX_REQUEST_BYTES = 64 * 2**20
"""What the server reads at all; nodes may send MAX_BODY_BYTES, a manager a photograph."""

STOP_WITHIN_S = 5

YOUNG_OBJECTS = 20_000
"""A batch of 500 facts makes some thousand objects and lets go of all of them: no need to look for cycles five times."""


def open_socket(host: str, port: int) -> socket.socket:
    """A listening socket; CommandError with a sentence where it cannot be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=256)
    except OSError as wrong:
        if wrong.errno == errno.EADDRINUSE:
            sentence = f"Port {port} is in use. Stop what uses it, or give --port another number."
        elif wrong.errno == errno.EACCES:
            sentence = f"Port {port} may not be used by this user. Give --port 8080 or higher."
        else:
            sentence = f"{host} is no address of this machine ({wrong.strerror}). Give --host another."
        raise CommandError(sentence) from None


def serve(config: Config, _args: argparse.Namespace) -> int:
    """Answer until SIGTERM or Ctrl-C; then the requests under way are finished, the last facts kept, the files closed."""
    listening = open_socket(config.host, config.port)
    try:
        hub = Hub(config)
    except Exception:
        listening.close()
        raise
    # Requests queue for a moment when a whole shop wakes up at once: that is no warning.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = create_server(
        hub.app,
        sockets=[listening],
        threads=config.threads,
        ident=None,
        max_request_body_size=max(MAX_REQUEST_BYTES, MAX_BODY_BYTES),
        channel_timeout=60,
        recv_bytes=262_144,
        asyncore_use_poll=True,
        clear_untrusted_proxy_headers=True,
    )
    signal.signal(signal.SIGTERM, _stop)
    jobs = start_jobs(hub.store, hub.clock.now)
    if hub.site is not None:
        # The first shopper is to see offers, not an empty page.
        hub.site.exchange.once()
        hub.site.syncer.start()
    host, port = listening.getsockname()[:2]
    show(f"The hub answers at http://{'[' + host + ']' if ':' in host else host}:{port}")
    # What is there now stays: the collector need not walk it while a till waits.
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)
    try:
        # Returns on SystemExit and KeyboardInterrupt, when its threads have finished what they were answering.
        server.run()
    finally:
        if hub.site is not None:
            hub.site.syncer.stop(STOP_WITHIN_S)
        jobs.shutdown(wait=True)
        server.close()
        hub.close()
    return 0


def _stop(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)
