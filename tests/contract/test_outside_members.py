"""What other programs do with members: found, added, changed, merged, silenced, forgotten; by a key with that right alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hub_house import NOON
from outside_office import OTHER, OutsideOffice

from hub.members.consent import give, standing

ANNA = {
    "fields": {
        "name": "Anna Huber",
        "phone": "0151 12345678",
        "mail": "anna@example.org",
        "birthday": "--02-29",
        "free": {"Size": "38"},
    },
    "language": "de",
    "member": "a" * 32,
}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[OutsideOffice]:
    made = OutsideOffice(tmp_path)
    yield made
    made.close()


def test_a_member_is_added_once_found_and_changed(office: OutsideOffice) -> None:
    key = office.key("members")
    for known in (False, True):
        made = office.ask("POST", "/members", key, ANNA)
        assert (made.status_code, made.get_json()) == (201, {"member": "a" * 32, "known": known})
    shown = office.ask("GET", f"/members/{'a' * 32}", key).get_json()
    assert (shown["name"], shown["phone"], shown["free"], shown["agreed"]) == (
        "Anna Huber",
        "+4915112345678",
        {"Size": "38"},
        [],
    )
    for words in ("Huber", "+49 151 12345678", "anna@example.org"):
        found = office.ask("POST", "/members/find", key, {"words": words}).get_json()
        assert [one["member"] for one in found["items"]] == ["a" * 32], words
    assert len(office.ask("GET", "/members", key).get_json()["items"]) == 1
    changed = office.ask("PUT", f"/members/{'a' * 32}", key, {"name": "Anna Maier"})
    assert (changed.get_json()["name"], changed.get_json()["phone"]) == ("Anna Maier", "")
    wrong = office.ask("PUT", f"/members/{'a' * 32}", key, {"name": "A", "phone": "12", "mail": "x"})
    assert wrong.status_code == 422
    assert set(wrong.get_json()["faults"]) == {"phone", "mail"}
    assert office.ask("POST", "/members", key, {"fields": {}, "language": "de"}).status_code == 422


def test_a_list_of_members_comes_in_pages(office: OutsideOffice) -> None:
    key = office.key("members")
    for place in range(5):
        office.now = NOON + place // 2
        body = {"fields": {"name": f"Guest {place}"}, "language": "de", "member": f"{place:032x}"}
        assert office.ask("POST", "/members", key, body).status_code == 201
    seen, cursor = [], ""
    while True:
        page = office.ask("GET", f"/members?limit=2&cursor={quote(cursor)}", key).get_json()
        seen += [one["member"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = page["next"]
    assert seen == [f"{place:032x}" for place in (4, 3, 2, 1, 0)]
    assert office.ask("GET", "/members?cursor=1", key).status_code == 400
    assert office.ask("GET", f"/members?cursor={quote('1e+e ' + 'a' * 32)}", key).status_code == 400


def test_members_of_one_shop_are_nobody_in_another(office: OutsideOffice) -> None:
    mine, theirs = office.key("members"), office.key("members", shop=OTHER)
    office.ask("POST", "/members", mine, ANNA)
    assert office.ask("GET", f"/members/{'a' * 32}", theirs).status_code == 404
    assert office.ask("POST", "/members/find", theirs, {"words": "Huber"}).get_json()["items"] == []
    assert office.ask("GET", "/members", theirs).get_json()["items"] == []


def test_members_are_merged_and_taken_apart(office: OutsideOffice) -> None:
    key = office.key("members")
    other = {"fields": {"name": "Anna"}, "language": "de", "member": "b" * 32}
    for body in (ANNA, other):
        office.ask("POST", "/members", key, body)
    asked = {"into": "a" * 32, "act": "c" * 32}
    for _ in range(2):
        done = office.ask("POST", f"/members/{'b' * 32}/merge", key, asked)
        assert done.get_json() == {"member": "a" * 32, "known": True}
    assert office.ask("GET", f"/members/{'b' * 32}", key).get_json()["merged"] == ["b" * 32]
    again = {"into": "b" * 32, "act": "d" * 32}
    assert office.ask("POST", f"/members/{'a' * 32}/merge", key, again).status_code == 409
    apart = office.ask("POST", f"/members/{'b' * 32}/part", key, {"act": "c" * 32})
    assert apart.get_json()["member"] == "b" * 32


def test_a_program_ends_messages_and_never_begins_them(office: OutsideOffice) -> None:
    key = office.key("members")
    office.ask("POST", "/members", key, ANNA)
    words = {"words": "Yes.", "version": "1", "language": "en", "place": "Till", "proof": "code"}
    give(office.store, "a" * 32, "messages", "sms", **words, now=NOON, clock="ntp")
    shown = office.ask("GET", f"/members/{'a' * 32}", key).get_json()
    assert [(one["purpose"], one["medium"]) for one in shown["agreed"]] == [("messages", "sms")]
    done = office.ask("POST", f"/members/{'a' * 32}/withdraw", key, {"purpose": "messages"})
    assert done.get_json()["agreed"] == []
    assert not standing(office.store, "a" * 32, "messages", "sms", NOON + 1)


def test_forgetting_needs_the_right_to_erase_too(office: OutsideOffice) -> None:
    key = office.key("members")
    office.ask("POST", "/members", key, ANNA)
    assert office.ask("DELETE", f"/members/{'a' * 32}", key).status_code == 403
    done = office.ask("DELETE", f"/members/{'a' * 32}", office.key("members", "erase"))
    assert done.status_code == 200
    assert office.ask("GET", f"/members/{'a' * 32}", key).status_code == 404
    assert office.ask("POST", "/members", key, ANNA).status_code == 409


def test_neither_the_record_nor_a_kept_answer_names_anybody(office: OutsideOffice, tmp_path: Path) -> None:
    key = office.key("members")
    office.ask("POST", "/members", key, ANNA, request="one")
    office.ask("PUT", f"/members/{'a' * 32}", key, ANNA["fields"], request="two")
    record = "\n".join(f"{one.subject} {one.detail} {one.after}" for one in office.store.people.audit(50))
    disk = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for text in ("Huber", "15112345678", "anna@example.org"):
        assert text not in record
        assert text.encode() not in disk
    assert "a" * 32 not in record
