"""The record of who changed what: both sides of a change, rows that no statement edits, a chain that tells of tampering."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from hub.cli import main
from hub.client.db import open_db, writing
from hub.keys import KeyPolicy, end_key, set_key_policy, withdraw_key
from hub.people import NewStaff, add_staff, new_pin, set_staff_active
from hub.signing.joining import make_setup_code
from hub.store.audit_chain import FIRST
from hub.store.keys_schema import MIGRATIONS_KEYS
from hub.store.records import AuditEntry
from hub.store.schema import MIGRATIONS_HUB
from hub.store.sqlite import FILE, SqliteStore
from tests.hub_house import NOON, House
from tests.hub_office import PASSWORD, Office, offer_form, words

EDITS = [
    "UPDATE audit SET who = 'nobody' WHERE position = 1",
    "UPDATE audit SET hash = ''",
    "DELETE FROM audit WHERE position = 2",
    "DELETE FROM audit",
    "INSERT OR REPLACE INTO audit (position, shop, at, who, what, subject) VALUES (1, 7, 0, 'x', 'y', 'z')",
]
LOCKS = ("audit_is_not_edited", "audit_is_not_deleted", "audit_is_not_replaced")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "hub")
    yield made
    made.close()


def three_rows(store: SqliteStore) -> None:
    for number in (1, 2, 3):
        store.people.note(
            AuditEntry(NOON + number, "Ines", "offer.changed", str(number), "{}", "{}", '{"a":1}')
        )


def force(path: Path, statement: str) -> None:
    """What somebody does who has the file and knows of the triggers."""
    with closing(sqlite3.connect(path)) as raw, raw:
        for name in LOCKS:
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute(statement)


@pytest.mark.parametrize("statement", EDITS)
def test_no_statement_edits_or_deletes_a_row(house: House, statement: str) -> None:
    three_rows(house.store)
    before = house.store.people.audit()
    with (
        closing(sqlite3.connect(house.folder / FILE)) as raw,
        pytest.raises(sqlite3.IntegrityError, match="the record of changes is never"),
    ):
        raw.execute(statement)
    assert house.store.people.audit() == before
    assert house.store.people.audit_chain().broken is None


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE audit SET after = '{}' WHERE position = 2", 2),
        ("UPDATE audit SET at = at + 1 WHERE position = 1", 1),
        ("UPDATE audit SET hash = upper(hash) WHERE position = 3", 3),
        ("DELETE FROM audit WHERE position = 2", 3),
        ("DELETE FROM audit WHERE position = 1", 2),
        (
            "INSERT INTO audit (shop, position, at, who, what, subject) SELECT shop, 4, at, who, what, '1' FROM audit LIMIT 1",
            4,
        ),
    ],
)
def test_verify_names_the_first_row_that_was_tampered_with(
    house: House, statement: str, found: int, capsys: pytest.CaptureFixture[str]
) -> None:
    three_rows(house.store)
    folder = ["--dir", str(house.folder)]
    assert main([*folder, "verify"]) == 0
    assert "3 rows, the latest" in capsys.readouterr().out
    force(house.folder / FILE, statement)
    assert main([*folder, "verify"]) == 1
    assert f"tampered with: row {found} (Ines, offer.changed" in capsys.readouterr().out
    assert main([*folder, "verify", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["tampered"], said["equal"]) == (found, True)


def test_an_old_file_gets_a_chain_over_what_it_held(tmp_path: Path) -> None:
    db = open_db(tmp_path / FILE)
    with writing(db):
        MIGRATIONS_HUB.apply(db)
        MIGRATIONS_KEYS.apply(db)
    db.execute('INSERT INTO shop (number, body, made_at) VALUES (7, \'{"number":7,"name":{}}\', 0)')
    for number in (1, 2):
        db.execute("INSERT INTO audit VALUES (?, 7, ?, 'Inés', 'offer.ended', '1', '{}')", (number, NOON))
    db.close()
    for rows in (2, 3):
        with closing(SqliteStore(tmp_path / FILE)) as store:
            chain = store.people.audit_chain()
            assert (chain.rows, chain.broken) == (rows, None)
            assert chain.latest != FIRST
            store.people.note(AuditEntry(NOON, "Ines", "backup.made", "x", "{}"))
    force(tmp_path / FILE, "UPDATE audit SET who = 'x' WHERE position = 1")
    with closing(SqliteStore(tmp_path / FILE)) as store:
        broken = store.people.audit_chain().broken
        assert broken is not None
        assert broken.position == 1


def test_a_backup_goes_on_with_the_chain(house: House, tmp_path: Path) -> None:
    three_rows(house.store)
    house.store.copy_to(tmp_path / "copy.db", kept_at=NOON)
    with closing(SqliteStore(tmp_path / "copy.db")) as copy:
        assert copy.setback.marked_at() == NOON
        three_rows(copy)
        assert copy.people.audit_chain().rows == 6
        assert copy.people.audit_chain().broken is None


def test_staff_devices_and_keys_are_written_down_with_both_sides(house: House) -> None:
    store = house.store
    node = house.node("kiosk", "Till 1")
    added = add_staff(store, "Mina", "4711", NOON, who="Ines", pepper=bytes(32), member="m-secret")
    assert isinstance(added, NewStaff)
    assert set_staff_active(store, added.member.id, False, NOON, who="Ines")
    fresh = new_pin(store, added.member.id, NOON, who="Ines", pepper=bytes(32))
    assert fresh is not None
    set_key_policy(store, KeyPolicy(every_s=86_400), NOON, "Ines")
    number = store.devices.all()[0].key_number
    assert end_key(store, number, NOON + 60, NOON, "Ines")
    assert withdraw_key(store, number, NOON, "Ines")
    rows = {entry.what: (entry.before, entry.after) for entry in store.people.audit()}
    assert rows["device.enrolled"] == ("{}", '{"program":"kiosk","name":"Till 1"}')
    assert rows["staff.added"] == ("{}", '{"name":"Mina"}')
    assert rows["staff.withdrawn"] == ('{"active":true}', '{"active":false}')
    assert rows["key.ends"] == ("{}", f'{{"ends_at":{NOON + 60}}}')
    assert rows["key.withdrawn"] == ("{}", f'{{"withdrawn_at":{NOON}}}')
    before, after = (msgspec.json.decode(side) for side in rows["keys.policy"])
    assert before["every_s"] != after["every_s"] == 86_400
    written = msgspec.json.encode(store.people.audit()).decode()
    for secret in ("4711", fresh.pin, "m-secret", "argon2", added.member.pin):
        assert f'"{secret}' not in written
    assert node.device


def test_what_the_command_line_does_to_an_offer_is_written_down(tmp_path: Path) -> None:
    folder = ["--dir", str(tmp_path / "hub")]
    assert main([*folder, "init", "--name", "Corner"]) == 0
    assert main([*folder, "campaign", "add", "--title", "Coffee", "--amount", "1.50"]) == 0
    assert main([*folder, "campaign", "publish", "1"]) == 0
    with closing(SqliteStore(tmp_path / "hub" / FILE)) as store:
        newest, made, shop = store.people.audit()
        assert (newest.what, newest.before, newest.after) == (
            "offer.published",
            '{"state":"draft"}',
            '{"state":"published"}',
        )
        assert (made.what, msgspec.json.decode(made.after)["title"]) == ("offer.created", {"en": "Coffee"})
        assert shop.what == "shop.made"


@pytest.fixture
def office(house: House) -> Office:
    code = make_setup_code(house.store, house.now)
    made = Office(house)
    made.post("/setup", {"code": code, "name": "Ines", "password": PASSWORD})
    return made


def test_the_page_shows_both_sides_and_is_searched_by_its_address(office: Office) -> None:
    office.post("/offers/new", offer_form(action="publish"))
    office.post("/offers/1/turn", {"action": "pause"}, page="/offers/1")
    said = words(office.get("/record"))
    assert "paused an offer" in said
    assert "State published paused" in said
    only = words(office.get("/record?what=offer.paused&who=Ines&day=2026-11-18"))
    assert "State published paused" in only
    assert "A free croissant" not in only
    for nothing in ("who=Nobody", "day=2020-01-01", "what=nothing"):
        assert "No such change" in words(office.get(f"/record?{nothing}"))
    chinese = words(office.get("/record?lang=zh"))
    assert "所有操作" in chinese
    assert "之前 之后" in chinese
    assert "状态 published paused" in chinese
    for odd in (
        "day=0001-01-01",
        "day=9999-12-31",
        "day=x",
        "skip=-5",
        "skip=99999999999999999999",
        "who=%00",
    ):
        assert office.get(f"/record?{odd}").status_code == 200


def test_the_page_turns_over_and_keeps_what_was_chosen(office: Office) -> None:
    for number in range(60):
        office.house.store.people.note(
            AuditEntry(office.house.now, "Ines", "tag.removed", f"tag-{number}", "{}")
        )
    first = office.get("/record?who=Ines&what=tag.removed").get_data(as_text=True)
    assert "tag-59" in first
    assert "tag-9<" not in first
    assert "what=tag.removed" in first.split('aria-label="More"')[1]
    second = words(office.get("/record?who=Ines&what=tag.removed&skip=50"))
    assert "tag-9 " in second
    assert "tag-10 " not in second
