"""What the shop's own members are worth and who may be lost, from facts that nodes sent; nobody without standing consent."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hub.value.calibration import area
from hub.value.commands import main
from hub.value.loss import AWAY_DAYS, stayed_away
from hub.value.members import Trial, came, try_out
from hub.value.office import came_before, today_of
from hub.value.teaching import look_at
from hub.wire.events import ConsentGiven, ConsentWithdrawn, Fact, PurchasePaid, VisitClosed, write_event
from tests.hub_house import NOON, House

DAY_S = 86_400.0
TODAY = date(2026, 11, 18).toordinal()
MEMBERS = 160


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """160 members of different pace in 300 days, of whom some stopped coming; they pay 10 to 50 each time."""
    house = House(tmp_path_factory.mktemp("members"))
    node = house.node("kiosk", "Till 1")
    rnd = random.Random(4)
    events = []
    for number in range(MEMBERS):
        member = f"member-{number:04}"
        begun = NOON - 300 * DAY_S + rnd.randrange(60) * DAY_S
        events.append(node.event(agreed(member), begun))
        pause = rnd.gammavariate(2, 6)
        ends = begun + rnd.expovariate(1 / 350) * DAY_S
        at, visit = begun, 0
        while at < min(NOON, ends):
            events.append(node.event(visited(member, at, f"v{number}-{visit}"), at + 60))
            events.append(
                node.event(paid(member, f"p{number}-{visit}", rnd.randrange(1_000, 5_000)), at + 120)
            )
            at += max(1.0, rnd.expovariate(1 / pause)) * DAY_S
            visit += 1
    events.append(
        node.event(ConsentWithdrawn(member="member-0000", purpose="all", place="portal"), NOON - DAY_S)
    )
    for begin in range(0, len(events), 400):
        node.send(*map(write_event, events[begin : begin + 400]))
    yield house
    house.close()


def agreed(member: str) -> ConsentGiven:
    return ConsentGiven(
        member=member, purpose="recognise", text="I agree.", text_version="1", language="en", place="portal"
    )


def visited(member: str, at: float, name: str) -> Fact:
    return VisitClosed(
        id=name, zone="door", arrived_at=at, departed_at=at + 60, dwell_s=60.0, peak_dbm=-60, known=member
    )


def paid(member: str, name: str, cents: int) -> Fact:
    return PurchasePaid(id=name, till="Till 1", staff="s1", cents=cents, member=member)


def test_everybody_who_still_agrees_is_on_the_list_and_nobody_else(house: House) -> None:
    assert today_of(house.store, NOON) == TODAY
    people = look_at(came_before(house.store, TODAY), TODAY, 39)
    names = {one.scored.member for one in people.people}
    assert "member-0000" not in names
    assert names == {f"member-{number:04}" for number in range(1, MEMBERS)}
    assert people.taught is not None
    assert people.taught.fitted
    assert people.taught.loss.name == "habits", people.taught.loss.why["en"]
    chances = [one.warning.chance for one in people.people]
    assert chances == sorted(chances, reverse=True)
    assert all(one.scored.value is not None and one.scored.value >= 0 for one in people.people)


def test_today_is_not_over_and_does_not_count(house: House) -> None:
    before = came_before(house.store, TODAY)
    assert all(day < TODAY for days in before.days.values() for day in days)


def test_who_is_warned_of_came_as_the_journal_says(house: House) -> None:
    """Away and visits of the first on the list, counted from the store's own rows."""
    people = look_at(came_before(house.store, TODAY), TODAY, 39)
    first = people.people[0].warning
    days = [one.day for one in house.store.members.days(1, TODAY - 1) if one.member == first.member]
    assert f"{TODAY - max(days)} day" in first.reasons[0]["en"]


def test_what_was_predicted_ninety_days_ago_is_held_against_what_happened(house: House) -> None:
    seen = came_before(house.store, TODAY)
    trial = try_out(seen, TODAY)
    assert isinstance(trial, Trial)
    day = TODAY - AWAY_DAYS
    there = [days for days in seen.days.values() if days[0] < day]
    assert trial.members == len(there)
    assert trial.lost == sum(stayed_away(days, day) for days in there)
    assert trial.lately == pytest.approx(
        area(
            [day - max(one for one in days if one < day) for days in there],
            [stayed_away(days, day) for days in there],
        )
    )
    assert sum(part.members for part in trial.parts) == trial.members


def test_where_nobody_has_been_a_member_for_long_there_is_nothing_to_compare(house: House) -> None:
    early = came([one for one in house.store.members.days(1, TODAY) if one.day > TODAY - 30])
    told = try_out(early, TODAY)
    assert isinstance(told, dict)
    assert "nothing yet to compare" in told["en"]
    assert look_at(came([]), TODAY, 39).people == []


def test_the_commands_say_the_same(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    people = look_at(came_before(house.store, TODAY), TODAY, 39)
    morning = ["--dir", str(house.folder), "--day", date.fromordinal(TODAY).isoformat()]

    def said(*words: str) -> str:
        assert main([*words, *morning]) == 0
        return capsys.readouterr().out

    told = json.loads(said("members", "--json"))
    assert [one["member"] for one in told["members"]] == [one.scored.member for one in people.people]
    assert told["members"][0]["reasons"][0] == people.people[0].warning.reasons[0]
    assert "of them to look after" in said("members")
    trial = json.loads(said("trial", "--json"))
    assert trial["members"] == sum(part["members"] for part in trial["tenths"])
    assert "were predicted to stay away" in said("trial")


def test_a_folder_without_a_shop_is_one_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hub", "value", "members", "--dir", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "There is no shop in" in done.stderr


def test_days_are_the_shops_own() -> None:
    """The test's own day is the one that the shop's clock shows at noon of UTC."""
    assert datetime.fromtimestamp(NOON, UTC).date().toordinal() == TODAY
