"""What is PostgreSQL's own: commits for several threads, a check that nobody waits for, a full disk, one that takes no writes."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from hub.app import open_database, open_store
from hub.client.trouble import StorageError
from hub.rebuild import verify
from hub.store.postgres import PostgresStore
from hub.wire.snapshot import Shop
from tests.hub_house import NOON, House, HouseNode, problem, visit
from tests.postgres_server import PostgresServer, postgres_server

THREADS = 8
DISK_BYTES = 64 * 2**20


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture
def house(tmp_path: Path, server: PostgresServer) -> Iterator[House]:
    with closing(House(tmp_path, server.fresh())) as made:
        yield made


def postgres(house: House) -> PostgresStore:
    assert isinstance(house.store, PostgresStore)
    return house.store


def a_day(till: HouseNode) -> None:
    coupons = [till.mint() for _ in range(4)]
    till.report(*(fact for fact, _ in coupons), visit())
    assert till.redeem(coupons[1][1]).accepted
    assert not till.redeem(coupons[1][1]).accepted


def change(store: PostgresStore, place: int) -> int:
    """One change; the number of the transaction in which it was made."""
    store.journal.park("kiosk-1", f"text {place}".encode(), "a test", NOON)
    return int(store.pool.read("SELECT txid_current()")[0][0])


def test_changes_that_wait_for_each_other_are_one_commit(house: House) -> None:
    store = postgres(house)
    all_here = threading.Barrier(THREADS + 1)

    def one(place: int) -> int:
        all_here.wait(30)
        return store.together(lambda: change(store, place))

    with ThreadPoolExecutor(THREADS) as pool:
        with store.writing():
            told = [pool.submit(one, place) for place in range(THREADS)]
            all_here.wait(30)
            # The first of them waits for the lock now; the others come and wait for it.
            threading.Event().wait(0.5)
        commits = {one.result(30) for one in told}
    assert len(commits) < THREADS
    assert len(store.journal.parked()) == THREADS


def test_one_that_says_no_is_undone_by_itself(house: House) -> None:
    store = postgres(house)

    def one(place: int) -> int:
        def work() -> int:
            number = change(store, place)
            if place == 1:
                raise KeyError(place)
            if place == 2:
                store.pool.conn().execute("INSERT INTO shop (number, body, made_at) VALUES (7, '', 0)")
            return number

        return store.together(work)

    with ThreadPoolExecutor(THREADS) as pool:
        with store.writing():
            told = [pool.submit(one, place) for place in range(THREADS)]
            threading.Event().wait(0.3)
        assert isinstance(told[1].exception(30), KeyError)
        assert isinstance(told[2].exception(30), psycopg.errors.UniqueViolation)
        assert all(one.result(30) for place, one in enumerate(told) if place not in (1, 2))
    assert {row.text for row in store.journal.parked()} == {
        f"text {place}".encode() for place in range(THREADS) if place not in (1, 2)
    }


def test_another_shop_does_not_wait(house: House) -> None:
    store = postgres(house)
    other = store.of_shop(8)
    other.shop.save(Shop(8, {"en": "Harbour"}), NOON)
    with store.writing(), ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: other.together(lambda: change(other, 1))).result(20)
    assert (len(store.journal.parked()), len(other.journal.parked())) == (0, 1)


def test_a_change_of_one_shop_inside_one_of_another_holds_both_locks(house: House) -> None:
    store = postgres(house)
    other = store.of_shop(8)
    other.shop.save(Shop(8, {"en": "Harbour"}), NOON)
    with store.writing(), other.writing():
        held = store.pool.read(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        )
    assert held == [(2,)]


def test_a_check_waits_for_nobody_and_nobody_waits_for_it(house: House) -> None:
    till = house.node()
    a_day(till)
    store = postgres(house)
    with store.writing(), ThreadPoolExecutor(1) as pool:
        # Somebody else holds the shop's lock, and has changed something that is not kept yet.
        change(store, 1)
        assert pool.submit(verify, store).result(60).differ == ()
    with store.trial() as copy:
        before = copy.ledger.digest()
        till.report(visit())
        copy.ledger.empty_projections()
        assert copy.ledger.tallies() == []
        assert store.ledger.tallies() != []
        assert copy.journal.last_position() == store.journal.last_position() - 1
    assert before != store.ledger.digest()
    assert store.ledger.tallies() != []
    assert verify(store).differ == ()


def test_a_check_finds_what_is_wrong_and_changes_nothing(house: House) -> None:
    a_day(house.node())
    store = postgres(house)
    with store.writing():
        store.pool.conn().execute("UPDATE tally SET issued = issued + 1 WHERE shop = 7")
        store.pool.conn().execute("DELETE FROM refusal WHERE shop = 7")
    for _ in range(2):
        assert verify(store).differ == ("refusal", "tally")


@pytest.mark.parametrize("said", ["\\u0000", "\\\\u0000"])
def test_a_text_that_postgresql_cannot_take_apart_is_counted(house: House, said: str) -> None:
    till = house.node()
    plain = b'{"device":"kiosk-1","epoch":1,"seq":1,"kind":"x.y","at":5.5,"clock":"ntp","data":{"a":"SAID"}}'
    till.send(plain.replace(b"SAID", said.encode()))
    store = postgres(house)
    assert store.journal.kinds(1.0) == store.journal.kinds() == {"x.y": 1}
    ((kind, at, text),) = store.pool.read("SELECT kind, at, text FROM event WHERE shop = 7")
    assert (kind, at) == ("x.y", 5.5)
    assert said in text


def test_a_server_that_takes_no_writes_is_told_and_nothing_is_lost(
    house: House, server: PostgresServer
) -> None:
    till = house.node()
    store = postgres(house)
    url = store.pool.url
    database = url.split("/")[3].split("?")[0]

    def read_only(on: str) -> None:
        with psycopg.connect(server.url("postgres"), autocommit=True) as conn:
            conn.execute(f"ALTER DATABASE {database} SET default_transaction_read_only = {on}")  # type: ignore[call-overload]
            # Whoever is connected has the old setting.
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (database,)
            )

    read_only("on")
    refused = problem(till.ask("x"))
    assert refused.code == "storage"
    assert "cannot be written" in refused.sentence
    assert "takes writes" in refused.sentence
    with pytest.raises(StorageError, match="cannot be written") as told:
        open_store(house.folder, url)
    assert told.value.trouble == "readonly"
    assert store.shop.get() is not None
    read_only("off")
    assert till.ask("x").status == 200


def park_for_ever(house: House) -> None:
    for _ in range(DISK_BYTES // 2**18):
        house.store.journal.park("kiosk-1", os.urandom(2**18), "a test", NOON)


def report_for_ever(till: HouseNode) -> None:
    facts = [till.mint()[0] for _ in range(2_000)]
    for _ in range(99):
        till.report(*facts)


def test_a_full_disk_is_told_and_the_hub_goes_on_when_there_is_room(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, who may give a server a small disk")
    with postgres_server(DISK_BYTES) as server:
        with psycopg.connect(server.url("postgres"), autocommit=True) as conn:
            conn.execute(f"CREATE TABLESPACE small LOCATION '{server.small}'")  # type: ignore[call-overload]
            conn.execute("CREATE DATABASE shop TABLESPACE small")
            conn.execute(
                "CREATE TABLE filler TABLESPACE small AS SELECT repeat('x', 1000) FROM generate_series(1, 9000)"
            )
        with closing(open_database(tmp_path, server.url("shop"))) as store:
            store.close()
        with closing(House(tmp_path, server.url("shop"))) as house:
            till = house.node()
            a_day(till)
            with pytest.raises(StorageError, match=r"is full\. Nothing was lost; free some space") as told:
                park_for_ever(house)
            assert told.value.trouble == "full"
            kept = len(house.store.journal.parked(10_000))
            with pytest.raises(AssertionError, match="507"):
                report_for_ever(till)
            before = house.store.journal.last_position()
            with psycopg.connect(server.url("postgres"), autocommit=True) as conn:
                conn.execute("DROP TABLE filler")
            assert house.store.journal.last_position() == before
            assert len(house.store.journal.parked(10_000)) == kept > 1
            a_day(till)
            assert verify(house.store).differ == ()
