"""Who names a segment: what runs keeps it, under its name; drafts and what is over are told and hinder nothing. On both
databases, on the page in both languages, and for other programs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hub import offering
from hub.care import desk
from hub.care.entering import Running, enter
from hub.care.plan import Branch, Enlist, OnDay, Plan, Split, Wait, WhenJoined, WhenSegment, Within
from hub.care.walking import plan_of
from hub.messages.campaign import Draft, write_body
from hub.messages.mailing import cancel, pause, start
from hub.people import add_manager
from hub.roles import Role
from hub.segments import keeping
from hub.segments.definition import read_definition
from hub.segments.naming import all_names, who_names
from hub.sentences import Said
from hub.store.records import Proposal
from hub.store.segment_records import SegmentRecord
from hub.wire.conditions import InSegment, Not
from tests.care_house import CareHouse
from tests.hub_house import campaign
from tests.hub_office import PASSWORD, Office, words
from tests.outside_office import OutsideOffice
from tests.postgres_server import PostgresServer, postgres_server

CAME = '{"is": "came", "at_least": 2}'
LISTED = '{"is": "listed"}'
NAME = "Regulars"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CareHouse]:
    database = request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    made = CareHouse(tmp_path, database)
    yield made
    made.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[CareHouse]:
    made = CareHouse(tmp_path)
    yield made
    made.close()


def define(house: CareHouse, name: str = NAME, body: str = CAME, number: int | None = None) -> SegmentRecord:
    kept = keeping.define(house.store, number, name, "", read_definition(body), house.now, "Ines")
    assert isinstance(kept, SegmentRecord), kept
    return kept


def named(house: CareHouse, name: str = NAME) -> set[tuple[str, int, str, bool]]:
    return {(one.what, one.number, one.state, one.holds) for one in who_names(house.store, name, house.now)}


def refused(house: CareHouse, record: SegmentRecord) -> str:
    """Why it cannot be removed; "" where it was."""
    return str(keeping.remove(house.store, record.number, house.now, "Ines") or "")


def renamed(house: CareHouse, record: SegmentRecord, name: str = "Others", body: str = CAME) -> str:
    """Why it cannot be called otherwise; "" where it is now."""
    kept = keeping.define(house.store, record.number, name, "", read_definition(body), house.now, "Ines")
    return " ".join(map(str, kept.values())) if isinstance(kept, dict) else ""


def plan(**more: object) -> Plan:
    return msgspec.structs.replace(
        Plan(name="Win back", entry=WhenJoined(), control=0, first="w", steps=(Wait(id="w", days=5),)), **more
    )


ASKING = {
    "entry": plan(entry=WhenSegment(segment=NAME)),
    "a day": plan(entry=OnDay(segment=NAME)),
    "only": plan(only=NAME),
    "leave": plan(leave=(Within((NAME,)),)),
    "split": plan(
        first="s",
        steps=(Split(id="s", branches=(Branch(Within(("Buyers", NAME)), next="w"),)), Wait(id="w", days=1)),
    ),
}


@pytest.mark.parametrize("place", ASKING)
def test_a_plan_that_runs_keeps_its_segment_wherever_it_asks_for_it(both: CareHouse, place: str) -> None:
    record = define(both)
    define(both, "Buyers")
    draft = both.plan(ASKING[place], publishes=False)
    assert named(both) == {("plan", draft, "draft", False)}
    assert isinstance(desk.publish(both.store, draft, "Eva", both.now), int)
    assert named(both) == {("plan", draft, "running", True)}
    assert f"care plan {draft}" in refused(both, record)
    assert f"care plan {draft}" in renamed(both, record)
    assert desk.pause(both.store, draft, both.now)
    assert f"care plan {draft}" in refused(both, record), "it goes on some day"
    assert desk.end(both.means, draft, both.now, let_finish=True)
    assert named(both) == {("plan", draft, "over", False)}
    assert refused(both, record) == ""
    assert both.store.segments.get(record.number) is None


def test_a_plan_that_has_ended_keeps_its_segment_while_members_are_inside(both: CareHouse) -> None:
    record = define(both)
    define(both, "Buyers")
    number = both.plan(ASKING["split"])
    kept, drawn = both.store.care.plan(number), plan_of(both.store, number, 1)
    assert kept is not None
    assert drawn is not None
    with both.store.writing():
        assert enter(both.means, Running(kept, drawn), both.member(), "joined", both.now)
    # A new version does not ask for it any more; whoever is inside walks the old one.
    assert desk.save(both.store, number, plan(), kept.revision)
    assert desk.publish(both.store, number, "Eva", both.now) == 2
    assert named(both) == {("plan", number, "running", True)}
    assert desk.end(both.means, number, both.now, let_finish=True)
    assert named(both) == {("plan", number, "inside", True)}
    assert "members who are still inside" in refused(both, record)
    both.until(both.now + 9 * 86_400.0)
    assert named(both) == set()
    assert refused(both, record) == ""


def test_a_list_stays_while_a_plan_puts_members_on_it(both: CareHouse) -> None:
    record = define(both, body=LISTED)
    number = both.plan(plan(first="l", steps=(Enlist(id="l", segment=NAME),)))
    (namer,) = who_names(both.store, NAME, both.now)
    assert (namer.lists, namer.holds) == (True, True)
    assert f"care plan {number} puts members on it" in renamed(both, record, NAME, CAME)
    assert (
        renamed(both, record, NAME, '{"is": "any", "of": [{"is": "listed"}, {"is": "came", "at_least": 1}]}')
        == ""
    )
    assert desk.end(both.means, number, both.now, let_finish=False)
    assert renamed(both, record, NAME, CAME) == ""


def test_messages_to_many_keep_their_segment_until_they_are_over(both: CareHouse) -> None:
    record = define(both)
    body = write_body(Draft(name="Spring", segment=NAME, text={"en": "Hello"}))
    number = both.store.mailings.add(body, "Ann", both.now)
    others = [both.store.mailings.add(body, "Ann", both.now) for _ in range(250)]
    assert len(named(both)) == 251, "however many there are"
    assert all(cancel(both.store, one, "Ann", both.now) for one in others)
    assert ("mailing", number, "draft", False) in named(both)
    assert start(both.store, number, "Ann", both.now)
    assert f"message to many {number}" in refused(both, record)
    assert f"message to many {number}" in renamed(both, record)
    assert pause(both.store, number, "Ann", both.now)
    assert ("mailing", number, "paused", True) in named(both)
    assert cancel(both.store, number, "Ann", both.now)
    assert refused(both, record) == ""


def test_an_offer_keeps_its_segment_until_it_is_over_and_its_coupons_are(both: CareHouse) -> None:
    record = define(both)
    store = both.store
    depends = campaign(5, condition=Not(InSegment((NAME,))), ends_at=int(both.now) + 5_000)
    store.campaigns.save(campaign(4, audience=(NAME,)), "draft", both.now, "test")
    store.campaigns.save(depends, "published", both.now, "test")
    store.proposals.put(Proposal(campaign(1, audience=(NAME,)), 1, "Bo", both.now))
    assert named(both) == {
        ("offer", 4, "draft", False),
        ("offer", 5, "running", True),
        ("offer", 1, "draft", False),
    }
    first = who_names(store, NAME, both.now)[0]
    assert (first.number, first.title) == (5, {"en": "Offer 5"}), "what holds it stands first"
    assert "offer 5" in refused(both, record)
    store.campaigns.save(depends, "paused", both.now, "test")
    assert ("offer", 5, "paused", True) in named(both)
    fact, _ = both.till.mint(5, int(both.now) + 9_000)
    both.till.report(fact)
    store.campaigns.save(depends, "ended", both.now, "test")
    (held,) = [one for one in who_names(store, NAME, both.now) if one.holds]
    assert (held.state, held.until) == ("coupons", int(both.now) + 9_000)
    assert "its coupons are still good" in refused(both, record)
    assert "its coupons are still good" in renamed(both, record)
    both.now += 10_000
    assert ("offer", 5, "over", False) in named(both), "they have run out"
    both.now -= 10_000
    assert store.campaigns.revoke(fact.serial, both.now, "Ines", "a slip")
    assert ("offer", 5, "over", False) in named(both), "what was called back asks for nothing"
    both.now += 6_000
    store.campaigns.save(depends, "published", both.now, "test")
    assert ("offer", 5, "over", False) in named(both), "its time is over, whatever its state says"
    assert refused(both, record) == ""


def test_only_drafts_and_what_is_over_can_be_left_with_a_name_that_nobody_has(house: CareHouse) -> None:
    record = define(house)
    number = house.plan(ASKING["only"], publishes=False)
    store = house.store
    mailing = store.mailings.add(
        write_body(Draft(name="Spring", segment=NAME, text={"en": "x"})), "Ann", house.now
    )
    store.campaigns.save(campaign(4, audience=(NAME,)), "draft", house.now, "test")
    assert renamed(house, record) == ""
    assert set(all_names(store, house.now)) == {NAME}, "they ask for the old name still"
    found = desk.publish(store, number, "Eva", house.now)
    assert not isinstance(found, int)
    assert not start(store, mailing, "Ann", house.now)
    published = offering.turn(store, 4, "publish", "Ann", house.now)
    assert isinstance(published, Said)
    assert f"no segment {NAME}" in str(published)
    define(house)
    assert isinstance(desk.publish(store, number, "Eva", house.now), int)
    assert start(store, mailing, "Ann", house.now)
    assert not isinstance(offering.turn(store, 4, "publish", "Ann", house.now), Said)


# The page


def office_of(house: CareHouse, role: Role = Role.OWNER) -> Office:
    assert add_manager(house.store, role.title(), PASSWORD, house.now, who="test", role=role) is None
    office = Office(house, folder=house.folder)
    assert office.post("/login", {"name": role.title(), "password": PASSWORD}).status_code == 303
    return office


def everything(house: CareHouse) -> SegmentRecord:
    """An offer, a plan and messages that run, and one of each that does not."""
    record = define(house)
    house.publish(campaign(5, audience=(NAME,)))
    house.store.campaigns.save(campaign(6, audience=(NAME,)), "ended", house.now, "test")
    assert (house.plan(ASKING["only"]), house.plan(ASKING["leave"], publishes=False)) == (1, 2)
    body = write_body(Draft(name="Spring", segment=NAME, text={"en": "Hello"}))
    assert [house.store.mailings.add(body, "Ann", house.now) for _ in range(2)] == [1, 2]
    assert start(house.store, 1, "Ann", house.now)
    return record


PAGES = ("offers/5", "offers/6", "plans/1", "plans/2/edit", "messages/1", "messages/2")
LINKS = {f"/manage/{page}" for page in PAGES}


@pytest.mark.parametrize(
    ("language", "cannot", "whats"),
    [
        (
            "en",
            "It cannot be removed yet",
            ("offer 5 asks", "care plan 1 asks", "message to many 1 is not over"),
        ),
        ("zh", "现在还不能删除", ("优惠 5 正在使用它", "关怀计划 1 正在使用它", "群发消息 1 尚未结束")),
    ],
)
def test_the_page_names_all_with_a_link_and_says_what_has_to_be_done_first(
    house: CareHouse, language: str, cannot: str, whats: tuple[str, ...]
) -> None:
    record = everything(house)
    office = office_of(house)
    path = f"/segments/{record.number}"
    for form, status in (({}, 200), ({"sure": "yes"}, 409)):
        page = office.post(f"{path}/remove?lang={language}", form, path)
        assert page.status_code == status
        text = page.get_data(as_text=True)
        assert cannot in text
        assert all(what in words(page) for what in whats)
        assert all(f'href="{link}' in text for link in LINKS), text
        assert 'name="sure"' not in text, "no button that cannot work"
    assert house.store.segments.get(record.number) is not None
    shown = office.get(f"{path}?lang={language}").get_data(as_text=True)
    assert all(f'href="{link}' in shown for link in LINKS)
    listed = office.get("/segments").get_data(as_text=True)
    assert 'href="/manage/plans/1"' in listed
    assert 'href="/manage/offers/6"' not in listed, "what is over stands on its own page alone"


def test_it_is_removed_when_only_drafts_and_what_is_over_name_it(house: CareHouse) -> None:
    record = everything(house)
    office = office_of(house)
    path = f"/segments/{record.number}"
    assert office.post("/plans/1/turn", {"action": "stop"}, "/plans/1").status_code == 303
    house.store.campaigns.save(campaign(5, audience=(NAME,)), "ended", house.now, "test")
    assert cancel(house.store, 1, "Ann", house.now)
    asked = office.post(f"{path}/remove", {}, path)
    assert "Nothing of this needs it now" in words(asked)
    assert 'data-names="mailing 2 draft"' in asked.get_data(as_text=True)
    assert office.post(f"{path}/remove", {"sure": "yes"}, path).status_code == 303
    assert house.store.segments.all() == []
    # Messages that were for it are not sent to everybody instead.
    page = office.post("/messages/2/act", {"action": "start"}, "/messages/2")
    assert page.status_code == 422
    assert "There is no such segment any more" in words(page)
    assert f'<option value="{NAME}" selected>' in page.get_data(as_text=True)


def test_another_name_is_refused_at_its_field_and_nothing_typed_is_lost(house: CareHouse) -> None:
    record = everything(house)
    office = office_of(house)
    path = f"/segments/{record.number}"
    form = {"name": "Others", "kind_0": "came", "least_0": "3", "action": "save", "version": "1"}
    page = office.post(path, form, path)
    assert page.status_code == 422
    assert "Its name has to stay: offer 5" in words(page)
    assert 'value="Others"' in page.get_data(as_text=True)
    assert 'value="3"' in page.get_data(as_text=True)


def test_who_may_only_draft_does_not_change_who_gets_what_goes_out(house: CareHouse) -> None:
    record = define(house)
    house.plan(ASKING["only"])
    editor = office_of(house, Role.EDITOR)
    path = f"/segments/{record.number}"
    form = {"name": NAME, "kind_0": "came", "least_0": "1", "action": "save", "version": "1"}
    page = editor.post(path, form, path)
    assert page.status_code == 422
    assert "somebody who may write to members has to change it" in words(page)
    assert desk.end(house.means, 1, house.now, let_finish=False)
    assert editor.post(path, form, path).status_code == 303


# Other programs


def test_a_program_is_refused_for_the_same_reasons(tmp_path: Path) -> None:
    office = OutsideOffice(tmp_path)
    try:
        key = office.key("read", "campaign_edit", "members")
        definition = {"is": "came", "at_least": 2}
        assert (
            office.ask("POST", "/segments", key, {"name": NAME, "definition": definition}).status_code == 201
        )
        store, now = office.store, office.now
        office.house.publish(campaign(5, audience=(NAME,)))
        number = desk.add(store, ASKING["only"], os.urandom, now)
        assert desk.publish(store, number, "Eva", now) == 1
        body = write_body(Draft(name="Spring", segment=NAME, text={"en": "Hello"}))
        mailing = store.mailings.add(body, "Ann", now)
        assert start(store, mailing, "Ann", now)
        answer = office.ask("DELETE", "/segments/1", key)
        assert answer.status_code == 409
        told = answer.get_data(as_text=True)
        assert all(what in told for what in ("offer 5", f"care plan {number}", f"message to many {mailing}"))
        assert "in_use" in told
        other = {"name": "Others", "definition": definition, "version": 1}
        assert office.ask("PUT", "/segments/1", key, other).status_code == 403
        publisher = office.key("read", "campaign_edit", "campaign_publish")
        assert office.ask("PUT", "/segments/1", publisher, other).status_code == 403, (
            "messages go out by it, too"
        )
        sender = office.key("read", "campaign_edit", "campaign_publish", "messages")
        renamed_by = office.ask("PUT", "/segments/1", sender, other)
        assert renamed_by.status_code == 422
        assert "Its name has to stay" in renamed_by.get_data(as_text=True)
        assert office.ask("PUT", "/segments/1", sender, other | {"name": NAME}).status_code == 200
        store.campaigns.save(campaign(5, audience=(NAME,)), "ended", now, "test")
        store.care.set_state(number, "ended", now=now)
        assert cancel(store, mailing, "Ann", now)
        assert office.ask("DELETE", "/segments/1", key).status_code == 200
    finally:
        office.close()
