"""Figures and rows as files and by `/api/v1`: the same numbers as the pages', read by what others read them with."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from hub.figures.answer import Answer
from hub.figures.csv_out import csv_of, harmless
from hub.figures.engine import ask
from hub.figures.question import Days, Dimension, Question
from hub.figures.table import Column, Table, table_of
from hub.people import add_manager
from hub.roles import Role
from hub.store.explore import ROWS_AT_A_TIME
from hub.wire.events import PurchasePaid
from tests.figures_house import TODAY, FiguresHouse
from tests.hub_house import NOON, alone
from tests.hub_office import Office
from tests.outside_office import OutsideOffice
from tests.postgres_server import PostgresServer, postgres_server

WEEK = "days=7"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def outside(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OutsideOffice]:
    database = "" if request.param == "sqlite" else request.getfixturevalue("server").fresh()
    made = OutsideOffice(tmp_path_factory.mktemp("files"), database)
    till = made.house.node(name="Till 1")
    for place in range(20):
        fact, _ = till.mint()
        at = NOON - place * 20_000
        till.report(fact, at=at)
        evil = alone(fact, f"n{place}", staff="=1+1" if place == 0 else "ann")
        till.report(
            evil, PurchasePaid(id=f"@bill{place}", till="+till", staff="ann", cents=1_000 + place), at=at + 5
        )
    yield made
    made.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FiguresHouse]:
    made = FiguresHouse(tmp_path_factory.mktemp("office"))
    made.tell(9)
    add_manager(made.store, "Olga", "seven green kettles", NOON, who="test", role=Role.OWNER)
    yield made
    made.close()


@pytest.fixture(scope="module")
def office(house: FiguresHouse) -> Office:
    made = Office(house)
    made.log_in()
    return made


def asked(house: FiguresHouse, question: Question) -> Answer:
    found = ask(house.store, question, NOON)
    assert isinstance(found, Answer)
    return found


def lines(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))


def test_a_csv_has_the_very_numbers_of_the_answer_with_their_noise_said(
    house: FiguresHouse, office: Office
) -> None:
    answer = asked(
        house,
        Question(("visits", "redeemed", "given_cents"), Days(TODAY.replace(day=12), TODAY), (Dimension.DAY,)),
    )
    got = office.get(
        "/figures.csv?days=custom&from=2026-11-12&to=2026-11-18&by=day&figure=visits&figure=redeemed&figure=given_cents"
    )
    assert got.mimetype == "text/csv"
    rows = lines(got.data)
    assert [row["day"] for row in rows] == [row.key[0] for row in answer.rows]
    for row, true in zip(rows, answer.rows, strict=True):
        for name in ("visits", "redeemed", "given_cents"):
            number = true.values[name].number
            assert number is not None
            assert float(row[name]) == number
        assert row["visits_noisy"] == str(int(true.values["visits"].noisy))
        assert "redeemed_noisy" not in row


def test_a_name_stands_beside_each_number_that_means_somebody_or_something(office: Office) -> None:
    rows = lines(
        office.get(f"/figures.csv?{WEEK}&by=campaign&by=channel&figure=redeemed&vs=previous&lang=zh").data
    )
    assert {(row["campaign"], row["campaign_name"]) for row in rows} == {
        ("1", "温热樱桃挞"),
        ("2", "黑麦面包"),
    }
    assert {"redeemed", "redeemed_before", "channel"} <= set(rows[0])


def test_all_that_can_be_cut_so_comes_where_no_number_is_named(office: Office) -> None:
    rows = lines(office.get(f"/figures.csv?{WEEK}&by=zone").data)
    assert {"visits", "dwell_s", "people_mean"} <= set(rows[0])
    assert "redeemed" not in rows[0]
    assert office.get(f"/figures.csv?{WEEK}&by=zone&figure=redeemed").status_code == 422
    assert office.get("/figures.exe").status_code == 404


def test_parquet_is_read_by_arrow_and_duckdb_with_its_types(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "figures.parquet"
    path.write_bytes(office.get(f"/figures.parquet?{WEEK}&by=day&by=zone&figure=visits&figure=dwell_s").data)
    rows = lines(office.get(f"/figures.csv?{WEEK}&by=day&by=zone&figure=visits&figure=dwell_s").data)
    table = pq.read_table(path)
    assert {str(field.type) for field in table.schema} == {"date32[day]", "string", "int64", "double", "bool"}
    assert table.num_rows == len(rows)
    assert [one.isoformat() for one in table["day"].to_pylist()] == [row["day"] for row in rows]
    assert table["visits"].to_pylist() == [int(row["visits"]) for row in rows]
    sums = duckdb.sql(f"SELECT zone, sum(visits) FROM '{path}' GROUP BY zone ORDER BY zone").fetchall()
    assert sums == [
        (zone, sum(int(row["visits"]) for row in rows if row["zone"] == zone)) for zone in ("café", "door")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "=cmd|' /C calc'!A0",
        "+1",
        "-1+cmd",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\u3000=1",
        "＝1+1",
        "＠x",
        "＋1",
        "－1",
    ],
)
def test_a_text_that_a_spreadsheet_would_take_for_a_formula_is_one_no_more(text: str) -> None:
    assert harmless(text).startswith("'")
    table = Table((Column("till", "text"), Column("cents", "whole")), [[[text, -5]]])
    body = b"".join(csv_of(table, "UTC"))
    ((name, cents),) = list(csv.reader(io.StringIO(body.decode(), newline="")))[1:]
    assert name == f"'{text}"
    assert cents == "-5"


@pytest.mark.parametrize("text", ["door", "1st floor", "a=b", "Café", "街角", "", "'quoted'"])
def test_a_harmless_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_rows_behind_the_counter_come_in_order_each_once_and_nothing_of_a_member(
    outside: OutsideOffice,
) -> None:
    key = outside.key("export_data")
    got = outside.ask("GET", "/rows.csv?table=redemptions&days=90", key)
    rows = list(csv.DictReader(io.StringIO(got.get_data(as_text=True))))
    assert len(rows) == 20
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    assert rows[-1]["staff"] == "'=1+1"
    assert rows[-1]["at"] == "2026-11-18T12:06:45+01:00"
    assert (rows[-1]["day"], rows[-1]["hour"]) == ("2026-11-18", "12")
    assert not {"member", "code", "nonce"} & set(rows[0])
    bills = list(
        csv.DictReader(
            io.StringIO(outside.ask("GET", "/rows.csv?table=purchases&days=90", key).get_data(as_text=True))
        )
    )
    assert {row["till"] for row in bills} == {"'+till"}
    assert sum(int(row["cents"]) for row in bills) == sum(range(1_000, 1_020))
    one_day = outside.ask("GET", "/rows.csv?table=redemptions&days=today", key).get_data(as_text=True)
    assert 1 <= len(one_day.splitlines()) - 1 < 20
    ann = outside.ask("GET", "/rows.csv?table=redemptions&days=90&staff=ann", key).get_data(as_text=True)
    assert len(ann.splitlines()) == 20


def test_every_table_of_rows_can_be_fetched_in_both_ways(outside: OutsideOffice, tmp_path: Path) -> None:
    key = outside.key("export_data")
    for table in (
        "campaigns",
        "coupons",
        "redemptions",
        "reversals",
        "refusals",
        "conflicts",
        "purchases",
        "products",
    ):
        text = outside.ask("GET", f"/rows.csv?table={table}&days=90", key).get_data(as_text=True)
        path = tmp_path / f"{table}.parquet"
        path.write_bytes(outside.ask("GET", f"/rows.parquet?table={table}&days=90", key).data)
        read = pq.read_table(path)
        assert read.column_names == text.splitlines()[0].split(",")
        assert read.num_rows == len(list(csv.reader(io.StringIO(text)))) - 1


def test_rows_come_whole_over_the_bounds_of_pages(tmp_path: Path) -> None:
    house = FiguresHouse(tmp_path)
    till = house.till
    count = ROWS_AT_A_TIME + 7
    for first in range(0, count, 500):
        # Many at the very same moment: a page may end in the middle of them.
        till.report(
            *(
                PurchasePaid(id=f"b{place:06}", till="t", staff="s", cents=place)
                for place in range(first, min(count, first + 500))
            ),
            at=NOON - 60,
        )
    pages = list(house.store.explore.rows("purchases", "Europe/Berlin", 0.0, NOON))
    found = [row[3] for page in pages for row in page]
    assert found == [f"b{place:06}" for place in range(count)]
    assert [len(page) for page in pages] == [ROWS_AT_A_TIME, 7]
    house.close()


def test_the_json_interface_says_the_same_and_what_it_means(outside: OutsideOffice) -> None:
    key = outside.key("read")
    got = outside.ask(
        "GET", "/figures?figure=redeemed&figure=given_cents&by=staff&days=30&vs=previous", key
    ).get_json()
    assert got["total"]["values"]["redeemed"]["value"] == 20
    by_staff = {row["key"]["staff"]: row["values"]["redeemed"]["value"] for row in got["rows"]}
    # Coupons that were taken and not used are nobody's of the staff.
    assert {name: number for name, number in by_staff.items() if number} == {
        "=1+1": 1,
        "ann": 19,
    }
    assert got["total"]["before"]["redeemed"]["value"] == 0
    narrowed = outside.ask("GET", "/figures?figure=redeemed&staff=ann&days=30", key).get_json()
    assert narrowed["total"]["values"]["redeemed"]["value"] == 19
    text = outside.ask("GET", "/figures.csv?figure=redeemed&by=staff&days=30", key).get_data(as_text=True)
    rows = [(row["staff"], row["redeemed"]) for row in csv.DictReader(io.StringIO(text)) if row["staff"]]
    assert rows == [("'=1+1", "1"), ("ann", "19")]
    made = outside.ask("GET", "/figures/definitions", key).get_json()["items"]
    redeemed = next(one for one in made if one["name"] == "redeemed")
    assert "coupon.redeemed" in redeemed["kinds"]
    assert set(redeemed["title"]) == {"en", "zh"}


def test_what_the_json_interface_cannot_answer_is_a_problem_with_a_sentence(outside: OutsideOffice) -> None:
    key = outside.key("read")
    for path, status in (
        ("/figures?figure=nothing", 422),
        ("/figures?figure=redeemed&by=zone", 422),
        ("/figures?days=custom", 422),
        ("/figures?days=custom&from=2026-02-31", 422),
        ("/figures?days=forever", 400),
        ("/figures?by=member", 400),
        ("/figures?by=day&by=staff&by=till", 400),
        ("/figures?campaign=x", 400),
    ):
        got = outside.ask("GET", path, key)
        assert got.status_code == status, path
        assert got.get_json()["detail"]
    assert outside.ask("GET", "/figures").status_code == 401
    assert outside.ask("GET", "/rows.csv", key).status_code == 403


def test_another_shops_key_gets_another_shops_numbers(outside: OutsideOffice) -> None:
    key = outside.key("read", "export_data", shop=8)
    got = outside.ask("GET", "/figures?figure=redeemed&days=30", key).get_json()
    assert got["total"]["values"]["redeemed"]["value"] == 0
    assert len(outside.ask("GET", "/rows.csv?days=90", key).get_data(as_text=True).splitlines()) == 1


def test_without_rights_nobody_fetches_rows_or_asks_in_sql(house: FiguresHouse) -> None:
    add_manager(house.store, "Vi", "seven green kettles", NOON, who="test", role=Role.VIEWER)
    viewer = Office(house)
    viewer.post("/login", {"name": "Vi", "password": "seven green kettles"})
    assert viewer.get(f"/figures.csv?{WEEK}&by=day").status_code == 200
    for path in ("/rows/redemptions.csv", "/sql", "/sql.csv?q=SELECT+1", "/boards"):
        assert viewer.get(path).status_code == 403, path
    assert "Rows behind" not in viewer.get("/files").get_data(as_text=True)


def test_what_was_fetched_stands_in_the_record(house: FiguresHouse, office: Office) -> None:
    office.get("/rows/redemptions.csv?days=7")
    office.get("/sql.csv?q=SELECT till FROM redemptions LIMIT 3")
    assert [one.what for one in house.store.people.audit(2)] == ["sql.fetched", "rows.fetched"]


def test_a_table_of_an_answer_has_one_row_for_the_total_where_nothing_is_cut(house: FiguresHouse) -> None:
    answer = asked(house, Question(("redeemed",), Days(TODAY, TODAY)))
    ((row,),) = list(table_of(answer).pages)
    assert row == [answer.total.values["redeemed"].number, int(answer.total.values["redeemed"].provisional)]
