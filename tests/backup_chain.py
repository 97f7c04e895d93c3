"""Head office that keeps backups and the shops below it, in one process, for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chain_house import HeadHouse, ShopHouse

from hub.app import create_api_app
from hub.client.link import Link, WsgiLink
from hub.safety.head_office import HeadOfficeTarget
from hub.upstream.keeping import FOLDER as BELOW
from hub.upstream.line import FOLDER


class KeepingChain:
    """A chain whose head office has so many GB for each shop."""

    def __init__(self, folder: Path, below_gb: int) -> None:
        self.folder = folder
        self.head = HeadHouse(folder / "head")
        self.head.app = create_api_app(
            self.head.store, self.head.key, self.head.clock, self.head.folder, below_gb=below_gb
        )
        self.head.link = WsgiLink(self.head.app)
        self.shops: list[ShopHouse] = []

    def shop(self, number: int) -> ShopHouse:
        """A shop that has joined."""
        made = ShopHouse(self.folder / f"shop-{number}", number, self.head)
        made.join()
        self.shops.append(made)
        return made

    def target(
        self, shop: ShopHouse, link: Link | None = None, now: Callable[[], float] | None = None
    ) -> HeadOfficeTarget:
        """Where this shop's backup goes."""
        way = link or shop.line
        identity = shop.folder / FOLDER
        return HeadOfficeTarget(identity, way) if now is None else HeadOfficeTarget(identity, way, now)

    def kept(self, number: int) -> Path:
        """Where head office keeps that shop's pieces."""
        return self.head.folder / BELOW / str(number)

    def close(self) -> None:
        for one in (*self.shops, self.head):
            one.close()


@contextmanager
def keeping_chain(folder: Path, below_gb: int = 20) -> Iterator[KeepingChain]:
    made = KeepingChain(folder, below_gb)
    try:
        yield made
    finally:
        made.close()
