"""The tables distribute by shop: every unique key has the shop in it, and a question about one shop touches one partition.

So Citus' `create_distributed_table(table, 'shop')` takes each as it is. What it would do is shown with what PostgreSQL has
itself: hash partitions, on which the hub runs unchanged, and partitions that stand on a second server (postgres_fdw).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from hub.app import create_api_app, open_database, open_store
from hub.client.clock import Clock
from hub.client.link import WsgiLink
from hub.devices import hub_key
from hub.rebuild import rebuild, verify
from hub.store.dialect import for_postgres
from hub.store.postgres import PostgresStore
from hub.store.schema import EVENT_VIEW
from hub.wire.snapshot import Shop
from tests.hub_house import NOON, House, alone, campaign, visit
from tests.postgres_server import PostgresServer, postgres_server

OF_THE_DATABASE = ("hub_migration", "hub_mark")
"""What is known of the database itself, not of a shop: the same on every server."""

PARTITIONS = 4

QUESTIONS = (
    ("coupon", "SELECT serial FROM coupon WHERE shop = %s AND serial = '00'"),
    ("coupon", "SELECT serial FROM coupon WHERE shop = %s AND code = 'A' ORDER BY position LIMIT 1"),
    ("redemption", "SELECT nonce FROM redemption WHERE shop = %s AND serial = '00' AND standing = 'first'"),
    ("journal", "SELECT position + count - 1 FROM journal WHERE shop = %s ORDER BY position DESC LIMIT 1"),
    ("contact", "UPDATE contact SET highest = 1 WHERE shop = %s AND device = 'kiosk-1'"),
    ("tally", "SELECT campaign, device, issued FROM tally WHERE shop = %s AND campaign = 1"),
    ("footfall", "SELECT quarter, visits FROM footfall WHERE shop = %s AND quarter BETWEEN 1 AND 9"),
)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


def connect(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url, autocommit=True)


def tables_of(conn: psycopg.Connection[Any]) -> list[str]:
    found = conn.execute(
        """SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname"""
    ).fetchall()
    return [name for (name,) in found if name not in OF_THE_DATABASE]


def shop_column(table: str) -> str:
    return "number" if table == "shop" else "shop"


def plan(conn: psycopg.Connection[Any], question: str, shop: int) -> str:
    lines = conn.execute(f"EXPLAIN (VERBOSE, COSTS OFF) {question % shop}").fetchall()
    return "\n".join(line for (line,) in lines)


def partition_of(conn: psycopg.Connection[Any], shop: int) -> int:
    found = [
        place
        for place in range(PARTITIONS)
        if conn.execute(
            "SELECT satisfies_hash_partition('coupon'::regclass, %s, %s, %s::bigint)",
            (PARTITIONS, place, shop),
        ).fetchone()
        == (True,)
    ]
    assert len(found) == 1
    return found[0]


def test_every_unique_key_of_every_table_has_the_shop_in_it(server: PostgresServer) -> None:
    url = server.fresh()
    PostgresStore(url).close()
    with connect(url) as conn:
        keys = conn.execute(
            """SELECT c.relname, i.indisprimary, array_agg(a.attname ORDER BY k.place)
               FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
               CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k(number, place)
               JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
               WHERE n.nspname = 'public' AND i.indisunique GROUP BY c.relname, i.indexrelid, i.indisprimary"""
        ).fetchall()
        tables = tables_of(conn)
        types = dict(
            conn.execute(
                "SELECT table_name, data_type FROM information_schema.columns WHERE column_name = 'shop'"
            ).fetchall()
        )
    of_shops = [one for one in keys if one[0] not in OF_THE_DATABASE]
    first = {name: columns[0] for name, primary, columns in of_shops if primary}
    assert {name: first.get(name) for name in tables} == {name: shop_column(name) for name in tables}
    assert [one for one in of_shops if shop_column(one[0]) not in one[2]] == []
    # Tables that are distributed together need a column of the same type.
    assert {types[name] for name in tables if name != "shop"} == {"bigint"}


def partition(url: str) -> None:
    """Every table in hash partitions by shop, with all its keys, indexes and triggers."""
    with connect(url) as conn, conn.transaction():
        conn.execute("DROP VIEW event")
        triggers = conn.execute(
            """SELECT c.relname, pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
               WHERE NOT t.tgisinternal"""
        ).fetchall()
        for table in tables_of(conn):
            name, plain = sql.Identifier(table), sql.Identifier(f"{table}_plain")
            conn.execute(sql.SQL("ALTER TABLE {} RENAME TO {}").format(name, plain))
            conn.execute(
                sql.SQL(
                    "CREATE TABLE {} (LIKE {} INCLUDING ALL EXCLUDING IDENTITY) PARTITION BY HASH ({})"
                ).format(name, plain, sql.Identifier(shop_column(table)))
            )
            for place in range(PARTITIONS):
                conn.execute(
                    sql.SQL(
                        "CREATE TABLE {} PARTITION OF {} FOR VALUES WITH (MODULUS {}, REMAINDER {})"
                    ).format(
                        sql.Identifier(f"{table}_{place}"), name, sql.Literal(PARTITIONS), sql.Literal(place)
                    )
                )
            conn.execute(sql.SQL("DROP TABLE {}").format(plain))
        for _, made in triggers:
            conn.execute(made)
        conn.execute(for_postgres(EVENT_VIEW).replace("%%", "%"))


class Branch(House):
    """One more shop at the hub of another; or alone, in a database of its own."""

    def __init__(
        self, number: int, first: House | None = None, folder: Path = Path(), database: str = ""
    ) -> None:
        self.now = NOON
        if first is None:
            self.folder, self.key = folder, hub_key(folder)
            self.clock = Clock(wall=lambda: self.now, ntp=lambda: True)
            self.store = open_database(folder, database)
        else:
            self.folder, self.key, self.clock = first.folder, first.key, first.clock
            self.store = first.store.of_shop(number)
        self.store.shop.save(Shop(number, {"en": f"Shop {number}"}, timezone="Europe/Berlin"), NOON)
        self.app = create_api_app(self.store, self.key, self.clock) if first is None else first.app
        self.link = WsgiLink(self.app)
        self.publish(campaign())


def a_day(house: House) -> None:
    till = house.node()
    coupons = [till.mint() for _ in range(4)]
    till.report(*(fact for fact, _ in coupons), visit(), alone(coupons[0][0]))
    assert till.redeem(coupons[1][1], "first-001").accepted
    assert not till.redeem(coupons[0][1]).accepted
    till.reserve(coupons[2][1], "hold-0001")
    till.reverse("first-001", "undo-0001")


def test_the_hub_runs_unchanged_on_hash_partitions_and_asks_one_of_them(
    server: PostgresServer, tmp_path: Path
) -> None:
    url = server.fresh()
    PostgresStore(url).close()
    partition(url)
    with closing(House(tmp_path, url)) as first:
        branches = [first, *(Branch(number, first) for number in (8, 9))]
        for branch in branches:
            a_day(branch)
        for branch in branches:
            before = branch.store.ledger.digest()
            assert verify(branch.store).differ == ()
            assert rebuild(branch.store) == branch.store.journal.last_position()
            assert branch.store.ledger.digest() == before
            assert branch.store.people.audit_chain().broken is None
    with closing(open_store(tmp_path, url)) as again, connect(url) as conn:
        assert again.shops() == [7, 8, 9]
        used = {partition_of(conn, shop) for shop in again.shops()}
        assert len(used) > 1
        for shop in (7, 8):
            for table, question in QUESTIONS:
                said = plan(conn, question, shop)
                print(f"{question % shop}\n{said}\n")
                touched = {place for place in range(PARTITIONS) if f"public.{table}_{place}" in said}
                assert touched == {partition_of(conn, shop)}, said
        # Without the shop all of them would be asked: the check above can fail.
        assert "public.coupon_3" in plan(conn, "SELECT serial FROM coupon WHERE expires_at > %s", 1)
        with pytest.raises(psycopg.errors.RaiseException, match="never edited"):
            conn.execute("UPDATE audit SET who = 'x'")


def a_shop_in(conn: psycopg.Connection[Any], place: int) -> int:
    """A shop whose rows belong into this one of two parts."""
    conn.execute("CREATE TEMPORARY TABLE part (shop bigint) PARTITION BY HASH (shop)")
    found = conn.execute(
        """SELECT min(shop) FROM generate_series(7::bigint, 99) AS shop
           WHERE satisfies_hash_partition('part'::regclass, 2, %s, shop)""",
        (place,),
    ).fetchone()
    conn.execute("DROP TABLE part")
    assert found is not None
    return int(found[0])


def gather(conn: psycopg.Connection[Any], second: PostgresServer, database: str) -> None:
    """A schema in which each table is both: the hub's own here, and the one of the hub on the second server."""
    conn.execute("CREATE EXTENSION postgres_fdw")
    conn.execute(
        sql.SQL("CREATE SERVER second FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host {}, dbname {})").format(
            sql.Literal(str(second.folder)), sql.Literal(database)
        )
    )
    conn.execute("CREATE USER MAPPING FOR hub SERVER second OPTIONS (user 'hub', password_required 'false')")
    conn.execute("CREATE SCHEMA everywhere")
    for table in tables_of(conn):
        name, away = sql.Identifier(table), sql.Identifier(f"{table}_away")
        for statement in (
            sql.SQL(
                "CREATE TABLE everywhere.{} (LIKE public.{} INCLUDING DEFAULTS) PARTITION BY HASH ({})"
            ).format(name, name, sql.Identifier(shop_column(table))),
            sql.SQL(
                "ALTER TABLE everywhere.{} ATTACH PARTITION public.{} FOR VALUES WITH (MODULUS 2, REMAINDER 0)"
            ).format(name, name),
            sql.SQL(
                """CREATE FOREIGN TABLE everywhere.{} PARTITION OF everywhere.{} FOR VALUES WITH (MODULUS 2, REMAINDER 1)
                   SERVER second OPTIONS (schema_name 'public', table_name {})"""
            ).format(away, name, sql.Literal(table)),
        ):
            conn.execute(statement)


def test_partitions_may_stand_on_a_second_server(server: PostgresServer, tmp_path: Path) -> None:
    here = server.fresh()
    with postgres_server() as second:
        there = second.fresh()
        PostgresStore(here).close()
        with connect(here) as conn:
            home, away = a_shop_in(conn, 0), a_shop_in(conn, 1)
            with (
                closing(Branch(home, folder=tmp_path / "home", database=here)) as near,
                closing(Branch(away, folder=tmp_path / "away", database=there)) as far,
            ):
                a_day(near)
                a_day(far)
                gather(conn, second, there.split("/")[3].split("?")[0])
                # Both hubs go on, each on its own server; what they wrote is seen in one place.
                for branch in (near, far):
                    a_day(branch)
                    assert verify(branch.store).differ == ()
                counted = conn.execute(
                    "SELECT shop, count(*) FROM everywhere.redemption GROUP BY shop ORDER BY shop"
                ).fetchall()
                assert counted == sorted([(home, 4), (away, 4)])
                for shop, seen, unseen in (
                    (home, "public.coupon", "Foreign"),
                    (away, "Foreign Scan", "public.coupon "),
                ):
                    said = plan(
                        conn, "SELECT serial FROM everywhere.coupon WHERE shop = %s AND serial = '00'", shop
                    )
                    print(f"{said}\n")
                    assert seen in said, said
                    assert unseen not in said.replace("FROM public.coupon ", ""), said
                    assert ("Remote SQL" in said) == (shop == away)
                    assert "Append" not in said
                # A shop's rows cannot come into the wrong server's table.
                with pytest.raises(psycopg.errors.CheckViolation):
                    conn.execute("INSERT INTO voucher VALUES (%s, '00', 1, 1, 1)", (away,))
