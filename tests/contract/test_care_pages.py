"""Care plans on both databases and on the office's pages: the verdict with its interval, quiet hours, versions, who may what."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from werkzeug.datastructures import MultiDict

from hub.care.plan import Message, Outcome, Task, Wait
from hub.care.tasks import tasks_for
from hub.members.consent import give
from hub.people import add_manager
from hub.rebuild import verify
from hub.roles import Role
from hub.wire.events import PurchasePaid, write_event
from hub.wire.sync_care import TaskReply, TaskRequest
from hub.wire.sync_members import MemberReply, MemberRequest
from tests.care_house import HELLO, CareHouse, plain
from tests.hub_house import read
from tests.hub_office import PASSWORD, Office, words
from tests.postgres_server import PostgresServer, postgres_server

DAY_S = 86_400.0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CareHouse]:
    made = CareHouse(
        tmp_path, request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    )
    yield made
    made.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[CareHouse]:
    made = CareHouse(tmp_path)
    yield made
    made.close()


def office(house: CareHouse, role: Role = Role.OWNER) -> Office:
    assert add_manager(house.store, "Ines", PASSWORD, house.now, who="test", role=role) is None
    there = Office(house)
    assert there.log_in().status_code == 303
    return there


def test_a_plan_is_walked_the_same_on_either_database(both: CareHouse) -> None:
    task = Task(id="t", text=HELLO, outcomes=(Outcome("ok", {"en": "Fine"}),), days=9, next="w")
    steps = (task, Wait(id="w", days=1, at=600, next="m"), Message(id="m", text=HELLO))
    number = both.plan(plain(first="t", steps=steps))
    member = both.member()
    both.bought(member)
    both.until(both.now + DAY_S)
    both.bought(member)
    both.work()
    (line,) = tasks_for(both.store, member, both.now)
    told = read(both.till.post("/v1/member", msgspec.json.encode(MemberRequest(member))), MemberReply)
    assert told.tasks == (line,), "a till that asks who stands there hears what is to be done"
    asked = TaskRequest(line.task, "ok", "nonce-0001", "Till 1", "ann")
    reply = read(both.till.post("/v1/task", msgspec.json.encode(asked)), TaskReply)
    assert reply.done
    both.until(both.now + 3 * DAY_S)
    (run,) = both.runs(number)
    assert both.path(run) == ["t:given", "t:ok", "w:waited", "m:sent", ":end"]
    assert len(both.channel.left) == 1
    assert {(one.step, one.outcome): one.count for one in both.store.care.counts(number)} == {
        ("t", "given"): 1,
        ("t", "ok"): 1,
        ("w", "waited"): 1,
        ("m", "sent"): 1,
        ("", "end"): 1,
    }
    assert verify(both.store).differ == ()
    there = office(both)
    for path in (
        f"/plans/{number}",
        f"/plans/{number}/edit",
        f"/plans/{number}/runs/{run.run}",
        "/plans",
        "/tasks",
    ):
        assert there.get(path).status_code == 200, path
    assert "Fine" in words(there.get("/tasks"))


def test_the_page_of_a_plan_says_what_it_changed_with_its_interval(house: CareHouse) -> None:
    """700 members, a tenth of whom get nothing; the others come back more often."""
    chance = random.Random(3)
    number = house.plan(
        plain(control=20, watch=14, steps=(Wait(id="w", days=1, next="m"), Message(id="m", text=HELLO)))
    )
    members = [chance.randbytes(16).hex() for _ in range(700)]
    for member in members:
        give(
            house.store, member, "recognise", "", words="Yes.", version="1", language="en", place="door",
            proof="page", now=house.now, clock="ntp",
        )  # fmt: skip
    for _ in range(2):
        purchases(house, [(member, 1_000, house.now) for member in members])
        house.now += DAY_S
    house.until(house.now + 60)
    runs = house.runs(number)
    assert len(runs) == 700
    later = []
    for run in runs:
        often = sum(chance.random() < (0.25 if run.control else 0.55) for _ in range(4))
        later += [
            (run.member, chance.randrange(500, 4_000), house.now + chance.randrange(1, 12) * DAY_S)
            for _ in range(often)
        ]
    purchases(house, sorted(later, key=lambda one: one[2]))
    house.now += 20 * DAY_S
    there = office(house)
    page = words(there.get(f"/plans/{number}"))
    assert "It works: members who get it paid" in page
    assert "Interval, right in 95 of 100" in page
    assert "Paid per member" in page
    assert " 0 are still being watched" in page


def purchases(house: CareHouse, paid: list[tuple[str, int, float]]) -> None:
    facts = [
        write_event(
            house.till.event(
                PurchasePaid(id=f"p{house.till.seq}", till="Till 1", staff="Ann", cents=cents, member=member),
                at,
            )
        )
        for member, cents, at in paid
    ]
    for start in range(0, len(facts), 200):
        house.till.send(*facts[start : start + 200])


def test_quiet_hours_and_caps_are_set_on_a_page_and_faults_stand_beside_their_fields(
    house: CareHouse,
) -> None:
    there = office(house)
    form: MultiDict[str, str] = MultiDict(
        {"start1": "21:00", "end1": "8.30", "messages1": "2", "within1": "7"}
    )
    for day in "0123456":
        form.add("days1", day)
    assert there.post("/quiet", form).status_code == 303
    page = there.get("/quiet").get_data(as_text=True)
    assert 'value="21:00"' in page
    assert 'value="08:30"' in page
    form["end1"] = "25:00"
    assert there.post("/quiet", form).status_code == 422
    always: MultiDict[str, str] = MultiDict({"start1": "00:00", "end1": "00:00"})
    for day in "0123456":
        always.add("days1", day)
    answer = there.post("/quiet", always)
    assert answer.status_code == 422
    assert "Like this nothing could ever be sent" in words(answer)


def test_somebody_elses_change_is_not_overwritten(house: CareHouse) -> None:
    number = house.plan(plain())
    there = office(house)
    form = {"revision": "1", "plan_name": "Mine", "entry": "joined", "control": "10", "watch": "28"}
    assert there.post(f"/plans/{number}/edit", form).status_code == 303
    late = there.post(f"/plans/{number}/edit", form | {"plan_name": "Late"})
    assert late.status_code == 409
    assert "Somebody else changed this plan meanwhile" in words(late)
    assert "Mine" in words(there.get(f"/plans/{number}/edit"))


def test_names_of_any_kind_harm_nobody(house: CareHouse) -> None:
    there = office(house)
    assert there.post("/plans", {}).status_code == 303
    wild = "=cmd|'/c'!A1 <script>alert(1)</script> \u202e🎂" + "x" * 70_000
    form = {"revision": "1", "plan_name": wild, "entry": "done", "times": "²", "date_at": "25:61"}
    answer = there.post("/plans/1/edit", form)
    assert answer.status_code == 422
    assert "<script>alert" not in answer.get_data(as_text=True)
    assert "At most 80 characters fit here." in words(answer)
    good = form | {"plan_name": wild[:70], "times": "2", "date_at": ""}
    assert there.post("/plans/1/edit", good).status_code == 303
    assert "<script>alert" not in there.get("/plans").get_data(as_text=True)


@pytest.mark.parametrize("role", [Role.EDITOR, Role.VIEWER])
def test_only_who_may_write_to_members_lets_a_plan_run(house: CareHouse, role: Role) -> None:
    number = house.plan(plain())
    there = office(house, role)
    shown = there.get(f"/plans/{number}").get_data(as_text=True)
    assert f"/plans/{number}/turn" not in shown
    page = there.post(f"/plans/{number}/turn", {"action": "pause"}, page="/security")
    assert page.status_code == 403
    record = house.store.care.plan(number)
    assert record is not None
    assert record.state == "running"
