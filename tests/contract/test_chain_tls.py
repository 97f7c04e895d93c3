"""A shop's line to head office by TLS: only to the hub that it joined, whoever else answers at that address."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chain_house import HeadHouse
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hub_house import House

from hub.client.link import SignedLink
from hub.tls import TlsServer, own_certificate
from hub.upstream.joining import join, move
from hub.upstream.line import node_at_head_office, signed_link
from hub.upstream.relaying import Upstream


class Served:
    """Head office's application behind a certificate that some hub vouches for. `asked`: the paths that reached it."""

    def __init__(self, head: House, folder: Path, key: Ed25519PrivateKey) -> None:
        self.asked: list[str] = []
        self._app = head.app
        folder.mkdir()
        certificate = own_certificate(folder, key, ["127.0.0.1"], head.now)
        self._server = TlsServer(self._answer, "127.0.0.1", 0, certificate, 2)
        self._server.start()
        self.url = f"https://127.0.0.1:{self._server.port}"

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.asked.append(environ["PATH_INFO"])
        return self._app(environ, start)

    def stop(self) -> None:
        self._server.stop()


@pytest.fixture
def head(tmp_path: Path) -> Iterator[HeadHouse]:
    made = HeadHouse(tmp_path / "head")
    yield made
    made.close()


@pytest.fixture
def served(head: HeadHouse, tmp_path: Path) -> Iterator[Served]:
    made = Served(head, tmp_path / "its-own", head.key)
    yield made
    made.stop()


@pytest.fixture
def shop(head: HeadHouse, served: Served, tmp_path: Path) -> Iterator[House]:
    (tmp_path / "shop").mkdir()
    made = House(tmp_path / "shop", number=2)
    join(made.store, made.folder, served.url, head.code(), made.now, "test")
    yield made
    made.close()


def line_of(shop: House) -> SignedLink:
    node = node_at_head_office(shop.folder)
    assert node is not None
    return signed_link(shop.store, node)


def test_a_shop_joins_and_tells_over_tls_with_no_authority(shop: House, served: Served) -> None:
    node = node_at_head_office(shop.folder)
    assert node is not None
    step = Upstream(shop.store, node, line_of(shop), shop.clock, jitter=lambda: 0.5).drain()
    assert step.retry is None, step
    assert "/v1/sync" in served.asked


def test_whoever_answers_there_with_another_certificate_is_told_nothing(
    shop: House, head: HeadHouse, tmp_path: Path
) -> None:
    other = Served(head, tmp_path / "another", Ed25519PrivateKey.generate())
    try:
        move(shop.store, shop.folder, other.url, shop.now, "test")
        reply = line_of(shop).post("/v1/sync", b"{}", 5)
        assert (reply.status, reply.body) == (0, b"the certificate is not vouched for by this shop's hub")
        assert other.asked == []
    finally:
        other.stop()
