"""Work is held by one worker at a time, on both databases; that of a killed worker is begun again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.app import open_database
from hub.store.whole import HubStore
from hub.store.work_records import Work
from hub.wire.snapshot import Shop
from hub.work import (
    LEASE_S,
    MOST_ATTEMPTS,
    Cancelled,
    Lost,
    Progress,
    Stopping,
    cancel,
    claim,
    due,
    keep_upload,
    submit,
    submit_once,
)
from tests.postgres_server import PostgresServer, postgres_server

NOW = 1_795_000_000.0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HubStore]:
    database = request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    made = open_database(tmp_path, database)
    made.shop.save(Shop(7, {"en": "Corner"}), NOW)
    yield made
    made.close()


def progress_of(store: HubStore, work: Work | None, *, stopping: bool = False) -> Progress:
    assert work is not None
    return Progress(store, work, lambda: NOW, stopping=lambda: stopping)


def test_of_many_workers_that_ask_at_once_each_piece_has_one(store: HubStore) -> None:
    for _ in range(12):
        submit(store, "rebuild", {}, "Ada", NOW)
    got: list[tuple[str, int]] = []
    start = threading.Barrier(4)

    def worker(name: str) -> None:
        start.wait()
        while (work := claim(store, name, ["rebuild"], NOW)) is not None:
            got.append((name, work.id))

    threads = [threading.Thread(target=worker, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(number for _, number in got) == list(range(1, 13))


def test_a_worker_takes_only_kinds_that_it_can_do(store: HubStore) -> None:
    submit(store, "export", {"what": "all"}, "Ada", NOW)
    assert claim(store, "w1", ["rebuild"], NOW) is None
    assert claim(store, "w1", [], NOW) is None
    work = claim(store, "w1", ["rebuild", "export"], NOW)
    assert work is not None
    assert (work.kind, work.arguments, work.by) == ("export", '{"what":"all"}', "Ada")


def test_the_work_of_a_killed_worker_is_begun_again_and_the_old_one_changes_nothing(store: HubStore) -> None:
    submit(store, "rebuild", {}, "Ada", NOW)
    first = claim(store, "killed", ["rebuild"], NOW)
    assert first is not None
    assert claim(store, "other", ["rebuild"], NOW + LEASE_S - 1) is None
    assert store.work.beat(first.id, first.attempt, NOW + 30, NOW + 30 + LEASE_S)
    assert claim(store, "other", ["rebuild"], NOW + LEASE_S + 1) is None
    second = claim(store, "other", ["rebuild"], NOW + 30 + LEASE_S + 1)
    assert second is not None
    assert (second.id, second.worker, second.attempt) == (first.id, "other", 2)
    assert not store.work.beat(first.id, first.attempt, NOW + 200, NOW + 300)
    assert not store.work.end(first.id, first.attempt, "done", "{}", NOW + 200)
    old = progress_of(store, first)
    with pytest.raises(Lost):
        old.step(1)
    with pytest.raises(Lost), old.last_step():
        pytest.fail("whoever lost the work must not make its last change")
    assert store.work.end(second.id, second.attempt, "done", '{"events":3}', NOW + 200)
    assert claim(store, "third", ["rebuild"], NOW + 999) is None


def test_work_that_takes_its_worker_with_it_is_not_begun_for_ever(store: HubStore) -> None:
    submit(store, "rebuild", {}, "Ada", NOW)
    moment = NOW
    for _ in range(MOST_ATTEMPTS):
        assert claim(store, "w", ["rebuild"], moment) is not None
        moment += LEASE_S + 1
    assert claim(store, "w", ["rebuild"], moment) is None
    assert [work.attempt for work in store.work.given_up(MOST_ATTEMPTS, moment)] == [MOST_ATTEMPTS]


def test_waiting_work_is_cancelled_at_once_and_running_work_at_its_next_step(store: HubStore) -> None:
    waits, runs = (submit(store, kind, {}, "Ada", NOW) for kind in ("export", "rebuild"))
    progress = progress_of(store, claim(store, "w", ["rebuild"], NOW))
    progress.step(10, 40, "reading", "events")
    assert cancel(store, waits.id, NOW) == "waiting"
    assert cancel(store, runs.id, NOW) == "running"
    assert cancel(store, 99, NOW) is None
    there = store.work.get(waits.id)
    assert there is not None
    assert (there.state, there.ended_at) == ("cancelled", NOW)
    with pytest.raises(Cancelled):
        progress.step(20, 40, "reading", "events", tell=True)
    with pytest.raises(Cancelled), progress.last_step():
        pytest.fail("cancelled work must not make its last change")
    told = store.work.get(runs.id)
    assert told is not None
    assert (told.done, told.total, told.unit, told.note) == (20, 40, "events", "reading")
    assert told.rate(NOW + 10) == 2.0


def test_a_worker_that_stops_in_order_gives_its_work_back(store: HubStore) -> None:
    submit(store, "rebuild", {}, "Ada", NOW)
    work = claim(store, "w", ["rebuild"], NOW)
    with pytest.raises(Stopping):
        progress_of(store, work, stopping=True).step(1)
    assert work is not None
    assert store.work.give_back(work.id, work.attempt)
    again = claim(store, "w2", ["rebuild"], NOW)
    assert again is not None
    assert again.attempt == 1


def test_a_turn_of_a_repeated_job_is_had_by_one(store: HubStore) -> None:
    assert due(store, "prune", 600, NOW)
    assert not due(store, "prune", 600, NOW + 599)
    assert due(store, "drill", 600, NOW + 1)
    turns: list[bool] = []
    start = threading.Barrier(4)

    def ask() -> None:
        start.wait()
        turns.append(due(store, "prune", 600, NOW + 600))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(turns) == [False, False, False, True]


def test_a_clock_that_was_years_ahead_does_not_keep_a_job_from_its_turn(store: HubStore) -> None:
    assert due(store, "prune", 600, NOW + 1e8)
    assert due(store, "prune", 600, NOW)


def test_files_come_out_as_they_went_in_and_are_forgotten_with_their_work(store: HubStore) -> None:
    made = submit(store, "export", {}, "Ada", NOW)
    body = bytes(range(256)) * 9_000
    assert keep_upload(store, made.id, "all.zip", iter([body[:10], body[10:]]), NOW) == len(body)
    assert keep_upload(store, made.id, "empty.csv", iter([]), NOW) == 0
    assert [(file.name, file.size) for file in store.work.files(made.id)] == [
        ("all.zip", len(body)),
        ("empty.csv", 0),
    ]
    assert b"".join(store.work.parts(made.id, "all.zip")) == body
    assert store.work.drop_files() == 0
    cancel(store, made.id, NOW)
    assert store.work.drop_files(NOW) == 0
    assert store.work.drop_files() == 2
    assert store.work.files(made.id) == []
    submit(store, "export", {}, "Ada", NOW)
    assert store.work.prune(NOW + 1, keep=0) == 1
    assert [work.id for work in store.work.latest()] == [2]


def test_what_is_under_way_is_not_begun_twice(store: HubStore) -> None:
    first = submit_once(store, "rebuild", {}, "Ada", NOW)
    assert submit_once(store, "rebuild", {}, "Bo", NOW).id == first.id
    cancel(store, first.id, NOW)
    assert submit_once(store, "rebuild", {}, "Bo", NOW).id == 2
