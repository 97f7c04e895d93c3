"""The ways in through the portal's own pages: what a guest taps, what staff see of it, what the hub will hear."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from ways_door import NOW, PIN, Door, campaign
from werkzeug.test import TestResponse

from edge.portal.app import House, create_portal
from edge.portal.config import read_config
from hardware.modem.sim import SimModem
from hub.wire.events import ConsentGiven, ConsentWithdrawn, CouponIssued, PortalJoined


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    door = Door(tmp_path / "edge", modem=SimModem(delay_s=0.0))
    door.adopt(campaign())
    yield door
    door.close()


def guest(door: Door, ways: str, n: int = 23) -> FlaskClient:
    """The browser of the phone at 10.77.0.n, before a portal with these ways."""
    config = read_config({"PORTAL_DIR": str(door.folder), "PORTAL_WAYS": ways, "PORTAL_MINUTES": "60"}, {})
    house = House(config, door.node, door.outbox, door.shelf, door.clock, door.keeper, modem=door.modem)
    portal = create_portal(house)
    browser = portal.app.test_client()
    browser.environ_base = browser.environ_base | {
        "REMOTE_ADDR": f"10.77.0.{n}",
        "HTTP_HOST": "portal.internal",
    }
    return browser


def send(browser: FlaskClient, **values: str) -> TestResponse:
    return browser.post("/enter", data=values, follow_redirects=True)


def hidden(page: TestResponse, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, page.text
    return unescape(found[1])


def joined(door: Door) -> list[PortalJoined]:
    return [fact for fact in door.facts() if isinstance(fact, PortalJoined)]


def test_a_number_a_wrong_code_the_right_code_and_a_stranger_comes_back_as_a_member(door: Door) -> None:
    browser = guest(door, "sms,member")
    page = send(browser, phone_number="0900 1", remember="yes")
    assert "That is no mobile number." in unescape(page.text)
    assert door.gate.inside() == []
    page = send(browser, phone_number="0151 23456789", remember="yes")
    assert door.modem is not None
    code = door.modem.sent[-1].text[:6]
    step = {name: hidden(page, name) for name in ("handle", "sent_to", "phone_number")}
    page = send(browser, **step, typed="12345", remember="yes")
    assert "That is not the code that was sent." in unescape(page.text)
    assert door.gate.inside() == []
    page = send(browser, **step, typed=code, remember="yes")
    assert door.gate.inside() == ["10.77.0.23"]
    kept = re.search(r"[0-9A-Z]{4} [0-9A-Z]{4} [0-9A-Z]{4} [0-9A-Z]{4}", page.text)
    assert kept, page.text
    (first,) = joined(door)
    assert (first.way, first.seconds) == ("sms", 3_600)
    assert first.member
    # Another phone, another day; the code is all that was kept.
    door.later(86_400)
    send(guest(door, "sms,member", 99), typed=kept[0], remember="no")
    assert door.gate.inside() == ["10.77.0.99"]
    assert joined(door)[-1] == PortalJoined(way="member", seconds=3_600, member=first.member)
    page = guest(door, "sms,member", 99).post("/forget", data={"typed": kept[0]}, follow_redirects=True)
    assert page.status_code == 200
    told = [fact for fact in door.facts() if isinstance(fact, ConsentGiven | ConsentWithdrawn)]
    assert [type(fact) for fact in told] == [ConsentGiven, ConsentWithdrawn]
    assert {fact.member for fact in told} == {first.member}
    assert {fact.place for fact in told} == {"Front door"}


def test_staff_make_codes_a_guest_uses_one_and_staff_end_them(door: Door) -> None:
    browser = guest(door, "code")
    staff = guest(door, "code", 250)
    staff.post("/staff/in", data={"staff": "s1", "pin": PIN})
    mark = hidden(staff.get("/staff/codes"), "mark")
    sheet = staff.post(
        "/staff/codes",
        data={
            "mark": mark, "what_for": "", "count": "2", "lasts": "1", "unit": "days", "valid_until": "2026-12-24",
            "uses": "1", "mbytes": "0", "down_kbytes": "0", "up_kbytes": "0",
        },
        follow_redirects=True,
    )  # fmt: skip
    codes = re.findall(r"[0-9A-Z]{4} [0-9A-Z]{4} [0-9A-Z]{4}", sheet.text)
    assert len(set(codes)) == 2
    page = send(browser, typed=codes[0][:-1] + ("2" if codes[0][-1] != "2" else "3"))
    assert "A character of that code is wrong." in unescape(page.text)
    send(browser, typed=codes[0].lower())
    assert door.gate.inside() == ["10.77.0.23"]
    assert door.keeper.standing("10.77.0.23", door.now).until == NOW + 86_400
    (came,) = joined(door)
    assert came.way == "code"
    assert came.batch == sheet.request.path.rpartition("/")[2]
    assert "Printed code" in staff.get("/staff/").text
    staff.post(f"/staff/codes/{came.batch}/end", data={"mark": mark})
    assert door.gate.inside() == []
    page = send(browser, typed=codes[1])
    assert "not valid any more" in page.text
    assert door.gate.inside() == []


def test_the_coupon_on_the_first_page_is_a_way_in_where_the_shop_says_so(door: Door) -> None:
    browser = guest(door, "coupon")
    code = re.search(r"[0-9A-Z]{4} [0-9A-Z]{4} [0-9A-Z]{4}", browser.get("/").text)
    assert code
    send(browser, typed=code[0])
    assert door.gate.inside() == ["10.77.0.23"]
    facts = door.facts()
    assert sum(isinstance(fact, CouponIssued) for fact in facts) == 1
    assert joined(door) == [PortalJoined(way="coupon", seconds=3_600)]
