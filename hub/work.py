"""Long and repeated work: submitted by anybody, claimed by one worker at a time, with progress that outlives a closed page.

A worker holds its work by a lease, which it renews while it lives. Where it is killed, the lease runs out and another worker
begins the work again with a higher attempt; whoever comes back with the old attempt has lost it (`Lost`) and changes nothing.
So a handler begins from nothing each time, and makes its last change inside `with progress.last_step():`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from hub.store.base import Store
from hub.store.work import PART_BYTES
from hub.store.work_records import Work, WorkFile, WorkState

LEASE_S = 60.0
"""Longer than any of our transactions may wait for its lock; so soon is the work of a killed worker begun again."""

MOST_ATTEMPTS = 3
"""Work that has taken its worker with it so often is not begun again."""

TELL_EVERY_S = 0.5
"""Progress goes to the database so often: often enough for a person who watches, seldom enough for a till that waits."""


class Cancelled(Exception):
    """Somebody wants this work to end."""


class Lost(Exception):
    """Another worker holds this work now."""


class Stopping(Exception):
    """This worker is to stop; another one begins the work again."""


class WorkFailed(Exception):
    """The work cannot be done: a word for programs, a sentence for people, and what else they need (JSON values)."""

    def __init__(self, fault: str, sentence: str, **more: object) -> None:
        super().__init__(sentence)
        self.fault = fault
        self.sentence = sentence
        self.more = more


def submit(store: Store, kind: str, arguments: Mapping[str, object], by: str, now: float) -> Work:
    """Let somebody do this. `kind` is one of `hub.work_kinds`, `by` who wants it, as the record of changes says it."""
    with store.writing():
        number = store.work.add(kind, msgspec.json.encode(dict(arguments)).decode(), by, now)
        made = store.work.get(number)
    if made is None:
        raise AssertionError("work was added and is not there")
    return made


def submit_once(store: Store, kind: str, arguments: Mapping[str, object], by: str, now: float) -> Work:
    """The work of this kind that waits or runs already, else a new one."""
    with store.writing():
        there = store.work.open(kind)
        return there[0] if there else submit(store, kind, arguments, by, now)


def claim(
    store: Store, worker: str, kinds: Sequence[str], now: float, lease_s: float = LEASE_S
) -> Work | None:
    """The oldest work of these kinds that nobody holds; it is this worker's until its lease ends."""
    return store.work.claim(worker, kinds, now, now + lease_s, MOST_ATTEMPTS)


def cancel(store: Store, number: int, now: float) -> WorkState | None:
    """End what waits at once, what runs at its next step. The state that it had; None where there is no such work."""
    return store.work.cancel(number, now)


def due(store: Store, name: str, every_s: float, now: float) -> bool:
    """Whether the repeated job of that name is due. True is told to one of all who ask; it is their turn."""
    return store.work.take_turn(name, every_s, now)


def files_of(store: Store, number: int) -> list[WorkFile]:
    """What work has given out, or took in."""
    return store.work.files(number)


class Progress:
    """How a handler tells how far it is. `stopping()`: this worker is to stop. `alive()`: it got on. `monotonic` says only how
    often it is told."""

    def __init__(
        self,
        store: Store,
        work: Work,
        now: Callable[[], float],
        *,
        stopping: Callable[[], bool] = lambda: False,
        alive: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store = store
        self.work = work
        self.now = now
        self._stopping = stopping
        self._alive = alive
        self._monotonic = monotonic
        self._told_at: float | None = None
        self._told: tuple[str, str] = ("", "")

    def step(self, done: int, total: int = 0, note: str = "", unit: str = "", *, tell: bool = False) -> None:
        """So far: `done` of `total` (0: unknown), at this step. Cancelled, Lost or Stopping where the work is to end here.

        Cheap: it goes to the database now and then only; `tell`: in any case, as with a new note or unit.
        """
        if self._stopping():
            raise Stopping
        moment = self._monotonic()
        if (
            not tell
            and (note, unit) == self._told
            and self._told_at is not None
            and moment - self._told_at < TELL_EVERY_S
        ):
            return
        self._told_at, self._told = moment, (note, unit)
        self._alive()
        if not self.store.work.progress(self.work.id, self.work.attempt, done, total, unit, note):
            raise Lost
        self.check()

    def check(self) -> None:
        """Cancelled or Lost where the work is to end here."""
        there = self.store.work.get(self.work.id)
        if there is None or there.state != "running" or there.attempt != self.work.attempt:
            raise Lost
        if there.cancel_at is not None:
            raise Cancelled

    @contextmanager
    def last_step(self) -> Iterator[None]:
        """One transaction in which the work is still this worker's and nobody has cancelled it: for the change that it is for."""
        with self.store.writing():
            self.check()
            yield

    def keep_file(self, name: str, parts: Iterator[bytes]) -> int:
        """Keep a file that the work gives out; its size in bytes."""
        return keep_upload(self.store, self.work.id, name, parts, self.now())


def keep_upload(store: Store, number: int, name: str, parts: Iterator[bytes], now: float) -> int:
    """Keep a file of that work, part by part; its size in bytes. What it takes in is kept in the transaction that submits it."""
    size = 0
    for part, piece in enumerate(_even(parts)):
        store.work.put_part(number, name, part, piece, now)
        size += len(piece)
    return size


def _even(parts: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in parts of one size; one empty part where there are none."""
    kept = bytearray()
    some = False
    for part in parts:
        kept += part
        while len(kept) >= PART_BYTES:
            some = True
            yield bytes(kept[:PART_BYTES])
            del kept[:PART_BYTES]
    if kept or not some:
        yield bytes(kept)


def result_of(work: Work) -> dict[str, Any]:
    """What came of it; {} where nothing was said."""
    try:
        read = msgspec.json.decode(work.result) if work.result else {}
    except msgspec.DecodeError:
        return {}
    return read if isinstance(read, dict) else {}
