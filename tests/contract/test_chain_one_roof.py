"""Shops of a chain in head office's own database: one coupon, spent once in any of them, and each shop's books are its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.devices import open_pairing
from hub.rebuild import verify
from hub.reversing import reverse_as_manager
from hub.store.whole import HubStore
from hub.wire.chain import CHAIN_FIRST
from hub.wire.coupon import Coupon, mint_token
from hub.wire.snapshot import Campaign, Manifest, Shop, read_section
from hub.wire.sync import EnrolReply
from tests.hub_house import NOON, House, HouseNode, campaign
from tests.postgres_server import PostgresServer, postgres_server

HEAD, EAST, WEST, STRANGE = 1, 2, 3, 4


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def head(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    database = request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    house = House(tmp_path, database, HEAD)
    for number in (EAST, WEST, STRANGE):
        own = house.store.of_shop(number)
        own.shop.save(Shop(number, {"en": f"Shop {number}"}, timezone="America/New_York"), NOON)
        if number != STRANGE:
            house.store.put_in_chain(number)
    house.publish(campaign(CHAIN_FIRST))
    yield house
    house.close()


def till_of(house: House, number: int, program: str = "kiosk") -> HouseNode:
    code = open_pairing(house.store.of_shop(number), house.key, program, house.now)
    key = Ed25519PrivateKey.generate()
    reply = house.enrol(key, code.secret, program)
    assert reply.status == 200, reply.body
    return HouseNode(house, key, msgspec.json.decode(reply.body, type=EnrolReply))


def taken(house: House) -> tuple[str, str]:
    """A coupon of head office's own node: its serial and its token."""
    node = house.node()
    fact, token = node.mint(CHAIN_FIRST)
    node.report(fact)
    return fact.serial, token


def offers(till: HouseNode, have: dict[str, str] | None = None) -> list[int]:
    snapshot = till.send(have=have).snapshot
    assert snapshot is not None
    return [one.number for one in read_section(bytes(snapshot.sections["campaigns"]), list[Campaign])]


def acts(store: HubStore, serial: str) -> list[tuple[str, int, str]]:
    return [(one.standing, one.booked_in, one.purchase) for one in store.counter.acts_of(serial)]


def test_a_coupon_of_the_chain_is_spent_once_in_whichever_shop_and_stands_in_its_books(head: House) -> None:
    east, west = till_of(head, EAST), till_of(head, WEST)
    serial, token = taken(head)
    first = east.redeem(token, "nonce-of-east", purchase="east/1")
    assert (first.accepted, first.value_cents, first.till) == (True, 500, east.device)
    assert east.redeem(token, "nonce-of-east", purchase="east/1") == first
    second = west.redeem(token)
    assert (second.accepted, second.refusal) == (False, "already_redeemed")
    assert second.till is not None
    assert "Shop 2" in second.till

    books = {number: head.store.of_shop(number) for number in (HEAD, EAST, WEST)}
    assert acts(books[EAST], serial) == [("first", 0, "east/1")]
    assert acts(books[HEAD], serial) == [("first", EAST, "east/1")]
    assert acts(books[WEST], serial) == []
    assert [one.refusal for one in books[WEST].counter.refusals_of(serial)] == ["already_redeemed"]
    assert all(verify(one).differ == () for one in books.values())


def test_what_one_shop_took_back_another_one_may_accept(head: House) -> None:
    east, west = till_of(head, EAST), till_of(head, WEST)
    serial, token = taken(head)
    assert east.redeem(token, "nonce-of-east").accepted
    assert not west.redeem(token).accepted
    books = head.store.of_shop(EAST)
    act = books.counter.acts_of(serial)[0]
    back = reverse_as_manager(
        books,
        act.device,
        act.nonce,
        manager="Ines",
        reason="a slip",
        act_id="act-of-ines",
        now=head.now + 5,
        clock="ntp",
    )
    assert back.reversed
    assert west.redeem(token).accepted
    assert [one[:2] for one in acts(head.store, serial)] == [("reversed", EAST), ("first", WEST)]


def test_a_shop_that_is_not_of_the_chain_knows_nothing_of_its_coupons(head: House) -> None:
    strange = till_of(head, STRANGE)
    _, token = taken(head)
    reply = strange.redeem(token)
    assert (reply.accepted, reply.refusal) == (False, "wrong_store")
    assert offers(strange) == []


def test_a_till_of_the_chain_has_its_offers_and_hears_when_one_is_stopped(head: House) -> None:
    east = till_of(head, EAST)
    assert offers(east) == [CHAIN_FIRST]
    snapshot = east.send().snapshot
    assert snapshot is not None
    have = read_manifest(snapshot.manifest)
    head.publish(campaign(CHAIN_FIRST + 1))
    assert offers(east, have) == [CHAIN_FIRST, CHAIN_FIRST + 1]


def test_a_coupon_that_a_till_of_one_shop_handed_out_is_good_in_another(head: House) -> None:
    east, west = till_of(head, EAST), till_of(head, WEST)
    fact, token = east.mint(CHAIN_FIRST)
    token = chain_token(east, fact.serial, fact.expires_at)
    east.report(fact)
    assert west.redeem(token).accepted
    assert east.redeem(token).refusal == "already_redeemed"


def chain_token(till: HouseNode, serial: str, expires_at: int) -> str:
    return mint_token(till.key, Coupon(till.place.key_number, HEAD, CHAIN_FIRST, serial, expires_at))


def read_manifest(text: str) -> dict[str, str]:
    return msgspec.json.decode(text, type=Manifest).sections
