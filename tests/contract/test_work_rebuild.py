"""A rebuild as work: beside what is in use, while tills go on; the same digests as before; it can be cancelled."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import psycopg
import pytest
from hub_house import NOON, House, visit
from postgres_server import PostgresServer, postgres_server

from hub.config import Config
from hub.rebuild import rebuild_work, verify
from hub.store.beside import REBUILT, VERIFIED
from hub.store.work_records import Work
from hub.work import Cancelled, Progress, cancel, claim, result_of, submit
from hub.working import Worker


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


def busy_day(house: House) -> None:
    till, door = house.node(), house.node("edge", "Door")
    coupons = [till.mint(member="m-1" if place >= 30 else "") for place in range(40)]
    till.report(*(fact for fact, _ in coupons))
    for hour in range(8):
        door.report(*(visit(NOON + 900 * hour + place, zone=f"z{place % 5}") for place in range(60)))
    for place in range(10):
        assert till.redeem(coupons[place][1], f"nonce-{place:04}").accepted
    till.reverse("nonce-0001", "undo-0001")
    till.redeem(coupons[3][1], "again-0001")


def spoil(house: House) -> None:
    """Change what was derived behind the hub's back."""
    statements = (
        "UPDATE footfall SET visits = visits + 7",
        "DELETE FROM redemption WHERE nonce = 'nonce-0002'",
    )
    url = getattr(house.store, "pool", None)
    if hasattr(url, "url"):
        with psycopg.connect(url.url, autocommit=True) as conn:
            for statement in statements:
                conn.execute(statement)  # type: ignore[call-overload]  # a text of our own
    else:
        with closing(sqlite3.connect(house.folder / "hub.db")) as conn, conn:
            for statement in statements:
                conn.execute(statement)


def do(house: House, kind: str) -> Work:
    made = submit(house.store, kind, {}, "Ada", NOON)
    Worker(house.store, Config(house.folder), now=lambda: NOON).once([kind])
    done = house.store.work.get(made.id)
    assert done is not None
    return done


def derived_beside(house: House) -> int:
    return sum(
        len(house.store.of_shop(7 + apart).reports.flaw_counts())
        + house.store.of_shop(7 + apart).reports.unknown_issue()
        + len(house.store.of_shop(7 + apart).journal.kinds())
        for apart in (REBUILT, VERIFIED)
    )


def test_it_gives_the_same_to_the_byte_and_leaves_nothing_beside(house: House) -> None:
    busy_day(house)
    before = house.store.ledger.digest()
    work = do(house, "rebuild")
    events = house.store.journal.last_position()
    assert (work.state, work.done, work.total, work.unit) == ("done", events, events, "events")
    result = result_of(work)
    assert (result["events"], result["changed"]) == (events, 0)
    assert house.store.ledger.digest() == before
    assert derived_beside(house) == 0


def test_what_was_changed_behind_the_hubs_back_is_found_and_put_right(house: House) -> None:
    busy_day(house)
    before = house.store.ledger.digest()
    assert do(house, "verify").state == "done"
    spoil(house)
    found = do(house, "verify")
    assert found.state == "failed"
    assert set(result_of(found)["differ"]) == {"footfall", "redemption"}
    assert house.store.ledger.digest() != before
    put_right = do(house, "rebuild")
    assert result_of(put_right)["changed"] > 1
    assert house.store.ledger.digest() == before
    assert verify(house.store).differ == ()
    assert do(house, "verify").state == "done"
    assert derived_beside(house) == 0


def test_tills_redeem_and_doors_report_while_it_goes_on_and_all_of_it_counts(house: House) -> None:
    busy_day(house)
    till, door = house.node(name="Till 2"), house.node("edge", "Door 2")
    coupons = [till.mint() for _ in range(30)]
    till.report(*(fact for fact, _ in coupons))
    submit(house.store, "rebuild", {}, "Ada", NOON)
    worker = Worker(house.store, Config(house.folder), now=lambda: NOON)
    thread = threading.Thread(target=worker.once, args=(["rebuild"],))
    thread.start()
    accepted = [till.redeem(token, f"during-{place:03}").accepted for place, (_, token) in enumerate(coupons)]
    for hour in range(5):
        door.report(visit(NOON + 900 * hour, zone="late"))
    thread.join(60)
    assert not thread.is_alive()
    assert all(accepted)
    work = house.store.work.get(1)
    assert work is not None
    assert work.state == "done", work
    assert verify(house.store).differ == ()
    assert house.store.journal.last_position() >= result_of(work)["events"]


def test_cancelled_on_the_way_it_changes_nothing_and_leaves_nothing_beside(house: House) -> None:
    busy_day(house)
    spoil(house)
    before = house.store.ledger.digest()
    made = submit(house.store, "rebuild", {}, "Ada", NOON)
    claimed = claim(house.store, "w", ["rebuild"], NOON)
    assert claimed is not None
    seen: list[int] = []

    def moment() -> float:
        there = house.store.work.get(made.id)
        assert there is not None
        seen.append(len(house.store.of_shop(7 + REBUILT).journal.kinds()))
        if seen[-1]:
            assert cancel(house.store, made.id, NOON) == "running"
        return float(len(seen))

    progress = Progress(house.store, claimed, lambda: NOON, monotonic=moment)
    with pytest.raises(Cancelled):
        rebuild_work(house.store, Config(house.folder), {}, progress)
    assert seen[-1] > 0, "it was cancelled before anything was derived"
    assert house.store.ledger.digest() == before
    assert derived_beside(house) == 0


def test_other_shops_of_the_same_database_are_not_touched(house: House) -> None:
    busy_day(house)
    other = house.store.of_shop(8)
    shop = house.store.shop.get()
    assert shop is not None
    other.shop.save(msgspec.structs.replace(shop, number=8), NOON)
    before = other.ledger.digest()
    other.journal.append(list(house.store.journal.runs()))
    submitted = submit(other, "rebuild", {}, "Ada", NOON)
    assert house.store.work.get(submitted.id) is None
    mine = house.store.ledger.digest()
    assert Worker(house.store, Config(house.folder), now=lambda: NOON).once(["rebuild"])
    done = other.work.get(submitted.id)
    assert done is not None
    assert done.state == "done"
    assert house.store.ledger.digest() == mine
    assert other.ledger.digest() != before
