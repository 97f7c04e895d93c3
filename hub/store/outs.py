"""The store's answers about boards and digests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.store.connection import HubPool
from hub.store.outs_records import (
    BoardRecord,
    DigestRecord,
    IssueRecord,
    SendingRecord,
    SendingState,
    SendingWay,
)

_BOARD = "SELECT number, name, token_hash, body, made_by, made_at, ended_at, seen_at FROM board"
_DIGEST = (
    "SELECT number, body, sealed, made_by, made_at, next_at, paused, ended_at FROM digest WHERE shop = ?"
)
_ISSUE = "SELECT digest, number, due_at, made_at, body FROM digest_issue WHERE shop = ? AND digest = ?"
_SENDING = (
    "SELECT digest, issue, way, receiver, state, tries, next_at, status, said, tried_at "
    "FROM digest_sending WHERE shop = ?"
)


def _digest(row: tuple[Any, ...]) -> DigestRecord:
    values = [*row[:6], bool(row[6]), row[7]]
    return DigestRecord(*values)


def _issue(row: tuple[Any, ...]) -> IssueRecord:
    values = [*row[:4], bytes(row[4])]
    return IssueRecord(*values)


class SqlBoards:
    """Boards, by number and by the hash of their token."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def all(self) -> list[BoardRecord]:
        """Those that were not ended, the oldest first."""
        rows = self._pool.read(
            f"{_BOARD} WHERE shop = ? AND ended_at IS NULL ORDER BY number", self._pool.shop
        )
        return [BoardRecord(*row) for row in rows]

    def add(self, board: BoardRecord) -> int:
        """Keep a new one under the next number, which comes back."""
        with self._pool.writing() as conn:
            (number,) = conn.execute(
                "SELECT coalesce(max(number), 0) + 1 FROM board WHERE shop = ?", (self._pool.shop,)
            ).fetchone()
            conn.execute(
                "INSERT INTO board (shop, number, name, token_hash, body, made_by, made_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    *(self._pool.shop, number, board.name, board.token_hash),
                    *(board.body, board.made_by, board.made_at),
                ),
            )
        return int(number)

    def by_token(self, token_hash: str) -> tuple[int, BoardRecord] | None:
        """The board with this token that was not ended, and its shop, whichever of the database it is."""
        rows = self._pool.read(
            "SELECT shop, number, name, token_hash, body, made_by, made_at, ended_at, seen_at FROM board "
            "WHERE token_hash = ? AND ended_at IS NULL",
            token_hash,
        )
        return (int(rows[0][0]), BoardRecord(*rows[0][1:])) if rows else None

    def note_seen(self, number: int, now: float) -> None:
        """Somebody looks at it."""
        with self._pool.writing() as conn:
            conn.execute(
                "UPDATE board SET seen_at = ? WHERE shop = ? AND number = ?", (now, self._pool.shop, number)
            )

    def end(self, number: int, now: float) -> bool:
        """Show it no more; whether it was there."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "UPDATE board SET ended_at = ? WHERE shop = ? AND number = ? AND ended_at IS NULL",
                (now, self._pool.shop, number),
            )
            return done.rowcount == 1


class SqlDigests:
    """Digests, what was made of them, and where it went."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def all(self) -> list[DigestRecord]:
        """Those that were not removed, the oldest first."""
        rows = self._pool.read(f"{_DIGEST} AND ended_at IS NULL ORDER BY number", self._pool.shop)
        return [_digest(row) for row in rows]

    def get(self, number: int) -> DigestRecord | None:
        """One that was not removed."""
        rows = self._pool.read(f"{_DIGEST} AND number = ? AND ended_at IS NULL", self._pool.shop, number)
        return _digest(rows[0]) if rows else None

    def due(self, now: float) -> list[DigestRecord]:
        """Those whose time has come."""
        rows = self._pool.read(
            f"{_DIGEST} AND ended_at IS NULL AND paused = 0 AND next_at <= ? ORDER BY number",
            self._pool.shop,
            now,
        )
        return [_digest(row) for row in rows]

    def put(self, digest: DigestRecord) -> DigestRecord:
        """Keep one; number 0: a new one, which gets the next. As it is kept."""
        with self._pool.writing() as conn:
            number = digest.number or int(
                conn.execute(
                    "SELECT coalesce(max(number), 0) + 1 FROM digest WHERE shop = ?", (self._pool.shop,)
                ).fetchone()[0]
            )
            conn.execute(
                "INSERT INTO digest (shop, number, body, sealed, made_by, made_at, next_at, paused, ended_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (shop, number) DO UPDATE SET body = excluded.body, "
                "sealed = excluded.sealed, next_at = excluded.next_at, paused = excluded.paused, "
                "ended_at = excluded.ended_at",
                (
                    *(self._pool.shop, number, digest.body, digest.sealed, digest.made_by, digest.made_at),
                    *(digest.next_at, int(digest.paused), digest.ended_at),
                ),
            )
        return self.get(number) or digest

    def add_issue(
        self, digest: int, due_at: float, now: float, body: bytes, receivers: Sequence[tuple[SendingWay, str]]
    ) -> int:
        """Keep what was made, with where it is to go; its number. Call inside the transaction that moves the digest on."""
        with self._pool.writing() as conn:
            (number,) = conn.execute(
                "SELECT coalesce(max(number), 0) + 1 FROM digest_issue WHERE shop = ? AND digest = ?",
                (self._pool.shop, digest),
            ).fetchone()
            conn.execute(
                "INSERT INTO digest_issue (shop, digest, number, due_at, made_at, body) VALUES (?, ?, ?, ?, ?, ?)",
                (self._pool.shop, digest, number, due_at, now, body),
            )
            for way, receiver in receivers:
                conn.execute(
                    "INSERT INTO digest_sending (shop, digest, issue, way, receiver, state, tries, next_at, status, said) "
                    "VALUES (?, ?, ?, ?, ?, 'waiting', 0, ?, 0, '')",
                    (self._pool.shop, digest, number, way, receiver, now),
                )
        return int(number)

    def issue(self, digest: int, number: int) -> IssueRecord | None:
        """One that was made."""
        rows = self._pool.read(f"{_ISSUE} AND number = ?", self._pool.shop, digest, number)
        return _issue(rows[0]) if rows else None

    def issues(self, digest: int, limit: int) -> list[IssueRecord]:
        """What was made of a digest, the newest first."""
        rows = self._pool.read(f"{_ISSUE} ORDER BY number DESC LIMIT ?", self._pool.shop, digest, limit)
        return [_issue(row) for row in rows]

    def sendings(self, digest: int, issue: int) -> list[SendingRecord]:
        """Where an issue went."""
        rows = self._pool.read(
            f"{_SENDING} AND digest = ? AND issue = ? ORDER BY way, receiver", self._pool.shop, digest, issue
        )
        return [SendingRecord(*row) for row in rows]

    def failing(self) -> list[SendingRecord]:
        """What was given up, of digests that are not removed, of the latest issue of each."""
        rows = self._pool.read(
            f"{_SENDING} AND state = 'given_up' AND EXISTS (SELECT 1 FROM digest d WHERE d.shop = digest_sending.shop "  # noqa: S608
            "AND d.number = digest_sending.digest AND d.ended_at IS NULL) AND issue = (SELECT max(i.number) FROM digest_issue i "
            "WHERE i.shop = digest_sending.shop AND i.digest = digest_sending.digest) ORDER BY digest, way, receiver",
            self._pool.shop,
        )
        return [SendingRecord(*row) for row in rows]

    def take(self, now: float, until: float, limit: int) -> list[SendingRecord]:
        """What is to be sent now; nobody else takes it before `until`."""
        due = f"{_SENDING} AND state = 'waiting' AND next_at <= ? ORDER BY next_at, digest, issue, way, receiver LIMIT ?"
        if not self._pool.read(due, self._pool.shop, now, limit):
            return []
        with self._pool.writing() as conn:
            found = [
                SendingRecord(*row) for row in conn.execute(due, (self._pool.shop, now, limit)).fetchall()
            ]
            for one in found:
                conn.execute(
                    "UPDATE digest_sending SET next_at = ?, tries = tries + 1 "
                    "WHERE shop = ? AND digest = ? AND issue = ? AND way = ? AND receiver = ?",
                    (until, self._pool.shop, one.digest, one.issue, one.way, one.receiver),
                )
        return found

    def tried(
        self, sending: SendingRecord, state: SendingState, status: int, said: str, next_at: float, now: float
    ) -> None:
        """What became of a try."""
        with self._pool.writing() as conn:
            conn.execute(
                "UPDATE digest_sending SET state = ?, status = ?, said = ?, next_at = ?, tried_at = ? "
                "WHERE shop = ? AND digest = ? AND issue = ? AND way = ? AND receiver = ?",
                (
                    *(state, status, said, next_at, now),
                    *(self._pool.shop, sending.digest, sending.issue, sending.way, sending.receiver),
                ),
            )

    def prune(self, before: float) -> None:
        """Forget issues that were made before then, and where they went."""
        with self._pool.writing() as conn:
            conn.execute(
                "DELETE FROM digest_sending WHERE shop = ? AND EXISTS (SELECT 1 FROM digest_issue i "
                "WHERE i.shop = digest_sending.shop AND i.digest = digest_sending.digest "
                "AND i.number = digest_sending.issue AND i.made_at < ?)",
                (self._pool.shop, before),
            )
            conn.execute(
                "DELETE FROM digest_issue WHERE shop = ? AND made_at < ? AND number < (SELECT max(i.number) "
                "FROM digest_issue i WHERE i.shop = digest_issue.shop AND i.digest = digest_issue.digest)",
                (self._pool.shop, before),
            )
