"""Members walk care plans: who goes in, each step exactly once, who leaves; on either database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.care.desk import end, move_inside, pause, publish, resume, save, try_on
from hub.care.localtime import days_later
from hub.care.plan import (
    Branch,
    Did,
    Enlist,
    Gift,
    Message,
    OnDay,
    Outcome,
    Plan,
    Share,
    Split,
    Task,
    Until,
    Wait,
    WhenAway,
    WhenDate,
    WhenDone,
    WhenDue,
    WhenJoined,
    WhenSegment,
    read_plan,
    write_plan,
)
from hub.care.tasks import done, tasks_for
from hub.care.work import turn
from hub.members.consent import withdraw
from hub.members.erasing import forget_asked
from hub.rebuild import verify
from hub.wire.events_members import MembersMerged
from hub.wire.sync_care import TaskReply, TaskRequest
from hub.wire.sync_members import Fields
from tests.care_house import HELLO, CareHouse, plain, replace_plan

DAY_S = 86_400.0


@pytest.fixture
def house(tmp_path: Path) -> Iterator[CareHouse]:
    made = CareHouse(tmp_path)
    yield made
    assert verify(made.store).differ == (), "a rebuild would change something"
    made.close()


def twice(house: CareHouse, **about: object) -> str:
    """A member who is here for the second time."""
    member = house.member(**about)  # type: ignore[arg-type]  # a test's own words
    house.bought(member)
    house.until(house.now + DAY_S)
    house.bought(member)
    house.work()
    return member


def test_after_the_second_day_of_a_visit_a_message_goes_two_days_later_at_the_same_time(
    house: CareHouse,
) -> None:
    number = house.plan(plain())
    member = house.member()
    house.bought(member)
    house.until(house.now + DAY_S)
    assert house.runs(number) == []
    house.bought(member)
    entered = house.now
    house.until(house.now + 3 * DAY_S)
    (run,) = house.runs(number)
    assert house.path(run) == ["w:waited", "m:sent", ":end"]
    assert house.lines(run)[1].at == days_later("Europe/Berlin", entered, 2)
    assert [one.text for one in house.channel.left] == ["How was it?"]


def test_nobody_goes_in_for_what_they_did_before_the_plan_began(house: CareHouse) -> None:
    member = twice(house)
    house.until(house.now + DAY_S)
    number = house.plan(plain())
    house.bought(member)
    house.work()
    assert house.runs(number) == []


def test_two_workers_at_once_take_each_step_once(house: CareHouse) -> None:
    number = house.plan(plain())
    for _ in range(12):
        twice(house)
    house.now += 2 * DAY_S
    threads = [threading.Thread(target=turn, args=(house.means, house.now)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    house.work()
    assert len(house.runs(number)) == 12
    assert all(house.path(run) == ["w:waited", "m:sent", ":end"] for run in house.runs(number))
    assert len({one.id for one in house.channel.left}) == len(house.channel.left) == 12


def test_whoever_is_inside_finishes_on_their_version_unless_they_are_moved(house: CareHouse) -> None:
    number = house.plan(plain())
    stays, moves = twice(house), twice(house)
    record = house.store.care.plan(number)
    assert record is not None
    longer = replace_plan(
        plain(), steps=(Wait(id="w", days=5, next="m"), Message(id="m", text={"en": "Later"}))
    )
    assert save(house.store, number, longer, record.revision)
    assert publish(house.store, number, "Eva", house.now) == 2
    assert house.store.care.by_version(number) == {1: 2}
    house.until(house.now + 2 * DAY_S + 1)
    texts = [one.text for one in house.channel.left]
    assert texts == ["How was it?", "How was it?"]
    late = twice(house)
    (run,) = [one for one in house.runs(number) if one.member == late]
    assert run.version == 2
    assert {stays, moves, late} == {one.member for one in house.runs(number)}


def test_who_is_moved_goes_on_at_the_same_step_of_the_new_version(house: CareHouse) -> None:
    number = house.plan(plain())
    member = twice(house)
    record = house.store.care.plan(number)
    assert record is not None
    longer = replace_plan(
        plain(), steps=(Wait(id="w", days=5, next="m"), Message(id="m", text={"en": "Later"}))
    )
    assert save(house.store, number, longer, record.revision)
    assert not save(house.store, number, longer, record.revision), "somebody else has changed it meanwhile"
    publish(house.store, number, "Eva", house.now)
    assert move_inside(house.means, number, 1, "Eva", house.now) == 1
    moved_at = house.now
    house.until(house.now + 6 * DAY_S)
    (run,) = house.runs(number)
    assert (run.member, run.version) == (member, 2)
    assert house.path(run) == ["w:turned", "w:waited", "m:sent", ":end"]
    assert house.lines(run)[2].at == days_later("Europe/Berlin", moved_at, 5)
    assert [one.text for one in house.channel.left] == ["Later"]


def test_a_plan_that_rests_holds_everybody_where_they_are(house: CareHouse) -> None:
    number = house.plan(plain())
    twice(house)
    assert pause(house.store, number, house.now)
    assert not pause(house.store, number, house.now)
    twice(house)
    house.until(house.now + 4 * DAY_S)
    assert [house.path(run) for run in house.runs(number)] == [[]]
    assert resume(house.store, number, house.now)
    house.work()
    assert house.path(house.runs(number)[0]) == ["w:waited", "m:sent", ":end"]


def test_a_plan_that_ends_lets_people_finish_or_out(house: CareHouse) -> None:
    first, second = house.plan(plain()), house.plan(plain())
    twice(house)
    assert end(house.means, first, house.now, let_finish=True)
    assert end(house.means, second, house.now, let_finish=False)
    house.until(house.now + 3 * DAY_S)
    assert [house.path(run)[-1] for run in (*house.runs(first), *house.runs(second))] == [":end", "w:stopped"]
    twice(house)
    assert len(house.runs(first)) == 1


def test_who_takes_their_consent_back_leaves_at_once(house: CareHouse) -> None:
    number = house.plan(plain())
    member = twice(house)
    house.now += 60
    house.stop(member)
    house.work()
    (run,) = house.runs(number)
    assert (run.reason, run.left_at) == ("consent", house.now)
    house.until(house.now + 4 * DAY_S)
    assert house.channel.left == []


def test_who_is_forgotten_in_the_middle_leaves_no_trace_and_gets_nothing(house: CareHouse) -> None:
    number = house.plan(plain())
    member = twice(house)
    withdraw(house.store, member, "all", place="page", proof="link", now=house.now, clock="ntp")
    forget_asked(house.store, house.folder, house.now)
    house.until(house.now + 4 * DAY_S)
    assert house.channel.left == []
    (run,) = house.runs(number)
    assert run.member != member
    assert run.due_at is None


def test_two_memberships_of_one_person_walk_a_plan_once(house: CareHouse) -> None:
    number = house.plan(plain())
    one, other = twice(house), twice(house)
    house.till.report(MembersMerged(act="a1", member=other, into=one, by="Eva"))
    house.until(house.now + 4 * DAY_S)
    assert sorted(house.path(run)[-1] for run in house.runs(number)) == [":end", "w:merged"]
    assert len(house.channel.left) == 1


def test_the_control_group_walks_the_same_way_and_gets_nothing(house: CareHouse) -> None:
    steps = (
        Wait(id="w", days=1, next="c"),
        Gift(id="c", campaign=1, next="m"),
        Message(id="m", text={"en": "For you: {coupon}"}),
    )
    house.publish_long(1)
    number = house.plan(plain(control=50, first="w", steps=steps))
    for _ in range(16):
        twice(house)
        house.now += 60
    house.until(house.now + 3 * DAY_S)
    runs = house.runs(number)
    held = [run for run in runs if run.control]
    assert 2 <= len(held) <= 14
    assert {tuple(house.path(run)) for run in runs} == {("w:waited", "c:given", "m:sent", ":end")}
    assert len(house.issued) == len(house.channel.left) == len(runs) - len(held)
    assert all(one.text.startswith("For you: https://shop.example/coupon/") for one in house.channel.left)
    assert all(line.detail == "" for run in held for line in house.lines(run))


def test_an_offer_that_does_not_run_gives_nothing_and_the_plan_goes_on(house: CareHouse) -> None:
    house.publish_long(1)
    steps = (Gift(id="c", campaign=1, next="", missing="m"), Message(id="m", text=HELLO))
    number = house.plan(plain(first="c", steps=steps))
    house.store.campaigns.save(house.long(1), "paused", house.now, "test")
    twice(house)
    assert house.path(house.runs(number)[0]) == ["c:none", "m:sent", ":end"]


def test_a_date_that_a_member_does_not_have_is_a_way_of_its_own(house: CareHouse) -> None:
    steps = (Until(id="u", field="birthday", next="", missing="m"), Message(id="m", text=HELLO))
    number = house.plan(plain(first="u", steps=steps))
    twice(house)
    assert house.path(house.runs(number)[0]) == ["u:missing", "m:sent", ":end"]


def test_a_birthday_lets_in_those_whose_day_it_is_once_a_year(house: CareHouse) -> None:
    number = house.plan(
        plain(
            entry=WhenDate("birthday", -2, 9 * 60), again=300, first="m", steps=(Message(id="m", text=HELLO),)
        )
    )
    member = house.member()
    house.book.change(member, Fields("Ann", "+49301230000", birthday="1980-02-29"), at=house.now)
    day = house.on("2027-02-26T08:59")
    house.until(day)
    assert house.runs(number) == []
    house.until(day + 60)
    assert [run.member for run in house.runs(number)] == [member]
    house.now = house.on("2028-02-27T09:00")
    house.work()
    assert len(house.runs(number)) == 2


def test_who_stays_away_is_written_to_and_leaves_when_they_come(house: CareHouse) -> None:
    steps = (
        Message(id="m", text=HELLO, next="w"),
        Wait(id="w", days=10, next="m2"),
        Message(id="m2", text=HELLO),
    )
    number = house.plan(plain(entry=WhenAway(30), leave=(Did("visit"),), first="m", steps=steps))
    member = house.member()
    house.bought(member)
    house.work()
    house.until(house.now + 29 * DAY_S)
    house.bought(member)
    house.until(house.now + 29 * DAY_S)
    assert house.runs(number) == []
    house.until(house.now + 2 * DAY_S)
    assert house.path(house.runs(number)[0]) == ["m:sent"]
    house.until(house.now + DAY_S)
    house.bought(member)
    house.until(house.now + 10 * DAY_S)
    assert house.path(house.runs(number)[0]) == ["m:sent", "w:goal"]


def test_what_is_needed_every_month_is_remembered_in_time(house: CareHouse) -> None:
    number = house.plan(plain(entry=WhenDue(3), first="m", steps=(Message(id="m", text=HELLO),)))
    member, begun = house.member(), house.now
    for month in range(3):
        house.until(begun + month * 30 * DAY_S)
        house.bought(member)
    house.until(begun + 86 * DAY_S)
    assert house.runs(number) == []
    house.until(begun + 87 * DAY_S)
    assert len(house.runs(number)) == 1


def test_everybody_gets_a_word_on_a_holiday_once(house: CareHouse) -> None:
    members = {house.member() for _ in range(3)}
    steps = (Message(id="m", text=HELLO),)
    number = house.plan(plain(entry=OnDay(12, 20, 600), first="m", steps=steps))
    house.until(house.on("2026-12-20T09:59"))
    assert house.runs(number) == []
    house.until(house.on("2026-12-20T12:00"))
    assert {run.member for run in house.runs(number)} == members
    assert len(house.runs(number)) == 3


def test_a_lot_parts_members_and_says_the_same_again(house: CareHouse) -> None:
    steps = (Split(id="p", branches=(Branch(Share(50), "m"),)), Message(id="m", text=HELLO))
    number = house.plan(plain(first="p", steps=steps))
    for _ in range(20):
        twice(house)
    paths = [house.path(run)[0] for run in house.runs(number)]
    assert 3 <= paths.count("p:way1") <= 17


def test_staff_are_asked_and_what_came_of_it_leads_on(house: CareHouse) -> None:
    task = Task(id="t", text={"en": "Greet"}, outcomes=(Outcome("ok", {"en": "Fine"}),), days=7, next="m")
    number = house.plan(plain(first="t", steps=(task, Message(id="m", text=HELLO))))
    member = twice(house)
    (line,) = tasks_for(house.store, member, house.now)
    assert (line.say, line.outcomes) == ({"en": "Greet"}, {"ok": {"en": "Fine"}})
    asked = TaskRequest(line.task, "ok", "nonce-0001", "Till 1", "ann")
    assert tell(house, asked) == TaskReply(True, outcome="ok", staff="ann", at=house.now)
    assert tell(house, asked).done, "the same again is the same act"
    other = tell(house, TaskRequest(line.task, "ok", "nonce-0002", "Till 1", "bo"))
    assert (other.refusal, other.staff) == ("done_before", "ann")
    assert tell(house, TaskRequest("0" * 16, "ok", "nonce-0003", "Till 1", "bo")).refusal == "unknown_task"
    house.work()
    assert house.path(house.runs(number)[0]) == ["t:given", "t:ok", "m:sent", ":end"]
    assert tasks_for(house.store, member, house.now) == []


def tell(house: CareHouse, request: TaskRequest) -> TaskReply:
    device = house.store.devices.get(house.till.device)
    assert device is not None
    with house.store.writing():
        reply = done(house.store, device, request, house.now, "ntp")
    assert isinstance(reply, TaskReply)
    return reply


def test_a_draft_is_tried_out_on_somebody_of_the_staff_without_being_counted(house: CareHouse) -> None:
    number = house.plan(plain(), publishes=False)
    mine = house.member()
    assert try_on(house.means, number, mine, "Eva", house.now)
    house.work()
    (run,) = house.runs(number)
    assert run.test
    assert house.path(run) == ["w:waited", "m:sent", ":end"]
    assert len(house.channel.left) == 1
    assert house.store.care.counts(number) == []
    assert house.store.care.went_in(number) == 0


def test_every_kind_of_step_and_entry_is_read_as_it_was_written() -> None:
    steps = (
        Wait(id="w1", days=1, at=600, next="u1"),
        Until(id="u1", next="p1"),
        Split(id="p1", branches=(Branch(Share(10), "c1"),), next="l1"),
        Gift(id="c1", campaign=3),
        Enlist(id="l1", segment="Friends", next="t1"),
        Task(id="t1", text=HELLO),
    )
    for entry in (
        WhenDone(),
        WhenJoined(),
        WhenAway(),
        WhenDue(),
        WhenDate(),
        OnDay(),
        WhenSegment("A", True, True),
    ):
        plan = Plan(name="All", entry=entry, first="w1", steps=steps)
        assert read_plan(write_plan(plan)) == plan
