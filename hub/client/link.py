"""The wire to the hub: one signed request, one signed reply, or nothing."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from hub.client.counters import Counters
from hub.client.node import Node
from hub.wire.identity import SIGNATURE_HEADER, read_public, reply_is_signed, sign_request
from hub.wire.sync import MAX_BODY_BYTES
from hub.wire.vouching import vouched_by

_DONE = 200

AUTHORITY_TIMEOUT_S = 5.0

MAX_REPLY_BYTES = 16 * MAX_BODY_BYTES
"""A snapshot with its pictures fits; an endless answer does not fill the memory of a small machine."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. Status 0: no answer, or none that the hub signed; `body` then says what happened, for the log."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class Link(Protocol):
    """A way to reach the hub. Never raises for a network that fails: that is a `Reply` with status 0."""

    def post(self, path: str, body: bytes, headers: dict[str, str], timeout_s: float) -> Reply:
        """Send one request and wait for its answer."""
        ...


class HttpLink:
    """HTTP/1.1 over the LAN, a connection for each request: an exchange has nothing to gain from a stale one."""

    def __init__(self, url: str, hub: str = "") -> None:
        """`hub`: the public key of the hub that it has to be, by TLS; "" before a node is paired, when what is signed decides."""
        self._hub = hub
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no address of a hub. It looks like http://hub.local:8080")
        self._https = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._prefix = parts.path.rstrip("/")

    def post(self, path: str, body: bytes, headers: dict[str, str], timeout_s: float) -> Reply:
        """Send one request and wait at most `timeout_s` for each step of its answer."""
        connection = self._connection(timeout_s)
        try:
            if isinstance(connection, http.client.HTTPSConnection):
                connection.connect()
                if not self._is_our_hub(connection):
                    return Reply(0, b"the certificate is not vouched for by this shop's hub")
            connection.request(
                "POST", self._prefix + path, body, {"Content-Type": "application/json", **headers}
            )
            response = connection.getresponse()
            text = response.read(MAX_REPLY_BYTES + 1)
            if len(text) > MAX_REPLY_BYTES:
                return Reply(0, b"the answer is too long")
            return Reply(
                response.status, text, {name.lower(): value for name, value in response.getheaders()}
            )
        except (OSError, http.client.HTTPException) as wrong:
            return Reply(0, str(wrong).encode())
        finally:
            connection.close()

    def _connection(self, timeout_s: float) -> http.client.HTTPConnection:
        if not self._https:
            return http.client.HTTPConnection(self._host, self._port, timeout=timeout_s)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # Neither names nor dates are looked at: the hub's own key vouches for the certificate (`hub.wire.vouching`).
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(self._host, self._port, timeout=timeout_s, context=context)

    def _is_our_hub(self, connection: http.client.HTTPSConnection) -> bool:
        """Whether our hub vouches for the certificate; one that names no hub has to be good by an authority."""
        line: Any = connection.sock
        certificate = line.getpeercert(binary_form=True)
        by = vouched_by(certificate) if certificate else None
        if by is not None:
            return not self._hub or by == self._hub
        return self._good_by_authority(certificate)

    def _good_by_authority(self, certificate: bytes | None) -> bool:
        """A certificate of a public authority, as a hub with a name of its own has one: looked at on a line of its own."""
        context = ssl.create_default_context()
        try:
            with (
                socket.create_connection(
                    (self._host, self._port or 443), timeout=AUTHORITY_TIMEOUT_S
                ) as plain,
                context.wrap_socket(plain, server_hostname=self._host) as line,
            ):
                return line.getpeercert(binary_form=True) == certificate
        except OSError:
            return False


class WsgiLink:
    """The hub's own application in the same process (PEP 3333): for the hub's public site, and for tests."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app

    def post(self, path: str, body: bytes, headers: dict[str, str], timeout_s: float) -> Reply:  # noqa: ARG002
        """Call the application; the time-out has no meaning here."""
        answer: dict[str, Any] = {}

        def start(status: str, response_headers: list[tuple[str, str]], _error: object = None) -> None:
            answer["status"] = int(status.split()[0])
            answer["headers"] = {name.lower(): value for name, value in response_headers}

        environ: dict[str, Any] = {
            "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": "hub",
            "SERVER_PORT": "0",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in headers.items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        chunks = self._app(environ, start)
        try:
            text = b"".join(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        return Reply(answer["status"], text, answer["headers"])


class SignedLink:
    """Requests of one node, signed and counted; replies are believed only with the hub's signature."""

    def __init__(self, link: Link, node: Node, counters: Counters) -> None:
        self._link = link
        self._node = node
        self._hub = read_public(node.hub)
        self._counters = counters
        self._above = 0
        self.answered = 0
        """The highest counter of this link whose request the hub has done. Whatever it refuses, or cannot keep because its disk
        is full, it may have forgotten without having been set back."""

    def post(self, path: str, body: bytes, timeout_s: float) -> Reply:
        """Status 0 where no answer came that can be believed."""
        counter = self._counters.take(self._above)
        headers = sign_request(self._node.key, self._node.device, counter, "POST", path, body)
        reply = self._link.post(path, body, headers, timeout_s)
        signature = reply.headers.get(SIGNATURE_HEADER.lower(), "")
        if reply.status and not reply_is_signed(
            self._hub, self._node.device, counter, reply.status, reply.body, signature
        ):
            return Reply(
                0, f"an answer with status {reply.status} that this shop's hub did not sign".encode()
            )
        if reply.status == _DONE:
            self.answered = max(self.answered, counter)
        return reply

    def count_above(self, highest: int) -> None:
        """The hub has seen higher counters of this node: go on above them."""
        self._above = max(self._above, highest)
