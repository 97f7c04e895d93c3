"""Nodes forget who was forgotten, from the hub's list of keyed hashes alone, and what they tell late is nobody's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from sqlite3 import SQLITE_ATTACH, SQLITE_DENY, SQLITE_OK

import pytest

from hub.client.db import writing
from hub.client.issued import by_serial
from hub.client.joins import Joins
from hub.members.consent import withdraw
from hub.members.erasing import clean, forget_asked
from hub.rebuild import verify
from hub.wire.events import ConsentGiven, PurchasePaid
from hub.wire.sync_members import Fields
from kiosk.counter import Counter
from tests.kiosk_shop import COFFEE, TillShop, shop_in

ANN, BOB = "a1" * 16, "b0" * 16


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[TillShop]:
    with shop_in(tmp_path) as made:
        yield made


def agreed(member: str) -> ConsentGiven:
    return ConsentGiven(
        member=member, purpose="messages", text="I agree.", text_version="1", language="en", place="till"
    )


def bought(name: str, member: str) -> PurchasePaid:
    return PurchasePaid(id=name, till="Till 1", staff="s1", cents=500, member=member)


def erase(shop: TillShop, member: str) -> None:
    withdraw(shop.store, member, "all", place="page", proof="link", now=shop.now(), clock="ntp")
    forget_asked(shop.store, shop.folder / "hub", shop.now())
    assert clean(shop.store)


def files_with(folder: Path, member: str) -> list[str]:
    return sorted(
        path.name for path in folder.rglob("*") if path.is_file() and member.encode() in path.read_bytes()
    )


def coupon_for(till: Counter, member: str) -> str:
    taken = till.desk.take(COFFEE, till.random(16).hex(), till.clock.now(), member=member)
    return str(taken.coupon.serial)  # type: ignore[union-attr]  # what a shopper gets, and nobody refuses here


def test_a_node_forgets_at_its_next_exchange(shop: TillShop) -> None:
    till, _ = shop.till()
    for member in (ANN, BOB):
        till.outbox.record(agreed(member), shop.now())
        till.outbox.record(bought(f"p-{member}", member), shop.now())
    serials = {member: coupon_for(till, member) for member in (ANN, BOB)}
    till.exchange.drain()
    folder = shop.folder / "till-1"
    assert files_with(folder, ANN)

    erase(shop, ANN)
    till.exchange.drain()
    till.exchange.drain()

    assert files_with(shop.folder, ANN) == []
    assert till.shelf.is_forgotten(ANN)
    assert not till.shelf.is_forgotten(BOB)
    conn = till.pool.here().conn
    assert by_serial(conn, serials[ANN]) is None
    assert by_serial(conn, serials[BOB]) is not None
    assert verify(shop.store).differ == ()


def test_what_stands_in_free_space_of_a_nodes_file_goes_too(shop: TillShop) -> None:
    till, _ = shop.till()
    till.outbox.record(agreed(ANN), shop.now())
    till.exchange.drain()
    # As another program leaves it, which does not overwrite what it deletes.
    conn = till.pool.here().conn
    assert conn is not None
    conn.execute("PRAGMA secure_delete = OFF")
    conn.execute("CREATE TABLE _other (text TEXT)")
    conn.executemany("INSERT INTO _other VALUES (?)", [(f"{number} {ANN}",) for number in range(500)])
    conn.execute("DROP TABLE _other")
    conn.execute("PRAGMA secure_delete = ON")

    erase(shop, ANN)
    # As where the disk has no room for the file once more: SQLite attaches the new one.
    conn.set_authorizer(lambda act, *_: SQLITE_DENY if act == SQLITE_ATTACH else SQLITE_OK)
    till.exchange.drain()
    assert till.exchange.drain().retry is None, "the exchange goes on"
    assert conn.execute("SELECT cleaned FROM forgot").fetchone() == (0,)
    conn.set_authorizer(None)
    till.exchange.drain()

    assert files_with(shop.folder, ANN) == []
    assert conn.execute("SELECT cleaned FROM forgot").fetchone() == (1,)


def test_what_was_done_while_the_line_was_cut_is_nobodys_everywhere(shop: TillShop) -> None:
    till, line = shop.till()
    till.outbox.record(agreed(ANN), shop.now())
    till.exchange.drain()
    line.mode = "cut"
    till.outbox.record(bought("late", ANN), shop.now())
    joins = Joins(till.pool, till.node.hub)
    with writing(till.pool.here()) as conn:
        joins.put(conn, ANN, Fields(name="Ann"), language="en", at=shop.now())
    erase(shop, ANN)
    paid = shop.store.journal.kinds().get("purchase.paid", 0)

    line.mode = "good"
    till.exchange.drain()
    till.exchange.drain()

    assert files_with(shop.folder, ANN) == []
    assert shop.store.journal.kinds()["purchase.paid"] == paid + 1
    assert till.outbox.counts().parked == 0
    assert shop.store.journal.parked() == []
    assert joins.count() == 0
    assert verify(shop.store).differ == ()
