"""People who joined here, on their way to the hub: their personal fields wait sealed to the hub's public key, so that nobody who
has this node's card can read them, the node itself included.

A row is put in the transaction in which the facts of the joining are (`member.joined`, `consent.given`), sent by
`POST /v1/join` with the exchanges, and deleted when the hub has it, overwritten on the disk.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable

import msgspec

from hub.client.db import Pool, writing
from hub.client.link import SignedLink
from hub.wire.card import card_hash
from hub.wire.sealing import seal
from hub.wire.sync_members import Fields, JoinReply, JoinRequest, Sealed

logger = logging.getLogger(__name__)

TIMEOUT_S = 10.0
AT_ONCE = 20
"""Sent with one exchange: a joining is a transaction of the hub of its own, and facts wait meanwhile."""

AGAIN_S = 60.0
"""After an answer that is none, the next try."""

_RANDOM_BYTES = 32

_reply = msgspec.json.Decoder(JoinReply)


class Joins:
    """The queue of one node. Several threads and programs may use it on the same file. `hub`: the hub's public key in 64
    hexadecimal digits (`Node.hub`)."""

    def __init__(self, pool: Pool, hub: str, random: Callable[[int], bytes] = os.urandom) -> None:
        self._pool = pool
        self._hub = bytes.fromhex(hub)
        self._random = random

    def put(
        self,
        conn: sqlite3.Connection,
        member: str,
        fields: Fields,
        *,
        language: str,
        at: float,
        code: str = "",
        change: bool = False,
    ) -> None:
        """Seal and keep somebody who joined, or who changed their fields (`change`). Call inside `writing()`, together with the
        facts. `code`: of the card that they got. ValueError where the fields are too long to be sealed.

        Fields that wait already are replaced: the hub gets the latest.
        """
        sealed = ""
        if fields != Fields():
            content = msgspec.json.encode(Sealed(member, fields))
            sealed = seal(self._hub, content, self._random(_RANDOM_BYTES))
        conn.execute("PRAGMA secure_delete = ON")
        conn.execute(
            """INSERT INTO sealed_join (member, sealed, code_hash, language, at, change) VALUES (?, ?, ?, ?, ?, ?)
               ON CONFLICT (member) DO UPDATE SET sealed = excluded.sealed, language = excluded.language, at = excluded.at,
               code_hash = CASE WHEN excluded.code_hash = '' THEN sealed_join.code_hash ELSE excluded.code_hash END,
               change = 1""",
            (member, sealed, card_hash(code) if code else "", language, at, int(change)),
        )

    def drop(self, conn: sqlite3.Connection, member: str) -> bool:
        """They took it back before the hub had it; False where nothing waits. Call inside `writing()`."""
        conn.execute("PRAGMA secure_delete = ON")
        return conn.execute("DELETE FROM sealed_join WHERE member = ?", (member,)).rowcount > 0

    def pending(self, limit: int = AT_ONCE) -> list[JoinRequest]:
        """What waits, the oldest first."""
        rows = self._pool.here().execute(
            "SELECT member, language, at, sealed, code_hash, change FROM sealed_join ORDER BY at, member LIMIT ?",
            (limit,),
        )
        return [
            JoinRequest(member, language, at, sealed, code_hash, bool(change))
            for member, language, at, sealed, code_hash, change in rows
        ]

    def count(self) -> int:
        """How many wait."""
        return int(self._pool.here().execute("SELECT count(*) FROM sealed_join").fetchone()[0])

    def settle(self, sent: JoinRequest) -> None:
        """The hub has it, or never will: delete it, unless something newer waits in its place."""
        with writing(self._pool.here()) as conn:
            conn.execute("PRAGMA secure_delete = ON")
            conn.execute(
                "DELETE FROM sealed_join WHERE member = ? AND at = ? AND sealed = ? AND code_hash = ?",
                (sent.member, sent.joined_at, sent.sealed, sent.code_hash),
            )


class JoinSender:
    """Sends what waits, after an exchange that reached the hub. `steady` counts seconds and never jumps."""

    def __init__(self, joins: Joins, link: SignedLink, steady: Callable[[], float] = time.monotonic) -> None:
        self._joins = joins
        self._link = link
        self._steady = steady
        self._not_before = 0.0

    def send(self) -> int:
        """How many the hub has now that waited before. StorageError where the disk fails; a network that fails is tried again."""
        if self._steady() < self._not_before:
            return 0
        done = 0
        for asked in self._joins.pending():
            answer = self._link.post("/v1/join", msgspec.json.encode(asked), TIMEOUT_S)
            try:
                reply = _reply.decode(answer.body) if answer.status == 200 else None
            except (msgspec.MsgspecError, UnicodeDecodeError):
                reply = None
            if reply is None:
                self._not_before = self._steady() + AGAIN_S
                logger.info("joining waits: status=%s", answer.status)
                return done
            if reply.refusal:
                logger.warning("a joining was not kept: %s", reply.refusal)
            self._joins.settle(asked)
            done += 1
        return done
