"""A worker: takes work that nobody holds, does it, and says how it ended; between times the small repeated jobs.

Each shop of the database is served. A worker is a thread of `python -m hub serve`, or a process of its own.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from hub.client.db import StorageError
from hub.config import Config
from hub.store.whole import HubStore
from hub.store.work_records import Work, WorkState
from hub.work import LEASE_S, MOST_ATTEMPTS, Cancelled, Lost, Progress, Stopping, WorkFailed, claim, due
from hub.work_kinds import CHORES, KINDS, Chore, Kind, Repeated

logger = logging.getLogger(__name__)

IDLE_S = 0.5
"""How long a worker that found nothing to do waits before it looks again: an answer from an index, without a lock."""

KEEP_WORK_S = 90 * 86_400.0
KEEP_LATEST = 20
KEEP_FILES_S = 7 * 86_400.0
"""What was given out is fetched soon, or made again. Files hold what people may want to be forgotten, so their life is short."""


def worker_name() -> str:
    """Who holds work: this machine, this process, and something that no other thread has."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


@dataclass(slots=True)
class _Held:
    """The work under way. `lost`: its lease could not be kept."""

    store: HubStore
    work: Work


class Worker:
    """One worker. `now` gives seconds of UTC; `kinds` what it can do; `alive()` is called as often as it gets on."""

    def __init__(
        self,
        store: HubStore,
        config: Config,
        *,
        now: Callable[[], float] = time.time,
        name: str | None = None,
        kinds: Mapping[str, Kind] = KINDS,
        lease_s: float = LEASE_S,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._config = config
        self._now = now
        self._kinds = kinds
        self._lease_s = lease_s
        self._alive = alive
        self._stop = threading.Event()
        self._held: _Held | None = None
        self._shops = threading.Lock()
        self._stores: dict[int, HubStore] = {}
        self._chores = [(chore, chore.load()) for chore in CHORES]
        self.name = name or worker_name()

    def stop(self) -> None:
        """Give back what is under way at its next step, and come to an end."""
        self._stop.set()

    def break_off(self) -> None:
        """After `stop()`, where that takes too long: end the questions that are under way."""
        self._store.interrupt()

    def run(self) -> None:
        """Work until `stop()`."""
        runs: list[tuple[Callable[[], None], str]] = [
            (self._beat, "heartbeat"),
            (partial(self._run_chores, [one for one in self._chores if not one[0].apart]), "chores"),
            *((partial(self._run_chores, [one]), one[0].name) for one in self._chores if one[0].apart),
        ]
        beside = [threading.Thread(target=run, name=name, daemon=True) for run, name in runs]
        for thread in beside:
            thread.start()
        try:
            while not self._stop.is_set():
                self._alive()
                try:
                    found = self.once()
                except StorageError as wrong:
                    logger.warning("the worker cannot reach the database: %s", wrong)
                    found = False
                if not found:
                    self._stop.wait(IDLE_S)
        finally:
            self._stop.set()
            for thread in beside:
                thread.join(self._lease_s)

    def once(self, kinds: Sequence[str] | None = None) -> bool:
        """Do one piece of work, where there is any; whether there was."""
        wanted = list(self._kinds) if kinds is None else kinds
        for store in self._all_shops():
            work = claim(store, self.name, wanted, self._now(), self._lease_s)
            if work is not None:
                self._do(store, work)
                return True
        return False

    def _all_shops(self) -> list[HubStore]:
        with self._shops:
            for number in self._store.shops():
                if number not in self._stores:
                    home = number == self._store.shop.number
                    self._stores[number] = self._store if home else self._store.of_shop(number)
            return list(self._stores.values())

    def _do(self, store: HubStore, work: Work) -> None:
        logger.info("work begins shop=%d work=%d kind=%s", store.shop.number, work.id, work.kind)
        state, result = self._handled(store, work)
        if state is not None:
            store.work.end(work.id, work.attempt, state, msgspec.json.encode(result).decode(), self._now())
        logger.info("work ends shop=%d work=%d state=%s", store.shop.number, work.id, state or "left")

    def _handled(self, store: HubStore, work: Work) -> tuple[WorkState | None, Mapping[str, object]]:
        progress = Progress(store, work, self._now, stopping=self._stop.is_set, alive=self._alive)
        self._held = _Held(store, work)
        try:
            return "done", self._kinds[work.kind].load()(
                store, self._config, msgspec.json.decode(work.arguments, type=dict), progress
            )
        except Cancelled:
            return "cancelled", {}
        except Lost:
            return None, {}
        except Stopping:
            store.work.give_back(work.id, work.attempt)
            return None, {}
        except WorkFailed as wrong:
            return "failed", {"fault": wrong.fault, "sentence": wrong.sentence, **wrong.more}
        except StorageError as wrong:
            return "failed", {"fault": "storage", "sentence": str(wrong)}
        except Exception as wrong:
            logger.critical("work %d (%s) broke", work.id, work.kind, exc_info=wrong)
            sentence = "Something went wrong in the hub. It is in its log."
            return "failed", {"fault": "broken", "sentence": sentence}
        finally:
            self._held = None

    def chores(self) -> None:
        """Do the small repeated jobs that are due, for every shop. Beside long work, so that they need not wait for it."""
        for store in self._all_shops():
            self._chore(store, self._chores)

    def _run_chores(self, chores: Sequence[tuple[Repeated, Chore]]) -> None:
        while not self._stop.wait(IDLE_S):
            try:
                for store in self._all_shops():
                    self._chore(store, chores)
            except StorageError as wrong:
                logger.warning("the worker cannot reach the database: %s", wrong)

    def _chore(self, store: HubStore, chores: Sequence[tuple[Repeated, Chore]]) -> None:
        for chore, do in chores:
            if self._stop.is_set() or (
                chore.every_s and not due(store, chore.name, chore.every_s, self._now())
            ):
                continue
            try:
                do(store, self._config, self._now())
            except StorageError as wrong:
                logger.warning("a repeated job was not done: %s: %s", chore.name, wrong)
            except Exception as wrong:
                logger.critical("a repeated job broke: %s", chore.name, exc_info=wrong)

    def _beat(self) -> None:
        """Keep the lease of what is under way, whatever its handler is busy with."""
        while not self._stop.wait(self._lease_s / 4):
            held = self._held
            if held is not None:
                # Where it cannot be kept, the handler learns that at its next step.
                with contextlib.suppress(StorageError):
                    now = self._now()
                    held.store.work.beat(held.work.id, held.work.attempt, now, now + self._lease_s)


def tidy(store: HubStore, _config: Config, now: float) -> None:
    """End what took its worker with it too often, forget old work and old files."""
    for work in store.work.given_up(MOST_ATTEMPTS, now):
        sentence = f"It was begun {work.attempt} times, and its worker was lost each time. See the hub's log."
        result = msgspec.json.encode({"fault": "lost", "sentence": sentence}).decode()
        store.work.end(work.id, work.attempt, "failed", result, now)
    store.work.drop_files(now - KEEP_FILES_S)
    store.work.prune(now - KEEP_WORK_S, KEEP_LATEST)


class WorkerThread:
    """A worker inside another program, which starts it and stops it."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self._thread = threading.Thread(target=worker.run, name="worker", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, within_s: float) -> None:
        """Ask it to end, and wait that long; then break off what it asks the database, and wait once more. Work that it still
        holds is begun again by another one."""
        self.worker.stop()
        self._thread.join(within_s)
        if self._thread.is_alive():
            self.worker.break_off()
            self._thread.join(within_s)
