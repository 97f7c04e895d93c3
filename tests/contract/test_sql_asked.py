"""One's own SQL: what is answered, and that nothing else can be had by any question that somebody could think of.

The walls are tried one by one: what may be typed, and, as if that wall were not there, what each database gives a question.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hub.figures.asked_sql import read_question
from hub.figures.exploring import explore
from hub.people import add_manager
from hub.sentences import Said
from hub.store.explore import Told
from hub.store.explore_child import ask as ask_file
from hub.store.explore_views import EXAMPLES, VIEWS
from hub.store.exporting import EXPORTED
from hub.store.sqlite import SqliteStore
from hub.wire.events import CouponRefused, PurchasePaid
from tests.hub_house import NOON, House, alone
from tests.postgres_server import PostgresServer, postgres_server

ZONE = "Europe/Berlin"
SECRET = "nobody-may-read-this"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"], scope="module")
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    database = "" if request.param == "sqlite" else request.getfixturevalue("server").fresh()
    made = House(tmp_path_factory.mktemp("asked"), database)
    add_manager(made.store, "Ines", SECRET, NOON, who="test")
    till = made.node()
    for place in range(3):
        fact, token = till.mint(member="m" * 16)
        till.report(fact)
        assert till.redeem(token, basket_cents=1_000 + place, member="m" * 16).accepted
    fact, _ = till.mint()
    till.report(fact, alone(fact, "alone-1", member="m" * 16), alone(fact, "alone-2", member="m" * 16))
    till.report(
        CouponRefused(
            refusal="expired", nonce="r1", till="Till", staff="ann", serial=fact.serial, campaign=1
        ),
        PurchasePaid(
            id="bill-1", till="Till", staff="ann", cents=1_250, member="m" * 16, items=3, zone="café"
        ),
    )
    yield made
    made.close()


def asked(house: House, text: str) -> Told:
    told = explore(house.store, ZONE, text)
    assert isinstance(told, Told), str(told)
    return told


def raw(house: House, text: str) -> Told:
    """The question as it stands, past the wall of what may be typed. A file is asked in this process, which is quicker."""
    if not isinstance(house.store, SqliteStore):
        return house.store.explore.ask(text, ZONE, 5.0, 100, 100_000)
    answer = ask_file(str(house.store.pool.path), house.store.shop.number, ZONE, text, 5.0, 100, 100_000)
    return Told(
        wrong=answer.get("wrong", ""), text=answer.get("text", ""), rows=tuple(answer.get("rows", ()))
    )


def test_a_question_is_answered_with_the_names_of_its_columns(house: House) -> None:
    told = asked(
        house,
        "SELECT day, hour, count(*) AS acts, sum(value_cents) AS given FROM redemptions WHERE standing = 'first' "
        "GROUP BY day, hour",
    )
    assert told.columns == ("day", "hour", "acts", "given")
    assert told.rows == (("2026-11-18", 12, 4, 2_000),)
    assert not told.more


def test_every_table_can_be_asked_and_has_the_columns_that_the_page_lists(house: House) -> None:
    for view in VIEWS.values():
        told = asked(house, f"SELECT * FROM {view.name}")
        assert told.columns == tuple(column.name for column in view.columns), view.name
    assert len(asked(house, "SELECT * FROM coupons").rows) == 4
    assert [row[4:9] for row in asked(house, "SELECT * FROM purchases").rows] == [
        ("Till", "ann", 1_250, 3, "café")
    ]
    assert asked(house, "SELECT title_en FROM campaigns").rows == (("Offer 1",),)
    assert asked(house, "SELECT refusal FROM refusals").rows == (("expired",),)
    assert asked(house, "SELECT till, cost_cents FROM conflicts").rows == (("Till", 500),)


def test_the_examples_on_the_page_work(house: House) -> None:
    for example in EXAMPLES:
        assert asked(house, example).rows


def test_joins_subqueries_windows_and_ones_own_with_work(house: House) -> None:
    assert asked(
        house,
        "WITH acts AS (SELECT serial, value_cents FROM redemptions WHERE standing = 'first') "
        "SELECT count(*) AS found, sum(a.value_cents) AS given FROM acts a JOIN coupons c ON c.serial = a.serial",
    ).rows == ((4, 2_000),)
    told = asked(
        house,
        "SELECT basket_cents, row_number() OVER (ORDER BY basket_cents DESC) AS place FROM redemptions "
        "WHERE basket_cents > 0 ORDER BY place",
    )
    assert told.rows == ((1_002, 1), (1_001, 2), (1_000, 3))


def test_what_goes_beyond_the_rows_is_cut_off_and_said(house: House) -> None:
    cut = house.store.explore.ask("SELECT serial FROM coupons ORDER BY serial", ZONE, 5.0, 2, 100_000)
    whole = house.store.explore.ask("SELECT serial FROM coupons ORDER BY serial", ZONE, 5.0, 4, 100_000)
    assert cut.more
    assert cut.rows == whole.rows[:2]
    assert not whole.more
    assert house.store.explore.ask("SELECT serial FROM coupons", ZONE, 5.0, 4, 20).more


ENDLESS = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS most FROM n"


def test_a_question_that_takes_too_long_is_ended_and_says_so(house: House) -> None:
    told = explore(house.store, ZONE, ENDLESS, seconds=0.5)
    assert isinstance(told, Said)
    assert "takes longer than 0.5 seconds" in str(told)


def test_a_question_that_needs_too_much_memory_is_ended_and_the_hub_is_not(tmp_path: Path) -> None:
    house = House(tmp_path)
    # Each text stands for itself, so all of them have to be kept before one can be counted.
    hungry = (
        "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) "
        f"SELECT t, count(*) AS times FROM (SELECT '{'x' * 5_000}' || i AS t FROM n) AS texts GROUP BY t"
    )
    told = explore(house.store, ZONE, hungry, seconds=60.0)
    assert isinstance(told, Said)
    assert "too much memory" in str(told)
    house.close()


def test_a_mistake_is_a_sentence_with_the_databases_own_words(house: House) -> None:
    told = explore(house.store, ZONE, "SELECT nothing_of_the_kind FROM coupons")
    assert isinstance(told, Said)
    assert str(told).startswith("The database does not understand this:")
    assert "nothing_of_the_kind" in str(told)


def test_no_table_has_a_column_that_never_leaves_the_hub_nor_one_of_a_member() -> None:
    for view in VIEWS.values():
        names = {column.sql or column.name for column in view.columns}
        assert view.base in EXPORTED, view.base
        assert not names & set(EXPORTED[view.base]), view.name
        stays = {"member", "code", "token", "reason", "by", "pin", "password", "nonce"}
        # A product's code is what tills scan, a coupon's is what opens it.
        assert not names & (stays - {"code"} if view.base == "product" else stays), view.name


FORBIDDEN = (
    "SELECT * FROM manager",
    "SELECT count(*) FROM manager",
    "SELECT 1 FROM manager",
    "SELECT password FROM main.manager",
    "SELECT password FROM public.manager",
    'SELECT password FROM "public"."manager"',
    "SELECT member FROM redemption",
    "SELECT * FROM redemption",
    "SELECT texts FROM journal",
    "SELECT text FROM event",
    "SELECT * FROM shop",
    # A subquery that is called like a table of ours, which SQLite names to its authorizer as the one for whom is read.
    "WITH redemptions AS (SELECT * FROM manager) SELECT * FROM redemptions",
    "SELECT * FROM (SELECT password FROM manager) AS redemptions",
    "SELECT redemptions.password FROM (SELECT * FROM manager) redemptions",
    "WITH coupons AS (SELECT member AS serial FROM redemption) SELECT serial FROM coupons",
    "SELECT (SELECT password FROM manager) AS one",
    "SELECT day FROM redemptions WHERE (SELECT password FROM manager LIMIT 1) LIKE '%'",
    "SELECT day FROM redemptions UNION ALL SELECT password FROM manager",
    "SELECT r.day FROM redemptions r JOIN manager m ON 1 = 1",
    "SELECT day FROM redemptions ORDER BY (SELECT password FROM manager LIMIT 1)",
    "SELECT r.member FROM redemptions r",
    "SELECT code FROM coupons",
    # What the databases know of themselves.
    "SELECT sql FROM sqlite_master",
    "SELECT sql FROM sqlite_temp_master",
    "SELECT sql FROM sqlite_schema",
    "SELECT name FROM pragma_table_list",
    "SELECT * FROM pragma_table_info('manager')",
    "SELECT * FROM dbstat",
    "SELECT value FROM json_each('[1]')",
    "SELECT tablename FROM pg_tables",
    "SELECT rolpassword FROM pg_authid",
    "SELECT table_name FROM information_schema.tables",
    # What runs a text as SQL, reads files, sleeps, or changes who one is.
    "SELECT query_to_xml('select * from public.manager', true, true, '')",
    "SELECT table_to_xml('public.manager', true, true, '')",
    "SELECT set_config('role', 'postgres', false)",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_sleep(100)",
    "SELECT current_setting('data_directory')",
    "SELECT readfile('/etc/passwd')",
    "SELECT load_extension('/tmp/x.so')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT dblink('dbname=x', 'select 1')",
    "SELECT writefile('/tmp/x', 'y')",
    "SELECT randomblob(1000000000)",
    "SELECT zeroblob(1000000000)",
    "SELECT printf('%1000000000d', 1)",
    "SELECT repeat('x', 1000000000)",
    # What changes something.
    "DELETE FROM redemption",
    "UPDATE manager SET password = ''",
    "INSERT INTO manager (shop) VALUES (1)",
    "DROP TABLE manager",
    "WITH gone AS (DELETE FROM redemption RETURNING *) SELECT * FROM gone",
    "CREATE TABLE mine (a TEXT)",
    "SELECT 1 INTO mine",
    "ATTACH 'other.db' AS other",
    "PRAGMA query_only = OFF",
    "COPY manager TO '/tmp/x'",
    "EXPLAIN SELECT * FROM redemptions",
    "SELECT 1; DELETE FROM redemption",
    "SELECT 1) AS answer; DELETE FROM redemption; SELECT * FROM (SELECT 1",
    "TABLE manager",
    "SELECT * FROM manager TABLESAMPLE SYSTEM (100)",
    "SELECT * FROM redemptions FOR UPDATE",
)


@pytest.mark.parametrize("text", FORBIDDEN)
def test_what_may_not_be_asked_is_refused_with_a_sentence(text: str) -> None:
    """By the first wall where that can know it; the databases have theirs for the names of tables (see below)."""
    told = read_question(text)
    if isinstance(told, Said):
        assert str(told).endswith((".", "1"))
        assert "%(" not in str(told)


def test_no_forbidden_question_gets_an_answer(house: House) -> None:
    for text in FORBIDDEN:
        told = explore(house.store, ZONE, text)
        assert isinstance(told, Said), (text, told)
        assert SECRET not in str(told)


def test_no_forbidden_question_gets_an_answer_of_the_database_even_without_the_first_wall(
    house: House,
) -> None:
    """SQLite's own walls hold alone. PostgreSQL asks nobody what a question reads, so there the first wall is one of two: what it
    must hold by itself is that nothing is changed, and that a table is not found by its name."""
    plain = [text for text in FORBIDDEN if not any(sign in text for sign in (".", "pg_", "(", "FOR UPDATE"))]
    for text in FORBIDDEN if isinstance(house.store, SqliteStore) else plain:
        told = raw(house, text)
        assert told.wrong, (text, told)
        assert SECRET not in f"{told}"
    assert len(asked(house, "SELECT serial FROM redemptions").rows) >= 4


def test_a_subquery_that_is_called_like_the_view_behind_a_view_cannot_be_guessed(tmp_path: Path) -> None:
    """What SQLite tells its authorizer is a name that anybody may give; ours is drawn anew for each question."""
    seen: list[tuple[object, ...]] = []
    conn = sqlite3.connect(":memory:")
    conn.execute("CREATE TABLE manager (password TEXT)")
    conn.execute("CREATE TEMP VIEW redemptions AS SELECT 1 AS day")
    conn.set_authorizer(lambda *about: seen.append(about) or sqlite3.SQLITE_OK)  # type: ignore[func-returns-value]
    conn.execute("WITH redemptions AS (SELECT password FROM manager) SELECT password FROM redemptions")
    assert (sqlite3.SQLITE_READ, "manager", "password", "main", "redemptions") in seen
    conn.close()
    house = House(tmp_path)
    first = raw(house, "SELECT nothing FROM redemptions")
    assert first.wrong == "sql"
    assert "x" + "0" * 32 not in first.text
    house.close()


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 'a' -- the end",
        "SELECT /* all */ day FROM redemptions",
        "SELECT $1",
        "SELECT :name",
        "SELECT ?",
        "SELECT `day` FROM redemptions",
        "SELECT [day] FROM redemptions",
        "SELECT day::regclass FROM redemptions",
        "SELECT E'\\x41'",
        "SELECT U&'\\0041'",
        "SELECT x'41'",
        "SELECT $$a$$",
        "SELECT 'open",
        'SELECT "open',
        "SELECT (1",
        "SELECT 1)",
        "",
        ";;",
        "SELECT 1; SELECT 2",
        "x" * 20_000,
    ],
)
def test_what_databases_read_differently_cannot_be_typed(text: str) -> None:
    told = read_question(text)
    assert isinstance(told, Said)
    assert str(told)


def test_texts_and_quoted_names_may_hold_what_is_forbidden_outside_of_them(house: House) -> None:
    told = asked(
        house, "SELECT 'drop table; -- ''manager''' AS \"what a day\", '100%' AS share FROM coupons LIMIT 1;"
    )
    assert told.columns == ("what a day", "share")
    assert told.rows == (("drop table; -- 'manager'", "100%"),)


def test_another_shop_of_the_same_database_is_not_there(house: House) -> None:
    other = house.store.of_shop(8)
    shop = house.store.shop.get()
    assert shop is not None
    other.shop.save(msgspec.structs.replace(shop, number=8), NOON)
    for view in VIEWS.values():
        told = explore(other, ZONE, f"SELECT count(*) AS found FROM {view.name}")
        assert isinstance(told, Told)
        assert told.rows == ((0,),), view.name
