"""A node takes a new key while it goes on: with an answer lost, a disk copied at any step, and the power cut in the middle."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.client.db import StorageError
from hub.client.enrolling import enrol
from hub.client.link import Reply, WsgiLink
from hub.client.node import KEY_FILE, Node
from hub.devices import open_pairing
from hub.keys import KeyPolicy, ask_new_key, set_key_policy, withdraw_key
from hub.wire.coupon import Issued, read_token
from hub.wire.identity import public_text, read_public
from hub.wire.sync import Problem
from tests.hub_house import House
from tests.prove._site import ProofNode

ROOT = Path(__file__).resolve().parents[2]


class Way:
    """The way to the hub. `lose`: how many answers to a new key are lost; `seen`: copies of the disk at that moment."""

    def __init__(self, house: House, folder: Path) -> None:
        self._link = WsgiLink(house.app)
        self.folder = folder
        self.lose = 0
        self.copies: list[Path] = []

    def post(self, path: str, body: bytes, headers: dict[str, str], timeout_s: float) -> Reply:
        if path != "/v1/renew":
            return self._link.post(path, body, headers, timeout_s)
        self.copy("asked")
        reply = self._link.post(path, body, headers, timeout_s)
        self.copy("answered")
        if self.lose:
            self.lose -= 1
            return Reply(0, b"lost")
        return reply

    def copy(self, when: str) -> None:
        """What a power cut would leave now."""
        place = self.folder.with_name(f"{self.folder.name}-{len(self.copies)}-{when}")
        shutil.copytree(self.folder, place)
        self.copies.append(place)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    (tmp_path / "hub").mkdir()
    opened = House(tmp_path / "hub")
    opened.now = time.time()
    set_key_policy(opened.store, KeyPolicy(lead_s=0), opened.now, "ines")
    yield opened
    opened.close()


def joined(house: House, folder: Path) -> tuple[ProofNode, Way]:
    way = Way(house, folder)
    code = open_pairing(house.store, house.key, "kiosk", house.now)
    node = ProofNode(folder, enrol(folder, "http://hub", str(code), "kiosk", "Till 1", way), way)
    node.exchange.drain()
    return node, way


def is_known(house: House, node: Node) -> bool:
    """Whether the hub knows the very key that this node would sign with now, under that number."""
    number, key = node.signer(time.time())
    known = house.store.keys.get(number)
    return known is not None and known.public == public_text(key) and known.over_at() is None


def take(node: ProofNode, request: str) -> Issued:
    house_offers = node.shelf.campaigns()
    issued = node.desk.take(house_offers[0].number, request, house_offers[0].starts_at + 1)
    assert isinstance(issued, Issued), issued
    return issued


def test_a_node_that_is_asked_takes_a_new_key_and_says_so(house: House, tmp_path: Path) -> None:
    node, _ = joined(house, tmp_path / "till")
    assert ask_new_key(house.store, node.node.device, house.now, "ines")
    node.exchange.drain()
    node.exchange.drain()
    assert node.node.signer(house.now + 1)[0] == 1
    device = house.store.devices.get(node.node.device)
    assert device is not None
    assert (device.key_number, house.store.keys.wishes()) == (1, {})
    assert house.store.keys.get(0).ends_at is not None  # type: ignore[union-attr]
    token = read_token(take(node, "a").token)
    known = node.shelf.key(1)
    assert token is not None
    assert known is not None
    assert token.coupon.key_number == 1
    assert token.is_signed_by(read_public(known.public))
    assert node.exchange.once().retry is None, "requests go on as before"
    assert (node.node.folder / KEY_FILE).exists()


def test_the_key_of_a_node_that_took_two_is_the_latest_and_the_one_between_is_deleted(
    house: House, tmp_path: Path
) -> None:
    node, _ = joined(house, tmp_path / "till")
    files = set()
    for number in (1, 2, 3):
        ask_new_key(house.store, node.node.device, house.now, "ines")
        node.exchange.drain()
        node.exchange.drain()
        assert node.node.key_number == number
        files = {path.name for path in node.node.folder.glob("*.key")}
        assert len(files) == 2
        again = Node.load(node.node.folder)
        assert again is not None
        assert is_known(house, again)
    assert all((node.node.folder / name).stat().st_mode & 0o777 == 0o600 for name in files)


def test_a_disk_at_any_step_has_a_key_that_the_shop_knows(house: House, tmp_path: Path) -> None:
    node, way = joined(house, tmp_path / "till")
    way.lose = 2
    ask_new_key(house.store, node.node.device, house.now, "ines")
    way.copy("before")
    for _ in range(5):
        node.exchange.once()
        way.copy("after")
    assert node.node.key_number == 1
    assert len(house.store.keys.all()) == 2, "the same key, however often it is told"
    for place in way.copies:
        again = Node.load(place)
        assert again is not None
        assert is_known(house, again) or again.key_number == 0, place
    # A disk that was set back to the middle goes on to the end.
    for place in way.copies[1:4]:
        link = WsgiLink(house.app)
        again = Node.load(place)
        assert again is not None
        back = ProofNode(place, again, link)
        back.signed.count_above(1_000_000)
        for _ in range(4):
            back.exchange.once()
        assert is_known(house, back.node), place
        back.pool.close()


def test_a_new_key_whose_file_was_lost_is_made_anew(house: House, tmp_path: Path) -> None:
    node, way = joined(house, tmp_path / "till")
    way.lose = 1
    ask_new_key(house.store, node.node.device, house.now, "ines")
    node.exchange.once()
    (node.node.folder / node.node.record.next_file).unlink()
    again = Node.load(node.node.folder)
    assert again is not None
    anew = ProofNode(node.node.folder, again, way)
    for _ in range(3):
        anew.exchange.once()
    assert is_known(house, anew.node)
    anew.pool.close()


def test_a_key_whose_file_is_gone_is_said_to_be_gone(house: House, tmp_path: Path) -> None:
    node, _ = joined(house, tmp_path / "till")
    ask_new_key(house.store, node.node.device, house.now, "ines")
    node.exchange.drain()
    node.exchange.drain()
    again = Node.load(node.node.folder)
    assert again is not None
    (node.node.folder / again.record.key_file).unlink()
    with pytest.raises(StorageError):
        again.signer(house.now)


def test_whoever_signs_has_number_and_key_that_belong_together(house: House, tmp_path: Path) -> None:
    """Shoppers take coupons in four threads, and a second program of the node in a fifth, while the key changes six times."""
    node, _ = joined(house, tmp_path / "till")
    other = Node.load(node.node.folder)
    assert other is not None
    publics: dict[int, str] = {0: public_text(node.node.key)}
    pairs: list[tuple[int, str]] = []
    stop = threading.Event()

    def sign(who: Node) -> None:
        while not stop.wait(0.001):
            number, key = who.signer(time.time())
            pairs.append((number, public_text(key)))

    threads = [threading.Thread(target=sign, args=(who,)) for who in (*[node.node] * 4, other)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(6):
            ask_new_key(house.store, node.node.device, house.now, "ines")
            node.exchange.drain()
            node.exchange.drain()
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)
    publics |= {key.number: key.public for key in house.store.keys.all()}
    assert len({number for number, _ in pairs}) > 1
    assert all(publics[number] == public for number, public in pairs)
    assert other.signer(time.time())[0] == 6


def test_what_the_hub_has_against_a_new_key_is_told_and_tried_again(house: House, tmp_path: Path) -> None:
    from hub.client.renewing import renew

    node, way = joined(house, tmp_path / "till")
    way.lose = 1
    against = renew(node.node, node.signed, house.now)
    assert against == Problem("hub_unreachable", "The hub does not answer.")
    withdraw_key(house.store, 1, house.now, "ines")
    against = renew(node.node, node.signed, house.now)
    assert against is not None
    assert against.code == "key_used"
    assert renew(node.node, node.signed, house.now) is None, "another one is made"
    assert node.node.signer(house.now + 1)[0] == 2
    assert is_known(house, node.node)


KILLED = """
import sys, time
from pathlib import Path
import msgspec
from hub.client.link import Reply
from hub.client.node import Node
from hub.client.renewing import renew
from hub.wire.sync import RenewReply, RenewRequest

folder = Path(sys.argv[1])
given = folder / "given"

class Hub:
    def post(self, path, body, timeout_s):
        public = msgspec.json.decode(body, type=RenewRequest).public
        known = given.read_text().split() if given.exists() else []
        if public not in known:
            with given.open("a") as out:
                out.write(public + "\\n")
            known.append(public)
        return Reply(200, msgspec.json.encode(RenewReply((known.index(public) + 1) % 256, 0)))

node = Node.load(folder)
print("ready", flush=True)
while True:
    renew(node, Hub(), time.time())
"""


def test_a_node_that_is_killed_while_it_takes_keys_always_has_one(house: House, tmp_path: Path) -> None:
    node, _ = joined(house, tmp_path / "till")
    folder = node.node.folder
    for turn in range(8):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        given = folder / "given"
        until = time.monotonic() + 60
        try:
            assert child.stdout.readline() == "ready\n"
            while len(given.read_text().split() if given.exists() else ()) < 2 * (turn + 1):
                assert time.monotonic() < until
                time.sleep(0.002)
            time.sleep(0.007 * turn)
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait(10)
            child.stdout.close()
        again = Node.load(folder)
        assert again is not None
        number, key = again.signer(time.time())
        told = given.read_text().split()
        assert number == 0 or (told.index(public_text(key)) + 1) % 256 == number


def test_a_node_is_known_by_the_key_that_it_joined_with_whatever_it_signs_with(
    house: House, tmp_path: Path
) -> None:
    node, _ = joined(house, tmp_path / "till")
    identity = public_text(node.node.key)
    for _ in range(2):
        ask_new_key(house.store, node.node.device, house.now, "ines")
        node.exchange.drain()
        node.exchange.drain()
        found = node.shelf.key_of(node.node.device)
        assert found is not None
        assert (found.public, found.withdrawn_at) == (identity, None)
    withdraw_key(house.store, 0, house.now, "ines")
    node.exchange.drain()
    assert node.shelf.key_of(node.node.device).public == identity  # type: ignore[union-attr]
    house.store.devices.withdraw(node.node.device, house.now)
    other, _ = joined(house, tmp_path / "other")
    found = other.shelf.key_of(node.node.device)
    assert found is not None
    assert found.withdrawn_at is not None
    assert other.shelf.key_of("kiosk-99") is None
