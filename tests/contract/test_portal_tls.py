"""TLS where a certificate is set: real handshakes, a renewal while it runs, what is said of certificates that do not do."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from guest_shop import make_door
from portal_shop import HERE, Shop, shop_in

from edge.portal.__main__ import main
from edge.portal.certificate import BadCertificate, read_certificate
from edge.portal.guests import Grant
from edge.portal.health import look
from edge.portal.looking import certificate_reason, of_certificate
from edge.portal.tls import Certificates, TlsServer

NAME = "wifi.shop.example"


class Authority:
    """A certificate authority of a test: phones that know it trust what it signs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        own = self._build(self.name, self.key, datetime.now(UTC) - timedelta(days=9), timedelta(days=900))
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.certificate = own.sign(self.key, SHA256())
        self.file = folder / "authority.pem"
        self.file.write_bytes(self.certificate.public_bytes(Encoding.PEM))

    def _build(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, begins: datetime, lasts: timedelta
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(begins + lasts)
        )

    def issue(
        self, *names: str, days: int = 60, begins_in_days: int = -1, own: bool = False, file: str = "portal"
    ) -> tuple[Path, Path]:
        """A chain and its key, as an ACME client leaves them: written beside, then moved into place."""
        key = ec.generate_private_key(ec.SECP256R1())
        begins = datetime.now(UTC) + timedelta(days=begins_in_days)
        subject = self.name if own else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "portal")])
        built = self._build(subject, key, begins, timedelta(days=days)).add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False
        )
        signed = built.sign(key if own else self.key, SHA256())
        chain, secret = self.folder / f"{file}.pem", self.folder / f"{file}.key"
        pem = signed.public_bytes(Encoding.PEM) + self.certificate.public_bytes(Encoding.PEM)
        for path, octets in (
            (secret, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())),
            (chain, pem),
        ):
            beside = path.with_suffix(".new")
            beside.write_bytes(octets)
            beside.replace(path)
        return chain, secret

    def trusting(self) -> ssl.SSLContext:
        """A phone that knows this authority."""
        return ssl.create_default_context(cafile=str(self.file))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("door")
    make_door(folder)
    return folder / "edge"


@contextlib.contextmanager
def tls_shop(folder: Path, door: Path, certificates: Certificates) -> Iterator[tuple[Shop, TlsServer]]:
    with shop_in(folder, door, certificates=certificates, PORTAL_NAME=NAME) as shop:
        server = TlsServer(shop.portal.wsgi, certificates, "127.0.0.1", 0, every_s=0.05)
        server.begin()
        try:
            yield shop, server
        finally:
            server.close()


class Phone(http.client.HTTPSConnection):
    """A connection to the loopback by somebody who asked for the portal's name."""

    def __init__(self, port: int | None, context: ssl.SSLContext) -> None:
        assert port is not None
        super().__init__(NAME, port, timeout=10, context=context)
        self._trust = context

    def connect(self) -> None:
        line = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        self.sock = self._trust.wrap_socket(line, server_hostname=NAME)


def fetch(port: int | None, context: ssl.SSLContext, path: str) -> tuple[int, dict[str, str], bytes]:
    phone = Phone(port, context)
    try:
        phone.request("GET", path, headers={"Accept": "application/captive+json"})
        answer = phone.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        phone.close()


def until(true: Callable[[], Any]) -> None:
    for _ in range(200):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")


def test_the_api_tells_each_phone_over_tls_how_it_stands(
    tmp_path: Path, door: Path, authority: Authority
) -> None:
    with tls_shop(tmp_path, door, Certificates(*authority.issue(NAME), NAME)) as (shop, server):
        status, headers, body = fetch(server.port, authority.trusting(), "/captive-portal/api")
        told = json.loads(body)
        assert (status, headers["content-type"]) == (200, "application/captive+json")
        assert "private" in headers["cache-control"].split(", ")
        portal = "https://wifi.shop.example:8443/"
        assert told == {"captive": True, "user-portal-url": portal, "venue-info-url": portal + "offers"}
        shop.keeper.let_in(HERE.ip, Grant("click", 600, extensions=1), time.time())
        told = json.loads(fetch(server.port, authority.trusting(), "/captive-portal/api")[2])
        assert (told["captive"], told["can-extend-session"]) == (False, True)
        assert 590 <= told["seconds-remaining"] <= 600
        assert fetch(server.port, authority.trusting(), "/")[0] == 200
        assert (
            look(
                enrolled=True,
                has_snapshot=True,
                more=of_certificate(Certificates(*_files(tmp_path), NAME), time.time()),
            )
            == []
        )


def _files(folder: Path) -> tuple[Path, Path]:
    return folder / "portal.pem", folder / "portal.key"


def test_a_renewed_certificate_is_taken_without_a_restart(
    tmp_path: Path, door: Path, authority: Authority
) -> None:
    def serial(port: int | None) -> int:
        phone = Phone(port, authority.trusting())
        phone.connect()
        try:
            assert phone.sock is not None
            shown = phone.sock.getpeercert(binary_form=True)  # type: ignore[attr-defined]
            return x509.load_der_x509_certificate(shown).serial_number
        finally:
            phone.close()

    with tls_shop(tmp_path, door, Certificates(*authority.issue(NAME), NAME)) as (_, server):
        first = serial(server.port)
        authority.issue(NAME, days=90)
        until(lambda: serial(server.port) != first)
        second = serial(server.port)
        # A client that was killed while it wrote: what was there goes on.
        _files(tmp_path)[0].write_text("-----BEGIN CERT")
        time.sleep(0.3)
        assert serial(server.port) == second
        assert fetch(server.port, authority.trusting(), "/healthz")[0] == 200


def test_a_portal_whose_certificate_comes_later_begins_to_listen_then(
    tmp_path: Path, door: Path, authority: Authority
) -> None:
    with tls_shop(tmp_path, door, Certificates(*_files(tmp_path), NAME)) as (shop, server):
        assert server.port is None
        answer = shop.get(NAME, "/captive-portal/api")
        assert b" 404 " in answer.partition(b"\r\n")[0]
        authority.issue(NAME)
        until(lambda: server.port is not None)
        assert fetch(server.port, authority.trusting(), "/captive-portal/api")[0] == 200


def test_a_phone_that_shakes_hands_slowly_or_not_at_all_keeps_no_other_waiting(
    tmp_path: Path, door: Path, authority: Authority
) -> None:
    with (
        tls_shop(tmp_path, door, Certificates(*authority.issue(NAME), NAME)) as (_, server),
        contextlib.ExitStack() as stack,
    ):
        for number in range(100):
            place = ("127.0.0.1", server.port or 0)
            line = stack.enter_context(socket.create_connection(place, 10, ("127.0.0.66", 0)))
            if number % 2:
                # These have begun, and go no further.
                line.sendall(b"\x16\x03\x01")
        for _ in range(5):
            # All those together would hold the four threads for a minute, and nobody waits here for longer than ten seconds.
            assert fetch(server.port, authority.trusting(), "/captive-portal/api")[0] == 200


def test_a_phone_with_many_lines_at_once_has_all_of_them_answered(
    tmp_path: Path, door: Path, authority: Authority
) -> None:
    with (
        tls_shop(tmp_path, door, Certificates(*authority.issue(NAME), NAME)) as (_, server),
        ThreadPoolExecutor(8) as pool,
    ):
        asked = [pool.submit(fetch, server.port, authority.trusting(), "/healthz") for _ in range(24)]
        assert [one.result()[0] for one in asked] == [200] * 24


def test_plain_http_on_the_port_of_tls_gets_nothing_and_breaks_nothing(
    tmp_path: Path, door: Path, authority: Authority, capfd: pytest.CaptureFixture[str]
) -> None:
    with tls_shop(tmp_path, door, Certificates(*authority.issue(NAME), NAME)) as (_, server):
        for octets in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x00\x05hello", bytes(300)):
            with socket.create_connection(("127.0.0.1", server.port or 0), timeout=10) as line:
                line.sendall(octets)
                with contextlib.suppress(ConnectionResetError):
                    assert b"200 OK" not in line.recv(1_000)
        assert fetch(server.port, authority.trusting(), "/healthz")[0] == 200
    said = capfd.readouterr()
    assert "127.0.0.1" not in said.err + said.out


@pytest.mark.parametrize(
    ("names", "days", "begins", "own", "codes"),
    [
        ([NAME], 60, -1, False, []),
        (["*.shop.example"], 60, -1, False, []),
        ([NAME], 10, -1, False, ["cert-soon"]),
        ([NAME], 5, -9, False, ["cert-over"]),
        ([NAME], 60, 2, False, ["cert-early"]),
        (["other.example", "*.wifi.shop.example"], 60, -1, False, ["cert-name"]),
        ([NAME], 60, -1, True, ["cert-own"]),
    ],
)
def test_a_certificate_that_does_not_do_is_told_with_what_to_do(
    authority: Authority, names: list[str], days: int, begins: int, own: bool, codes: list[str]
) -> None:
    certificates = Certificates(*authority.issue(*names, days=days, begins_in_days=begins, own=own), NAME)
    shown = look(enrolled=True, has_snapshot=True, more=of_certificate(certificates, time.time()))
    assert [one.code for one in shown] == codes
    reason = certificate_reason(certificates, time.time())
    assert (reason is None) == (codes in ([], ["cert-soon"], ["cert-own"]))


def test_files_that_hold_no_certificate_and_key_are_refused_with_the_reason(
    authority: Authority, tmp_path: Path
) -> None:
    chain, key = authority.issue(NAME)
    other = authority.issue(NAME, file="other")[1]
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    for files, why in (
        ((tmp_path / "none", key), "cannot be read"),
        ((empty, key), "holds no certificate"),
        ((chain, empty), "holds no private key"),
        ((chain, other), "belongs to another"),
        ((key, key), "holds no certificate"),
    ):
        with pytest.raises(BadCertificate, match=why):
            read_certificate(*files)


def test_the_address_for_dhcp_is_told_where_it_may_be_and_else_why_not(
    authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    chain, key = authority.issue(NAME)
    asked = ["api-url", "--cert", str(chain), "--cert-key", str(key)]
    assert main([*asked, "--name", NAME, "--tls-port", "9443"]) == 0
    assert capsys.readouterr().out == "https://wifi.shop.example:9443/captive-portal/api\n"
    assert main([*asked, "--name", "other.example"]) == 1
    assert "another name: wifi.shop.example" in capsys.readouterr().err
    assert main(["api-url"]) == 1
    assert "no certificate is set" in capsys.readouterr().err
