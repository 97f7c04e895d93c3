"""On their own page members take what is meant for them alone, and write to the shop; on the whole hub as it is served."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from hub.app import Hub
from hub.client.clock import Clock
from hub.config import Config
from hub.members.book import Book
from hub.members.consent import all_of, give, standing
from hub.members.links import member_link
from hub.members.people_key import people_key
from hub.messages.handing import Hander
from hub.messages.heard import Ears, read_line
from hub.messages.inbox import reply
from hub.messages.people import People
from hub.messages.screen import ScreenChannel
from hub.wire.sync_members import Fields
from tests.contract.test_segments_fresh import BO, DAY, MEI, define, joined, paid, settle
from tests.hub_house import NOON, House, HouseNode, campaign

FORM = re.compile(r'name="offer" value="(\d+)"><input type="hidden" name="request" value="([0-9a-f]{32})"')
LETTER = re.compile(r'/write"><input type="hidden" name="request" value="([0-9a-f]{32})"')


class Shop:
    """A hub with an offer for members who stay away: Mei does, Bo does not."""

    def __init__(self, folder: Path) -> None:
        self.house = House(folder)
        self.till: HouseNode = self.house.node()
        define(self.house, "Away", '{"is": "away", "at_least": 30}')
        self.house.publish(
            campaign(4, audience=("Away",), ends_at=int(NOON + 90 * DAY), coupon_lasts_s=int(30 * DAY))
        )
        self.till.report(joined(MEI), joined(BO))
        self.house.now = NOON + 31 * DAY
        self.till.report(paid("1", BO))
        settle(self.house)
        self.key = people_key(folder)
        self.book = Book(self.house.store, self.key)
        for member in (MEI, BO):
            self.book.join(member, Fields(), language="en", way="till", at=self.house.now)
        self.hub = Hub(
            Config(folder, worker=False), clock=Clock(wall=lambda: self.house.now, ntp=lambda: True)
        )
        assert self.hub.site is not None
        self.hub.site.exchange.once()

    @property
    def phone(self) -> FlaskClient:
        return self.hub.app.test_client()

    def page_of(self, member: str) -> str:
        return member_link(self.key.secret, member, "page", self.house.now)

    def close(self) -> None:
        self.hub.close()
        self.house.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path / "hub")
    yield made
    made.close()


def test_what_is_meant_for_a_member_is_taken_on_their_page_once_and_by_nobody_else(shop: Shop) -> None:
    mei, bo = shop.page_of(MEI), shop.page_of(BO)
    page = shop.phone.get(mei).text
    assert "For you" in page
    assert "Offer 4" in page
    found = FORM.search(page)
    assert found is not None
    form = {"offer": found[1], "request": found[2]}
    taken = shop.phone.post(f"{mei}/take", data=form)
    again = shop.phone.post(f"{mei}/take", data=form)
    assert taken.status_code == 303
    assert "/coupon/" in taken.location
    assert again.location == taken.location
    assert "QR code of this coupon" in shop.phone.get(taken.location).text
    assert "For you" not in shop.phone.get(bo).text
    other = shop.phone.post(f"{bo}/take", data={"offer": "4", "request": "ab" * 16})
    assert "done=not-offered" in other.location
    assert "is not for you" in shop.phone.get(other.location).text
    for bad in ({"offer": "4'; --", "request": "ab" * 16}, {"offer": "4", "request": "no"}, {}):
        assert shop.phone.post(f"{mei}/take", data=bad).status_code == 303


def test_a_letter_lies_in_the_inbox_once_and_its_answer_stands_on_the_page(shop: Shop) -> None:
    mei = shop.page_of(MEI)
    found = LETTER.search(shop.phone.get(mei).text)
    assert found is not None
    letter = {"letter": "=1+1 Do you keep a rye bread for me? 🥖\u202e", "request": found[1]}
    for _ in range(2):
        sent = shop.phone.post(f"{mei}/write", data=letter)
        assert "done=written" in sent.location
    store = shop.house.store
    ears = Ears(store, shop.book, shop.key.secret, lambda: "ntp")
    lines = [
        read_line(ears.key, line)
        for talk in store.inbox.talks_of(MEI)
        for line in store.inbox.lines(talk.number, 10)
    ]
    assert lines == ["=1+1 Do you keep a rye bread for me? 🥖\u202e"]
    (talk,) = store.inbox.talks_of(MEI)
    assert reply(ears, talk.number, "We do, until five.", "ab" * 16, "Ines", shop.house.now) == "sent"
    hander = Hander(
        store,
        People(store, shop.key, ""),
        ScreenChannel(store, lambda: shop.house.now),
        shop.key.secret,
        worker="one",
        now=lambda: shop.house.now,
        clock=lambda: "ntp",
    )
    assert hander.once() == 0.0
    assert "We do, until five." in shop.phone.get(mei).text
    empty = shop.phone.post(f"{mei}/write", data={"letter": "  ", "request": "ab" * 16})
    assert "done=no-letter" in empty.location


def test_stop_in_a_letter_is_a_stop(shop: Shop) -> None:
    store, now = shop.house.store, shop.house.now
    agreed = {"words": "Yes.", "version": "1", "language": "en", "place": "Till 1", "proof": "code"}
    give(store, MEI, "messages", "sms", **agreed, now=now, clock="ntp")
    assert standing(store, MEI, "messages", "sms", now)
    mei = shop.page_of(MEI)
    shop.phone.post(f"{mei}/write", data={"letter": "Stop!", "request": "cd" * 16})
    assert not standing(store, MEI, "messages", "sms", now + 1)
    assert not [medium for (purpose, medium) in all_of(store, MEI).given if purpose == "messages"]


def test_whoever_writes_very_much_waits(shop: Shop) -> None:
    mei = shop.page_of(MEI)
    last = ""
    for number in range(12):
        last = shop.phone.post(
            f"{mei}/write", data={"letter": f"Letter {number}", "request": f"{number:032x}"}
        ).location
    assert "done=too-many" in last
