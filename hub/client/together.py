"""Several threads' changes in one transaction: one sync of the disk for all that wait, instead of one each in a queue.

A card in a Raspberry Pi takes some ten milliseconds to make a change safe. Whoever comes while that goes on joins the next
transaction; nobody waits for somebody to come. Each caller goes on when its own change is on disk, and not before.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from hub.client.db import Pool, writing

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


class _Job(Generic[T]):
    """One caller's change, and what became of it."""

    def __init__(self, work: Work[T]) -> None:
        self.work = work
        self.done = False
        self.result: T | None = None
        self.wrong: BaseException | None = None


class Together:
    """Runs changes on one file. They may run twice: what they do outside the database must not count."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._turn = threading.Lock()
        self._queue_lock = threading.Lock()
        self._waiting: list[_Job[object]] = []

    def write(self, work: Work[T]) -> T:
        """Run a change inside `writing()`; its answer once it is on disk, or what went wrong with it."""
        job: _Job[object] = _Job(work)
        with self._queue_lock:
            self._waiting.append(job)
        with self._turn:
            # Whoever had the turn before may have done this one too.
            if not job.done:
                with self._queue_lock:
                    jobs, self._waiting = self._waiting, []
                self._run(jobs)
        if job.wrong is not None:
            raise job.wrong
        return job.result  # type: ignore[return-value]  # the list of jobs of all callers knows no types

    def _run(self, jobs: list[_Job[object]]) -> None:
        if not self._all(jobs) and len(jobs) > 1:
            # One of them failed and took the others with it: each for itself now.
            for job in jobs:
                self._all([job])
        for job in jobs:
            job.done = True

    def _all(self, jobs: list[_Job[object]]) -> bool:
        """All of them in one transaction; False where it failed as a whole."""
        for job in jobs:
            job.wrong = None
        try:
            with writing(self._pool.here()) as conn:
                if len(jobs) == 1:
                    jobs[0].result = jobs[0].work(conn)
                else:
                    for job in jobs:
                        _one_of_many(conn, job)
        except BaseException as wrong:  # noqa: BLE001 - each caller gets what went wrong with its own change
            for job in jobs:
                job.wrong = wrong
            return False
        return True


def _one_of_many(conn: sqlite3.Connection, job: _Job[object]) -> None:
    """One change, undone by itself where it says no; whatever the disk says concerns all (SQLite, "SAVEPOINT")."""
    conn.execute("SAVEPOINT one_of_many")
    try:
        job.result = job.work(conn)
    except Exception as wrong:
        if isinstance(wrong, sqlite3.Error) or not conn.in_transaction:
            raise
        conn.execute("ROLLBACK TO one_of_many")
        job.wrong = wrong
    conn.execute("RELEASE one_of_many")
