"""A receiver of webhooks for tests: a real HTTP server on loopback that keeps what it gets and answers as it is told."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Got:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """`answer(number)` gives the status of the request of that number, from 1; a `str` is where it redirects to."""

    answer: Callable[[int], int | str] = lambda _: 204
    got: list[Got] = field(default_factory=list)
    url: str = ""
    asked: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, count: int, within_s: float = 20.0) -> list[Got]:
        """The requests, once there are so many."""
        with self.asked:
            assert self.asked.wait_for(lambda: len(self.got) >= count, within_s), self.got
            return list(self.got)


@contextmanager
def receiving(
    answer: Callable[[int], int | str] = lambda _: 204, *, tls: ssl.SSLContext | None = None
) -> Iterator[Receiver]:
    """A receiver that runs."""
    receiver = Receiver(answer)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            with receiver.asked:
                receiver.got.append(
                    Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                )
                said = receiver.answer(len(receiver.got))
                receiver.asked.notify_all()
            self.send_response(302 if isinstance(said, str) else said)
            if isinstance(said, str):
                self.send_header("Location", said)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
