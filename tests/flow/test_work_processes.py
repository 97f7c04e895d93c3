"""Workers as processes: one does each piece, a killed one is replaced, `serve` has one of its own unless it is told not to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hub_house import House, visit

from hub.app import open_store
from hub.config import Config
from hub.health import look
from hub.store.whole import HubStore
from hub.store.work_records import Work
from hub.work import Progress, claim, submit
from hub.working import Worker

ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = 60.0


def hub(folder: Path, *words: str, **settings: str) -> subprocess.Popen[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return subprocess.Popen(
        [sys.executable, "-m", "hub", "--dir", str(folder), *words],
        cwd=ROOT,
        env=environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


@contextmanager
def running(folder: Path, *words: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    process = hub(folder, *words, **settings)
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert "looks for work" in first or "answers at" in first, first
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(WITHIN_S)
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    house = House(tmp_path)
    door = house.node("edge", "Door")
    for hour in range(3):
        door.report(*(visit(1_795_000_000 + 900 * hour + place) for place in range(50)))
    house.close()
    return tmp_path


def ended(store: HubStore, number: int) -> Work:
    end = time.monotonic() + WITHIN_S
    while time.monotonic() < end:
        there = store.work.get(number)
        assert there is not None
        if there.ended:
            return there
        time.sleep(0.05)
    raise AssertionError(f"not done in {WITHIN_S} s: {there}")


def test_two_worker_processes_do_each_piece_of_work_once(folder: Path) -> None:
    with closing(open_store(folder)) as store:
        made = [submit(store, kind, {}, "Ada", time.time()) for kind in ("verify", "rebuild", "verify")]
        with running(folder, "work"), running(folder, "work"):
            done = [ended(store, one.id) for one in made]
    assert [one.attempt for one in done] == [1, 1, 1]
    # Two of one kind at the same moment are one too many: the younger one says so.
    assert {one.state for one in done[:2]} == {"done"}


def test_serve_does_long_work_too_unless_it_is_told_not_to(folder: Path) -> None:
    with closing(open_store(folder)) as store:
        with running(folder, "serve", "--port", "0", HUB_WORKER="no", HUB_SITE="no"):
            made = submit(store, "rebuild", {}, "Ada", time.time())
            time.sleep(1.5)
            there = store.work.get(made.id)
            assert there is not None
            assert there.state == "waiting"
        later = [one.code for one in look(store, Config(folder), time.time() + 200)]
        assert "work-waits" in later
        with running(folder, "serve", "--port", "0", HUB_SITE="no"):
            assert ended(store, made.id).state == "done"


def test_a_killed_worker_is_replaced_when_its_lease_is_over(folder: Path) -> None:
    with closing(open_store(folder)) as store:
        made = submit(store, "rebuild", {}, "Ada", time.time())
        script = (
            "import sys, time\n"
            "from pathlib import Path\n"
            "from hub.app import open_store\n"
            "from hub.work import claim\n"
            "store = open_store(Path(sys.argv[1]))\n"
            "assert claim(store, 'killed', ['rebuild'], time.time(), 2.0)\n"
            "print('claimed', flush=True)\n"
            "time.sleep(60)\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", script, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as victim:
            assert victim.stdout is not None
            assert victim.stdout.readline() == "claimed\n"
            victim.kill()
        with running(folder, "work"):
            done = ended(store, made.id)
    assert (done.state, done.attempt) == ("done", 2)
    assert done.worker != "killed"


def test_rebuild_as_a_command_waits_for_its_work_and_says_what_came_of_it(folder: Path) -> None:
    process = hub(folder, "rebuild")
    said, _ = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 0, said
    assert "Derived everything again from 150 events; 0 rows changed" in said


def test_a_worker_that_was_told_to_stop_leaves_its_work_to_the_next(folder: Path) -> None:
    with closing(open_store(folder)) as store:
        made = submit(store, "rebuild", {}, "Ada", time.time())
        worker = Worker(store, Config(folder))
        worker.stop()
        worker.once(["rebuild"])
        there = store.work.get(made.id)
        assert there is not None
        assert (there.state, there.attempt) == ("waiting", 0)
        again = claim(store, "next", ["rebuild"], time.time())
        assert again is not None
        Progress(store, again, time.time).step(1, 2)
