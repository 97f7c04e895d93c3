"""The node's journal and what of it the hub does not have yet.

A fact is put in the same transaction as the change that it reports, with its id. It stays until its own verdict came.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.client.clock import Clock
from hub.client.db import Pool, writing
from hub.client.node import Node
from hub.wire.events import MAX_EVENT_BYTES, Event, Fact, make_event, write_event

AHEAD_S = 300.0
"""A stamp that is further ahead than this was made by a clock that was wrong; the hub marks such facts, too."""

HEARD_EVERY_S = 600.0

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """How much the hub does not have. `oldest_at` is seconds of UTC, None where nothing waits."""

    pending: int
    parked: int
    oldest_at: float | None


@dataclass(frozen=True, slots=True)
class Parked:
    """A fact that the hub could not read, kept here with the reason."""

    epoch: int
    seq: int
    kind: str
    at: float
    text: bytes
    reason: str


class Outbox:
    """Writes facts for one node. Safe to use from several threads and programs on the same file."""

    def __init__(self, pool: Pool, node: Node, clock: Clock) -> None:
        self._node = node
        self._clock = clock
        self.pool = pool
        with writing(pool.here()) as conn:
            self._boot = self._start(conn)
        clock.start_from(self.heard_at())

    def _start(self, conn: sqlite3.Connection) -> int:
        """Begin a journal where there is none, and count the machine's starts."""
        boot_id = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
        row = conn.execute("SELECT boot, boot_id FROM journal").fetchone()
        if row is None:
            conn.execute(
                "INSERT INTO journal (one, epoch, next_seq, last_at, boot, boot_id) VALUES (1, ?, 1, 0, 1, ?)",
                (self._node.begin_epoch(), boot_id),
            )
            return 1
        boot: int = row[0]
        if row[1] != boot_id:
            boot += 1
            conn.execute("UPDATE journal SET boot = ?, boot_id = ?", (boot, boot_id))
        return boot

    def hear(self, conn: sqlite3.Connection, hub_now: float) -> None:
        """Remember the hub's time, now and then: a card is not to be written for it every five seconds."""
        conn.execute(
            "UPDATE journal SET heard_at = ? WHERE abs(heard_at - ?) > ?", (hub_now, hub_now, HEARD_EVERY_S)
        )

    def heard_at(self) -> float:
        """The hub's time when it was heard last, or up to ten minutes before; 0 where it never was."""
        row = self.pool.here().execute("SELECT heard_at FROM journal").fetchone()
        return float(row[0]) if row else 0.0

    def put(self, conn: sqlite3.Connection, fact: Fact, at: float) -> Event:
        """Append a fact. Call it inside `writing()`, together with the change; ValueError where the fact is too long.

        A stamp never lies before the one before it: a clock that was set back must not reorder a journal.
        """
        return self.put_all(conn, [fact], at)[0]

    def put_all(self, conn: sqlite3.Connection, facts: Sequence[Fact], at: float) -> list[Event]:
        """Append several facts of one change, in this order; as `put`."""
        epoch, seq, last_at = conn.execute("SELECT epoch, next_seq, last_at FROM journal").fetchone()
        clock = self._clock.state()
        if last_at > at + AHEAD_S and clock in ("lan", "ntp"):
            # The clock had been far ahead before the node knew the time. In the same journal every stamp would have to be as
            # far ahead until the time has caught up; a new one begins with the right time, and comes after the old one.
            epoch, seq, last_at = self._node.begin_epoch(), 1, 0.0
        at = max(at, last_at)
        events = [
            make_event(self._node.device, epoch, seq + step, fact, at=at, clock=clock, boot=self._boot)
            for step, fact in enumerate(facts)
        ]
        rows = [(event.epoch, event.seq, event.kind, event.at, write_event(event)) for event in events]
        for _epoch, _seq, kind, _at, text in rows:
            if len(text) > MAX_EVENT_BYTES:
                raise ValueError(f"a {kind} of {len(text)} bytes is longer than {MAX_EVENT_BYTES}")
        conn.executemany("INSERT INTO outbox (epoch, seq, kind, at, text) VALUES (?, ?, ?, ?, ?)", rows)
        conn.execute("UPDATE journal SET epoch = ?, next_seq = ?, last_at = ?", (epoch, seq + len(rows), at))
        return events

    def record(self, fact: Fact, at: float) -> Event:
        """Append a fact that reports no other change, in a transaction of its own."""
        with writing(self.pool.here()) as conn:
            return self.put(conn, fact, at)

    def pending(self, limit: int) -> list[tuple[int, int, bytes]]:
        """The oldest facts without a verdict: `(epoch, seq, text)` in the journal's order."""
        rows = self.pool.here().execute(
            "SELECT epoch, seq, text FROM outbox WHERE parked IS NULL ORDER BY epoch, seq LIMIT ?", (limit,)
        )
        return [(epoch, seq, text) for epoch, seq, text in rows]

    def ack(self, conn: sqlite3.Connection, ids: Iterable[tuple[int, int]]) -> None:
        """Forget what the hub has."""
        conn.executemany("DELETE FROM outbox WHERE epoch = ? AND seq = ?", ids)

    def park(self, conn: sqlite3.Connection, epoch: int, seq: int, reason: str) -> None:
        """Set a fact aside that the hub cannot read, so that the next can go."""
        conn.execute("UPDATE outbox SET parked = ? WHERE epoch = ? AND seq = ?", (reason, epoch, seq))

    def parked(self) -> list[Parked]:
        """What was set aside, for people to look at."""
        rows = self.pool.here().execute(
            "SELECT epoch, seq, kind, at, text, parked FROM outbox WHERE parked IS NOT NULL ORDER BY epoch, seq"
        )
        return [Parked(*row) for row in rows]

    def counts(self) -> OutboxCounts:
        """How much waits, and since when."""
        pending, parked, oldest_at = (
            self.pool.here()
            .execute(
                "SELECT count(*) FILTER (WHERE parked IS NULL), count(*) FILTER (WHERE parked IS NOT NULL), "
                "min(at) FILTER (WHERE parked IS NULL) FROM outbox"
            )
            .fetchone()
        )
        return OutboxCounts(pending, parked, oldest_at)
