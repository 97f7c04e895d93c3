"""Data comes in as a whole or not at all, with every bad line named; all of it goes out, and no secret with it."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hub_house import NOON, House
from outside_office import ALL, OTHER, OutsideOffice
from postgres_server import PostgresServer, postgres_server

from hub.config import Config
from hub.enrolled import remove_tag
from hub.outside.csv_lines import Columns, read_rows
from hub.outside.importing import read_file
from hub.outside.keys import make_key
from hub.outside.webhooks import add_webhook
from hub.people import add_manager, add_staff
from hub.store.exporting import EXPORTED, STAYS
from hub.store.records import TagRecord
from hub.store.work_records import Work
from hub.wire.snapshot import Shop
from hub.work import keep_upload, result_of, submit
from hub.working import Worker

SHOP = Shop(7, {"en": "Corner"}, timezone="Europe/Berlin")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    database = request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    made = House(tmp_path, database)
    yield made
    made.close()


def bring_in(house: House, kind: str, text: str, *, dry_run: bool) -> Work:
    with house.store.writing():
        made = submit(house.store, "import", {"kind": kind, "dry_run": dry_run}, "Ada", NOON)
        keep_upload(house.store, made.id, "import.csv", iter([text.encode()]), NOON)
    Worker(house.store, Config(house.folder), now=lambda: NOON).once(["import"])
    done = house.store.work.get(made.id)
    assert done is not None
    return done


def said(body: bytes, kind: str) -> list[tuple[int, str]]:
    return [(one.line, one.column) for one in read_file(kind, body, SHOP, NOON).bad]


def test_a_dry_run_names_every_bad_line_and_changes_nothing(house: House) -> None:
    text = (
        "code;name;price\n"
        "4006381333931;Pencil;1,20\n"
        ";Nameless;1\n"
        "77;;2\n"
        "88;Ink;dear\n"
        '99;"Two\nlines";1\n'
        "4006381333931;Pencil again;1\n"
        "12;too;many;cells\n"
    )
    work = bring_in(house, "products", text, dry_run=True)
    result = result_of(work)
    assert work.state == "done"
    assert (result["rows"], result["good"], result["bad"]) == (6, 1, 6)
    assert [(line["line"], line["column"]) for line in result["lines"]] == [
        *((3, "code"), (4, "name"), (5, "price"), (6, "name"), (8, "code"), (9, "")),
    ]
    assert all(line["sentence"].endswith((".", "?")) for line in result["lines"])
    assert house.store.outside.count_products() == 0


def test_a_file_with_one_bad_line_is_not_taken_in_at_all(house: House) -> None:
    work = bring_in(house, "products", "code,name\n1,Tea\n2,\n", dry_run=False)
    assert (work.state, result_of(work)["fault"]) == ("failed", "bad_lines")
    assert [line["line"] for line in result_of(work)["lines"]] == [3]
    assert house.store.outside.count_products() == 0


def test_products_are_kept_and_replaced_by_their_code(house: House) -> None:
    assert (
        bring_in(house, "products", "code,name,price\n1,Tea,2.50\n2,Milk,\n", dry_run=False).state == "done"
    )
    assert (
        bring_in(house, "products", "\ufeffcode\tname\tname_zh\n1\tGreen tea\t绿茶\n", dry_run=False).state
        == "done"
    )
    products = house.store.outside.products("", 10)
    assert [(one.code, one.name, one.name_zh, one.price_cents) for one in products] == [
        ("1", "Green tea", "绿茶", None),
        ("2", "Milk", "", None),
    ]
    entries = [entry for entry in house.store.people.audit() if entry.what == "products.imported"]
    assert [(entry.who, entry.subject) for entry in entries] == [("Ada", "1"), ("Ada", "2")]


def test_offers_come_in_as_drafts_by_the_rules_of_the_office(house: House) -> None:
    text = (
        "title,title_zh,kind,worth,starts,ends,limit,channels\n"
        "Coffee,咖啡,amount,1.50,2026-12-01,2026-12-24,100,kiosk link\n"
        "Half price,,percent,50%,2026-12-01 08:00,2026-12-02 18:00,,\n"
        "Voucher,,voucher,25,2026-12-01,2026-12-31,,\n"
    )
    work = bring_in(house, "offers", text, dry_run=False)
    assert work.state == "done", result_of(work)
    made = sorted(
        (record for record in house.store.campaigns.all() if record.number > 1),
        key=lambda record: record.number,
    )
    assert [record.state for record in made] == ["draft", "draft", "draft"]
    assert [record.campaign.offer.title for record in made] == [
        {"en": "Coffee", "zh": "咖啡"},
        {"en": "Half price"},
        {"en": "Voucher"},
    ]
    first = made[0].campaign
    assert (first.offer.value.cents, first.issue_limit, first.channels) == (150, 100, ("kiosk", "link"))
    assert made[2].campaign.offline == "refuse"


def test_what_is_wrong_with_an_offer_is_said_as_the_form_says_it() -> None:
    head = b"title,kind,worth,starts,ends,limit,gtin\n"
    assert said(head + b"Tea,joy,1,2026-12-01,2026-12-02,,\n", "offers") == [(2, "kind")]
    assert said(head + b"Tea,amount,much,2026-12-01,2026-12-02,,\n", "offers") == [(2, "worth")]
    assert said(head + b"Tea,amount,1,2026-13-01,2026-12-02,,\n", "offers") == [(2, "starts")]
    assert said(head + b"Tea,amount,1,2026-12-03,2026-12-02,,\n", "offers") == [(2, "ends")]
    found = said(head + b",amount,1,2026-12-01,2026-12-02,-1,12\n", "offers")
    assert {column for _, column in found} == {"title", "limit", "gtin"}


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (b"", 1),
        (b"code,price\n1,2\n", 1),
        (b"code,name,colour\n1,2,3\n", 1),
        (b"code,name,name\n1,2,3\n", 1),
        (b"code,name\n", 2),
        (b"code,name\n1,Tea\n2,\xff\n", 3),
        (b'code,name\n1,"Tea\n', 2),
        (b"code,name\n1,Te\x00a\n", 2),
    ],
)
def test_a_file_that_is_no_table_is_told_with_its_line(body: bytes, line: int) -> None:
    rows, bad = read_rows(body, Columns(("code", "name"), ("price",)))
    assert bad
    assert bad[0].line == line
    assert all(str(one.sentence).endswith((".", "?")) for one in bad), bad
    assert len(rows) <= 1


def test_a_table_in_utf_16_as_a_spreadsheet_saves_it_is_read_too() -> None:
    rows, bad = read_rows("code\tname\n1\tGrün\n".encode("utf-16"), Columns(("code", "name"), ()))
    assert (bad, [row.cells for row in rows]) == ([], [{"code": "1", "name": "Grün"}])


def everything(house: House) -> dict[str, str]:
    """A shop with secrets of every kind; each by what it is."""
    till = house.node()
    fact, token = till.mint()
    till.report(fact)
    assert till.redeem(token, "nonce-001").accepted
    add_manager(house.store, "Ada", "a long enough pass phrase", NOON, who="test")
    staff = add_staff(house.store, "Ann", "4711", NOON, who="Ada", pepper=bytes(32))
    assert not isinstance(staff, dict)
    key = make_key(house.store, "Stock", ALL, "Ada", NOON)
    hook = add_webhook(
        house.store, house.key, "Stock", "https://a.example/t0psecret", ["coupon.issued"], "Ada", NOON
    )
    assert isinstance(key, tuple)
    assert isinstance(hook, tuple)
    return {
        "coupon's code": fact.code,
        "coupon's token": token,
        "password": house.store.people.managers()[0].password,
        "pin": house.store.people.staff()[0].pin,
        "key": key[1].rpartition("_")[2],
        "key's hash": key[0].hash,
        "webhook's secret": hook[1],
        "webhook's sealed secret": hook[0].sealed,
        "webhook's path": "t0psecret",
    }


def unzip(body: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(body)) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


def test_everything_goes_out_and_no_secret_with_it(house: House) -> None:
    secrets = everything(house)
    made = submit(house.store, "export", {}, "Ada", NOON)
    Worker(house.store, Config(house.folder), now=lambda: NOON).once(["export"])
    work = house.store.work.get(made.id)
    assert work is not None
    assert work.state == "done", result_of(work)
    (file,) = house.store.work.files(made.id)
    files = unzip(b"".join(house.store.work.parts(made.id, file.name)))
    assert len(b"".join(house.store.work.parts(made.id, file.name))) == result_of(work)["size"] == file.size
    whole = b"\n".join(files.values())
    for what, secret in secrets.items():
        assert secret.encode() not in whole, what
    rows = {name: lines(files[f"tables/{name}.jsonl"]) for name in EXPORTED}
    assert [row["name"] for row in rows["staff"]] == ["Ann"]
    assert [row["value_cents"] for row in rows["redemption"]] == [500]
    assert [row["number"] for row in rows["campaign"]] == [1]
    assert [row["number"] for row in rows["shop"]] == [7]
    events = lines(files["events.jsonl"])
    assert [event["kind"] for event in events] == ["coupon.issued", "coupon.redeemed"]
    manifest = msgspec.json.decode(files["manifest.json"])
    assert manifest["events"] == 2
    assert {name: table["rows"] for name, table in manifest["tables"].items()} == {
        name: len(found) for name, found in rows.items()
    }


def test_when_somebody_is_forgotten_so_are_the_files_in_which_they_are(house: House) -> None:
    tag = TagRecord("t-1", "Mei", "member", "beacon", "ibeacon:x", None, NOON)
    house.store.tags.add(tag, None)
    made = submit(house.store, "export", {}, "Ada", NOON)
    Worker(house.store, Config(house.folder), now=lambda: NOON).once(["export"])
    waits = submit(house.store, "export", {}, "Ada", NOON)
    (file,) = house.store.work.files(made.id)
    assert b"Mei" in unzip(b"".join(house.store.work.parts(made.id, file.name)))["tables/tag.jsonl"]
    assert remove_tag(house.store, "t-1", NOON, who="Ada")
    assert house.store.work.files(made.id) == []
    there = house.store.work.get(waits.id)
    assert there is not None
    assert there.state == "cancelled"


def lines(text: bytes) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in text.splitlines()]


def test_every_table_either_goes_out_or_it_is_said_why_not(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.close()
    with closing(sqlite3.connect(tmp_path / "hub.db")) as conn:
        tables = {
            name
            for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if not name.startswith(("sqlite_", "_sqlite"))
        }
    assert tables - EXPORTED.keys() - STAYS.keys() == set(), (
        "say in hub/store/exporting.py what becomes of these"
    )
    assert EXPORTED.keys() & STAYS.keys() == set()


def test_a_program_brings_data_in_and_fetches_all_of_its_own_shop(tmp_path: Path) -> None:
    office = OutsideOffice(tmp_path)
    try:
        key, theirs = office.key(*ALL), office.key(*ALL, shop=OTHER)
        worker = Worker(office.store, Config(tmp_path), now=lambda: NOON)
        asked = office.ask(
            "POST", "/imports", key, {"kind": "products", "text": "code,name\n1,Tea\n", "dry_run": False}
        )
        assert (asked.status_code, asked.get_json()["state"]) == (202, "waiting")
        assert worker.once()
        path = f"/work/{asked.get_json()['number']}"
        assert office.ask("GET", path, key).get_json()["result"]["kept"] == 1
        assert office.ask("GET", path, theirs).status_code == 404
        sold = {"code": "1", "name": "Tea", "name_zh": "", "price_cents": None}
        assert office.ask("GET", "/products?limit=1", key).get_json() == {"items": [sold], "next": None}
        assert office.ask("GET", "/products", theirs).get_json()["items"] == []
        number = office.ask("POST", "/exports", key, {}).get_json()["number"]
        assert office.ask("GET", f"/exports/{number}/file", key).status_code == 404
        assert worker.once()
        got = office.ask("GET", f"/exports/{number}/file", key)
        assert (got.status_code, got.mimetype) == (200, "application/zip")
        assert lines(unzip(got.get_data())["tables/product.jsonl"])[0]["name"] == "Tea"
        assert office.ask("GET", f"/exports/{number}/file", theirs).status_code == 404
        assert office.ask("GET", f"/exports/{number}/file", office.key("read")).status_code == 403
    finally:
        office.close()


def test_a_backup_as_work_is_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    house = House(tmp_path)
    made = submit(house.store, "backup", {}, "Ada", NOON)
    Worker(house.store, Config(tmp_path), now=lambda: NOON).once(["backup"])
    work = house.store.work.get(made.id)
    assert work is not None
    assert work.state == "done", result_of(work)
    place = tmp_path / result_of(work)["file"]
    assert place.stat().st_mode & 0o077 == 0
    assert place.parent.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(place)) as conn:
        assert conn.execute("SELECT number FROM shop").fetchall() == [(7,)]
    house.close()
