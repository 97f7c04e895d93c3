"""TLS for the portal, where a certificate is set: its own port, its own few threads, the same pages.

An ACME client of any kind renews the files; whatever it does, the portal looks at them every few seconds and takes what is there
for the next connection. Files that cannot be used change nothing: the old certificate goes on until it is over.
"""

from __future__ import annotations

import logging
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.portal.certificate import Certificate
    from edge.portal.front import Wsgi
    from edge.portal.tls_server import Adapter, QuietServer

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Found:
    """What stands in the files: a certificate, or why there is none that can be used."""

    certificate: Certificate | None
    trouble: str = ""


class Certificates:
    """The two files, read anew when they change. `name` is what the certificate has to be for."""

    def __init__(self, chain: Path, key: Path | None, name: str) -> None:
        self.chain = chain
        self.key = key or chain
        self.name = name
        self._lock = threading.Lock()
        self._mark: tuple[object, ...] = ()
        self._found = Found(None, "not read yet")

    def look(self) -> Found:
        """What the files hold now."""
        # Imported here: most portals have no certificate, and need no megabytes to read one.
        from edge.portal.certificate import BadCertificate, read_certificate

        with self._lock:
            mark = (*_mark(self.chain), *_mark(self.key))
            if mark != self._mark:
                self._mark = mark
                try:
                    self._found = Found(read_certificate(self.chain, self.key))
                except BadCertificate as wrong:
                    self._found = Found(None, str(wrong))
            return self._found

    def context(self) -> ssl.SSLContext:
        """What a server needs of them; OSError (also ssl.SSLError) where they cannot be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.chain, self.key, password=lambda: "")
        return context


def _mark(path: Path) -> tuple[object, ...]:
    try:
        found = path.stat()
    except OSError:
        return (None,)
    return found.st_mtime_ns, found.st_size, found.st_ino


class TlsServer:
    """Answers on its port until it is closed; without a usable certificate it waits for one before it listens."""

    def __init__(
        self, app: Wsgi, certificates: Certificates, host: str, port: int, every_s: float = LOOK_EVERY_S
    ) -> None:
        self._app = app
        self._certificates = certificates
        self._place = (host, port)
        self._every_s = every_s
        self._ended = threading.Event()
        self._server: QuietServer | None = None
        self._adapter: Adapter | None = None
        self._taken: Certificate | None = None
        self._threads: list[threading.Thread] = []

    def begin(self) -> None:
        """Listen, where the certificate allows it, and look for a new one now and then. OSError where the port is taken."""
        self._take()
        watching = threading.Thread(target=self._watch, name="certificate", daemon=True)
        self._threads.append(watching)
        watching.start()

    @property
    def port(self) -> int | None:
        """Where it listens; None while it does not."""
        return int(self._server.bind_addr[1]) if self._server is not None else None

    def close(self) -> None:
        """Stop answering."""
        self._ended.set()
        if self._server is not None:
            self._server.stop()
        for thread in self._threads:
            thread.join(5)

    def _watch(self) -> None:
        while not self._ended.wait(self._every_s):
            try:
                self._take()
            except OSError as wrong:
                logger.warning("tls listening failed=%s", wrong.strerror or type(wrong).__name__)

    def _take(self) -> None:
        found = self._certificates.look()
        if found.certificate is None or found.certificate == self._taken:
            return
        try:
            context = self._certificates.context()
        except OSError as wrong:
            # The files are being replaced just now, or hold a chain that OpenSSL does not like.
            logger.warning("tls certificate failed=%s", type(wrong).__name__)
            return
        if self._adapter is None:
            self._listen(context)
        else:
            self._adapter.context = context
        self._taken = found.certificate
        logger.info("tls certificate taken ends_at=%d", found.certificate.ends_at)

    def _listen(self, context: ssl.SSLContext) -> None:
        from edge.portal.tls_server import Adapter, make_server

        adapter = Adapter(context)
        self._server = make_server(self._app, self._place, adapter)
        self._adapter = adapter
        answering = threading.Thread(target=self._server.serve, name="tls", daemon=True)
        self._threads.append(answering)
        answering.start()
