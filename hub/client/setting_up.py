"""Runs the set-up of a node that has joined no shop: asks the hub every few seconds, and answers with a page meanwhile."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

from waitress.server import create_server

from hub.client.db import StorageError
from hub.client.joining import Joining
from hub.client.serving import listen
from hub.client.watchdog import notify
from hub.wire.joining import POLL_S

logger = logging.getLogger(__name__)

THREADS = 2


def set_up(
    joining: Joining,
    app: Callable[..., Iterable[bytes]],
    host: str,
    port: int,
    *,
    ready: Callable[[str], None],
    stopping: threading.Event | None = None,
) -> bool:
    """Until the node has joined (True) or `stopping` is set (False). ServeError where the address is taken; StorageError where
    the folder does not take the node."""
    listening = listen(host, port)
    stop = stopping or threading.Event()
    server: Any = create_server(
        app, sockets=[listening], threads=THREADS, ident=None, clear_untrusted_proxy_headers=True
    )
    answering = threading.Thread(target=_answer, args=(server,), name="set-up", daemon=True)
    answering.start()
    ready(_address(listening))
    notify("READY=1")
    try:
        while not stop.is_set():
            if joining.step().stage == "joined":
                logger.info("joined the shop")
                return True
            notify("WATCHDOG=1")
            stop.wait(POLL_S)
    except StorageError:
        logger.exception("the node's own record could not be kept")
        raise
    else:
        return False
    finally:
        server.close()
        answering.join(2.0)


def _answer(server: Any) -> None:
    # Closing the server from outside takes the socket away under its loop.
    with contextlib.suppress(OSError, ValueError):
        server.run()


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{'[' + host + ']' if ':' in host else host}:{port}"
