"""What the ways in keep on the door's disk: printed codes, members, how many text messages went out today.

No phone's address and no number is here. A member is a random id and the hash of a code. A printed code stands here readable
until its first use, so that staff can print it again: it opens this one door only, so whoever steals the card has nothing that
it would open. From its first use on there is only its hash, and nobody can read which code a guest came in with.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from edge.gate.protocol import Limits
from edge.portal.ways.batches import Batch, BatchCount, Voucher, Wish
from hub.client.db import Pool, writing
from hub.client.staff_rows import make_staff_tables

MIGRATIONS_WAYS = Migrations("ways")

KEEP_ENDED_S = 90 * 86_400
"""How long a batch that is over can be looked up."""

_BATCH = "id, made_at, made_by, what_for, count, lasts_s, valid_until, uses, down_per_s, up_per_s, volume, ended_at"


@MIGRATIONS_WAYS()
def m001_vouchers_members_messages(db: Database) -> None:
    """The first tables."""
    for statement in (
        """CREATE TABLE voucher_batch (
            id TEXT PRIMARY KEY, made_at REAL NOT NULL, made_by TEXT NOT NULL, what_for TEXT NOT NULL, count INTEGER NOT NULL,
            lasts_s INTEGER NOT NULL, valid_until REAL NOT NULL, uses INTEGER NOT NULL, down_per_s INTEGER NOT NULL,
            up_per_s INTEGER NOT NULL, volume INTEGER NOT NULL, ended_at REAL)""",
        """CREATE TABLE voucher (
            hash BLOB PRIMARY KEY, batch TEXT NOT NULL REFERENCES voucher_batch (id) ON DELETE CASCADE,
            number INTEGER NOT NULL, code TEXT, until REAL)""",
        "CREATE INDEX voucher_of_batch ON voucher (batch, number)",
        # One row for each device that a code lets in at a time; octets_left NULL where nobody knows or there is no limit.
        """CREATE TABLE voucher_use (
            hash BLOB NOT NULL REFERENCES voucher (hash) ON DELETE CASCADE, slot INTEGER NOT NULL, began_at REAL NOT NULL,
            octets_left INTEGER, PRIMARY KEY (hash, slot))""",
        "CREATE TABLE member (id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, joined_at REAL NOT NULL)",
        "CREATE TABLE sms_day (day INTEGER PRIMARY KEY, sent INTEGER NOT NULL)",
    ):
        db.execute(statement)
    make_staff_tables(db)


class WaysStore:
    """The rows behind the ways in, in the door's own file. Several threads may use it."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        db = pool.here()
        with writing(db):
            MIGRATIONS_WAYS.apply(db)

    # Batches

    def put_batch(self, batch: Batch, codes: list[tuple[bytes, str]]) -> None:
        """Keep a new batch with its codes, each with its hash; batches that are long over go."""
        wish = batch.wish
        with writing(self.pool.here()) as conn:
            over = batch.made_at - KEEP_ENDED_S
            conn.execute(
                "DELETE FROM voucher_batch WHERE coalesce(ended_at, valid_until) < ? AND valid_until + lasts_s < ?",
                (over, over),
            )
            conn.execute(
                "INSERT INTO voucher_batch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                (
                    batch.id,
                    batch.made_at,
                    batch.made_by,
                    wish.what_for,
                    wish.count,
                    wish.lasts_s,
                    wish.valid_until,
                    wish.uses,
                    wish.limits.down_per_s,
                    wish.limits.up_per_s,
                    wish.limits.volume,
                ),
            )
            conn.executemany(
                "INSERT INTO voucher VALUES (?, ?, ?, ?, NULL)",
                [(digest, batch.id, number, code) for number, (digest, code) in enumerate(codes, 1)],
            )

    def batches(self, now: float, limit: int) -> list[BatchCount]:
        """The latest batches, newest first, counted."""
        rows = self.pool.here().execute(
            f"SELECT {_BATCH}, (SELECT count(until) FROM voucher WHERE batch = id), "  # noqa: S608 - a constant of ours
            "(SELECT count(*) FROM voucher WHERE batch = id AND until > ?) "
            "FROM voucher_batch ORDER BY made_at DESC, id LIMIT ?",
            (now, limit),
        )
        return [BatchCount(_batch(row[:-2]), row[-2], row[-1]) for row in rows]

    def batch(self, batch_id: str) -> Batch | None:
        """One batch."""
        row = (
            self.pool.here()
            .execute(f"SELECT {_BATCH} FROM voucher_batch WHERE id = ?", (batch_id,))  # noqa: S608 - a constant of ours
            .fetchone()
        )
        return None if row is None else _batch(row)

    def unused_codes(self, batch_id: str) -> list[tuple[int, str]]:
        """The codes of a batch that nobody has used yet: number on the sheet, code."""
        rows = self.pool.here().execute(
            "SELECT number, code FROM voucher WHERE batch = ? AND code IS NOT NULL ORDER BY number",
            (batch_id,),
        )
        return [(number, code) for number, code in rows]

    def end_batch(self, batch_id: str, now: float) -> bool:
        """No code of it lets in any more, and none can be read; False where it is unknown or over already."""
        with writing(self.pool.here()) as conn:
            ended = conn.execute(
                "UPDATE voucher_batch SET ended_at = ? WHERE id = ? AND ended_at IS NULL", (now, batch_id)
            )
            conn.execute("UPDATE voucher SET code = NULL WHERE batch = ?", (batch_id,))
            return ended.rowcount == 1

    # Codes. Those with `conn` are for a transaction of the caller.

    def voucher(self, digest: bytes, conn: sqlite3.Connection | None = None) -> Voucher | None:
        """The code with this hash."""
        row = (
            self._reading(conn)
            .execute(
                f"SELECT {_BATCH}, until FROM voucher JOIN voucher_batch ON batch = id WHERE hash = ?",  # noqa: S608 - a constant of ours
                (digest,),
            )
            .fetchone()
        )
        return None if row is None else Voucher(digest, _batch(row[:-1]), row[-1])

    def begin(self, conn: sqlite3.Connection, digest: bytes, until: float) -> None:
        """A code's first use: its time runs, and it cannot be read any more."""
        conn.execute(
            "UPDATE voucher SET until = ?, code = NULL WHERE hash = ? AND until IS NULL", (until, digest)
        )

    def slots(self, digest: bytes, conn: sqlite3.Connection | None = None) -> dict[int, int | None]:
        """The devices of a code by their numbers, the one that came in first first, with the octets that each has left."""
        rows = self._reading(conn).execute(
            "SELECT slot, octets_left FROM voucher_use WHERE hash = ? ORDER BY began_at, slot", (digest,)
        )
        return dict(rows.fetchall())

    def put_slot(self, conn: sqlite3.Connection, digest: bytes, slot: int, now: float) -> None:
        """A device came in with the code, the first in this place or after another one."""
        conn.execute(
            "INSERT INTO voucher_use VALUES (?, ?, ?, NULL) "
            "ON CONFLICT (hash, slot) DO UPDATE SET began_at = excluded.began_at",
            (digest, slot, now),
        )

    def note_octets(self, conn: sqlite3.Connection, digest: bytes, slot: int, left: int) -> None:
        """What is left of a device's volume; it never grows."""
        conn.execute(
            "UPDATE voucher_use SET octets_left = min(coalesce(octets_left, ?), ?) WHERE hash = ? AND slot = ?",
            (left, left, digest, slot),
        )

    def _reading(self, conn: sqlite3.Connection | None) -> sqlite3.Connection | Database:
        return conn or self.pool.here()

    # Members

    def put_member(self, conn: sqlite3.Connection, member: str, digest: bytes, now: float) -> None:
        """Somebody joined."""
        conn.execute("INSERT INTO member VALUES (?, ?, ?)", (member, digest, now))

    def member(self, digest: bytes) -> str | None:
        """The member who has the code with this hash."""
        row = self.pool.here().execute("SELECT id FROM member WHERE hash = ?", (digest,)).fetchone()
        return None if row is None else str(row[0])

    def drop_member(self, conn: sqlite3.Connection, digest: bytes) -> str | None:
        """Forget a member; who it was, None where there is none."""
        row = conn.execute("DELETE FROM member WHERE hash = ? RETURNING id", (digest,)).fetchone()
        return None if row is None else str(row[0])

    # Text messages

    def count_message(self, day: int, most: int) -> bool:
        """One message more on this day, on disk when this returns; False where that is more than `most`."""
        with writing(self.pool.here()) as conn:
            conn.execute("DELETE FROM sms_day WHERE day < ?", (day - 7,))
            counted = conn.execute(
                "INSERT INTO sms_day VALUES (?, 1) ON CONFLICT (day) DO UPDATE SET sent = sent + 1 WHERE sent < ?",
                (day, most),
            )
            return counted.rowcount == 1

    def uncount_message(self, day: int) -> None:
        """It was not sent after all."""
        with writing(self.pool.here()) as conn:
            conn.execute("UPDATE sms_day SET sent = sent - 1 WHERE day = ? AND sent > 0", (day,))


def _batch(row: Sequence[Any]) -> Batch:
    id_, made_at, made_by, what_for, count, lasts_s, valid_until, uses, down, up, volume, ended_at = row
    wish = Wish(count, lasts_s, valid_until, uses, Limits(down, up, volume), what_for)
    return Batch(id_, made_at, made_by, wish, ended_at)
