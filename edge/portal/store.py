"""Who may open the installer's pages, on the node's disk: the code's hash, wrong tries, sessions. All as hashes only."""

from __future__ import annotations

from dataclasses import dataclass

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.client.db import Pool, writing

MIGRATIONS_INSTALLER = Migrations("installer")


@MIGRATIONS_INSTALLER()
def m001_the_way_in(db: Database) -> None:
    """The first tables."""
    for statement in (
        "CREATE TABLE installer_code (one INTEGER PRIMARY KEY CHECK (one = 1), hash TEXT NOT NULL, made_at REAL NOT NULL)",
        "CREATE TABLE installer_try (place TEXT PRIMARY KEY, count INTEGER NOT NULL, latest_at REAL NOT NULL)",
        "CREATE TABLE installer_session (token BLOB PRIMARY KEY, began_at REAL NOT NULL)",
    ):
        db.execute(statement)


@dataclass(frozen=True, slots=True)
class Tries:
    """Wrong tries in a row, and when the latest was (seconds of UTC)."""

    count: int = 0
    latest_at: float = 0.0


class InstallerStore:
    """The rows behind the way in. Several threads and the command line may use one file."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        db = pool.here()
        with writing(db):
            MIGRATIONS_INSTALLER.apply(db)

    def put_code(self, code_hash: str, now: float) -> None:
        """The code that is good from now on. Whoever came in with the one before has to come in again."""
        with writing(self._pool.here()) as conn:
            conn.execute("INSERT OR REPLACE INTO installer_code VALUES (1, ?, ?)", (code_hash, now))
            conn.execute("DELETE FROM installer_session")
            conn.execute("DELETE FROM installer_try")

    def code(self) -> str | None:
        """The hash of the code in force; None before the first."""
        row = self._pool.here().execute("SELECT hash FROM installer_code").fetchone()
        return None if row is None else str(row[0])

    def tries(self, place: str) -> Tries:
        """Wrong tries from one place."""
        row = (
            self._pool.here()
            .execute("SELECT count, latest_at FROM installer_try WHERE place = ?", (place,))
            .fetchone()
        )
        return Tries(*row) if row else Tries()

    def note_try(self, places: tuple[str, ...], now: float, forget_before: float) -> None:
        """One more try from these places, on disk when this returns."""
        with writing(self._pool.here()) as conn:
            conn.execute("DELETE FROM installer_try WHERE latest_at < ?", (forget_before,))
            conn.executemany(
                """INSERT INTO installer_try VALUES (?, 1, ?) ON CONFLICT (place) DO UPDATE SET
                   count = count + 1, latest_at = excluded.latest_at""",
                [(place, now) for place in places],
            )

    def forget_tries(self, places: tuple[str, ...]) -> None:
        """The right code came."""
        with writing(self._pool.here()) as conn:
            conn.executemany("DELETE FROM installer_try WHERE place = ?", [(place,) for place in places])

    def begin_session(self, token_hash: bytes, now: float, ended_before: float) -> None:
        """Somebody is in; sessions that are over go."""
        with writing(self._pool.here()) as conn:
            conn.execute(
                "DELETE FROM installer_session WHERE began_at < ? OR began_at > ?", (ended_before, now + 60)
            )
            conn.execute("INSERT INTO installer_session VALUES (?, ?)", (token_hash, now))

    def session_began(self, token_hash: bytes) -> float | None:
        """When this session began; None where there is none."""
        row = (
            self._pool.here()
            .execute("SELECT began_at FROM installer_session WHERE token = ?", (token_hash,))
            .fetchone()
        )
        return None if row is None else float(row[0])

    def end_session(self, token_hash: bytes) -> None:
        """Leave."""
        with writing(self._pool.here()) as conn:
            conn.execute("DELETE FROM installer_session WHERE token = ?", (token_hash,))
