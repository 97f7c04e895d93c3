"""What messages to many changed: told with an interval, of groups as the lot parted them, over four weeks of each member."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.messages.campaign import Draft, write_body
from hub.messages.effect import WATCHED_DAYS, effect
from hub.messages.mailing import put_in, start
from hub.messages.people import People
from hub.people import add_manager
from hub.store.mailing_records import Mailing
from hub.wire.events import PurchasePaid
from tests.hub_house import HouseNode
from tests.hub_office import PASSWORD, Office, words
from tests.message_house import MORNING, MessageHouse
from tests.postgres_server import PostgresServer, postgres_server

DAY_S = 86_400.0
URL = "https://shop.example"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MessageHouse]:
    database = request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    made = MessageHouse(tmp_path, database)
    yield made
    made.close()


def mailing_to(house: MessageHouse, group: int) -> int:
    draft = Draft(name="Spring", text={"en": "Hello {name}"}, group=group, salt="salt")
    number = house.store.mailings.add(write_body(draft), "Ines", house.now)
    start(house.store, number, "Ines", house.now)
    while put_in(house.store, People(house.store, house.people, URL), number, house.now):
        pass
    return number


def found(house: MessageHouse, number: int) -> Mailing:
    mailing = house.store.mailings.get(number)
    assert mailing is not None
    return mailing


def left_out(house: MessageHouse, number: int) -> set[str]:
    return {one.member for one in house.store.messages.latest(500, mailing=number, state="stopped")}


def pay(till: HouseNode, paid: list[tuple[str, int, float]]) -> None:
    till.report(
        *(
            PurchasePaid(id=f"p{till.seq} {place}", till="Till 1", staff="Ann", cents=cents, member=member)
            for place, (member, cents, _) in enumerate(paid)
        ),
        at=paid[0][2],
    )


def page(house: MessageHouse, number: int) -> str:
    add_manager(house.store, "Ines", PASSWORD, house.now, who="test")
    office = Office(house, folder=house.folder)
    assert office.log_in().status_code == 303
    return words(office.get(f"/messages/{number}"))


def test_members_who_came_back_more_often_show_that_it_worked(house: MessageHouse) -> None:
    chance, till = random.Random(5), house.node()
    members = [house.member(name=f"Guest {place}") for place in range(260)]
    number = mailing_to(house, 40)
    without = left_out(house, number)
    assert 60 < len(without) < 150
    for day in range(1, 15):
        house.now = MORNING + day * DAY_S
        came = [one for one in members if chance.random() < (0.05 if one in without else 0.2)]
        pay(till, [(one, chance.randrange(900, 1_500), house.now) for one in came])
    assert effect(house.store, found(house, number), house.now).effect is None, "four weeks are not over"
    assert "It is too early to tell what these messages changed." in page(house, number)
    # What comes after the four weeks is not of the messages any more.
    house.now = MORNING + (WATCHED_DAYS + 1) * DAY_S
    pay(till, [(one, 90_000, house.now) for one in without])
    house.now += DAY_S

    seen = effect(house.store, found(house, number), house.now)
    assert seen.waiting == 0
    assert seen.effect is not None
    said = page(house, number)
    assert "It works: members who get it paid" in said
    assert "Interval, right in 95 of 100" in said
    assert " 0 are still being watched" in said


def test_without_a_group_that_gets_nothing_the_page_says_that_nobody_can_tell(house: MessageHouse) -> None:
    house.member()
    number = mailing_to(house, 0)
    house.now += 40 * DAY_S
    said = page(house, number)
    assert "Nobody can tell what these messages changed: nobody was left out." in said
    assert "still being watched" not in said
