"""Guests become members at the portal: with facts, a signed card and a sealed row on the door's disk, and no hub needed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from storefront_desk import little_shop
from ways_door import OTHER_KEY, Door

from edge.portal.ways.entry import Admitted, Entry
from hardware.modem.sim import SimModem
from hub.client.joins import Joins
from hub.storefront import create_storefront
from hub.storefront.consent_words import VERSION
from hub.wire.card import Card, CardToken, make_card, read_card
from hub.wire.events import ConsentGiven, ConsentWithdrawn
from hub.wire.events_members import MemberJoined
from hub.wire.sealing import unseal

NUMBER = "+4915123456789"


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door(tmp_path, modem=SimModem(), ways=("click", "sms", "member"))
    yield made
    made.close()


def phone_at(door: Door) -> FlaskClient:
    app = Flask("portal")
    app.register_blueprint(
        create_storefront(
            little_shop(), now=lambda: door.now, inline_style=True, home="/offers", joiner=door.desk.joiner
        )
    )
    return app.test_client()


def hidden(text: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text))


def waiting(door: Door) -> Joins:
    return Joins(door.pool, door.node.hub)


def test_a_card_alone_is_on_disk_with_its_facts_before_it_is_shown(door: Door) -> None:
    phone = phone_at(door)
    made = phone.post("/join", data={**hidden(phone.get("/join").text), "do": "join"})
    page = phone.get(made.location).text
    joined, given = door.facts()
    assert isinstance(joined, MemberJoined)
    assert isinstance(given, ConsentGiven)
    assert (joined.way, joined.place, joined.member) == ("portal", "Front door", given.member)
    assert (given.purpose, given.text_version, given.proof) == ("recognise", VERSION, "page")
    (row,) = waiting(door).pending()
    assert (row.member, row.sealed) == (joined.member, "")
    code = re.search(r'class="code long">.*?</span>([0-9A-Z ]{19})<', page)
    assert code is not None
    assert door.desk.joiner is not None
    door.restart()
    # The code opens the Wi-Fi here, the signed card at every door of the shop.
    answer = door.desk.enter(Entry("member", "10.77.0.9", "en", typed=code[1]), door.now)
    assert isinstance(answer, Admitted)
    assert answer.grant.member == joined.member


def test_a_number_is_confirmed_by_the_doors_own_modem_and_waits_sealed_to_the_hub(door: Door) -> None:
    phone = phone_at(door)
    sent = phone.post(
        "/join",
        data={**hidden(phone.get("/join").text), "phone_number": NUMBER, "texts": "yes", "do": "join"},
    )
    assert isinstance(door.modem, SimModem)
    (message,) = door.modem.sent
    code = re.search(r"[0-9]{6}", message.text)
    assert code is not None
    wrong = {**hidden(sent.text), "typed": "000000" if code[0] != "000000" else "111111", "do": "join"}
    assert phone.post("/join", data=wrong).status_code == 422
    other = {**hidden(sent.text), "phone_number": "+4915199999999", "typed": code[0], "do": "join"}
    assert phone.post("/join", data=other).status_code == 422
    made = phone.post("/join", data={**hidden(sent.text), "typed": code[0], "do": "join"})
    assert made.status_code == 303
    mediums = [(one.purpose, one.medium, one.proof) for one in door.facts() if isinstance(one, ConsentGiven)]
    assert mediums == [("recognise", "", "code"), ("messages", "sms", "code")]
    (row,) = waiting(door).pending()
    assert NUMBER.encode() in unseal(door.key, row.sealed)
    written = b"".join(path.read_bytes() for path in door.folder.iterdir() if path.is_file())
    for text in (NUMBER, NUMBER[1:], "015123456789"):
        assert text.encode() not in written


def test_a_signed_card_of_another_door_lets_its_holder_in_and_a_forged_one_does_not(door: Door) -> None:
    member = "ab" * 16
    card = make_card(OTHER_KEY, Card(4, 1, member, int(door.now)))
    assert isinstance(read_card(card), CardToken)
    answer = door.desk.enter(Entry("member", "10.77.0.9", "en", typed=card), door.now)
    assert isinstance(answer, Admitted)
    assert answer.grant.member == member
    forged = make_card(OTHER_KEY, Card(3, 1, member, int(door.now)))
    assert not isinstance(
        door.desk.enter(Entry("member", "10.77.0.10", "en", typed=forged), door.now), Admitted
    )


def test_forgetting_at_the_door_takes_the_sealed_row_back_before_the_hub_had_it(door: Door) -> None:
    phone = phone_at(door)
    made = phone.post("/join", data={**hidden(phone.get("/join").text), "do": "join"})
    page = phone.get(made.location).text
    code = re.search(r'class="code long">.*?</span>([0-9A-Z ]{19})<', page)
    assert code is not None
    assert waiting(door).count() == 1
    assert door.desk.forget(code[1], door.now)
    assert waiting(door).count() == 0
    assert isinstance(door.facts()[-1], ConsentWithdrawn)


def test_no_is_as_large_as_yes_and_writes_nothing(door: Door) -> None:
    phone = phone_at(door)
    phone.post("/join", data={**hidden(phone.get("/join").text), "do": "no"})
    assert door.facts() == []
    assert waiting(door).count() == 0


def test_a_door_without_a_modem_asks_for_no_number(tmp_path: Path) -> None:
    door = Door(tmp_path)
    assert "phone_number" not in phone_at(door).get("/join").text
    door.close()
