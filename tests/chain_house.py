"""A chain in one process for tests: head office and shops, each a whole hub of its own, the lines between them to be cut."""

from __future__ import annotations

import shutil
from pathlib import Path

from hub_house import House

from hub.app import create_api_app, open_database
from hub.client.link import Link, Reply, WsgiLink
from hub.devices import open_pairing
from hub.store.sqlite import FILE
from hub.upstream.joining import join
from hub.upstream.line import node_at_head_office, signed_link
from hub.upstream.relaying import Step, Upstream

HEAD = 1


class Line:
    """The way to head office. `cut`: nothing goes through. `lost`: so many answers are lost on their way back."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.cut = False
        self.lost = 0
        self.asked = 0

    def post(self, path: str, body: bytes, headers: dict[str, str], timeout_s: float) -> Reply:
        if self.cut:
            return Reply(0, b"cut")
        self.asked += 1
        reply = self.link.post(path, body, headers, timeout_s)
        if self.lost:
            self.lost -= 1
            return Reply(0, b"lost")
        return reply


class HeadHouse(House):
    """Head office."""

    def __init__(self, folder: Path, database: str = "") -> None:
        folder.mkdir()
        super().__init__(folder, database, HEAD)

    def code(self) -> str:
        return str(open_pairing(self.store, self.key, "hub", self.now))


class ShopHouse(House):
    """A shop that joins head office."""

    def __init__(self, folder: Path, number: int, head: HeadHouse) -> None:
        folder.mkdir()
        super().__init__(folder, number=number)
        self.head = head
        self.line = Line(head.link)
        self.upstream: Upstream | None = None

    def join(self) -> None:
        join(self.store, self.folder, "http://head", self.head.code(), self.now, "test", self.line)
        self.connect()

    def connect(self) -> Upstream:
        node = node_at_head_office(self.folder)
        assert node is not None
        link = signed_link(self.store, node, self.line)
        self.upstream = Upstream(self.store, node, link, self.clock, jitter=lambda: 0.5)
        return self.upstream

    def drain(self) -> Step:
        assert self.upstream is not None
        return self.upstream.drain()


def keep_copy(house: House, *, marked: bool = True) -> None:
    """A backup, as `hub backup` makes it; without its mark where somebody copied the file by hand."""
    (house.folder / "copy.db").unlink(missing_ok=True)
    house.store.copy_to(house.folder / "copy.db", kept_at=house.now if marked else None)


def set_back(house: House) -> None:
    """Stop this hub, put the copy in the place of its file, start it."""
    house.store.close()
    for name in (f"{FILE}-wal", f"{FILE}-shm"):
        (house.folder / name).unlink(missing_ok=True)
    shutil.copy(house.folder / "copy.db", house.folder / FILE)
    house.store = open_database(house.folder)
    house.app = create_api_app(house.store, house.key, house.clock)
    house.link = WsgiLink(house.app)


def texts(house: House, number: int | None = None) -> list[bytes]:
    """Every event in a shop's books, in their order."""
    store = house.store if number is None else house.store.of_shop(number)
    return [text for chunk in store.journal.chunks() for _, _, text in chunk]
