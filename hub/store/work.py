"""The store's answers about long and repeated work: who holds it, how far it is, its files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.store.connection import HubPool
from hub.store.work_records import Work, WorkFile, WorkState

_COLUMNS = (
    "number, kind, arguments, state, made_by, made_at, worker, attempt, begun_at, heartbeat_at, lease_until, ended_at, "
    "cancel_at, done, total, unit, note, result"
)
# This work, as long as nobody else has begun it since.
_MINE = "shop = ? AND number = ? AND attempt = ? AND state = 'running'"
PART_BYTES = 2**20


class SqlWork:
    """Rows of work, of their files, of turns."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def add(self, kind: str, arguments: str, who: str, now: float) -> int:
        """New work that waits; its number."""
        with self._pool.writing() as conn:
            number = int(
                conn.execute(
                    "SELECT coalesce(max(number), 0) + 1 FROM work WHERE shop = ?", (self._pool.shop,)
                ).fetchone()[0]
            )
            conn.execute(
                "INSERT INTO work (shop, number, kind, arguments, state, made_by, made_at, worker, attempt, done, total, "
                "unit, note, result) VALUES (?, ?, ?, ?, 'waiting', ?, ?, '', 0, 0, 0, '', '', '')",
                (self._pool.shop, number, kind, arguments, who, now),
            )
        return number

    def get(self, number: int) -> Work | None:
        """One piece of work."""
        rows = self._pool.read(
            f"SELECT {_COLUMNS} FROM work WHERE shop = ? AND number = ?",  # noqa: S608
            self._pool.shop,
            number,
        )
        return Work(*rows[0]) if rows else None

    def latest(self, limit: int = 50, *, below: int | None = None, kind: str = "") -> list[Work]:
        """The newest first. `below`: only those with a lower number."""
        rows = self._pool.read(
            f"SELECT {_COLUMNS} FROM work WHERE shop = ? AND number < ? AND (? = '' OR kind = ?) "  # noqa: S608
            "ORDER BY number DESC LIMIT ?",
            self._pool.shop,
            2**53 if below is None else below,
            kind,
            kind,
            limit,
        )
        return [Work(*row) for row in rows]

    def open(self, kind: str = "") -> list[Work]:
        """What waits or runs, the oldest first."""
        rows = self._pool.read(
            f"SELECT {_COLUMNS} FROM work WHERE shop = ? AND state IN ('waiting', 'running') AND (? = '' OR kind = ?) "  # noqa: S608
            "ORDER BY number",
            self._pool.shop,
            kind,
            kind,
        )
        return [Work(*row) for row in rows]

    def claim(
        self, worker: str, kinds: Sequence[str], now: float, lease_until: float, most_attempts: int
    ) -> Work | None:
        """The oldest work of these kinds that waits, or whose worker was not heard of in time; it is the caller's now."""
        if not kinds:
            return None
        marks = ", ".join("?" for _ in kinds)
        # Asked without the lock first: most of the time there is nothing to do, and tills are not to wait for that answer.
        fitting = (
            f"SELECT number FROM work WHERE shop = ? AND kind IN ({marks}) AND attempt < ? AND "  # noqa: S608
            "(state = 'waiting' OR (state = 'running' AND lease_until < ?)) ORDER BY number LIMIT 1"
        )
        values = (self._pool.shop, *kinds, most_attempts, now)
        if not self._pool.read(fitting, *values):
            return None
        with self._pool.writing() as conn:
            found = conn.execute(fitting, values).fetchone()
            if found is None:
                return None
            conn.execute(
                "UPDATE work SET state = 'running', worker = ?, attempt = attempt + 1, begun_at = ?, heartbeat_at = ?, "
                "lease_until = ?, done = 0, total = 0, unit = '', note = '' WHERE shop = ? AND number = ?",
                (worker, now, now, lease_until, self._pool.shop, found[0]),
            )
        return self.get(int(found[0]))

    def given_up(self, most_attempts: int, now: float) -> list[Work]:
        """Work that nobody begins again although it has not ended: its worker was lost once too often."""
        rows = self._pool.read(
            f"SELECT {_COLUMNS} FROM work WHERE shop = ? AND state = 'running' AND attempt >= ? AND lease_until < ? "  # noqa: S608
            "ORDER BY number",
            self._pool.shop,
            most_attempts,
            now,
        )
        return [Work(*row) for row in rows]

    def beat(self, number: int, attempt: int, now: float, lease_until: float) -> bool:
        """Its worker lives; False where the work is no longer its own."""
        with self._pool.writing() as conn:
            done = conn.execute(
                f"UPDATE work SET heartbeat_at = ?, lease_until = ? WHERE {_MINE}",  # noqa: S608
                (now, lease_until, self._pool.shop, number, attempt),
            )
            return done.rowcount == 1

    def progress(self, number: int, attempt: int, done: int, total: int, unit: str, note: str) -> bool:
        """How far it is; False where the work is no longer its own."""
        with self._pool.writing() as conn:
            wrote = conn.execute(
                f"UPDATE work SET done = ?, total = ?, unit = ?, note = ? WHERE {_MINE}",  # noqa: S608
                (done, total, unit, note, self._pool.shop, number, attempt),
            )
            return wrote.rowcount == 1

    def end(self, number: int, attempt: int, state: WorkState, result: str, now: float) -> bool:
        """It has ended so; False where the work is no longer its own."""
        with self._pool.writing() as conn:
            done = conn.execute(
                f"UPDATE work SET state = ?, result = ?, ended_at = ?, heartbeat_at = ? WHERE {_MINE}",  # noqa: S608
                (state, result, now, now, self._pool.shop, number, attempt),
            )
            return done.rowcount == 1

    def give_back(self, number: int, attempt: int) -> bool:
        """Its worker stops in order: another one begins it, and the attempt does not count."""
        with self._pool.writing() as conn:
            done = conn.execute(
                f"UPDATE work SET state = 'waiting', attempt = attempt - 1, worker = '' WHERE {_MINE}",  # noqa: S608
                (self._pool.shop, number, attempt),
            )
            return done.rowcount == 1

    def cancel(self, number: int, now: float) -> WorkState | None:
        """End what waits, ask what runs to end; the state that it had, None where there is no such work."""
        with self._pool.writing() as conn:
            row = conn.execute(
                "SELECT state FROM work WHERE shop = ? AND number = ?", (self._pool.shop, number)
            ).fetchone()
            if row is None:
                return None
            before: WorkState = row[0]
            if before == "waiting":
                conn.execute(
                    "UPDATE work SET state = 'cancelled', cancel_at = ?, ended_at = ? WHERE shop = ? AND number = ?",
                    (now, now, self._pool.shop, number),
                )
            elif before == "running":
                conn.execute(
                    "UPDATE work SET cancel_at = ? WHERE shop = ? AND number = ? AND cancel_at IS NULL",
                    (now, self._pool.shop, number),
                )
            return before

    def prune(self, before: float, keep: int) -> int:
        """Forget ended work of earlier than that with its files, but for the latest `keep`; how many went."""
        with self._pool.writing() as conn:
            rows = conn.execute(
                "SELECT number FROM work WHERE shop = ? AND ended_at < ? AND number <= "
                "(SELECT max(number) FROM work WHERE shop = ?) - ? ORDER BY number",
                (self._pool.shop, before, self._pool.shop, keep),
            ).fetchall()
            for (number,) in rows:
                for table, column in (("work_part", "work"), ("work_file", "work"), ("work", "number")):
                    conn.execute(
                        f"DELETE FROM {table} WHERE shop = ? AND {column} = ?",  # noqa: S608 - names of our own
                        (self._pool.shop, number),
                    )
            return len(rows)

    def drop_files(self, before: float | None = None) -> int:
        """Delete the files of work that has ended, those that were made before then, or all; how many. They hold what people may
        have wanted to be forgotten, so they are overwritten where the database can."""
        with self._pool.writing() as conn:
            rows = conn.execute(
                "SELECT f.work, f.name FROM work_file f JOIN work w ON w.shop = f.shop AND w.number = f.work "
                "WHERE f.shop = ? AND f.made_at < ? AND w.ended_at IS NOT NULL ORDER BY f.work, f.name",
                (self._pool.shop, 2.0**53 if before is None else before),
            ).fetchall()
            for work, name in rows:
                self.drop_file(work, name)
            return len(rows)

    def drop_file(self, work: int, name: str) -> None:
        """Delete one file of some work, overwritten where the database can."""
        with self._pool.writing() as conn, self._pool.erasing(conn):
            for table in ("work_part", "work_file"):
                conn.execute(
                    f"DELETE FROM {table} WHERE shop = ? AND work = ? AND name = ?",  # noqa: S608
                    (self._pool.shop, work, name),
                )

    def put_part(self, work: int, name: str, part: int, body: bytes, now: float) -> None:
        """Keep a part of a file; parts count from 0, and part 0 begins the file anew."""
        with self._pool.writing() as conn:
            if part == 0:
                for table in ("work_part", "work_file"):
                    conn.execute(
                        f"DELETE FROM {table} WHERE shop = ? AND work = ? AND name = ?",  # noqa: S608
                        (self._pool.shop, work, name),
                    )
            conn.execute(
                "INSERT INTO work_part (shop, work, name, part, body) VALUES (?, ?, ?, ?, ?)",
                (self._pool.shop, work, name, part, body),
            )
            conn.execute(
                "INSERT INTO work_file (shop, work, name, size, made_at) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (shop, work, name) DO UPDATE SET size = work_file.size + excluded.size",
                (self._pool.shop, work, name, len(body), now),
            )

    def files(self, work: int) -> list[WorkFile]:
        """The files of a piece of work."""
        rows = self._pool.read(
            "SELECT work, name, size, made_at FROM work_file WHERE shop = ? AND work = ? ORDER BY name",
            self._pool.shop,
            work,
        )
        return [WorkFile(*row) for row in rows]

    def parts(self, work: int, name: str) -> Iterator[bytes]:
        """The parts of a file, one after the other."""
        part = 0
        while rows := self._pool.read(
            "SELECT body FROM work_part WHERE shop = ? AND work = ? AND name = ? AND part = ?",
            self._pool.shop,
            work,
            name,
            part,
        ):
            yield bytes(rows[0][0])
            part += 1

    def take_turn(self, name: str, every_s: float, now: float) -> bool:
        """Whether a repeated job is due; True is told to one caller only, whose turn it is."""
        rows = self._pool.read("SELECT at FROM work_turn WHERE shop = ? AND name = ?", self._pool.shop, name)
        if rows and not _is_due(rows[0][0], every_s, now):
            return False
        with self._pool.writing() as conn:
            row = conn.execute(
                "SELECT at FROM work_turn WHERE shop = ? AND name = ?", (self._pool.shop, name)
            ).fetchone()
            if row is not None and not _is_due(row[0], every_s, now):
                return False
            conn.execute(
                "INSERT INTO work_turn (shop, name, at) VALUES (?, ?, ?) "
                "ON CONFLICT (shop, name) DO UPDATE SET at = excluded.at",
                (self._pool.shop, name, now),
            )
        return True


def _is_due(last: float, every_s: float, now: float) -> bool:
    # A last turn that lies far ahead was written by a clock that was wrong.
    return now - last >= every_s or last - now > every_s
