"""Members in the office: found, looked at, changed, merged and apart again, paused, stopped, forgotten; what the record says."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.members.book import Book
from hub.members.consent import give, standing
from hub.members.people_key import people_key
from hub.members.searching import SMALL
from hub.people import add_manager
from hub.roles import Role
from hub.store.register_records import MemberRow
from hub.wire.card import card_hash, make_member_code, show_member_code
from hub.wire.identity import public_text
from hub.wire.sync_members import Fields
from tests.hub_house import NOON, House
from tests.hub_office import PASSWORD, Office, words

ANNA = Fields("Anna Huber", "+4366012345678", "anna@example.org", "1980-02-29")
WIDE = "😀 محمد =HYPERLINK(1) <b>x</b>"


class Members:
    """A shop, its members, and a manager at a browser."""

    def __init__(self, folder: Path) -> None:
        self.house = House(folder)
        assert add_manager(self.house.store, "Ines", PASSWORD, NOON, who="shell", role=Role.OWNER) is None
        self.office = Office(self.house, folder=folder)
        assert self.office.log_in().status_code == 303
        self.book = Book(self.house.store, people_key(folder), public_text(self.house.key))

    def join(self, fields: Fields, at: float = NOON, code: str = "") -> str:
        member = os.urandom(16).hex()
        self.book.join(
            member, fields, language="de", way="till", at=at, code_hash=card_hash(code) if code else ""
        )
        return member

    def search(self, text: str) -> str:
        answer = self.office.post("/people", {"words": text}, "/people")
        assert answer.status_code == 200
        return words(answer)

    def agree(self, member: str) -> None:
        give(
            self.house.store,
            member,
            "messages",
            "sms",
            words="Text me.",
            version="1",
            language="en",
            place="Till 1",
            proof="code",
            now=NOON,
            clock="ntp",
        )

    def record(self) -> str:
        return "\n".join(
            f"{one.what} {one.subject} {one.detail} {one.before} {one.after}"
            for one in self.house.store.people.audit(200)
        )


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Members]:
    members = Members(tmp_path / "hub")
    yield members
    members.house.close()


def test_a_member_is_found_by_card_number_address_and_any_part_of_the_name(shop: Members) -> None:
    code = make_member_code(os.urandom(10))
    shop.join(ANNA, code=code)
    shop.join(Fields("Berta Maier", "+4915112345678"))
    shop.join(Fields(WIDE))
    for text in (
        show_member_code(code).lower(),
        "+43 660 12345678",
        "0043 660 123 456 78",
        "ANNA@example.org",
        "hub",
        "huber anna",
        "ÁNNA",
    ):
        found = shop.search(text)
        assert "Anna Huber" in found, text
        assert "Berta" not in found, text
    # Of the shop's own country, which its timezone tells.
    assert "Berta Maier" in shop.search("0151 12345678")
    assert "محمد" in shop.search("محمد")
    assert "Nobody was found" in shop.search("Zacharias")
    assert "Nobody was found" in shop.search("x" * 60_000)


def test_in_a_large_shop_names_are_found_by_whole_words_in_any_order(shop: Members) -> None:
    rows = [
        (MemberRow(f"{place:032x}", "", "de", "till", NOON, NOON), Fields(f"Guest{place} Common"))
        for place in range(SMALL + 1)
    ]
    with shop.house.store.writing():
        shop.book.put_many(rows)
    member = shop.join(ANNA)
    for text in ("Huber", "huber ANNA", "Anna Huber", "+4366012345678", "anna@example.org", member):
        assert "Anna Huber" in shop.search(text), text
    assert "There are more than these." in shop.search("common")
    found = shop.search("hub")
    assert "Nobody was found" in found
    assert "whole words of a name" in found
    assert "Guest4711 Common" in shop.search("common guest4711")


def test_what_was_looked_for_is_in_no_address_and_the_record_names_nobody(shop: Members) -> None:
    member = shop.join(ANNA)
    shop.search("Anna Huber")
    shop.office.get(f"/people/{member}")
    shop.office.post(f"/people/{member}", {"name": "Anna Maier", "phone": ANNA.phone}, f"/people/{member}")
    record = shop.record()
    assert "members.searched name" in record
    assert "member.seen" in record
    assert '{"fields":"name mail birthday"}' in record
    for text in ("Anna", "Maier", "66012345678", "anna@", member):
        assert text not in record


def test_what_is_wrong_in_a_field_stands_beside_it_and_nothing_is_lost(shop: Members) -> None:
    member = shop.join(ANNA)
    typed = {"name": "A" * 65_536, "phone": "12", "mail": "anna at home", "birthday": "1980-02-31"}
    answer = shop.office.post(f"/people/{member}", typed, f"/people/{member}")
    said = words(answer)
    assert answer.status_code == 422
    assert "4 things are not right yet" in said
    assert "A name has at most 200 characters." in said
    assert "anna at home" in answer.get_data(as_text=True)
    assert shop.book.fields(member) == ANNA


@pytest.mark.parametrize("name", [WIDE, '"><script>alert(1)</script>', "{{7*7}}", "  a\u202eb\x00c  "])
def test_a_name_of_any_kind_is_shown_as_text(shop: Members, name: str) -> None:
    member = shop.join(ANNA)
    answer = shop.office.post(f"/people/{member}", {"name": name}, f"/people/{member}")
    assert answer.status_code == 303
    page = shop.office.get(f"/people/{member}").get_data(as_text=True)
    assert "<script>alert" not in page
    assert "<b>x</b>" not in page
    assert "\u202e" not in page
    assert shop.book.fields(member).name in (name, "ab c")


def test_somebody_who_is_added_in_the_office_agrees_to_nothing_by_that(shop: Members) -> None:
    page = shop.office.get("/people").get_data(as_text=True)
    found = re.search(r'name="member" value="([0-9a-f]{32})"', page)
    assert found
    form = {"member": found[1], "name": "Carl", "phone": "0151 12345678", "language": "zh"}
    for _ in range(2):
        assert shop.office.post("/people/add", form, "/people").status_code == 303
    assert shop.house.store.register.count() == 1
    assert shop.book.by_number("+4915112345678") == found[1]
    assert shop.book.language(found[1]) == "zh"
    assert not standing(shop.house.store, found[1], "messages", "sms", NOON)
    assert shop.office.post("/people/add", {"member": "f" * 32}, "/people").status_code == 422


def test_two_memberships_are_looked_at_merged_and_taken_apart_again_in_the_browser(shop: Members) -> None:
    old = shop.join(Fields("Anna Huber", ANNA.phone))
    new = shop.join(Fields("Anna H", ANNA.phone, "anna@example.org"), NOON + 60)
    shop.agree(new)
    assert "One pair of memberships" in words(shop.office.get("/people"))
    assert "the same phone number" in words(shop.office.get("/people/twice"))
    page = shop.office.get(f"/people/{new}/merge?other={old}")
    said = words(page)
    assert "One person or two?" in said
    act = re.search(r'name="act" value="([0-9a-f]{32})"', page.get_data(as_text=True))
    assert act
    form = {"other": old, "act": act[1], "action": "merge"}
    for _ in range(2):
        answer = shop.office.post(f"/people/{new}/merge", form, f"/people/{new}/merge?other={old}")
        assert answer.headers["Location"].startswith(f"/manage/people/{old}")
    # The other id leads to the same person, and the pair is settled.
    assert shop.office.get(f"/people/{new}").status_code == 303
    assert "Nobody is there twice" in words(shop.office.get("/people/twice"))
    assert shop.book.fields(old).mail == "anna@example.org"
    page = shop.office.get(f"/people/{old}")
    assert "Merged memberships" in words(page)
    undone = shop.office.post(f"/people/{new}/part", {"act": act[1]}, f"/people/{old}")
    assert undone.status_code == 303
    assert shop.book.fields(old).mail == ""
    assert shop.book.fields(new).mail == "anna@example.org"
    assert "Nobody is there twice" in words(shop.office.get("/people/twice"))


def test_a_pause_and_a_stop_hold_at_once(shop: Members) -> None:
    member = shop.join(ANNA)
    shop.agree(member)
    store, page = shop.house.store, f"/people/{member}"
    shop.office.post(f"{page}/act", {"action": "pause", "days": "30"}, page)
    assert not standing(store, member, "messages", "sms", NOON + 86_400)
    assert standing(store, member, "messages", "sms", NOON + 31 * 86_400)
    assert "pause until" in words(shop.office.get(page))
    shop.office.post(f"{page}/act", {"action": "go_on"}, page)
    assert standing(store, member, "messages", "sms", NOON + 1)
    shop.house.now = NOON + 10
    shop.office.post(f"{page}/act", {"action": "stop"}, page)
    assert not standing(store, member, "messages", "sms", NOON + 11)


def test_forgetting_asks_once_and_then_nobody_finds_them(shop: Members) -> None:
    member = shop.join(ANNA)
    page = f"/people/{member}"
    asked = shop.office.post(f"{page}/act", {"action": "erase"}, page)
    assert "Forget this member for good?" in words(asked)
    assert shop.book.fields(member) == ANNA
    done = shop.office.post(f"{page}/act", {"action": "erase", "sure": "yes"}, page)
    assert done.status_code == 303
    assert shop.office.get(page).status_code == 404
    assert "Nobody was found" in shop.search("Anna Huber")


def test_all_that_is_kept_of_somebody_can_be_handed_to_them(shop: Members) -> None:
    member = shop.join(ANNA)
    for kind in ("csv", "json"):
        file = shop.office.get(f"/people/{member}/all.{kind}")
        assert file.status_code == 200
        assert file.headers["Content-Disposition"] == f'attachment; filename="member.{kind}"'
        assert "Anna Huber" in file.get_data(as_text=True)
    assert shop.office.get(f"/people/{member}/all.exe").status_code == 404
    assert "member.carried" in shop.record()


def test_who_may_not_see_members_sees_none(shop: Members) -> None:
    member = shop.join(ANNA)
    assert add_manager(shop.house.store, "Ed", PASSWORD, NOON, who="shell", role=Role.EDITOR) is None
    office = Office(shop.house, folder=shop.house.folder)
    office.post("/login", {"name": "Ed", "password": PASSWORD})
    for path in ("/people", f"/people/{member}", "/people/twice"):
        answer = office.get(path)
        assert answer.status_code == 403
        assert "Anna" not in words(answer)
