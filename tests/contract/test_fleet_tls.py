"""TLS pinned by key: a node believes the certificate that its own hub vouches for, whatever name and dates stand in it."""

from __future__ import annotations

import ssl
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.client.enrolling import enrol
from hub.client.link import HttpLink
from hub.devices import open_pairing
from hub.tls import FILE, TlsServer, own_certificate
from hub.wire.identity import public_text
from hub.wire.vouching import vouch, vouched_by
from tests.hub_house import House

LONG_AGO = 1_000_000_000.0


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def serving(house: House, folder: Path, key: Ed25519PrivateKey, now: float) -> TlsServer:
    folder.mkdir(exist_ok=True)
    certificate = own_certificate(folder, key, ["hub.local", "127.0.0.1"], now)
    server = TlsServer(house.app, "127.0.0.1", 0, certificate, 2)
    server.start()
    return server


@pytest.fixture
def tls(house: House, tmp_path: Path) -> Iterator[TlsServer]:
    server = serving(house, tmp_path / "tls", house.key, house.now)
    yield server
    server.stop()


def test_a_node_joins_and_speaks_over_tls_with_no_authority_and_no_calendar(
    house: House, tmp_path: Path
) -> None:
    # Made when the century was young, so over by every calendar but the key's.
    server = serving(house, tmp_path / "old", house.key, LONG_AGO)
    try:
        url = f"https://127.0.0.1:{server.port}"
        code = open_pairing(house.store, house.key, "kiosk", house.now)
        node = enrol(tmp_path / "node", url, str(code), "kiosk", "Till 1")
        assert node.hub == public_text(house.key)
        answer = HttpLink(url, node.hub).post("/v1/hello", b"{}", {}, 5)
        assert answer.status == 200, answer.body
    finally:
        server.stop()


def test_a_certificate_that_another_hub_vouches_for_is_refused_before_anything_is_said(
    house: House, tmp_path: Path
) -> None:
    server = serving(house, tmp_path / "other", Ed25519PrivateKey.generate(), house.now)
    try:
        link = HttpLink(f"https://127.0.0.1:{server.port}", public_text(house.key))
        answer = link.post("/v1/hello", b"{}", {}, 5)
        assert (answer.status, answer.body) == (0, b"the certificate is not vouched for by this shop's hub")
    finally:
        server.stop()


def test_a_statement_about_one_key_is_none_about_another(house: House) -> None:
    assert vouched_by(b"no certificate") is None
    statement = vouch(house.key, b"one key")
    assert statement[32:] != vouch(house.key, b"another key")[32:]


def test_the_key_of_the_certificate_is_read_by_its_owner_alone_and_kept(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    first = own_certificate(folder, house.key, ["hub.local"], house.now).read_bytes()
    assert (folder / FILE).stat().st_mode & 0o777 == 0o600
    assert own_certificate(folder, house.key, ["hub.local"], house.now + 9).read_bytes() == first


def test_other_programs_see_a_plain_certificate_that_they_may_choose_to_trust(
    tls: TlsServer, tmp_path: Path
) -> None:
    context = ssl.create_default_context(cafile=str(tmp_path / "tls" / FILE))
    url = f"https://127.0.0.1:{tls.port}/v1/openapi.json"
    with urllib.request.urlopen(url, context=context, timeout=10) as answer:
        assert answer.status == 200
