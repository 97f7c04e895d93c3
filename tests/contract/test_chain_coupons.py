"""A coupon of the chain: handed out in one shop, spent once in any of them; within a shop's rights where head office is away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from chain_house import HEAD, HeadHouse, Line, ShopHouse
from hub_house import HouseNode, campaign
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.app import create_api_app
from hub.client.db import Pool
from hub.client.link import WsgiLink
from hub.client.pins import PinCheck, Unready, Wrong
from hub.client.staff_rows import StaffRows, make_staff_tables
from hub.pepper import hub_pepper
from hub.rebuild import verify
from hub.store.records import StaffMember
from hub.upstream.relaying import HeadOffice
from hub.wire.chain import CHAIN_FIRST
from hub.wire.coupon import Coupon, mint_token
from hub.wire.events import CouponIssued
from hub.wire.pins import pepper_pin, write_pin
from hub.wire.sealing import unseal
from hub.wire.snapshot import Campaign, Staff, read_section
from tests.postgres_server import PostgresServer, postgres_server

TABLES = Migrations("chain-staff")


@TABLES()
def m001(db: Database) -> None:
    make_staff_tables(db)


class AskingShop(ShopHouse):
    """A shop whose hub asks head office on."""

    def join(self) -> None:
        super().join()
        self.answers_with_head_office()

    def answers_with_head_office(self) -> None:
        above = HeadOffice(self.store, self.folder, self.clock, self.line)
        self.app = create_api_app(self.store, self.key, self.clock, self.folder, above=above)
        self.link = WsgiLink(self.app)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def head(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HeadHouse]:
    database = request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    made = HeadHouse(tmp_path / "head", database)
    made.publish(campaign(CHAIN_FIRST))
    yield made
    made.close()


@pytest.fixture
def shops(tmp_path: Path, head: HeadHouse) -> Iterator[tuple[AskingShop, AskingShop]]:
    made = [AskingShop(tmp_path / f"shop{number}", number, head) for number in (2, 3)]
    for shop in made:
        shop.join()
        shop.drain()
    # Whoever joined last is known to the others from the next exchange on.
    made[0].drain()
    yield made[0], made[1]
    for shop in made:
        shop.close()


def take(till: HouseNode, number: int = CHAIN_FIRST) -> tuple[CouponIssued, str]:
    """A coupon of the chain, as a node mints it."""
    fact, _ = till.mint(number)
    coupon = Coupon(fact.key_number, HEAD, number, fact.serial, fact.expires_at)
    return fact, mint_token(till.key, coupon)


def sections(node: HouseNode) -> dict[str, bytes]:
    snapshot = node.send().snapshot
    assert snapshot is not None
    return {name: bytes(body) for name, body in snapshot.sections.items()}


def test_every_node_of_every_shop_has_head_offices_offers_staff_and_revocations(
    head: HeadHouse, shops: tuple[AskingShop, AskingShop]
) -> None:
    head.store.people.add_staff(StaffMember("chain-1", "Area manager", "p", True, head.now))
    head.store.campaigns.revoke("ab" * 8, head.now, "Ines", "")
    for shop in shops:
        shop.drain()
        found = sections(shop.node())
        offers = {one.number: one for one in read_section(found["campaigns"], list[Campaign])}
        assert set(offers) == {1, CHAIN_FIRST}
        assert (offers[CHAIN_FIRST].of_shop, offers[CHAIN_FIRST].offline) == (HEAD, "refuse")
        assert offers[1].of_shop is None
        assert "chain-1" in {one.id for one in read_section(found["staff"], list[Staff])}
        assert "ab" * 8 in read_section(found["revoked"], list[str])


def test_somebody_of_head_office_signs_in_at_any_till_with_their_own_pin(
    tmp_path: Path, head: HeadHouse, shops: tuple[AskingShop, AskingShop]
) -> None:
    head.app = create_api_app(head.store, head.key, head.clock, head.folder)
    hashed = PasswordHasher(1, 8, 1).hash(pepper_pin(hub_pepper(head.folder), "471100"))
    kept = write_pin(hashed, hub_pepper(head.folder))
    head.store.people.add_staff(StaffMember("chain-1", "Area manager", kept, True, head.now))
    shop = shops[0]
    shop.line.link = WsgiLink(head.app)
    shop.drain()
    till = shop.node()
    found = sections(till)
    (person,) = read_section(found["staff"], list[Staff])
    above = unseal(till.key, read_section(found["chain_pepper"], str))
    own = unseal(till.key, read_section(found["pepper"], str))

    pool = Pool(tmp_path / "till.db", [TABLES])
    pins = PinCheck(StaffRows(pool), lambda: own, chain_pepper=lambda: above)
    assert pins.check(person, "471100") is person
    assert isinstance(pins.check(person, "471101"), Wrong)
    assert isinstance(PinCheck(StaffRows(pool), lambda: own).check(person, "471100"), Unready)
    pool.close()


def test_a_coupon_of_the_chain_is_good_in_another_shop_and_only_once(
    head: HeadHouse, shops: tuple[AskingShop, AskingShop]
) -> None:
    first, second = shops
    here, there = first.node(), second.node()
    fact, token = take(here)
    here.report(fact)
    for shop in shops:
        shop.drain()
    first.drain()

    yes = there.redeem(token)
    assert (yes.accepted, yes.campaign, yes.value_cents) == (True, CHAIN_FIRST, 500)
    no = here.redeem(token)

    assert (no.accepted, no.refusal) == (False, "already_redeemed")
    assert no.till == f"Corner: {there.device}"
    assert [act.serial for act in second.store.counter.acts_of(fact.serial)] == [fact.serial]
    (act,) = head.store.counter.acts_of(fact.serial)
    assert act.standing == "first"
    for shop in shops:
        shop.drain()
    assert len(head.store.counter.acts_of(fact.serial)) == 1
    assert verify(head.store).differ == ()


def test_a_shop_vouches_for_a_coupon_of_which_head_office_has_not_heard(
    head: HeadHouse, shops: tuple[AskingShop, AskingShop]
) -> None:
    till = shops[0].node()
    fact, token = take(till)
    till.report(fact)

    assert till.redeem(token).accepted
    assert till.redeem(fact.code).refusal == "already_redeemed"


def test_a_forged_coupon_of_the_chain_is_refused_by_all(shops: tuple[AskingShop, AskingShop]) -> None:
    till, other = shops[0].node(), shops[1].node()
    fact, _ = take(till)
    # Signed with the key of somebody who is not under that number.
    forged = mint_token(other.key, Coupon(9, HEAD, CHAIN_FIRST, fact.serial, fact.expires_at))

    assert till.redeem(forged).refusal == "bad_signature"
    shops[0].line.cut = True
    assert till.redeem(forged).refusal == "hub_unreachable"


def test_the_same_question_gets_the_same_answer_and_is_one_act(
    head: HeadHouse, shops: tuple[AskingShop, AskingShop]
) -> None:
    shop = shops[0]
    till = shop.node()
    fact, token = take(till)
    till.report(fact)
    shop.line.lost = 1
    lost = till.redeem(token, "nonce-0001")
    again = till.redeem(token, "nonce-0001")

    # Head office did it, its answer was lost, and the shop decided within its rights: the same act.
    assert (lost.accepted, again.accepted) == (True, True)
    shop.drain()
    assert len(head.store.counter.acts_of(fact.serial)) == 1
    assert head.store.counter.conflicts(10) == []


def test_a_shop_that_is_cut_off_accepts_within_its_rights_and_no_more(
    head: HeadHouse, shops: tuple[AskingShop, AskingShop]
) -> None:
    shop = shops[0]
    till = shop.node()
    taken = [take(till) for _ in range(25)]
    till.report(*(fact for fact, _ in taken))
    shop.drain()
    shop.line.cut = True

    said = [till.redeem(token) for _, token in taken]

    assert [one.accepted for one in said] == [True] * 20 + [False] * 5
    assert {one.refusal for one in said[20:]} == {"no_rights_left"}
    assert till.redeem(taken[0][1]).refusal == "already_redeemed"
    shop.line.cut = False
    shop.drain()
    assert head.store.ledger.redeemed(CHAIN_FIRST) == 20
    shop.drain()
    shop.line.cut = True
    more = [take(till) for _ in range(2)]
    till.report(*(fact for fact, _ in more))
    assert [till.redeem(token).accepted for _, token in more] == [True, True]


def test_used_in_two_shops_while_the_line_was_cut_is_a_conflict_with_its_cost(
    head: HeadHouse, shops: tuple[AskingShop, AskingShop]
) -> None:
    first, second = shops
    here, there = first.node(), second.node()
    fact, token = take(here)
    here.report(fact)
    for shop in (first, second, first):
        shop.drain()
    first.line.cut = second.line.cut = True
    # The other shop knows the keys of all shops, so it can tell that the coupon is no forgery.
    assert here.redeem(token).accepted
    assert there.redeem(token).accepted
    first.line.cut = second.line.cut = False
    first.drain()
    second.drain()

    (conflict,) = head.store.counter.conflicts(10)

    assert (conflict.serial, conflict.cost_cents) == (fact.serial, 500)
    assert conflict.first_till.startswith("Corner: ")
    assert verify(head.store).differ == ()


def test_what_a_till_takes_back_is_good_again_in_every_shop(
    head: HeadHouse, shops: tuple[AskingShop, AskingShop]
) -> None:
    first, second = shops
    here, there = first.node(), second.node()
    fact, token = take(here)
    here.report(fact)
    for shop in (first, second):
        shop.drain()
    assert here.redeem(token, "nonce-0001").accepted
    assert here.reverse("nonce-0001", "undo-00001").reversed
    first.drain()

    assert there.redeem(token).accepted


def test_an_offer_that_only_head_office_may_accept_is_refused_without_it(
    head: HeadHouse, shops: tuple[AskingShop, AskingShop]
) -> None:
    head.publish(campaign(CHAIN_FIRST, offline="refuse"))
    shop = shops[0]
    shop.drain()
    till = shop.node()
    fact, token = take(till)
    till.report(fact)
    shop.line.cut = True

    assert till.redeem(token, "nonce-0001").refusal == "hub_unreachable"
    shop.line.cut = False
    assert till.redeem(token, "nonce-0001").accepted


def test_of_a_limited_lot_a_shop_hands_out_what_head_office_gave_it(
    head: HeadHouse, shops: tuple[AskingShop, AskingShop]
) -> None:
    head.publish(campaign(CHAIN_FIRST, issue_limit=400))
    shop = shops[0]
    till = shop.node()
    for _ in range(3):
        shop.drain()
        head.now += 700
        shop.now += 700
    offers = {one.number: one for one in read_section(sections(till)["campaigns"], list[Campaign])}

    lot = offers[CHAIN_FIRST].issue_limit
    assert lot is not None
    assert 0 < lot < 400


def test_a_shops_own_coupons_do_not_wait_for_head_office(shops: tuple[AskingShop, AskingShop]) -> None:
    shop = shops[0]
    till = shop.node()
    fact, token = till.mint()
    till.report(fact)
    line: Line = shop.line
    before = line.asked

    assert till.redeem(token).accepted
    assert line.asked == before
