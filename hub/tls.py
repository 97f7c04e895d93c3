"""TLS for the hub: a certificate that it makes itself, good for nodes by key; cheroot in front of the same application.

waitress has no TLS; cheroot is a library of the product already (`edge.portal`), is kept well, and takes a WSGI application. The
certificate is self-signed, so that a browser shows the warning that people can pass, and carries a statement of the hub's own
Ed25519 key about its key (`hub.wire.vouching`): a node that was paired believes that, and needs no calendar and no authority.
"""

from __future__ import annotations

import ipaddress
import logging
import ssl
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from hub.client.db import explain
from hub.client.files import write_whole
from hub.client.serving import MAX_REQUEST_BYTES, ServeError
from hub.wire.vouching import OID, vouch

logger = logging.getLogger(__name__)

FILE = "tls.pem"
"""Key and certificate; its owner alone can read it. It is made anew where it is gone: nodes do not mind."""

IDLE_S = 20
"""A connection that says nothing holds a thread for so long at most."""

YEARS = 20
"""Nodes do not look at the dates; a browser whose clock is wrong should not be the first to complain."""


def own_certificate(folder: Path, key: Ed25519PrivateKey, names: Iterable[str], now: float) -> Path:
    """The file with the hub's own certificate, made at the first call. StorageError where it cannot be written."""
    path = folder / FILE
    try:
        if not path.exists():
            write_whole(path, _made(key, names, now), mode=0o600)
    except OSError as wrong:
        raise explain(wrong, path) from wrong
    return path


def _made(key: Ed25519PrivateKey, names: Iterable[str], now: float) -> bytes:
    secret = ec.generate_private_key(ec.SECP256R1())
    public = secret.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Shopbell hub")])
    begins = datetime.fromtimestamp(now, UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=365 * YEARS))
        .add_extension(x509.SubjectAlternativeName([_name(one) for one in names]), critical=False)
        .add_extension(x509.UnrecognizedExtension(OID, vouch(key, public)), critical=False)
        .sign(secret, hashes.SHA256())
    )
    private = secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


class TlsServer:
    """The application over TLS on a port of its own, in a thread, until it is stopped."""

    def __init__(
        self, app: Callable[..., Iterable[bytes]], host: str, port: int, certificate: Path, threads: int
    ) -> None:
        self._server = _server(app, host, port, certificate, threads)
        try:
            self._server.prepare()
        except OSError as wrong:
            raise ServeError(
                f"Port {port} for TLS cannot be listened on: {wrong}. Change HUB_TLS."
            ) from wrong
        self._thread = threading.Thread(target=self._server.serve, name="tls", daemon=True)
        self.port = int(self._server.bind_addr[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is under way, and end."""
        self._server.stop()
        self._thread.join(5.0)


def _say_little(msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
    """What cheroot would print: somebody hung up, or brought no TLS."""
    del level, traceback
    logger.debug("tls said=%s", msg)


def _server(
    app: Callable[..., Iterable[bytes]], host: str, port: int, certificate: Path, threads: int
) -> Any:
    # Imported here: it costs some megabytes, and most hubs stand on a LAN of their own without TLS.
    from cheroot.ssl.builtin import BuiltinSSLAdapter
    from cheroot.wsgi import Server

    server = Server((host, port), app, numthreads=threads, max=threads, timeout=IDLE_S)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate)
    adapter = BuiltinSSLAdapter(str(certificate), str(certificate))
    adapter.context = context
    server.ssl_adapter = adapter
    server.max_request_body_size = MAX_REQUEST_BYTES
    # cheroot's way to be quiet (cheroot.server.HTTPServer.error_log).
    setattr(server, "error_log", _say_little)  # noqa: B010 - the stub knows it as a method only
    return server
