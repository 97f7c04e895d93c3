"""A hub's file becomes a PostgreSQL database while the shop goes on; nobody goes on with the old file by mistake."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from hub.app import open_store
from hub.cli import main
from hub.client.trouble import StorageError
from hub.moving import NotMoved, move
from hub.rebuild import FOLDING, verify
from hub.store.moving import Source, Table, add_up, fingerprint
from hub.store.moving_there import Target
from hub.store.postgres import PostgresStore
from hub.store.records import AuditEntry
from hub.store.sqlite import FILE, SqliteStore
from tests.hub_house import NOON, House, HouseNode, alone, problem, visit
from tests.postgres_server import PostgresServer, postgres_server


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with closing(House(tmp_path)) as made:
        yield made


def nothing(_step: str, _done: int, _total: int) -> None:
    """Progress that nobody looks at."""


def a_day(till: HouseNode) -> None:
    coupons = [till.mint() for _ in range(6)]
    till.report(*(fact for fact, _ in coupons), visit(), alone(coupons[0][0]))
    assert till.redeem(coupons[1][1], "first-001").accepted
    assert not till.redeem(coupons[0][1]).accepted
    till.reserve(coupons[2][1], "hold-0001")
    till.reverse("first-001", "undo-0001")


def file_store(house: House) -> SqliteStore:
    assert isinstance(house.store, SqliteStore)
    return house.store


def test_everything_is_there_afterwards_and_the_shop_goes_on(house: House, server: PostgresServer) -> None:
    till = house.node()
    a_day(till)
    house.store.people.note(AuditEntry(NOON, "Ines", "staff.added", "a NUL \x00", "{}"))
    house.store.ledger.set_folding(FOLDING)
    before = house.store.ledger.digest()
    chain = house.store.people.audit_chain()
    moved = move(file_store(house), url := server.fresh(), nothing)
    assert (moved.rows["journal"], moved.rows["coupon"], moved.rows["redemption"]) == (6, 6, 2)
    with closing(open_store(house.folder)) as there:
        assert isinstance(there, PostgresStore)
        assert there.pool.url == url
        assert there.ledger.digest() == before
        assert verify(there).differ == ()
        assert there.ledger.folding() == FOLDING
        assert there.people.audit_chain().rows == chain.rows
        there.people.note(AuditEntry(NOON, "Ines", "staff.added", "2", "{}"))
        after = there.people.audit_chain()
        assert (after.rows, after.broken) == (chain.rows + 1, None)


def test_the_old_file_takes_no_change_from_any_program_and_says_where_the_hub_is(
    house: House, server: PostgresServer
) -> None:
    till = house.node()
    a_day(till)
    move(file_store(house), url := server.fresh(), nothing)
    refused = problem(till.ask("x"))
    assert refused.code == "storage"
    assert f"the hub is at {url} now" in refused.sentence
    with pytest.raises(StorageError, match="Set HUB_DATABASE to that") as told:
        house.store.shop.save(house.store.shop.get(), NOON)  # type: ignore[arg-type]  # there is one
    assert told.value.trouble == "moved"
    with closing(sqlite3.connect(house.folder / FILE)) as raw:
        for statement in ("UPDATE shop SET body = ''", "DELETE FROM coupon", "DELETE FROM moved"):
            with pytest.raises(sqlite3.IntegrityError, match="the hub is at"):
                raw.execute(statement)
    with pytest.raises(NotMoved, match="was moved to"):
        move(file_store(house), server.fresh(), nothing)


def test_what_changes_while_it_is_copied_comes_along(house: House, server: PostgresServer) -> None:
    till = house.node()
    a_day(till)
    stop = threading.Event()
    kept: list[str] = []

    def go_on() -> None:
        other = house.node()
        while not stop.is_set():
            fact, token = other.mint()
            try:
                other.report(fact, visit())
                kept.append(fact.serial)
                other.redeem(token)
                house.store.journal.prune_answers(NOON + 1)
            except (AssertionError, StorageError):
                # Refused: the file was closed behind it, or it was held for too long and takes the next one.
                if file_store(house).moved_to():
                    return

    steps: list[str] = []

    def tell(step: str, _done: int, _total: int) -> None:
        steps.append(step)

    # The last round asks for the lock that the other thread has in turns.
    busy = threading.Thread(target=go_on)
    busy.start()
    try:
        for _ in range(3_000):
            if len(kept) >= 5:
                break
            busy.join(0.01)
        assert len(kept) >= 5
        moved = move(file_store(house), url := server.fresh(), tell)
    finally:
        stop.set()
        busy.join(30)
    assert {"copying", "catching up", "comparing", "moved"} <= set(steps)
    with closing(PostgresStore(url)) as there:
        assert there.ledger.digest() == house.store.ledger.digest()
        assert there.journal.last_position() == house.store.journal.last_position()
        assert [there.ledger.coupon(serial) is not None for serial in kept] == [True] * len(kept)
        assert verify(there).differ == ()
    assert moved.held_s >= 0


def test_rows_that_are_deleted_or_swap_what_is_unique_come_along(
    house: House, server: PostgresServer
) -> None:
    first, second = house.node(), house.node()
    store = file_store(house)
    done: list[str] = []

    def tell(step: str, _done: int, _total: int) -> None:
        if step == "comparing" and not done:
            done.append(step)
            conn = store.pool.conn()
            public = [node.house.store.devices.get(node.device).public for node in (first, second)]  # type: ignore[union-attr]
            with closing(sqlite3.connect(house.folder / FILE, isolation_level=None)) as raw:
                raw.execute("DELETE FROM contact WHERE device = ?", (second.device,))
                for value, node in (("-", first), (public[0], second), (public[1], first)):
                    raw.execute("UPDATE device SET public = ? WHERE device = ?", (value, node.device))
            assert conn.in_transaction

    move(store, url := server.fresh(), tell)
    assert done
    with closing(PostgresStore(url)) as there:
        rows = there.pool.read("SELECT device, public FROM device ORDER BY device")
        assert rows == store.pool.read("SELECT device, public FROM device ORDER BY device")
        assert there.pool.read("SELECT device FROM contact") == [(first.device,)]


def test_a_difference_stops_it_and_the_hub_stays_where_it_was(house: House, server: PostgresServer) -> None:
    till = house.node()
    a_day(till)
    url = server.fresh()

    def spoil(step: str, _done: int, _total: int) -> None:
        if step == "comparing":
            with psycopg.connect(url) as conn:
                conn.execute("UPDATE coupon SET code = 'x' WHERE position = 1")

    with pytest.raises(NotMoved, match="differ after the copy: coupon"):
        move(file_store(house), url, spoil)
    with pytest.raises(StorageError, match="was not moved to its end"):
        PostgresStore(url)
    assert till.report(visit()).verdicts
    assert file_store(house).moved_to() == ""
    triggers = file_store(house).pool.read("SELECT name FROM sqlite_schema WHERE name LIKE 'moving%'")
    assert triggers == []
    # A later try begins anew, and comes to its end.
    move(file_store(house), url, nothing)
    with closing(open_store(house.folder)) as there:
        assert isinstance(there, PostgresStore)
        assert verify(there).differ == ()


def test_a_move_that_was_killed_leaves_notes_which_are_taken_away_by_command(
    house: House, server: PostgresServer, capsys: pytest.CaptureFixture[str]
) -> None:
    till = house.node()
    store = file_store(house)
    with closing(Target(server.fresh())) as target:
        source = Source(store)
        source.watch(target.tables(source))
    till.report(visit())
    assert store.pool.read("SELECT count(*) FROM moving")[0][0] > 0
    assert main(["--dir", str(house.folder), "migrate", "--give-up"]) == 0
    assert "takes no notes any more" in capsys.readouterr().out
    assert store.pool.read("SELECT name FROM sqlite_schema WHERE name LIKE 'moving%'") == []
    assert till.report(visit()).verdicts


def test_a_move_that_was_cut_off_after_its_last_step_is_finished(
    house: House, server: PostgresServer
) -> None:
    a_day(house.node())
    url = server.fresh()
    move(file_store(house), url, nothing)
    with closing(Target(url)) as target:
        target.mark(moving=True)
    with pytest.raises(StorageError, match="run python -m hub migrate again"):
        open_store(house.folder)
    assert move(file_store(house), url, nothing).rows["coupon"] == 6
    with closing(open_store(house.folder)) as there:
        assert there.journal.last_position() == house.store.journal.last_position()


def test_a_database_with_a_hub_in_it_is_refused(house: House, server: PostgresServer, tmp_path: Path) -> None:
    url = server.fresh()
    with closing(House(tmp_path / "other", url)), pytest.raises(NotMoved, match="Name an empty database"):
        move(file_store(house), url, nothing)


def test_the_server_and_the_file_add_a_row_up_alike(house: House, server: PostgresServer) -> None:
    a_day(house.node())
    store = file_store(house)
    with closing(Target(server.fresh())) as target:
        source = Source(store)
        for table in target.tables(source):
            rows = [row for part in source.parts(table) for row in part]
            target.add(table, rows)
            assert target.sums(table) == source.sums(table) == add_up(table, rows), table.name


@pytest.mark.parametrize(
    ("one", "other"),
    [((1, None), (None, 1)), ((0, 0), (0, None)), ((1, 2), (2, 1)), ((1, 2), (1, 3))],
)
def test_rows_that_differ_add_up_to_something_else(
    one: tuple[object, ...], other: tuple[object, ...]
) -> None:
    of: Callable[..., int] = fingerprint(("int", "int"))
    assert of(*one) != of(*other)
    table = Table("t", ("a", "b"), ("int", "int"), ("a",))
    assert add_up(table, [one, other]) == add_up(table, [other, one]) != add_up(table, [one, one])


def test_the_command_says_what_it_did_and_what_is_wrong(
    server: PostgresServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--dir", str(tmp_path)]
    assert main([*at, "migrate", "--to", server.fresh()]) == 1
    assert main([*at, "init", "--name", "Corner"]) == 0
    assert main([*at, "migrate", "--to", "postgresql://hub:secret@server/x"]) == 1
    said = capsys.readouterr()
    assert "must have no password in it" in said.err
    assert "There is no shop in" in said.err
    url = server.fresh()
    assert main([*at, "migrate", "--to", url]) == 0
    said = capsys.readouterr()
    assert "Writing stood still for" in said.out
    assert f"Set HUB_DATABASE={url}" in said.out
    assert main([*at, "shop", "list"]) == 0
    assert "Corner" in capsys.readouterr().out
