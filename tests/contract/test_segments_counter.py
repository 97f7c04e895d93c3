"""Segments at the counter and in offers: who a condition lets through, who is given an offer with an audience."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.app import Hub
from hub.client.clock import Clock
from hub.config import Config
from hub.segments import keeping
from hub.segments.counting import count
from hub.segments.definition import read_definition
from hub.wire.conditions import InSegment, Not
from hub.wire.coupon import Issued
from hub.wire.rules import Refused
from tests.contract.test_segments_fresh import BO, DAY, MEI, define, joined, paid, settle
from tests.hub_house import NOON, House, HouseNode, campaign

BUYERS = '{"is": "bought", "at_least": 1}'


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "hub")
    yield made
    made.close()


@pytest.fixture
def till(house: House) -> HouseNode:
    return house.node()


def redeem(till: HouseNode, token: str, nonce: str, member: str = "") -> tuple[bool, str]:
    reply = till.redeem(token, nonce, member=member) if member else till.redeem(token, nonce)
    return reply.accepted, reply.refusal or ""


def test_a_condition_asks_for_a_segment_as_of_this_very_moment(house: House, till: HouseNode) -> None:
    define(house, "Buyers", BUYERS)
    house.publish(campaign(2, condition=InSegment(("Buyers", "Nobody"))))
    house.publish(campaign(3, condition=Not(InSegment(("Buyers",)))))
    till.report(joined(MEI), joined(BO), paid("1", MEI))
    tokens = {}
    for number in (2, 3):
        for member in (MEI, BO):
            fact, tokens[number, member] = till.mint(number)
            till.report(fact)
    # Nobody has looked at members since: at the counter they are judged on the spot.
    assert redeem(till, tokens[2, MEI], "nonce-111", MEI) == (True, "")
    assert redeem(till, tokens[2, BO], "nonce-222", BO) == (False, "not_for_this_member")
    assert redeem(till, tokens[2, BO], "nonce-333") == (False, "member_needed")
    assert redeem(till, tokens[3, MEI], "nonce-444", MEI)[0] is False
    assert redeem(till, tokens[3, BO], "nonce-555", BO) == (True, "")
    till.report(paid("2", BO))
    assert redeem(till, tokens[2, BO], "nonce-666", BO) == (True, "")


@pytest.fixture
def hub(house: House) -> Iterator[Hub]:
    opened = Hub(Config(house.folder, worker=False), clock=Clock(wall=lambda: house.now, ntp=lambda: True))
    assert opened.site is not None
    opened.site.exchange.once()
    yield opened
    opened.close()


def test_an_offer_with_an_audience_is_given_to_it_alone_and_stays_good(house: House, till: HouseNode) -> None:
    define(house, "Away", '{"is": "away", "at_least": 30}')
    house.publish(campaign(4, audience=("Away",), ends_at=int(NOON + 90 * DAY), coupon_lasts_s=int(30 * DAY)))
    till.report(joined(MEI), joined(BO))
    house.now = NOON + 31 * DAY
    till.report(paid("1", BO))
    settle(house)
    opened = Hub(Config(house.folder, worker=False), clock=Clock(wall=lambda: house.now, ntp=lambda: True))
    try:
        assert opened.site is not None
        opened.site.exchange.once()
        desk = opened.site.desk("link")
        assert 4 not in [one.number for one in desk.campaigns(house.now)]
        assert desk.campaign(4, house.now) is None
        assert [one.number for one in desk.campaigns_for(MEI, house.now)] == [4]
        assert desk.campaigns_for(BO, house.now) == []
        assert isinstance(desk.take(4, "r1" * 16, house.now), Refused)
        assert isinstance(desk.take(4, "r2" * 16, house.now, member=BO), Refused)
        taken = desk.take(4, "r3" * 16, house.now, member=MEI)
        assert isinstance(taken, Issued)
        opened.site.exchange.once()
    finally:
        opened.close()
    # She comes, and so is not away any more; the coupon that brought her is good all the same, for her alone.
    till.report(paid("2", MEI))
    settle(house)
    assert redeem(till, taken.token, "nonce-111", BO) == (False, "not_for_this_member")
    assert redeem(till, taken.token, "nonce-222") == (False, "member_needed")
    assert redeem(till, taken.token, "nonce-333", MEI) == (True, "")


def test_a_coupon_that_an_older_node_gave_to_anybody_needs_the_segment(house: House, till: HouseNode) -> None:
    define(house, "Buyers", BUYERS)
    house.publish(campaign(5, audience=("Buyers",)))
    till.report(joined(MEI), joined(BO), paid("1", MEI))
    fact, token = till.mint(5)
    till.report(fact)
    assert redeem(till, token, "nonce-111", BO) == (False, "not_for_this_member")
    assert redeem(till, token, "nonce-222") == (False, "member_needed")
    assert redeem(till, token, "nonce-333", MEI) == (True, "")


def test_a_segment_stays_while_an_offer_asks_for_it(house: House) -> None:
    made = define(house, "Buyers", BUYERS)
    house.publish(campaign(6, audience=("Buyers",)))
    assert "offer 6" in str(keeping.remove(house.store, made.number, house.now, "Ines"))
    renamed = keeping.define(
        house.store, made.number, "Others", "", read_definition(BUYERS), house.now, "Ines"
    )
    assert isinstance(renamed, dict)
    house.store.campaigns.save(campaign(6, audience=("Buyers",)), "ended", house.now, "test")
    assert keeping.remove(house.store, made.number, house.now, "Ines") is None


def test_the_counter_asks_the_definition_that_stands(house: House, till: HouseNode) -> None:
    made = define(house, "Buyers", BUYERS)
    house.publish(campaign(2, condition=InSegment(("Buyers",))))
    till.report(joined(MEI), paid("1", MEI))
    keeping.define(
        house.store,
        made.number,
        "Buyers",
        "",
        read_definition('{"is": "bought", "at_least": 9}'),
        NOON,
        "Ines",
    )
    fact, token = till.mint(2)
    till.report(fact)
    assert redeem(till, token, "nonce-111", MEI) == (True, ""), "the new one is not counted yet"
    count(house.store, lambda: house.now)
    fact, token = till.mint(2)
    till.report(fact)
    assert redeem(till, token, "nonce-222", MEI) == (False, "not_for_this_member")
