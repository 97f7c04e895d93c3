"""The page of members over time: months in which people joined, who of them came back, nothing exact, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.people import add_manager
from hub.wire.events import ConsentGiven, ConsentWithdrawn, Fact, VisitClosed
from tests.hub_house import NOON, House
from tests.hub_office import PASSWORD, Office, words

DAY_S = 86_400.0
SEPTEMBER = datetime(2026, 9, 10, 12, tzinfo=UTC).timestamp()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    house = House(tmp_path)
    house.now = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
    add_manager(house.store, "Ines", PASSWORD, NOON, who="test")
    made = Office(house)
    assert made.log_in().status_code == 303
    yield made
    house.close()


def agreed(place: int) -> ConsentGiven:
    return ConsentGiven(
        member=f"member-{place:03d}", purpose="messages", text="I agree.", text_version="1", language="en", place="portal"
    )  # fmt: skip


def here(place: int, at: float) -> VisitClosed:
    return VisitClosed(
        id=f"v{place}", zone="door", arrived_at=at, departed_at=at + 60, dwell_s=60.0, peak_dbm=-60, known=f"member-{place:03d}"
    )  # fmt: skip


def test_without_members_the_page_says_what_will_stand_there(office: Office) -> None:
    page = office.get("/members-over-time")
    assert page.status_code == 200
    assert "No members yet" in words(page)
    assert "还没有会员" in words(office.get("/members-over-time?lang=zh"))


def test_months_stand_with_those_who_came_back_and_end_with_what_they_agreed_to(office: Office) -> None:
    door = office.house.node("edge", "Door")
    door.report(*(agreed(place) for place in range(60)), at=SEPTEMBER)
    facts: list[Fact] = [here(place, SEPTEMBER + 3 * DAY_S) for place in range(20)]
    door.report(*facts, at=SEPTEMBER + 3 * DAY_S)
    text = office.get("/members-over-time").get_data(as_text=True)
    row = re.search(r'<tr data-month="2026-09-01">.*?</tr>', text, re.DOTALL)
    assert row, text
    (size,) = re.findall(r'data-members="(\d+)"', row[0])
    assert abs(int(size) - 60) <= 4
    assert int(size) % 5 == 0, "never exact: it changes when somebody leaves"
    back = {
        int(weeks): int(number)
        for weeks, number in re.findall(r'data-weeks="(\d+)" data-back="(\d+)"', row[0])
    }
    assert set(back) == {1, 2, 4}
    assert all(abs(number - 20) <= 4 for number in back.values())
    assert "≈" in row[0]
    assert "会员变化" in words(office.get("/members-over-time?lang=zh"))
    assert "member-0" not in text
    office.house.node().report(
        *(ConsentWithdrawn(member=f"member-{place:03d}", purpose="all", place="shop") for place in range(60)),
        at=office.house.now,
    )
    assert "No members yet" in words(office.get("/members-over-time"))


def test_on_one_day_the_page_says_the_same_whatever_happens(office: Office) -> None:
    def numbers() -> list[str]:
        text = office.get("/members-over-time").get_data(as_text=True)
        return re.findall(r'data-(?:value|back|members)="[^"]*"', text)

    door = office.house.node("edge", "Door")
    door.report(*(agreed(place) for place in range(60)), at=SEPTEMBER)
    before = numbers()
    for place in range(12):
        door.report(here(place, office.house.now - 600), agreed(100 + place), at=office.house.now)
    assert numbers() == before
    office.house.now += DAY_S
    assert numbers() != before
