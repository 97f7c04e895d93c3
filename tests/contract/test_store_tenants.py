"""Several shops in one database: each counts, derives and forgets for itself, and one hub answers the nodes of all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.app import NoShop, open_store
from hub.cli import main
from hub.client.db import Pool
from hub.devices import PAIRING_S, WRONG_SECRETS, open_pairing
from hub.jobs import prune_all
from hub.rebuild import rebuild, verify
from hub.store.audit_chain import FIRST, link
from hub.store.connection import MIGRATIONS
from hub.store.postgres import PostgresPool, PostgresStore
from hub.store.records import AuditEntry
from hub.store.schema import PROJECTIONS
from hub.store.sqlite import FILE, SqliteStore
from hub.store.tenancy_schema import MIGRATIONS_TENANCY
from hub.store.whole import HubStore
from hub.wire.snapshot import Shop
from tests.hub_house import NOON, House, campaign, problem, visit
from tests.postgres_server import PostgresServer, postgres_server

BEFORE = MIGRATIONS[: MIGRATIONS.index(MIGRATIONS_TENANCY)]
"""The tables of a release that held one shop in a database."""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("server").fresh()) if request.param == "postgres" else ""


class Neighbour(House):
    """A second shop that the same hub answers for."""

    def __init__(self, first: House, number: int = 8) -> None:
        self.now, self.folder = first.now, first.folder
        self.key, self.clock, self.app, self.link = first.key, first.clock, first.app, first.link
        self.store: HubStore = first.store.of_shop(number)
        self.store.shop.save(Shop(number, {"en": "Harbour"}, timezone="Asia/Shanghai"), NOON)
        self.publish(campaign())


@pytest.fixture
def shops(tmp_path: Path, database: str) -> Iterator[tuple[House, House]]:
    with closing(House(tmp_path, database)) as first:
        yield first, Neighbour(first)


def test_each_shop_counts_its_own_positions_and_sees_only_its_own_rows(shops: tuple[House, House]) -> None:
    tills = [shop.node() for shop in shops]
    for shop, till, visits in zip(shops, tills, (3, 5), strict=True):
        coupons = [till.mint() for _ in range(visits)]
        till.report(*(fact for fact, _ in coupons), *(visit() for _ in range(visits)))
        assert till.redeem(coupons[0][1]).accepted
        assert not till.redeem(coupons[0][1]).accepted
        assert shop.store.journal.last_position() == 2 * visits + 2
        assert next(run.position for run in shop.store.journal.runs()) == 1
        assert shop.store.journal.kinds()["visit.closed"] == visits
        assert shop.store.journal.kinds(1.0)["visit.closed"] == visits
        assert [e.subject for e in shop.store.people.audit(what="device.enrolled")] == [till.device]
        assert shop.store.people.audit_chain().broken is None
        assert sum(count.visits for count in shop.store.reports.footfall(NOON - 900, NOON + 900)) == visits
        assert shop.store.reports.refusal_codes(0, 3e9) == {"already_redeemed": 1}


def test_a_coupon_of_one_shop_is_none_in_another(shops: tuple[House, House]) -> None:
    first, second = (shop.node() for shop in shops)
    fact, token = first.mint()
    first.report(fact)
    assert second.redeem(token).refusal == "wrong_store"
    assert second.redeem(fact.code).refusal == "unknown_coupon"
    assert not second.look(token).found
    assert first.redeem(token).accepted


def test_each_shop_is_rebuilt_and_verified_on_its_own(shops: tuple[House, House]) -> None:
    for shop in shops:
        till = shop.node()
        fact, token = till.mint()
        till.report(fact, visit())
        assert till.redeem(token).accepted
        assert not till.redeem(token).accepted
    before = [shop.store.ledger.digest() for shop in shops]
    assert before[0] != before[1]
    assert rebuild(shops[1].store) == 4
    assert [shop.store.ledger.digest() for shop in shops] == before
    with shops[1].store.writing():
        shops[1].store.ledger.empty_projections()
    assert verify(shops[0].store).differ == ()
    assert "coupon" in verify(shops[1].store).differ
    assert shops[0].store.ledger.digest() == before[0]
    shops[1].store.ledger.set_folding(1)
    assert (shops[0].store.ledger.folding(), shops[1].store.ledger.folding()) == (0, 1)


def test_a_snapshot_holds_what_its_own_shop_says(shops: tuple[House, House]) -> None:
    tills = [shop.node() for shop in shops]
    shops[1].publish(campaign(9))
    said = [till.send().snapshot for till in tills]
    assert said[0] is not None
    assert said[1] is not None
    assert b"Corner" in bytes(said[0].sections["shop"])
    assert b"Harbour" in bytes(said[1].sections["shop"])
    assert b"Offer 9" not in bytes(said[0].sections["campaigns"])
    assert b"Offer 9" in bytes(said[1].sections["campaigns"])
    assert tills[0].device.encode() not in bytes(said[1].sections["keys"])


def test_a_name_is_given_out_once_and_says_the_shop(shops: tuple[House, House]) -> None:
    names = [shop.node().device for shop in (*shops, *shops)]
    assert names == ["kiosk-1", "kiosk-2", "kiosk-3", "kiosk-4"]
    assert [shops[0].store.shop_of_node(name) for name in names] == [7, 8, 7, 8]
    assert shops[0].store.shop_of_node("kiosk-5") is None
    assert shops[0].store.devices.get("kiosk-2") is None
    assert shops[0].store.shops() == [7, 8]


def test_nodes_that_come_to_several_shops_at_once_get_different_names(shops: tuple[House, House]) -> None:
    with ThreadPoolExecutor(4) as pool:
        names = list(pool.map(lambda place: shops[place % 2].node().device, range(12)))
    assert sorted(names, key=lambda name: int(name[6:])) == [f"kiosk-{place}" for place in range(1, 13)]


def test_a_wrong_pairing_code_counts_in_every_shop(shops: tuple[House, House]) -> None:
    codes = [open_pairing(shop.store, shop.key, None, shop.now) for shop in shops]
    key = Ed25519PrivateKey.generate()
    for _ in range(WRONG_SECRETS):
        assert problem(shops[0].enrol(key, "AAAAAAAA")).code == "bad_pairing_code"
    for shop, code in zip(shops, codes, strict=True):
        assert problem(shop.enrol(key, code.secret)).code == "bad_pairing_code"
        assert shop.node().place.shop == shop.store.shop.number


def test_a_withdrawn_node_is_refused_in_its_shop_and_nowhere_else(shops: tuple[House, House]) -> None:
    tills = [shop.node() for shop in shops]
    assert not shops[0].store.devices.withdraw(tills[1].device, NOON)
    assert shops[1].store.devices.withdraw(tills[1].device, NOON)
    assert problem(tills[1].ask("x")).code == "withdrawn"
    assert tills[0].ask("x").status == 200


def test_a_set_back_of_one_shop_does_not_stop_the_other(shops: tuple[House, House]) -> None:
    tills = [shop.node() for shop in shops]
    shops[1].store.setback.begin(NOON - 60, NOON)
    assert tills[0].ask("x").status == 200
    assert problem(tills[1].ask("x")).code == "recovering"


def test_what_has_ended_is_forgotten_in_every_shop_by_one_of_several_processes(
    shops: tuple[House, House],
) -> None:
    for shop in shops:
        open_pairing(shop.store, shop.key, None, NOON)
    later = NOON + PAIRING_S + 1
    prune_all(shops[0].store, later)
    assert [shop.store.devices.prune_pairings(later) for shop in shops] == [0, 0]
    for shop in shops:
        open_pairing(shop.store, shop.key, None, NOON)
    # Another process comes just behind: it is not its turn.
    prune_all(shops[1].store, later + 1)
    assert [shop.store.devices.prune_pairings(later) for shop in shops] == [1, 1]


def test_a_hub_speaks_for_the_shop_that_it_is_told(shops: tuple[House, House], database: str) -> None:
    folder = shops[0].folder
    for asked, found in ((0, 7), (8, 8), (7, 7)):
        with closing(open_store(folder, database, asked)) as store:
            assert store.shop.number == found
    with pytest.raises(NoShop, match="no shop 9 in"):
        open_store(folder, database, 9)


@pytest.fixture
def old(tmp_path: Path, database: str) -> HubStore:
    """The store over a database that the release before several shops had filled."""
    audit = AuditEntry(NOON, "Ines", "offer.ended", "1", "{}")
    rows = (
        ("INSERT INTO shop (number, body, made_at) VALUES (7, ?, 0)", '{"number":7,"name":{"en":"Corner"}}'),
        (
            "INSERT INTO journal VALUES (3, 7, 'edge-1', 1, 1, 1, 5.0, ?)",
            b'[{"device":"edge-1","epoch":1,"seq":1,"kind":"x.y","at":1.0,"clock":"ntp","data":{}}]',
        ),
        (
            "INSERT INTO refusal VALUES (4, 7, 'kiosk-1', 5.0, ?, 'n', 't', 's', NULL, NULL, 0, 0)",
            "expired",
        ),
        (
            "INSERT INTO conflict VALUES (5, 7, ?, 1, 500, 1.0, 'a', 'b', 'c', 2.0, 'd', 'e', 'f', 0, NULL)",
            "00" * 8,
        ),
        ("INSERT INTO flaw VALUES (6, 7, 'kiosk-1', ?)", "broken"),
        (
            f"""INSERT INTO audit (position, shop, at, who, what, subject, hash)
                VALUES (1, 7, {NOON}, 'Ines', 'offer.ended', '1', ?)""",
            link(FIRST, 7, 1, audit),
        ),
    )
    if database:
        pool = PostgresPool(database, migrations=BEFORE)
        with closing(pool), pool.writing() as conn:
            for statement, value in rows:
                conn.execute(statement, (value,))
            conn.execute("INSERT INTO hub_mark VALUES ('folding', 2)")
        return PostgresStore(database)
    with closing(Pool(tmp_path / FILE, BEFORE)) as file:
        for statement, value in rows:
            file.here().execute(statement, (value,))
        file.here().execute("PRAGMA user_version = 2")
    return SqliteStore(tmp_path / FILE)


def test_an_old_database_opens_with_all_that_it_held(old: HubStore) -> None:
    with closing(old):
        assert old.shop.number == 7
        assert [(run.position, run.device) for run in old.journal.runs()] == [(3, "edge-1")]
        assert old.journal.last_position() == 3
        assert old.reports.refusal_codes(0, 9) == {"expired": 1}
        assert [one.cost_cents for one in old.counter.conflicts()] == [500]
        assert old.reports.flaw_counts() == [("kiosk-1", 1)]
        assert old.people.audit_chain().rows == 1
        assert old.people.audit_chain().broken is None
        assert old.ledger.folding() == 2
        old.people.note(AuditEntry(NOON, "Ines", "offer.ended", "2", "{}"))
        assert old.people.audit_chain().rows == 2
        # Nothing of it can be edited after the table was made anew.
        with pytest.raises((sqlite3.Error, psycopg.Error), match="never edited"), old.writing() as conn:
            conn.execute("UPDATE audit SET who = 'x'")  # type: ignore[attr-defined]  # both databases take our SQL


def test_every_key_of_every_projection_begins_with_the_shop(shops: tuple[House, House]) -> None:
    pool = shops[0].store.pool  # type: ignore[attr-defined]  # both stores have one
    for table in (*PROJECTIONS, "journal", "audit", "parked", "answer"):
        assert pool.key_columns(table)[0] == "shop", table


def test_a_shop_is_added_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = ["--dir", str(tmp_path)]
    assert main([*at, "init", "--name", "Corner", "--number", "7"]) == 0
    assert main([*at, "init", "--name", "Harbour", "--number", "8"]) == 1
    assert "shop add --name NAME" in capsys.readouterr().err
    assert main([*at, "shop", "add", "--name", "Harbour", "--timezone", "Asia/Shanghai"]) == 0
    assert main([*at, "shop", "add", "--name", "Again", "--number", "7"]) == 1
    assert main([*at, "shop", "add", "--name", "Nowhere", "--timezone", "Mars/Here"]) == 1
    assert main([*at, "shop", "add", "--name", "Hill", "--number", "70000"]) == 1
    capsys.readouterr()
    assert main([*at, "shop", "list"]) == 0
    assert capsys.readouterr().out.splitlines() == ["    1  Harbour  (its pages are here)", "    7  Corner"]
    assert main([*at, "shop", "list", "--json"]) == 0
    assert '"en": "Harbour"' in capsys.readouterr().out
