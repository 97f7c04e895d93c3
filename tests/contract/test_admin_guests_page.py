"""The manager's page about guests of the Wi-Fi: figures, what is left out, and what stands there before the first guest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.people import add_manager
from hub.wire.events import ConsentWithdrawn, Fact, PortalJoined
from tests.hub_house import NOON, House
from tests.hub_office import PASSWORD, Office, words


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    house = House(tmp_path)
    assert add_manager(house.store, "Ines", PASSWORD, NOON, who="shell") is None
    office = Office(house)
    assert office.log_in().status_code == 303
    yield office
    house.close()


def joined(way: str, count: int, member: str = "") -> list[Fact]:
    return [PortalJoined(way=way, seconds=3_600, member=member) for _ in range(count)]  # type: ignore[arg-type]


def test_guests_stand_there_by_way_in_with_the_share_of_those_remembered(office: Office) -> None:
    door = office.house.node("edge", "Door")
    door.report(
        *joined("click", 30), *joined("click", 10, "m1234567"), *joined("code", 12), *joined("sms", 2)
    )
    seen = words(office.get("/"))
    assert "Guests of the Wi-Fi 54" in seen
    assert "Chose to be remembered 19% 10 of 54 guests" in seen
    assert "by a tap by a printed code by phone number Together" in seen
    # Two by phone number would be singled out, and by subtraction so would they if the next were shown.
    assert "40 – – 54" in seen
    assert "A dash stands for a figure that is left out" in seen
    chinese = words(office.get("/?lang=zh"))
    assert "Wi-Fi 访客 54" in chinese
    assert "54 位访客中的 10 位" in chinese


def test_several_days_have_a_line_of_sums(office: Office) -> None:
    door = office.house.node("edge", "Door")
    door.report(*joined("click", 20))
    office.house.now += 86_400
    door.report(*joined("click", 30))
    assert office.log_in().status_code == 303
    seen = words(office.get("/?days=7"))
    assert "All days 50 50" in seen
    assert "A dash stands for" not in seen
    assert seen.index("30 30") < seen.index("20 20")


def test_a_handful_of_guests_is_fewer_than_ten_and_no_number(office: Office) -> None:
    office.house.node("edge", "Door").report(
        *joined("click", 4), ConsentWithdrawn(member="member-0001", purpose="all", place="portal")
    )
    seen = words(office.get("/"))
    assert "Guests of the Wi-Fi fewer than ten" in seen
    assert "Consents taken back fewer than ten" in seen
    assert "Chose to be remembered" not in seen
    assert "不足十" in words(office.get("/?lang=zh"))


def test_before_the_first_guest_the_page_says_how_they_come(office: Office) -> None:
    seen = words(office.get("/"))
    assert "No guest on the Wi-Fi in these days" in seen
    assert "Pair the device at the door and give it an access point" in seen
    office.house.node("edge", "Door").send()
    assert "by the way in which they came" in words(office.get("/"))
    assert "这段时间没有 Wi-Fi 访客" in words(office.get("/?lang=zh"))
