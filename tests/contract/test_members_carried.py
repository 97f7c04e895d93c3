"""All that is kept of a member goes out to them, opens in a spreadsheet, and nothing in it is taken for a formula."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.members.book import Book
from hub.members.carried_sections import OPENED, SECTIONS, STAYS
from hub.members.exporting import as_csv, as_json, carry
from hub.members.people_key import people_key
from hub.store.forgetting import ID_COLUMNS
from hub.wire.events import ConsentGiven, PurchasePaid, VisitClosed
from hub.wire.events_members import MemberJoined, MembersMerged
from hub.wire.sync_members import Fields
from tests.hub_house import NOON, House

ANN, ANNA, BOB = "a1" * 16, "a2" * 16, "b0" * 16
NASTY = '=HYPERLINK("http://evil.example","Ann")'


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    book = Book(house.store, people_key(tmp_path))
    book.join(ANN, Fields(name=NASTY, phone="+436641234567"), way="portal", language="en", at=NOON)
    book.join(BOB, Fields(name="Bob"), way="portal", language="en", at=NOON)
    node = house.node()
    for member in (ANN, ANNA, BOB):
        node.report(
            MemberJoined(member=member, way="portal", place="Door", language="en"),
            ConsentGiven(
                member=member, purpose="messages", medium="sms", text="Words to agree to.", text_version="3",
                language="en", place="Door", proof="code",
            ),
            PurchasePaid(id=f"r-{member}", till="Till 1", staff="s1", cents=1_250, member=member),
            VisitClosed(
                id=member, zone="door", arrived_at=NOON - 60, departed_at=NOON, dwell_s=60.0, peak_dbm=-60, known=member
            ),
        )  # fmt: skip
    node.report(MembersMerged(act="m1", member=ANNA, into=ANN, by="office"))
    yield house
    house.close()


def test_json_has_all_of_a_person_and_nothing_of_another(house: House) -> None:
    text = as_json(carry(house.store, people_key(house.folder), ANN, NOON))
    told = json.loads(text)
    assert told["you"] == [{"field": "name", "value": NASTY}, {"field": "phone", "value": "+436641234567"}]
    assert sorted(one["id"] for one in told["purchases"]) == [f"r-{ANN}", f"r-{ANNA}"]
    assert [one["words"] for one in told["consents"]] == ["Words to agree to."] * 2
    assert told["consents"][0]["proof"] == "code"
    assert {one["zone"] for one in told["visits"]} == {"door"}
    assert BOB.encode() not in text
    assert b"Bob" not in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_table_opens_in_a_spreadsheet_and_holds_no_formula(house: House, language: str) -> None:
    body = as_csv(carry(house.store, people_key(house.folder), ANN, NOON), language)
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    assert {len(row) for row in rows} == {4}
    values = [row[3] for row in rows]
    assert f"'{NASTY}" in values
    assert "'+436641234567" in values
    assert not [value for value in values if value[:1] in "=+-@\t" and value]
    assert any("12.50 EUR" in value for value in values)


def test_every_table_in_which_members_stand_goes_out_or_says_why_not(house: House) -> None:
    told = {section.table for section in SECTIONS} | set(OPENED) | set(STAYS)
    there = {
        table
        for table, column, kind in house.store.forgetting.columns()
        if column in ID_COLUMNS and kind == "text" and table != "sealed_join"
    }
    assert there - told == set()
