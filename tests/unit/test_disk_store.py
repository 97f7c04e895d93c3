"""A file and its writers: one transaction for many, what a failure leaves, and how a full disk is told."""

from __future__ import annotations

import errno
import sqlite3
import threading
import time
from pathlib import Path

import pytest
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.client.db import Pool, StorageError, explain, writing
from hub.client.files import write_whole
from hub.client.together import Together

TABLES = Migrations("proof of the store")


@TABLES()
def m001(db: Database) -> None:
    db.execute("CREATE TABLE one (name TEXT PRIMARY KEY)")


class No(Exception):
    """A change that says no."""


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    return Pool(tmp_path / "one.db", [TABLES])


def names(pool: Pool) -> list[str]:
    return [name for (name,) in pool.here().execute("SELECT name FROM one ORDER BY name")]


def put(name: str) -> object:
    def work(conn: sqlite3.Connection) -> str:
        conn.execute("INSERT INTO one VALUES (?)", (name,))
        if name.startswith("no"):
            raise No(name)
        return name

    return work


def test_changes_that_wait_for_each_other_are_done_together_and_one_that_says_no_undoes_itself_alone(
    pool: Pool,
) -> None:
    together = Together(pool)
    inside, go = threading.Event(), threading.Event()
    results: dict[str, object] = {}

    def first(conn: sqlite3.Connection) -> str:
        inside.set()
        assert go.wait(10)
        return str(conn.execute("INSERT INTO one VALUES ('first')").rowcount)

    def run(name: str, work: object) -> None:
        try:
            results[name] = together.write(work)  # type: ignore[arg-type]
        except No as wrong:
            results[name] = wrong

    threads = [threading.Thread(target=run, args=("first", first))]
    threads[0].start()
    assert inside.wait(10)
    for name in ("a", "b", "no", "c"):
        threads.append(threading.Thread(target=run, args=(name, put(name))))
        threads[-1].start()
    go.set()
    for thread in threads:
        thread.join(10)
    assert names(pool) == ["a", "b", "c", "first"]
    assert isinstance(results.pop("no"), No)
    assert results == {"first": "1", "a": "a", "b": "b", "c": "c"}
    pool.close()


def test_threads_of_one_program_take_turns_and_none_waits_for_ever(pool: Pool) -> None:
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with writing(pool.here()):
            held.set()
            let_go.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    begun = time.monotonic()
    with pytest.raises(StorageError, match="in use") as wrong, writing(pool.here()):
        pass
    assert time.monotonic() - begun < 15
    assert wrong.value.trouble == "busy"
    let_go.set()
    thread.join(10)
    with writing(pool.here()) as conn:
        conn.execute("INSERT INTO one VALUES ('then')")
    assert names(pool) == ["then"]
    pool.close()


def test_a_change_that_found_no_room_is_told_until_one_went_well(pool: Pool) -> None:
    pool.here().execute("PRAGMA max_page_count = 1")

    def grow() -> None:
        with writing(pool.here()) as conn:
            conn.execute("CREATE TABLE more (body BLOB)")
            conn.execute("INSERT INTO more VALUES (zeroblob(1000000))")

    with pytest.raises(StorageError) as wrong:
        grow()
    assert wrong.value.trouble == "full"
    assert pool.standing.trouble is wrong.value
    pool.here().execute("PRAGMA max_page_count = 100000")
    assert pool.probe() is None
    assert pool.standing.trouble is None
    assert names(pool) == []
    pool.close()


def test_an_act_is_not_begun_without_room_for_it(pool: Pool) -> None:
    pool.must_have_room()
    with pytest.raises(StorageError, match="full") as wrong:
        pool.must_have_room(2**62)
    assert wrong.value.trouble == "full"
    pool.close()


@pytest.mark.parametrize(
    ("wrong", "trouble"),
    [
        (OSError(errno.ENOSPC, "x"), "full"),
        (OSError(errno.EIO, "x"), "failing"),
        (OSError(errno.EROFS, "x"), "readonly"),
        (OSError(errno.EACCES, "x"), "readonly"),
        (OSError(errno.ENOENT, "x"), "missing"),
        (ValueError("something else"), "other"),
    ],
)
def test_every_trouble_has_a_sentence(wrong: Exception, trouble: str, tmp_path: Path) -> None:
    error = explain(wrong, tmp_path / "file.db")
    assert error.trouble == trouble
    assert "file.db" in str(error)
    assert str(error).endswith(".")


def test_a_small_file_is_replaced_whole_and_a_failure_leaves_the_old_one_and_no_draft(tmp_path: Path) -> None:
    place = tmp_path / "node.json"
    write_whole(place, b"one", mode=0o600)
    write_whole(place, b"two", mode=0o600)
    assert place.read_bytes() == b"two"
    assert place.stat().st_mode & 0o777 == 0o600
    gone = tmp_path / "gone"
    gone.mkdir()
    (gone / "node.json").mkdir()
    with pytest.raises(OSError):
        write_whole(gone / "node.json", b"a folder is in its place")
    assert [file.name for file in gone.iterdir()] == ["node.json"]
