"""The manager's page about guests of the Wi-Fi: figures, which carry noise, and what stands there before the first guest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.figures.noise import BASE, MOST
from hub.people import add_manager
from hub.wire.events import Fact, PortalJoined
from tests.hub_house import NOON, House
from tests.hub_office import PASSWORD, Office, words

DAY = "2026-11-18"


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


def guests_in(page: str) -> dict[tuple[str, str], tuple[int, bool]]:
    """Numbers of guests on a page: by the dimensions and the key of each, its value and whether it says that it carries noise."""
    found = {}
    for tag in re.findall(r'<span class="number[^>]*data-figure="guests"[^>]*>', page):
        told = dict(re.findall(r'data-([a-z]+)="([^"]*)"', tag))
        found[told["by"], told["key"]] = (int(float(told["value"] or 0)), "data-noisy" in tag)
    return found


def test_guests_of_a_day_that_is_not_over_stand_there_by_way_in_with_noise(office: Office) -> None:
    door = office.house.node("edge", "Door")
    door.report(
        *joined("click", 30), *joined("click", 10, "m1234567"), *joined("code", 12), *joined("sms", 2)
    )
    answer = office.get("/")
    found = guests_in(answer.get_data(as_text=True))
    true = {"click": 40, "code": 12, "sms": 2}
    for way, count in true.items():
        # What comes to nought has no column.
        number, noisy = found.get(("day|way", f"{DAY}|{way}"), (0, True))
        assert noisy
        assert abs(number - count) <= MOST
        assert number % BASE == 0
    total, noisy = found["", ""]
    assert noisy
    assert total == sum(number for (by, _), (number, _) in found.items() if by == "day|way")
    assert "by a tap by a printed code" in words(answer)
    assert "≈ stands before a number that carries a little noise" in words(answer)
    assert guests_in(office.get("/").get_data(as_text=True)) == found
    assert f"Wi-Fi 访客 ≈{total}" in words(office.get("/?lang=zh"))


def test_a_day_that_is_over_is_exact_where_nobody_is_singled_out(office: Office) -> None:
    door = office.house.node("edge", "Door")
    door.report(*joined("click", 40), *joined("code", 12), *joined("sms", 2))
    office.house.now += 86_400
    door.report(*joined("click", 30))
    assert office.log_in().status_code == 303
    found = guests_in(office.get(f"/?days=custom&from={DAY}&to={DAY}").get_data(as_text=True))
    assert found["", ""] == (54, False)
    assert found["day|way", f"{DAY}|click"] == (40, False)
    # Two by phone number would be singled out, and by subtraction so would they if the next were exact.
    few, others = (found.get(("day|way", f"{DAY}|{way}"), (0, True)) for way in ("sms", "code"))
    assert few[1]
    assert others[1]
    assert few[0] + others[0] == 14


def test_a_handful_of_guests_is_never_told_as_it_is(office: Office) -> None:
    office.house.node("edge", "Door").report(*joined("click", 4))
    found = guests_in(office.get("/").get_data(as_text=True))
    for number, noisy in found.values():
        assert noisy or number == 0
        assert number % BASE == 0


def test_before_the_first_guest_the_page_says_how_they_come(office: Office) -> None:
    seen = words(office.get("/"))
    assert "No guest on the Wi-Fi in these days" in seen
    assert "Pair the device at the door and give it an access point" in seen
    office.house.node("edge", "Door").send()
    assert "by the way in which they came" in words(office.get("/"))
    assert "这段时间没有 Wi-Fi 访客" in words(office.get("/?lang=zh"))
