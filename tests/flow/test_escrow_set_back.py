"""A hub, or a till, that was set back to a backup: a lot is not oversold, and is handed out to the last in the end."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from kiosk_shop import TillShop, shop_in

from hub.app import create_app, open_store
from hub.client.clock import Clock
from hub.client.link import WsgiLink
from hub.client.rights import spent
from hub.config import Config
from hub.store.sqlite import FILE
from hub.wire.coupon import Issued
from hub.wire.snapshot import Value
from kiosk.counter import DB_FILE, Counter
from kiosk.verdicts import Scan, Undo

LOT = 7
SIZE = 120
_requests = count(1)


class Hub:
    """The hub of a shop as tills reach it, whichever of its lives it lives."""

    def __init__(self, shop: TillShop) -> None:
        self.shop = shop
        self.app: Any = shop.app
        self.stores = [shop.store]

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        answer: Iterable[bytes] = self.app(environ, start)
        return answer

    def copy(self) -> Path:
        """A backup of the database, as it is now."""
        copy = self.shop.folder / f"backup-{next(_requests)}.db"
        with sqlite3.connect(self.shop.folder / "hub" / FILE) as live, sqlite3.connect(copy) as target:
            live.backup(target)
        return copy

    def start_again(self, backup: Path | None = None) -> None:
        """A new process, with the files as they are or with a backup put back."""
        folder = self.shop.folder / f"hub-{len(self.stores)}"
        shutil.copytree(self.shop.folder / "hub", folder)
        for old in folder.glob(f"{FILE}*"):
            old.unlink()
        shutil.copy(backup or self.copy(), folder / FILE)
        store = open_store(folder)
        self.stores.append(store)
        clock = Clock(wall=self.shop.now, ntp=lambda: True)
        self.app = create_app(Config(dir=folder), store, self.shop.key, clock=clock, admin=False)

    def taken(self) -> int:
        return self.stores[-1].ledger.taken(LOT)

    def close(self) -> None:
        for store in self.stores[1:]:
            store.close()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with shop_in(tmp_path) as shop:
        hub = Hub(shop)
        yield hub
        hub.close()


def till(hub: Hub, name: str) -> Counter:
    counter, _ = hub.shop.till(name, link=WsgiLink(hub))
    return counter


def take(counter: Counter, wanted: int, *, tell: bool = True) -> int:
    """So many shoppers; how many got one."""
    got = 0
    for _ in range(wanted):
        request = f"{next(_requests):032x}"
        got += isinstance(counter.desk.take(LOT, request, counter.clock.now()), Issued)
        if tell:
            counter.exchange.drain()
    return got


def test_a_hub_that_was_set_back_gives_nobody_more_of_a_lot_before_it_has_heard_everybody(hub: Hub) -> None:
    first, second = till(hub, "Till 1"), till(hub, "Till 2")
    hub.shop.publish(LOT, Value("amount", 500), issue_limit=SIZE)
    got = take(first, 10) + take(second, 10)
    backup = hub.copy()
    got += take(first, 40) + take(second, 30)
    in_hand = first.shelf.right(LOT).issue - spent(first.pool.here().conn, LOT, "issue")
    hub.start_again(backup)
    # Only the first till is there: what it still holds it may hand out, and no more.
    more = take(first, 60)
    assert more == in_hand
    got += more
    second.exchange.drain()
    for _ in range(4):
        got += take(first, 20) + take(second, 20)
    assert got == SIZE
    for counter in (first, second):
        counter.exchange.drain()
    assert hub.taken() <= SIZE


def test_a_hub_that_only_starts_again_waits_for_a_node_that_is_away_until_it_is_withdrawn(hub: Hub) -> None:
    first, second = till(hub, "Till 1"), till(hub, "Till 2")
    hub.shop.publish(LOT, Value("amount", 500), issue_limit=SIZE)
    got = take(first, 20) + take(second, 5)
    hub.start_again()
    got += take(first, 60)
    assert got < SIZE - second.shelf.right(LOT).issue
    assert hub.stores[-1].devices.withdraw(second.node.device, hub.shop.now())
    got += take(first, 2 * SIZE)
    assert got == SIZE


def test_a_till_that_was_set_back_does_not_hand_out_the_same_rights_twice(hub: Hub) -> None:
    first, second = till(hub, "Till 1"), till(hub, "Till 2")
    hub.shop.publish(LOT, Value("amount", 500), issue_limit=SIZE)
    got = take(first, 20)
    first.stop()
    path = first.config.dir / DB_FILE
    backup = path.with_name("backup.db")
    with sqlite3.connect(path) as live, sqlite3.connect(backup) as target:
        live.backup(target)
    first, _ = hub.shop.till("Till 1", link=WsgiLink(hub))
    got += take(first, 30)
    first.stop()
    for old in path.parent.glob(f"{DB_FILE}*"):
        old.unlink()
    shutil.copy(backup, path)
    first, _ = hub.shop.till("Till 1", link=WsgiLink(hub))
    # The first request only tells it how far it had counted; with the second it is heard, and told what it has spent.
    first.exchange.drain()
    for _ in range(4):
        got += take(first, 30) + take(second, 30)
    assert got == SIZE


def test_what_the_hub_had_decided_is_told_again_also_an_undo_whose_answer_was_lost(hub: Hub) -> None:
    first, line = hub.shop.till("Till 1", link=WsgiLink(hub))
    second = till(hub, "Till 2")
    coupon = hub.shop.take(first)
    backup = hub.copy()
    wrong = first.redeemer.redeem(Scan(coupon.token, "s1", f"{next(_requests):032x}"))
    line.deaf_to.add("/v1/reverse")
    back = first.redeemer.reverse(Undo(wrong.nonce, "s1", f"{next(_requests):032x}", "wrong customer"))
    assert (wrong.decided_by, back.state) == ("hub", "open")
    right = second.redeemer.redeem(Scan(coupon.token, "s1", f"{next(_requests):032x}"))
    assert (right.accepted, right.decided_by) == (True, "hub")
    hub.start_again(backup)
    for _ in range(3):
        for counter in (first, second):
            counter.exchange.drain()
    store = hub.stores[-1]
    standing = {act.nonce: act.standing for act in store.counter.acts_of(coupon.coupon.serial)}
    assert standing == {wrong.act: "reversed", right.act: "first"}
    assert [conflict.settled_at for conflict in store.counter.conflicts()].count(None) == 0
    (told,) = first.store.unseen_reversals()
    assert (told.nonce, told.state) == (back.nonce, "reversed")
