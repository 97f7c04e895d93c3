"""The print queue on disk: what is to be printed by its nonce or serial, and nothing of what it says.

A table of its own beside the counter's. A receipt that was printed stays known for two days, so that the same act prints once; a
printed coupon's row goes at once.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.client.db import Pool, writing

MIGRATIONS_JOBS = Migrations("kiosk_jobs")

KEEP_S = 2 * 86_400.0
WAIT_S = 12 * 3_600.0
"""Nobody stands there any more: what could not be printed in half a day is not printed next morning."""

MOST_WAITING = 100

JobKind = Literal["receipt", "coupon"]
JobState = Literal["waiting", "begun", "printed"]


@MIGRATIONS_JOBS()
def m001_queue(db: Database) -> None:
    """The queue. `begun`: octets may have gone to the printer, so the next try is a copy."""
    db.execute(
        """CREATE TABLE print_job (
            id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, what TEXT NOT NULL, language TEXT NOT NULL,
            copy INTEGER NOT NULL, state TEXT NOT NULL CHECK (state IN ('waiting', 'begun', 'printed')), at REAL NOT NULL)"""
    )
    db.execute("CREATE UNIQUE INDEX print_job_once ON print_job (kind, what) WHERE NOT copy")


class Job(msgspec.Struct, frozen=True):
    """One page to print. `what` is a receipt's nonce or a coupon's serial. `at` is seconds of UTC."""

    id: int
    kind: JobKind
    what: str
    language: str
    copy: bool
    state: JobState
    at: float

    @property
    def is_copy(self) -> bool:
        """Whether it has to say so: asked for as one, or begun before without an end that is known."""
        return self.copy or self.state == "begun"


class JobStore:
    """The queue's questions to the disk. Safe from several threads."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def add(self, kind: JobKind, what: str, language: str, *, copy: bool, now: float) -> bool | None:
        """Put a page at the end: whether it is new; None where too many wait. A copy waits once at most."""
        with writing(self._pool.here()) as conn:
            conn.execute(
                "DELETE FROM print_job WHERE (state = 'printed' AND at < ?) OR at < ?",
                (now - KEEP_S, now - KEEP_S),
            )
            (waiting,) = conn.execute("SELECT count(*) FROM print_job WHERE state <> 'printed'").fetchone()
            if waiting >= MOST_WAITING:
                return None
            same = conn.execute(
                "SELECT 1 FROM print_job WHERE kind = ? AND what = ? AND copy = ? AND (state <> 'printed' OR NOT copy)",
                (kind, what, copy),
            ).fetchone()
            if same is not None:
                return False
            conn.execute(
                "INSERT INTO print_job (kind, what, language, copy, state, at) VALUES (?, ?, ?, ?, 'waiting', ?)",
                (kind, what, language, copy, now),
            )
        return True

    def next(self, now: float) -> Job | None:
        """The page that has waited longest; what has waited too long is let go of."""
        row = (
            self._pool.here()
            .execute(
                "SELECT id, kind, what, language, copy, state, at FROM print_job "
                "WHERE state <> 'printed' AND at >= ? ORDER BY id LIMIT 1",
                (now - WAIT_S,),
            )
            .fetchone()
        )
        return Job(row[0], row[1], row[2], row[3], bool(row[4]), row[5], row[6]) if row else None

    def begin(self, job: Job) -> None:
        """On disk before the first octet goes out: whatever becomes of it, the next try is a copy."""
        with writing(self._pool.here()) as conn:
            conn.execute("UPDATE print_job SET state = 'begun' WHERE id = ?", (job.id,))

    def not_begun(self, job: Job) -> None:
        """The printer took nothing of it after all."""
        with writing(self._pool.here()) as conn:
            conn.execute("UPDATE print_job SET state = ? WHERE id = ?", (job.state, job.id))

    def printed(self, job: Job, now: float) -> None:
        """It came out. A coupon and a copy are forgotten; a receipt stays known by its nonce."""
        with writing(self._pool.here()) as conn:
            if job.kind == "coupon" or job.copy:
                conn.execute("DELETE FROM print_job WHERE id = ?", (job.id,))
            else:
                conn.execute("UPDATE print_job SET state = 'printed', at = ? WHERE id = ?", (now, job.id))

    def drop(self, job: Job) -> None:
        """There is nothing to print of it any more."""
        with writing(self._pool.here()) as conn:
            conn.execute("DELETE FROM print_job WHERE id = ?", (job.id,))

    def waiting(self, now: float) -> int:
        """How many wait."""
        (count,) = (
            self._pool.here()
            .execute("SELECT count(*) FROM print_job WHERE state <> 'printed' AND at >= ?", (now - WAIT_S,))
            .fetchone()
        )
        return int(count)

    def state_of(self, what: str) -> JobState | None:
        """How the newest page of a nonce or serial is."""
        row = (
            self._pool.here()
            .execute("SELECT state FROM print_job WHERE what = ? ORDER BY id DESC LIMIT 1", (what,))
            .fetchone()
        )
        return row[0] if row else None

    def wipe(self, now: float) -> None:
        """Let go of what is over: printed receipts after two days, what nobody waits for any more."""
        with writing(self._pool.here()) as conn:
            conn.execute(
                "DELETE FROM print_job WHERE (state = 'printed' AND at < ?) OR (state <> 'printed' AND at < ?)",
                (now - KEEP_S, now - WAIT_S),
            )
