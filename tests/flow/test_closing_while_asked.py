"""A program that ends while one of its threads is in the middle of a long question ends in order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys, threading
from pathlib import Path
from hub.app import open_database
from hub.config import Config
from hub.client.trouble import StorageError
from hub.working import Worker, WorkerThread

store = open_database(Path(sys.argv[1]))
begun, told = threading.Event(), []
LONG = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000000000) SELECT count(*) FROM n"

class Asking(Worker):
    def run(self):
        store.pool.conn().set_progress_handler(begun.set, 10_000)
        try:
            store.pool.read(LONG)
        except StorageError as wrong:
            told.append('interrupted' in str(wrong.__cause__))

worker = WorkerThread(Asking(store, Config(dir=Path(sys.argv[1]))))
worker.start()
assert begun.wait(20)
worker.stop(1)
store.close()
print(told)
"""


@pytest.mark.parametrize("turn", range(3))
def test_a_question_that_is_under_way_is_broken_off_and_nothing_crashes(tmp_path: Path, turn: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / str(turn))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[True]"), done.stderr
