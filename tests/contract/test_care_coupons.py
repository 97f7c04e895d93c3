"""A worker of a real hub gives the coupon that a plan promises: the member's own, in the ledger, once, its address in words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hub.care.plan import Gift, Message, WhenDone
from hub.care.quiet import QuietHours
from hub.care.rules import CareRules
from hub.care.work import tidy_care, work_care
from hub.config import Config, read_config
from tests.care_house import CareHouse, plain


@pytest.fixture
def house(tmp_path: Path) -> Iterator[CareHouse]:
    made = CareHouse(tmp_path)
    made.now = time.time()
    made.rules(CareRules(QuietHours(), ()))
    yield made
    made.close()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return read_config({"HUB_DIR": str(tmp_path), "HUB_URL": "https://shop.example"})


def test_a_coupon_of_a_plan_is_the_members_own_and_is_there_once(house: CareHouse, config: Config) -> None:
    house.publish_long(1)
    steps = (Gift(id="c", campaign=1, next="m"), Message(id="m", text={"en": "For you: {coupon}"}))
    number = house.plan(plain(entry=WhenDone("purchase", 1), first="c", steps=steps))
    member = house.member()
    house.bought(member)
    for _ in range(3):
        work_care(house.store, config, house.now)
    (run,) = house.runs(number)
    assert house.path(run) == ["c:given", "m:sent", ":end"]
    serial = house.lines(run)[0].detail
    coupon = house.store.ledger.coupon(serial)
    assert coupon is not None
    assert (coupon.member, coupon.campaign) == (member, 1)
    house.run(house.hander(house.channel))
    assert [one.text for one in house.channel.left] == [f"For you: https://shop.example/coupon/{serial}"]


def test_a_lot_that_is_empty_leads_the_other_way(house: CareHouse, config: Config) -> None:
    house.publish(msgspec.structs.replace(house.long(1), issue_limit=1))
    steps = (Gift(id="c", campaign=1, next="", missing="m"), Message(id="m", text={"en": "Sorry"}))
    number = house.plan(plain(entry=WhenDone("purchase", 1), first="c", steps=steps))
    for _ in range(3):
        house.bought(house.member())
    for _ in range(3):
        work_care(house.store, config, house.now)
    outcomes = sorted(house.path(run)[0] for run in house.runs(number))
    assert outcomes.count("c:given") <= 1
    assert outcomes.count("c:none") >= 2


def test_to_whom_something_was_sent_is_forgotten_when_no_cap_looks_back_to_it(
    house: CareHouse, config: Config
) -> None:
    house.store.care.add_contact("m" * 32, "one", house.now - 100 * 86_400.0)
    house.store.care.add_contact("m" * 32, "two", house.now)
    tidy_care(house.store, config, house.now)
    assert house.store.care.contacts(["m" * 32], 0.0) == [house.now]
