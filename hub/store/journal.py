"""SQLite's answers about the journal: events exactly as they came, in the hub's own order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from hub.store.base import NewRow
from hub.store.connection import HubPool
from hub.store.records import ParkedText, Reach

RANGE_AT_MOST = 8_192
"""Beyond this many sequence numbers a batch is looked up one by one, so that a wild number cannot make us read a journal."""


class SqliteJournal:
    """The one table that everything else is derived from. Rows are added, never changed."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def last_position(self) -> int:
        """The position of the newest event; 0 where there is none."""
        return int(self._pool.read("SELECT coalesce(max(position), 0) FROM journal")[0][0])

    def next_seq(self, device: str, epoch: int) -> int:
        """The number after the newest event of one journal."""
        rows = self._pool.read(
            "SELECT seq FROM journal WHERE shop = ? AND device = ? AND epoch = ? ORDER BY seq DESC LIMIT 1",
            self._pool.shop,
            device,
            epoch,
        )
        return int(rows[0][0]) + 1 if rows else 1

    def known(self, device: str, epoch: int, seqs: Sequence[int]) -> dict[int, bytes]:
        """Which of these numbers are here already, each with its text."""
        low, high = min(seqs), max(seqs)
        shop = self._pool.shop
        if high - low <= RANGE_AT_MOST:
            rows = self._pool.read(
                "SELECT seq, text FROM journal WHERE shop = ? AND device = ? AND epoch = ? AND seq BETWEEN ? AND ?",
                shop,
                device,
                epoch,
                low,
                high,
            )
            return dict(rows)
        question = "SELECT seq, text FROM journal WHERE shop = ? AND device = ? AND epoch = ? AND seq = ?"
        return {
            found: text for seq in seqs for found, text in self._pool.read(question, shop, device, epoch, seq)
        }

    def append(self, rows: Iterable[NewRow]) -> None:
        """Add events. Call inside a transaction that asked for `last_position` and `known`."""
        with self._pool.writing() as conn:
            conn.executemany(
                f"INSERT INTO journal VALUES (?, {int(self._pool.shop)}, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                rows,
            )

    def chunks(self, size: int = 2_000) -> Iterator[list[tuple[int, str, bytes]]]:
        """The whole journal in its order, `(position, device, text)`, in chunks that fit in memory."""
        position = 0
        while True:
            rows = self._pool.read(
                "SELECT position, device, text FROM journal WHERE shop = ? AND position > ? ORDER BY position LIMIT ?",
                self._pool.shop,
                position,
                size,
            )
            if not rows:
                return
            yield rows
            position = int(rows[-1][0])

    def kinds(self, since: float = 0.0) -> dict[str, int]:
        """How many events of each kind came, by the hub's own clock."""
        rows = self._pool.read(
            "SELECT kind, count(*) FROM journal WHERE shop = ? AND received_at >= ? GROUP BY kind ORDER BY kind",
            self._pool.shop,
            since,
        )
        return dict(rows)

    def park(self, device: str, text: bytes, reason: str, now: float) -> None:
        """Keep what could not be read as an event; the same text twice is one."""
        with self._pool.writing() as conn:
            conn.execute(
                "INSERT OR IGNORE INTO parked VALUES (?, ?, ?, ?, ?, ?)",
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
