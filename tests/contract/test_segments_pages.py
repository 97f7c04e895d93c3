"""Segments in the office: written without a script, counted while they are written, careful with few, lists from files."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.datastructures import MultiDict

from hub.people import add_manager
from hub.roles import Role
from hub.segments.counting import count
from hub.segments.membership import members_of
from hub.segments.refreshing import refresh
from tests.contract.test_segments_fresh import BO, MEI, joined, paid
from tests.hub_house import NOON, House
from tests.hub_office import PASSWORD, Office, words

LINES = {
    "name": "Regulars",
    "note": "for the summer",
    "kind_0": "came",
    "join_0": "and",
    "least_0": "2",
    "kind_1": "away",
    "join_1": "and",
    "not_1": "yes",
    "least_1": "30",
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "hub")
    for role in Role:
        assert add_manager(made.store, role.title(), PASSWORD, NOON, who="shell", role=role) is None
    till = made.node()
    till.report(joined(MEI), joined(BO))
    till.report(paid("1", MEI), paid("3", BO))
    till.report(paid("2", MEI), at=NOON + 86_400)
    yield made
    made.close()


def office_of(house: House, role: Role = Role.OWNER) -> Office:
    office = Office(house, folder=house.folder)
    office.post("/login", {"name": role.title(), "password": PASSWORD})
    return office


def settle(house: House) -> None:
    count(house.store, lambda: house.now)
    while refresh(house.store, house.now):
        pass


def test_lines_are_added_and_removed_without_a_script_and_the_number_follows(house: House) -> None:
    office = office_of(house)
    form = {"kind_0": "came", "least_0": "2", "action": "look"}
    page = office.post("/segments/new", form, "/segments/new").get_data(as_text=True)
    assert 'data-preview="1"' in page
    page = office.post(
        "/segments/new", form | {"action": "add", "add_kind": "spent", "add_join": "or"}, "/segments/new"
    )
    shown = page.get_data(as_text=True)
    assert 'name="kind_1" value="spent"' in shown
    assert "data-preview" not in shown, "what the new line asks for is not said yet"
    two = form | {"kind_1": "spent", "join_1": "or", "least_1": "5"}
    assert 'data-preview="2"' in office.post("/segments/new", two, "/segments/new").get_data(as_text=True)
    one = office.post("/segments/new", two | {"action": "remove-0"}, "/segments/new").get_data(as_text=True)
    assert 'name="kind_0" value="spent"' in one
    assert "kind_1" not in one


def test_a_segment_is_saved_counted_and_shown_in_words(house: House) -> None:
    office = office_of(house)
    saved = office.post("/segments/new", LINES | {"action": "save"}, "/segments/new")
    assert saved.status_code == 303, words(saved)
    assert "being counted" in words(office.get("/segments"))
    settle(house)
    assert list(members_of(house.store, "Regulars")) == [MEI]
    shown = words(office.get("/segments"))
    assert "Days on which they were here: at least 2" in shown
    assert "not: Days since they were last here: at least 30" in shown
    assert "1 member" in shown
    record = words(office.get("/record"))
    assert "made a segment" in record


def test_every_fault_is_told_and_nothing_typed_is_lost(house: House) -> None:
    office = office_of(house)
    bad = LINES | {"least_0": "many", "action": "save", "name": ""}
    page = office.post("/segments/new", bad, "/segments/new")
    assert page.status_code == 422
    assert 'value="many"' in page.get_data(as_text=True)
    assert "Give a whole number from 0 on" in words(page)
    assert "Give the segment a name" in words(page)
    assert house.store.segments.all() == []


def test_a_change_that_somebody_else_was_faster_with_is_not_kept(house: House) -> None:
    office = office_of(house)
    office.post("/segments/new", LINES | {"action": "save"}, "/segments/new")
    (record,) = house.store.segments.all()
    path = f"/segments/{record.number}"
    late = office.post(path, LINES | {"action": "save", "version": "7", "least_0": "3"}, path)
    assert late.status_code == 422
    assert "Somebody else has changed it meanwhile" in words(late)
    assert (
        office.post(path, LINES | {"action": "save", "version": "1", "least_0": "3"}, path).status_code == 303
    )
    assert "A new definition is being counted" not in words(office.get(path)), (
        "it never stood: nothing is old"
    )
    settle(house)
    assert (
        office.post(path, LINES | {"action": "save", "version": "2", "least_0": "1"}, path).status_code == 303
    )
    assert "who was in it by the old one stays in it" in words(office.get(path))


def test_few_are_told_as_few_to_who_may_not_see_members(house: House) -> None:
    office_of(house).post("/segments/new", LINES | {"action": "save"}, "/segments/new")
    settle(house)
    (record,) = house.store.segments.all()
    path = f"/segments/{record.number}"
    assert MEI[:8] in words(office_of(house).get(path)), "a sample, for who may see members"
    for role in (Role.EDITOR, Role.VIEWER):
        for page in ("/segments", path):
            shown = office_of(house, role).get(page)
            assert "fewer than 10" in words(shown)
            assert MEI[:8] not in shown.get_data(as_text=True)
        assert office_of(house, role).get(f"{path}/members").status_code == 403
    everybody = office_of(house, Role.MANAGER).get(f"{path}/members")
    assert MEI in everybody.get_data(as_text=True)
    assert "looked at the members of a segment" in words(office_of(house).get("/record"))


@pytest.mark.parametrize("role", [Role.VIEWER])
def test_who_may_not_draft_offers_looks_only(house: House, role: Role) -> None:
    office = office_of(house, role)
    assert office.get("/segments/new").status_code == 403
    assert office.get("/segments").status_code == 200


def upload(office: Office, path: str, body: bytes, **more: str) -> str:
    form: MultiDict[str, object] = MultiDict(more)
    form.add("upload", (io.BytesIO(body), "list.csv"))
    return office.post(f"{path}/list", form, path).get_data(as_text=True)


def test_a_list_comes_as_a_file_and_hostile_files_end_in_sentences(house: House) -> None:
    office = office_of(house)
    lines = {"name": "Invited", "kind_0": "listed", "action": "save"}
    office.post("/segments/new", lines, "/segments/new")
    settle(house)
    (record,) = house.store.segments.all()
    path = f"/segments/{record.number}"
    good = f"member\n{MEI}\n{MEI.upper()}\n".encode()
    assert "One member is meant" in upload(office, path, good, do="look")
    assert house.store.segments.listed(record.number) == 0, "it was only looked at"
    hostile = [
        b"",
        b"\x00\x01\x02",
        b"member\n" + b"x" * 65_536 + b"\n",
        b"nobody\n1\n",
        b'member\n"unclosed\n',
        'member\n=HYPERLINK("http://x")\n😀\n‮evil\n'.encode(),
        b"member;card\n;;;\n;\n",
        b"\xff\xfe\x00",
        f"member,card\n{'c' * 32},\n,0000\n".encode(),
    ]
    for body in hostile:
        page = upload(office, path, body, do="put")
        assert "<title>" in page
        assert house.store.segments.listed(record.number) == 0, body[:40]
    mixed = good + b"unknown\n"
    upload(office, path, mixed, do="put")
    assert house.store.segments.listed(record.number) == 0, "wrong lines are not left out unasked"
    upload(office, path, mixed, do="put", leave_out="yes")
    settle(house)
    assert list(members_of(house.store, "Invited")) == [MEI]
    upload(office, path, f"member\n{BO}\n".encode(), do="put", how="instead")
    settle(house)
    assert list(members_of(house.store, "Invited")) == [BO]


def test_names_and_texts_of_people_do_no_harm(house: House) -> None:
    office = office_of(house)
    evil = "<script>alert(1)</script>"
    for name, note in ((evil, evil), ("א" * 40, "‮x"), ("=1+1", "x" * 65_536), ("😀 名", "")):
        page = office.post(
            "/segments/new", LINES | {"action": "save", "name": name, "note": note}, "/segments/new"
        )
        assert evil not in page.get_data(as_text=True)
    assert evil not in office.get("/segments").get_data(as_text=True)


def test_it_is_removed_after_asking_once(house: House) -> None:
    office = office_of(house)
    office.post("/segments/new", LINES | {"action": "save"}, "/segments/new")
    (record,) = house.store.segments.all()
    path = f"/segments/{record.number}"
    asked = office.post(f"{path}/remove", {}, path)
    assert "Remove this segment?" in words(asked)
    assert len(house.store.segments.all()) == 1
    office.post(f"{path}/remove", {"sure": "yes"}, path)
    assert house.store.segments.all() == []


def test_a_member_of_whom_nothing_but_the_number_is_kept_has_no_link_that_leads_nowhere(house: House) -> None:
    office = office_of(house)
    form = {"name": "All who came", "kind_0": "came", "least_0": "1"}
    looked = office.post("/segments/new", form | {"action": "look"}, "/segments/new").get_data(as_text=True)
    assert MEI[:12] in looked
    assert office.post("/segments/new", form | {"action": "save"}, "/segments/new").status_code == 303
    settle(house)
    listed = office.get("/segments/1/members").get_data(as_text=True)
    assert MEI in listed
    assert office.get(f"/people/{MEI}").status_code == 404
    assert "/manage/people/" not in looked
    assert f"/manage/people/{MEI}" not in listed
