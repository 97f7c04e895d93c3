"""A shop's journal goes up to head office: each event once, in the shop's order, whatever the line and the disks do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from chain_house import HEAD, HeadHouse, ShopHouse, keep_copy, set_back, texts
from hub_house import House, alone, problem, visit

from hub.client.enrolling import EnrolError
from hub.rebuild import verify
from hub.upstream.joining import join, leave
from hub.upstream.line import node_at_head_office
from hub.wire.chain import RELAY_BATCH
from tests.postgres_server import PostgresServer, postgres_server


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def head(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HeadHouse]:
    database = request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    made = HeadHouse(tmp_path / "head", database)
    yield made
    made.close()


@pytest.fixture
def shop(tmp_path: Path, head: HeadHouse) -> Iterator[ShopHouse]:
    made = ShopHouse(tmp_path / "shop", 2, head)
    made.join()
    yield made
    made.close()


def trade(house: House, count: int = 3) -> None:
    """Visits at the door, coupons taken and redeemed at the till with the hub's decision, one decided by the till alone."""
    door, till = house.node("edge", "Door"), house.node()
    for _ in range(count):
        door.report(visit(), visit())
        fact, token = till.mint()
        till.report(fact)
        assert till.redeem(token).accepted
    cut_off, _ = till.mint()
    till.report(cut_off, alone(cut_off))


def test_every_event_of_every_device_is_in_head_offices_books_of_that_shop_byte_for_byte(
    head: HeadHouse, shop: ShopHouse
) -> None:
    trade(shop)
    step = shop.drain()

    assert step.retry is None
    assert step.sent == len(texts(shop)) > 10
    assert texts(head, 2) == texts(shop)
    assert texts(head) == []
    books = head.store.of_shop(2)
    assert books.ledger.digest() == shop.store.ledger.digest()
    assert verify(head.store).differ == ()
    shop_told = books.shop.get()
    assert shop_told is not None
    assert shop_told.name == {"en": "Corner", "zh": "街角"}


def test_a_lost_answer_and_a_line_that_was_cut_add_nothing_and_lose_nothing(
    head: HeadHouse, shop: ShopHouse
) -> None:
    trade(shop)
    shop.line.lost = 2
    assert shop.drain().retry is not None
    assert shop.drain().retry is not None
    shop.line.cut = True
    trade(shop)
    assert shop.drain().retry is not None
    record = shop.store.chain.upstream()
    assert record is not None
    assert (record.code, record.failing_since) == ("hub_unreachable", shop.now)
    shop.line.cut = False

    assert shop.drain().retry is None
    assert texts(head, 2) == texts(shop)
    record = shop.store.chain.upstream()
    assert record is not None
    assert (record.code, record.failing_since, record.reached_at) == ("", None, shop.now)


def test_more_than_one_step_holds_goes_up_in_several(head: HeadHouse, shop: ShopHouse) -> None:
    door = shop.node("edge", "Door")
    for _ in range(6):
        door.report(*(visit() for _ in range(400)))
    before = shop.line.asked
    shop.drain()

    assert shop.line.asked - before >= 2_400 / RELAY_BATCH
    assert texts(head, 2) == texts(shop)


def test_two_shops_have_books_of_their_own(tmp_path: Path, head: HeadHouse, shop: ShopHouse) -> None:
    other = ShopHouse(tmp_path / "other", 3, head)
    other.join()
    trade(shop)
    trade(other, count=1)
    shop.drain()
    other.drain()

    assert texts(head, 2) == texts(shop)
    assert texts(head, 3) == texts(other)
    assert [one.tenant for one in head.store.chain.below()] == [2, 3]
    other.close()


@pytest.mark.parametrize("marked", [True, False], ids=["a backup", "a copy of the file"])
def test_a_shop_that_was_set_back_gets_back_what_it_lost(
    head: HeadHouse, shop: ShopHouse, marked: bool
) -> None:
    trade(shop)
    shop.drain()
    keep_copy(shop, marked=marked)
    trade(shop)
    shop.now += 3_600
    shop.drain()
    lost = texts(shop)
    set_back(shop)
    shop.connect()
    assert len(texts(shop)) < len(lost)

    step = shop.drain()

    assert step.retry is None
    assert sorted(texts(shop)) == sorted(lost)
    assert sorted(texts(head, 2)) == sorted(lost)
    record = shop.store.chain.upstream()
    assert record is not None
    assert record.got_back > 0
    assert shop.store.setback.latest() is not None
    assert verify(shop.store).differ == ()


def test_what_happened_after_a_set_back_and_before_the_line_was_back_is_kept_too(
    head: HeadHouse, shop: ShopHouse
) -> None:
    trade(shop)
    shop.drain()
    keep_copy(shop)
    trade(shop, count=1)
    shop.drain()
    lost = set(texts(shop))
    set_back(shop)
    shop.connect()
    shop.line.cut = True
    till = shop.node()
    for _ in range(20):
        fact, _ = till.mint()
        till.report(fact)
    since = set(texts(shop))
    shop.line.cut = False

    shop.drain()

    assert set(texts(shop)) == lost | since
    assert len(texts(shop)) == len(lost | since)
    assert sorted(texts(head, 2)) == sorted(texts(shop))


def test_head_office_that_was_set_back_is_told_again(tmp_path: Path) -> None:
    head = HeadHouse(tmp_path / "head")
    shop = ShopHouse(tmp_path / "shop", 2, head)
    shop.join()
    trade(shop)
    shop.drain()
    keep_copy(head)
    trade(shop)
    shop.drain()
    set_back(head)
    shop.line.link = head.link
    assert len(texts(head, 2)) < len(texts(shop))

    shop.drain()
    shop.drain()

    assert texts(head, 2) == texts(shop)
    shop.close()
    head.close()


def test_a_number_that_is_taken_is_refused_with_a_sentence(
    tmp_path: Path, head: HeadHouse, shop: ShopHouse
) -> None:
    twin = ShopHouse(tmp_path / "twin", 2, head)
    with pytest.raises(EnrolError, match="number 2 is taken"):
        twin.join()
    namesake = ShopHouse(tmp_path / "namesake", HEAD, head)
    with pytest.raises(EnrolError, match=f"number {HEAD} is taken"):
        namesake.join()
    assert node_at_head_office(twin.folder) is None
    twin.close()
    namesake.close()


def test_a_code_for_a_device_lets_no_shop_in_and_a_code_for_a_shop_no_device(
    tmp_path: Path, head: HeadHouse
) -> None:
    from hub.devices import open_pairing

    shop = ShopHouse(tmp_path / "late", 4, head)
    for program in (None, "kiosk"):
        code = str(open_pairing(head.store, head.key, program, head.now))
        with pytest.raises(EnrolError):
            join(shop.store, shop.folder, "http://head", code, shop.now, "test", shop.line)
    assert head.store.shops() == [HEAD]
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    secret = open_pairing(head.store, head.key, "hub", head.now).secret
    assert problem(head.enrol(Ed25519PrivateKey.generate(), secret)).code == "wrong_program"
    shop.close()


def test_a_shop_with_a_new_hub_gets_its_whole_journal_from_head_office(
    tmp_path: Path, head: HeadHouse, shop: ShopHouse
) -> None:
    trade(shop)
    shop.drain()
    node = node_at_head_office(shop.folder)
    assert node is not None
    head.store.devices.withdraw(node.device, head.now)
    assert "withdrawn" in (shop.drain().retry or pytest.fail("it was heard")).sentence
    fresh = ShopHouse(tmp_path / "fresh", 2, head)
    fresh.join()

    fresh.drain()

    assert texts(fresh) == texts(shop)
    assert fresh.store.ledger.digest() == shop.store.ledger.digest()
    assert texts(head, 2) == texts(shop)
    fresh.close()


def test_a_shop_that_leaves_keeps_its_own_and_nothing_of_head_offices(
    head: HeadHouse, shop: ShopHouse
) -> None:
    trade(shop)
    shop.drain()
    before = texts(shop)
    assert leave(shop.store, shop.folder, shop.now, "test") is not None

    assert node_at_head_office(shop.folder) is None
    assert shop.store.chain.upstream() is None
    assert shop.store.chain.have() == {}
    assert texts(shop) == before
    assert texts(head, 2) == before
    assert "upstream.left" in [entry.what for entry in shop.store.people.audit()]
