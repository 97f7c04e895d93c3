"""Several threads' changes in one transaction: one sync of the disk for all that wait, instead of one each in a queue.

A card in a Raspberry Pi takes some ten milliseconds to make a change safe. Whoever comes while that goes on joins the next
transaction; nobody waits for somebody to come. Each caller goes on when its own change is on disk, and not before.
"""

from __future__ import annotations

import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

from hub.client.db import Pool, writing

T = TypeVar("T")
C = TypeVar("C")


class _Job(Generic[C, T]):
    """One caller's change, and what became of it."""

    def __init__(self, work: Callable[[C], T]) -> None:
        self.work = work
        self.done = False
        self.result: T | None = None
        self.wrong: BaseException | None = None


class Grouped(ABC, Generic[C]):
    """Runs changes on one database. They may run twice: what they do outside the database must not count."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._queue_lock = threading.Lock()
        self._waiting: list[_Job[C, object]] = []

    def write(self, work: Callable[[C], T]) -> T:
        """Run a change inside `writing()`; its answer once it is on disk, or what went wrong with it."""
        job: _Job[C, object] = _Job(work)
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

    @abstractmethod
    def _begun(self) -> AbstractContextManager[C]:
        """A transaction; what is done inside is on disk when it is left."""

    @abstractmethod
    def _do(self, conn: C, statement: str) -> None:
        """Run a statement about savepoints."""

    @abstractmethod
    def _concerns_all(self, conn: C, wrong: Exception) -> bool:
        """Whether what went wrong with one change says that the transaction cannot go on."""

    def _run(self, jobs: list[_Job[C, object]]) -> None:
        if not self._all(jobs) and len(jobs) > 1:
            # One of them failed and took the others with it: each for itself now.
            for job in jobs:
                self._all([job])
        for job in jobs:
            job.done = True

    def _all(self, jobs: list[_Job[C, object]]) -> bool:
        """All of them in one transaction; False where it failed as a whole."""
        for job in jobs:
            job.wrong = None
        try:
            with self._begun() as conn:
                if len(jobs) == 1:
                    jobs[0].result = jobs[0].work(conn)
                else:
                    for job in jobs:
                        self._one_of_many(conn, job)
        except BaseException as wrong:  # noqa: BLE001 - each caller gets what went wrong with its own change
            for job in jobs:
                job.wrong = wrong
            return False
        return True

    def _one_of_many(self, conn: C, job: _Job[C, object]) -> None:
        """One change, undone by itself where it says no; whatever the disk says concerns all (SQLite, "SAVEPOINT")."""
        self._do(conn, "SAVEPOINT one_of_many")
        try:
            job.result = job.work(conn)
        except Exception as wrong:
            if self._concerns_all(conn, wrong):
                raise
            self._do(conn, "ROLLBACK TO one_of_many")
            job.wrong = wrong
        self._do(conn, "RELEASE one_of_many")


class Together(Grouped[sqlite3.Connection]):
    """The same on one SQLite file."""

    def __init__(self, pool: Pool) -> None:
        super().__init__()
        self._pool = pool

    def _begun(self) -> AbstractContextManager[sqlite3.Connection]:
        return writing(self._pool.here())

    def _do(self, conn: sqlite3.Connection, statement: str) -> None:
        conn.execute(statement)

    def _concerns_all(self, conn: sqlite3.Connection, wrong: Exception) -> bool:
        return isinstance(wrong, sqlite3.Error) or not conn.in_transaction
