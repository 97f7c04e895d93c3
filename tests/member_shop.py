"""The counter's shop with the hub's public pages, for tests in which guests join and members come to the till."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kiosk_shop import TillShop

from hub.app import Hub
from hub.config import Config

SITE = "http://shop.test"


class MemberShop(TillShop):
    """`hub.app` answers nodes and shoppers' phones; its public address is `url`, "" where nobody has said."""

    def __init__(self, folder: Path, url: str = SITE) -> None:
        super().__init__(folder)
        self.store.close()
        self.hub = Hub(Config(dir=folder / "hub", url=url), clock=self.clock())
        self.store = self.hub.store
        self.app = self.hub.app
        assert self.hub.site is not None
        self.hub.site.exchange.drain()

    def close(self) -> None:
        for till in self._tills:
            till.stop()
        self.hub.close()


@contextmanager
def member_shop_in(folder: Path) -> Iterator[MemberShop]:
    """A shop that is closed in the end."""
    shop = MemberShop(folder)
    try:
        yield shop
    finally:
        shop.close()
