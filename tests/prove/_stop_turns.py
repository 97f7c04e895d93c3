"""One thing at a time: threads that take turns at every point where another one could come in between, as a seed says.

Each actor is a thread with a connection of its own, so transactions and locks are the database's real ones. Who goes on next is
drawn at each commit, before each lock, and wherever a channel stands; where one is drawn to crash, it ends there, as a killed
program does: its open transaction is gone, what it had committed stays.
"""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlite_utils import Database

from hub.store.connection import SqlitePool
from hub.store.sqlite import SqliteStore
from hub.store.whole import HubStore

T = TypeVar("T")
MOST_TURNS = 5_000


class Crash(BaseException):
    """The program ends here."""


class _Actor:
    def __init__(self, name: str) -> None:
        self.name = name
        self.go = threading.Semaphore(0)
        self.wants_lock = False
        self.over = True
        self.crash = False
        self.work: Callable[[], None] | None = None
        self.wrong: BaseException | None = None
        self.committed_at = 0


class Turns:
    """Lets actors go on one after the other. `tick` rises with everything that happened, so it orders what did."""

    def __init__(self, names: list[str]) -> None:
        self.tick = 0
        self.turns = 0
        self._chance = random.Random(0)
        self._back = threading.Semaphore(0)
        self._holder: _Actor | None = None
        self._mine = threading.local()
        self._actors = {name: _Actor(name) for name in names}
        self._crash_rate: dict[str, float] = {}
        self._ends = False
        for actor in self._actors.values():
            threading.Thread(target=self._live, args=(actor,), name=actor.name, daemon=True).start()

    def run(
        self, works: dict[str, Callable[[], None]], chance: random.Random, crashes: dict[str, float]
    ) -> None:
        """Let these run to their ends, interleaved as `chance` draws; `crashes`: how likely each ends at a point."""
        self._chance, self._crash_rate, self.turns = chance, crashes, 0
        for name, work in works.items():
            actor = self._actors[name]
            actor.work, actor.over, actor.crash, actor.wrong, actor.wants_lock = (
                work,
                False,
                False,
                None,
                False,
            )
        while True:
            ready = [
                one
                for one in self._actors.values()
                if not one.over and (not one.wants_lock or self._holder is None)
            ]
            if not ready:
                break
            self.turns += 1
            if self.turns > MOST_TURNS:
                raise AssertionError("the actors do not come to an end")
            actor = chance.choice(ready)
            actor.go.release()
            self._back.acquire()
        for actor in self._actors.values():
            if actor.wrong is not None:
                raise actor.wrong

    def close(self) -> None:
        """Let the threads end."""
        self._ends = True
        for actor in self._actors.values():
            actor.go.release()

    def step(self) -> None:
        """Another one may come in between here."""
        actor = self._me()
        if actor is None:
            return
        self._back.release()
        actor.go.acquire()
        rate = self._crash_rate.get(actor.name, 0.0)
        if rate and self._chance.random() < rate:
            raise Crash

    def happened(self) -> int:
        """Something did: when."""
        self.tick += 1
        return self.tick

    def committed_at(self) -> int:
        """When this actor's latest transaction was on disk."""
        actor = self._me()
        return self.tick if actor is None else actor.committed_at

    def take_lock(self) -> None:
        """Wait for the database's write lock, as others wait."""
        self.step()
        actor = self._me()
        if actor is None:
            return
        while self._holder is not None:
            actor.wants_lock = True
            self._back.release()
            actor.go.acquire()
        actor.wants_lock = False
        self._holder = actor

    def committed(self) -> None:
        """A transaction of this actor is on disk."""
        actor = self._me()
        when = self.happened()
        if actor is not None:
            actor.committed_at = when

    def give_lock(self) -> None:
        """The lock is free again."""
        if self._me() is not None:
            self._holder = None

    def _me(self) -> _Actor | None:
        return getattr(self._mine, "actor", None)

    def _live(self, actor: _Actor) -> None:
        self._mine.actor = actor
        while True:
            actor.go.acquire()
            if self._ends:
                return
            try:
                assert actor.work is not None
                actor.work()
            except BaseException as wrong:
                actor.wrong = wrong
            actor.over = True
            self._back.release()


class TurnsPool(SqlitePool):
    """The hub's own pool, on which others come in between at every lock and commit."""

    def __init__(self, path: Path, turns: Turns) -> None:
        self.turns = turns
        super().__init__(path)

    def opened(self, db: Database) -> None:
        """A power cut is not what is looked at here: a killed program loses nothing that was given to the kernel."""
        super().opened(db)
        db.execute("PRAGMA synchronous = OFF")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """As the hub's, with turns around it."""
        if self.conn().in_transaction:
            yield self.conn()
            return
        self.turns.take_lock()
        try:
            with super().writing() as conn:
                self.turns.step()
                yield conn
            self.turns.committed()
        finally:
            self.turns.give_lock()
        self.turns.step()


class TurnsStore(SqliteStore):
    """The hub's store over that pool."""

    def __init__(self, pool: TurnsPool) -> None:
        self.pool = pool
        HubStore.__init__(self, pool)

    def together(self, work: Callable[[], T]) -> T:
        """In a transaction of its own: who waits for whom is drawn here, not grouped."""
        with self.writing():
            return work()
