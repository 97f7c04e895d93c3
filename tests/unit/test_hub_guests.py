"""Guests of the Wi-Fi in the manager's figures: counted, and never so that fewer than ten of them are singled out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.guests import Guests
from hub.rebuild import rebuild, verify
from hub.report_shapes import Report
from hub.reports import make_period, make_report
from hub.wire.events import ConsentGiven, ConsentWithdrawn, DeviceHealth, Fact, PortalJoined
from tests.hub_house import House, HouseNode


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def joined(way: str, count: int, member: str = "") -> list[Fact]:
    return [PortalJoined(way=way, seconds=3_600, member=member) for _ in range(count)]  # type: ignore[arg-type]


def agreed(number: int) -> ConsentGiven:
    return ConsentGiven(
        member=f"member-{number:04}",
        purpose="recognise",
        text="Remember me by a code that I keep.",
        text_version="1",
        language="en",
        place="portal",
    )


def report_of(house: House) -> Report:
    return make_report(house.store, house.now, make_period(house.store, house.now, None, None))


def guests_of(house: House) -> Guests:
    return report_of(house).guests


def two_days_later(door: HouseNode) -> None:
    """The day is over, and nothing that belongs to it is still waited for: what is shown of ten people or more is exact."""
    door.house.now += 2 * 86_400
    door.report(DeviceHealth(program="edge"))


def test_guests_are_counted_by_way_and_by_who_chose_to_be_remembered(house: House) -> None:
    door = house.node("edge", "Door")
    door.report(*joined("click", 40), *joined("click", 20, "m1234567"), *joined("member", 20, "m7654321"))
    two_days_later(door)
    guests = guests_of(house)
    assert (guests.total, guests.by_way, guests.noisy) == (80, {"click": 60, "member": 20}, False)
    assert [day.total for day in guests.by_day] == [80, 0, 0]
    assert (guests.remembered, guests.share) == (40, 0.5)
    assert guests.low is not None
    assert guests.high is not None
    assert guests.low < 0.5 < guests.high


def test_fewer_than_ten_guests_are_told_with_noise(house: House) -> None:
    door = house.node("edge", "Door")
    door.report(*joined("click", 7), *[agreed(number) for number in range(9)])
    two_days_later(door)
    report = report_of(house)
    guests = report.guests
    assert guests.noisy
    assert guests.total in (5, 10)
    assert sum(guests.by_way.values()) == guests.total
    assert guests_of(house) == guests, "asked again it is the same"
    assert not {"portal.joined", "consent.given"} & set(report.events)


def test_no_guest_is_nought(house: House) -> None:
    guests = guests_of(house)
    assert (guests.total, guests.by_way) == (0, {})


def test_a_rare_way_in_takes_another_with_it_so_that_nobody_can_subtract(house: House) -> None:
    door = house.node("edge", "Door")
    door.report(*joined("click", 50), *joined("code", 20), *joined("sms", 3))
    two_days_later(door)
    guests = guests_of(house)
    assert (guests.total, guests.by_way["click"], guests.noisy) == (73, 50, True)
    assert guests.by_way["code"] + guests.by_way["sms"] == 23
    assert sum(guests.by_day[0].by_way.values()) == 73


def test_who_agreed_and_took_it_back_is_told_by_the_figures_of_members(house: House) -> None:
    facts: list[Fact] = [agreed(number) for number in range(15)]
    facts += [
        ConsentWithdrawn(member=f"member-{number:04}", purpose="all", place="portal") for number in range(12)
    ]
    door = house.node("edge", "Door")
    door.report(*facts, *joined("click", 12))
    house.now += 86_400
    figures = report_of(house).figures
    assert abs((figures["members_joined"].value or 0) - 15) <= 4
    assert abs((figures["members_left"].value or 0) - 12) <= 4
    assert "consent.withdrawn" not in report_of(house).events


def test_a_simulated_guest_makes_the_report_say_so(house: House) -> None:
    house.node("edge", "Door").report(PortalJoined(way="click", seconds=60, simulated=True))
    assert report_of(house).simulated


def test_a_rebuild_gives_the_same_guests_to_the_byte(house: House) -> None:
    door = house.node("edge", "Door")
    for number in range(20):
        door.report(*joined(("click", "sms")[number % 2], 3), agreed(number))
        house.now += 400
    before = house.store.ledger.digest()
    assert verify(house.store).differ == ()
    rebuild(house.store)
    assert house.store.ledger.digest() == before
    assert guests_of(house).total == 60


def test_a_way_that_nobody_knows_is_kept_and_flagged(house: House) -> None:
    house.node("edge", "Door").send(
        b'{"device":"edge-1","epoch":1,"seq":1,"kind":"portal.joined","at":1795000000.0,"clock":"ntp",'
        b'"data":{"way":"telepathy","seconds":60}}'
    )
    assert guests_of(house).total == 0
    assert [count for _, count in house.store.reports.flaw_counts()] == [1]
