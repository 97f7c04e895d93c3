"""SQLite's answers about the journal: events exactly as they came, in the hub's own order."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from hub.store.connection import HubPool
from hub.store.records import ParkedText, Reach, Run

RUNS_AT_MOST = 4_096
"""A batch has at most 2,000 events, so it meets fewer runs, whatever range of numbers it claims to cover."""

_texts = msgspec.json.Decoder(list[msgspec.Raw])


class _Kind(msgspec.Struct):
    """What an event is of; the rest of it is passed over."""

    kind: str


_kinds = msgspec.json.Decoder(list[_Kind])


class SqliteJournal:
    """The one table that everything else is derived from. Rows are added, never changed."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def last_position(self) -> int:
        """The position of the newest event; 0 where there is none."""
        rows = self._pool.read(
            "SELECT position + count - 1 FROM journal WHERE shop = ? ORDER BY position DESC LIMIT 1",
            self._pool.shop,
        )
        return int(rows[0][0]) if rows else 0

    def next_seq(self, device: str, epoch: int) -> int:
        """The number after the newest event of one journal."""
        rows = self._pool.read(
            """SELECT first_seq + count FROM journal WHERE shop = ? AND device = ? AND epoch = ?
               ORDER BY first_seq DESC LIMIT 1""",
            self._pool.shop,
            device,
            epoch,
        )
        return int(rows[0][0]) if rows else 1

    def known(self, device: str, epoch: int, low: int, high: int) -> dict[int, bytes]:
        """The events of one journal from number `low` to `high` that are here already, each with its text.

        May return neighbours too: whole runs that reach into the range.
        """
        key = (self._pool.shop, device, epoch)
        rows = self._pool.read(
            """SELECT first_seq, texts FROM journal WHERE shop = ? AND device = ? AND epoch = ? AND first_seq <= ?
               AND first_seq >= coalesce((SELECT max(first_seq) FROM journal
                   WHERE shop = ? AND device = ? AND epoch = ? AND first_seq <= ?), ?)
               AND first_seq + count > ? LIMIT ?""",
            *key,
            high,
            *key,
            low,
            low,
            low,
            RUNS_AT_MOST,
        )
        return {
            first + place: bytes(text)
            for first, texts in rows
            for place, text in enumerate(_texts.decode(texts))
        }

    def append(self, runs: Iterable[Run]) -> None:
        """Add runs of events. Call inside a transaction that asked for `last_position` and `known`."""
        with self._pool.writing() as conn:
            conn.executemany(
                f"INSERT INTO journal VALUES ({int(self._pool.shop)}, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                (
                    (
                        run.position,
                        run.device,
                        run.epoch,
                        run.first_seq,
                        run.count,
                        run.received_at,
                        run.texts,
                    )
                    for run in runs
                ),
            )

    def runs(self) -> Iterator[Run]:
        """The whole journal in its order, a run at a time."""
        position = 0
        while True:
            rows = self._pool.read(
                """SELECT position, device, epoch, first_seq, count, received_at, texts FROM journal
                   WHERE shop = ? AND position > ? ORDER BY position LIMIT 50""",
                self._pool.shop,
                position,
            )
            if not rows:
                return
            yield from (Run(*row) for row in rows)
            position = int(rows[-1][0])

    def chunks(self) -> Iterator[list[tuple[int, str, bytes]]]:
        """The whole journal in its order, event by event: position, device, text."""
        for run in self.runs():
            texts = enumerate(_texts.decode(run.texts), run.position)
            yield [(position, run.device, bytes(text)) for position, text in texts]

    def kinds(self, since: float = 0.0) -> dict[str, int]:
        """How many events of each kind came; with `since` only those that came from then on, which is slower."""
        if since:
            # Read here and not by the database: PostgreSQL takes no JSON apart that has a \\u0000 in it, which texts may have.
            found: Counter[str] = Counter()
            for (texts,) in self._pool.each(
                "SELECT texts FROM journal WHERE shop = ? AND received_at >= ?", self._pool.shop, since
            ):
                found.update(event.kind for event in _kinds.decode(texts))
            return dict(sorted(found.items()))
        question = "SELECT kind, events FROM kind_count WHERE shop = ? ORDER BY kind"
        return dict(self._pool.read(question, self._pool.shop))

    def park(self, device: str, text: bytes, reason: str, now: float) -> None:
        """Keep what could not be read as an event; the same text twice is one."""
        with self._pool.writing() as conn:
            conn.execute(
                "INSERT INTO parked VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (self._pool.shop, device, hashlib.sha256(text).hexdigest(), now, reason, text),
            )

    def parked(self, limit: int = 100) -> list[ParkedText]:
        """What could not be read, the newest first."""
        rows = self._pool.read(
            "SELECT device, received_at, reason, text FROM parked WHERE shop = ? ORDER BY received_at DESC LIMIT ?",
            self._pool.shop,
            limit,
        )
        return [ParkedText(*row) for row in rows]

    def answer(self, device: str, nonce: str) -> tuple[str, bytes] | None:
        """What this till was answered to this nonce: what it asked (a digest), and the reply."""
        rows = self._pool.read(
            "SELECT asked, reply FROM answer WHERE shop = ? AND device = ? AND nonce = ?",
            self._pool.shop,
            device,
            nonce,
        )
        return (rows[0][0], rows[0][1]) if rows else None

    def keep_answer(self, device: str, nonce: str, asked: str, reply: bytes, now: float) -> None:
        """Remember an answer in the same transaction as what it says."""
        with self._pool.writing() as conn:
            conn.execute(
                "INSERT INTO answer VALUES (?, ?, ?, ?, ?, ?)",
                (self._pool.shop, device, nonce, asked, reply, now),
            )

    def prune_answers(self, before: float) -> int:
        """Forget old answers; how many. What they said is in the journal."""
        with self._pool.writing() as conn:
            return conn.execute(
                "DELETE FROM answer WHERE shop = ? AND at < ?", (self._pool.shop, before)
            ).rowcount

    def reach(self) -> list[Reach]:
        """How far each journal of each device has come."""
        rows = self._pool.read(
            "SELECT device, epoch, highest, taken, latest_at FROM reach WHERE shop = ? ORDER BY device, epoch",
            self._pool.shop,
        )
        return [Reach(*row) for row in rows]
