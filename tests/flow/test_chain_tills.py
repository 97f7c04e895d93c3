"""Tills of two shops of a chain, as their own program has them: a coupon of head office's is taken at one, spent at the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from chain_house import HEAD, HeadHouse, ShopHouse
from hub_house import campaign

from hub.app import create_api_app
from hub.client.enrolling import enrol
from hub.client.link import WsgiLink
from hub.devices import open_pairing
from hub.store.records import StaffMember
from hub.upstream.relaying import HeadOffice
from hub.wire.chain import CHAIN_FIRST
from hub.wire.coupon import Issued
from kiosk.config import Config
from kiosk.counter import Counter
from kiosk.verdicts import Scan, Verdict
from tests.kiosk_shop import Line


class TillHouse(ShopHouse):
    """A shop of the chain with one till."""

    def __init__(self, folder: Path, number: int, head: HeadHouse) -> None:
        super().__init__(folder, number, head)
        quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        self.store.people.add_staff(StaffMember("s1", "Ada", quick.hash("4711"), True, self.now))
        self.join()
        above = HeadOffice(self.store, self.folder, self.clock, self.line)
        self.app = create_api_app(self.store, self.key, self.clock, self.folder, above=above)
        self.drain()
        self.to_hub = Line(self.app)
        place = folder / "till"
        code = str(open_pairing(self.store, self.key, "kiosk", self.now))
        enrol(place, "http://hub", code, "kiosk", "Till 1", WsgiLink(self.app))
        self.till = Counter(Config(dir=place), link=self.to_hub, clock=self.clock, ask_timeout_s=3.0)
        self.till.exchange.drain()

    def take(self) -> Issued:
        issued = self.till.desk.take(CHAIN_FIRST, self.till.random(16).hex(), self.now)
        assert isinstance(issued, Issued), issued
        return issued

    def redeem(self, text: str) -> Verdict:
        return self.till.redeemer.redeem(Scan(text, "s1", self.till.random(8).hex()))

    def close(self) -> None:
        self.till.stop()
        super().close()


@pytest.fixture
def shops(tmp_path: Path) -> Iterator[tuple[TillHouse, TillHouse]]:
    head = HeadHouse(tmp_path / "head")
    head.publish(campaign(CHAIN_FIRST))
    first, second = (TillHouse(tmp_path / f"shop{number}", number, head) for number in (2, 3))
    first.drain()
    second.drain()
    yield first, second
    first.close()
    second.close()
    head.close()


def test_a_coupon_of_the_chain_is_taken_in_one_shop_and_spent_in_the_other_once(
    shops: tuple[TillHouse, TillHouse],
) -> None:
    first, second = shops
    issued = first.take()
    assert issued.coupon.shop == HEAD
    first.till.exchange.drain()
    first.drain()

    verdict = second.redeem(issued.token)
    again = first.redeem(issued.token)

    assert (verdict.accepted, verdict.value_cents) == (True, 500)
    assert (again.accepted, again.refusal) == (False, "already_redeemed")


def test_its_code_is_as_good_as_its_picture(shops: tuple[TillHouse, TillHouse]) -> None:
    first, second = shops
    issued = first.take()
    first.till.exchange.drain()
    first.drain()

    assert second.redeem(issued.code).accepted
    assert first.redeem(issued.code).refusal == "already_redeemed"


def test_a_till_without_its_hub_does_not_decide_about_head_offices_coupons(
    shops: tuple[TillHouse, TillHouse],
) -> None:
    first, second = shops
    issued = first.take()
    for shop in (first, second):
        shop.to_hub.mode = "cut"
        verdict = shop.redeem(issued.token)
        assert (verdict.accepted, verdict.refusal) == (False, "hub_unreachable")
    first.to_hub.mode = "good"
    first.till.exchange.drain()

    assert first.redeem(issued.token).accepted


def test_a_shop_without_head_office_serves_its_own_customers_and_theirs_within_its_rights(
    shops: tuple[TillHouse, TillHouse],
) -> None:
    first, second = shops
    for shop in (first, second):
        shop.drain()
    issued = first.take()
    first.till.exchange.drain()
    second.line.cut = True

    assert second.redeem(issued.token).accepted
    second.line.cut = False
    second.drain()
    assert first.redeem(issued.token).refusal == "already_redeemed"
