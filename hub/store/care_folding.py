"""How facts of care plans become rows: at ingest and at a rebuild alike, in the journal's order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hub.store.connection import Conn, HubPool

_SUM = (
    "INSERT INTO care_sum (shop, plan, step, outcome, control, count) "
    "SELECT r.shop, r.plan, ?, ?, r.control, ? FROM care_run r WHERE r.shop = ? AND r.run = ? AND r.test = 0 "
    "ON CONFLICT (shop, plan, step, outcome, control) DO UPDATE SET count = care_sum.count + excluded.count"
)
HERE = ""
"""Under this outcome stands how many are at a step now."""


class CareFolding:
    """The part of the ledger that keeps who walks which plan."""

    _pool: HubPool

    def care_entered(self, rows: Iterable[Sequence[Any]]) -> None:
        """run, plan, version, member, key, at, control, test, step, due_at."""
        with self._pool.writing() as conn:
            for run, plan, version, member, key, at, control, test, step, due_at in rows:
                done = conn.execute(
                    """INSERT INTO care_run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, '', NULL, '')
                       ON CONFLICT (shop, run) DO NOTHING""",
                    (
                        *(self._pool.shop, run, plan, version, member, key, at, int(control), int(test)),
                        *(step, due_at, at),
                    ),
                )
                if done.rowcount > 0:
                    self._sum(conn, run, step, HERE, 1)

    def care_stepped(self, rows: Iterable[Sequence[Any]]) -> None:
        """run, number, at, step, outcome, next, due_at, detail. A number that was told before changes nothing."""
        with self._pool.writing() as conn:
            for run, number, at, step, outcome, following, due_at, detail in rows:
                if not self._goes_on(conn, run, number):
                    continue
                self._line(conn, run, number, at, step, outcome, detail)
                stays = following == step
                conn.execute(
                    f"""UPDATE care_run SET number = ?, step = ?, due_at = ?, held = ?
                        {"" if stays else ", came_at = ?"} WHERE shop = ? AND run = ?""",  # noqa: S608 - words of our own
                    (
                        *(number, following, due_at, outcome if stays else ""),
                        *(() if stays else (at,)),
                        *(self._pool.shop, run),
                    ),
                )
                if not stays:
                    self._sum(conn, run, step, HERE, -1)
                    self._sum(conn, run, following, HERE, 1)
                self._sum(conn, run, step, outcome, 1)

    def care_left(self, rows: Iterable[Sequence[Any]]) -> None:
        """run, number, at, step, reason, detail."""
        with self._pool.writing() as conn:
            for run, number, at, step, reason, detail in rows:
                if not self._goes_on(conn, run, number):
                    continue
                self._line(conn, run, number, at, step, reason, detail)
                conn.execute(
                    """UPDATE care_run SET number = ?, due_at = NULL, held = '', left_at = ?, reason = ?
                       WHERE shop = ? AND run = ?""",
                    (number, at, reason, self._pool.shop, run),
                )
                self._sum(conn, run, step, HERE, -1)
                self._sum(conn, run, step, reason, 1)

    def care_turned(self, rows: Iterable[Sequence[Any]]) -> None:
        """run, number, at, version, step, due_at, by."""
        with self._pool.writing() as conn:
            for run, number, at, version, step, due_at, by in rows:
                if not self._goes_on(conn, run, number):
                    continue
                before = conn.execute(
                    "SELECT step FROM care_run WHERE shop = ? AND run = ?", (self._pool.shop, run)
                ).fetchone()
                self._line(conn, run, number, at, str(before[0]), "turned", by)
                conn.execute(
                    """UPDATE care_run SET number = ?, version = ?, step = ?, due_at = ?, held = '', came_at = ?
                       WHERE shop = ? AND run = ?""",
                    (number, version, step, due_at, at, self._pool.shop, run),
                )
                self._sum(conn, run, str(before[0]), HERE, -1)
                self._sum(conn, run, step, HERE, 1)

    def care_tasks(self, rows: Iterable[Sequence[Any]]) -> None:
        """task, run, plan, version, step, member, at, until."""
        with self._pool.writing() as conn:
            conn.executemany(
                f"INSERT INTO care_task VALUES ({int(self._pool.shop)}, ?, ?, ?, ?, ?, ?, ?, ?, NULL, '', '', '') "  # noqa: S608
                "ON CONFLICT (shop, task) DO NOTHING",
                rows,
            )

    def care_done(self, rows: Iterable[Sequence[Any]]) -> None:
        """task, at, outcome, staff, till. Its run goes on at once."""
        with self._pool.writing() as conn:
            for task, at, outcome, staff, till in rows:
                told = conn.execute(
                    """UPDATE care_task SET done_at = ?, outcome = ?, staff = ?, till = ?
                       WHERE shop = ? AND task = ? AND done_at IS NULL""",
                    (at, outcome, staff, till, self._pool.shop, task),
                )
                if told.rowcount > 0:
                    conn.execute(
                        """UPDATE care_run SET due_at = ? WHERE shop = ? AND due_at IS NOT NULL AND held <> ''
                           AND (run, step) IN (SELECT t.run, t.step FROM care_task t WHERE t.shop = ? AND t.task = ?)""",
                        (at, self._pool.shop, self._pool.shop, task),
                    )

    def _goes_on(self, conn: Conn, run: str, number: int) -> bool:
        """Whether this is the step after the latest one of a run that is not over."""
        rows = conn.execute(
            "SELECT number FROM care_run WHERE shop = ? AND run = ? AND due_at IS NOT NULL",
            (self._pool.shop, run),
        ).fetchone()
        return rows is not None and int(rows[0]) == number - 1

    def _line(
        self, conn: Conn, run: str, number: int, at: float, step: str, outcome: str, detail: str
    ) -> None:
        conn.execute(
            "INSERT INTO care_path VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self._pool.shop, run, number, at, step, outcome, detail),
        )

    def _sum(self, conn: Conn, run: str, step: str, outcome: str, more: int) -> None:
        conn.execute(_SUM, (step, outcome, more, self._pool.shop, run))
