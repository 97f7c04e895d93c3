"""What the store says of who walks care plans, of tasks, and of what came of it all."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from hub.store.care_folding import HERE
from hub.store.care_members import SqlCareMembers
from hub.store.care_records import Observed, PathLine, Run, StepCount, TaskRecord
from hub.store.connection import HubPool
from hub.store.local_days import QUARTER_S, place
from hub.store.observing import observe
from hub.store.rolling import timezone_of

_RUN = """SELECT run, plan, version, member, key, entered_at, control, test, step, number, due_at, came_at, held, left_at, reason
    FROM care_run WHERE shop = ?"""
_TASK = """SELECT task, run, plan, version, step, member, given_at, until, done_at, outcome, staff, till
    FROM care_task WHERE shop = ?"""


class SqlCareRuns(SqlCareMembers):
    """Runs, paths, tasks, counts."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def due(self, now: float, limit: int, plans: Collection[int]) -> list[Run]:
        """Runs of these plans, and trials of any, whose step is to be taken, the earliest first."""
        among = f"plan IN ({', '.join('?' for _ in plans)}) OR " if plans else ""
        rows = self._pool.read(
            f"{_RUN} AND due_at <= ? AND ({among}test = 1) ORDER BY due_at, run LIMIT ?",
            *(self._pool.shop, now, *plans, limit),
        )
        return [_run(row) for row in rows]

    def is_due(self, now: float) -> bool:
        """Whether anybody's step is to be taken whose plan does not rest."""
        rows = self._pool.read(
            """SELECT 1 FROM care_run r JOIN care_plan p ON p.shop = r.shop AND p.number = r.plan
               WHERE r.shop = ? AND r.due_at <= ? AND (r.test = 1 OR p.state IN ('running', 'ended')) LIMIT 1""",
            *(self._pool.shop, now),
        )
        return bool(rows)

    def due_versions(self, now: float) -> list[tuple[int, int]]:
        """Which versions of which plans somebody walks whose step is to be taken."""
        rows = self._pool.read(
            "SELECT DISTINCT plan, version FROM care_run WHERE shop = ? AND due_at <= ?", self._pool.shop, now
        )
        return [(int(plan), int(version)) for plan, version in rows]

    def next_due(self) -> float | None:
        """When the next step of any run is to be taken."""
        rows = self._pool.read("SELECT min(due_at) FROM care_run WHERE shop = ?", self._pool.shop)
        return None if rows[0][0] is None else float(rows[0][0])

    def run(self, run: str) -> Run | None:
        """One run."""
        rows = self._pool.read(f"{_RUN} AND run = ?", self._pool.shop, run)
        return _run(rows[0]) if rows else None

    def runs_of(self, members: Collection[str], plan: int | None = None) -> list[Run]:
        """Runs of these memberships of one person, the newest first."""
        where, values = ("", ()) if plan is None else (" AND plan = ?", (plan,))
        rows = self._pool.read(
            f"{_RUN} AND member IN ({_marks(members)}){where} ORDER BY entered_at DESC, run LIMIT 1000",
            *(self._pool.shop, *members, *values),
        )
        return [_run(row) for row in rows]

    def runs_in(
        self,
        plan: int,
        limit: int,
        *,
        after: str = "",
        active: bool | None = None,
        version: int | None = None,
    ) -> list[Run]:
        """Runs of one plan by their names, behind the one called `after`."""
        where = " AND plan = ? AND run > ?"
        values: list[Any] = [plan, after]
        if active is not None:
            where += f" AND due_at IS {'NOT ' if active else ''}NULL"
        if version is not None:
            where += " AND version = ?"
            values.append(version)
        rows = self._pool.read(f"{_RUN}{where} ORDER BY run LIMIT ?", self._pool.shop, *values, limit)
        return [_run(row) for row in rows]

    def latest_runs(self, plan: int, limit: int) -> list[Run]:
        """Runs of one plan, the newest first."""
        rows = self._pool.read(
            f"{_RUN} AND plan = ? ORDER BY entered_at DESC, run LIMIT ?", self._pool.shop, plan, limit
        )
        return [_run(row) for row in rows]

    def path(self, run: str) -> list[PathLine]:
        """Every step of a run, in its order."""
        rows = self._pool.read(
            "SELECT run, number, at, step, outcome, detail FROM care_path WHERE shop = ? AND run = ? ORDER BY number",
            *(self._pool.shop, run),
        )
        return [PathLine(*row) for row in rows]

    def counts(self, plan: int) -> list[StepCount]:
        """By step and outcome how many went by; outcome "": how many stand there now. Trials are left out."""
        rows = self._pool.read(
            "SELECT step, outcome, control, count FROM care_sum WHERE shop = ? AND plan = ? AND count <> 0 "
            "ORDER BY step, outcome, control",
            *(self._pool.shop, plan),
        )
        return [StepCount(step, outcome, bool(control), int(count)) for step, outcome, control, count in rows]

    def by_version(self, plan: int) -> dict[int, int]:
        """How many walk each version now, trials left out."""
        rows = self._pool.read(
            """SELECT version, count(*) FROM care_run WHERE shop = ? AND plan = ? AND due_at IS NOT NULL AND test = 0
               GROUP BY version ORDER BY version""",
            *(self._pool.shop, plan),
        )
        return {int(version): int(count) for version, count in rows}

    def task(self, task: str) -> TaskRecord | None:
        """One task."""
        rows = self._pool.read(f"{_TASK} AND task = ?", self._pool.shop, task)
        return TaskRecord(*rows[0]) if rows else None

    def tasks_of(self, members: Collection[str], now: float) -> list[TaskRecord]:
        """What is to be done for these memberships of one person, the oldest first."""
        rows = self._pool.read(
            f"{_TASK} AND member IN ({_marks(members)}) AND done_at IS NULL AND until > ? ORDER BY given_at, task LIMIT 50",
            *(self._pool.shop, *members, now),
        )
        return [TaskRecord(*row) for row in rows]

    def tasks_in(self, run: str) -> list[TaskRecord]:
        """Tasks of one run, the oldest first."""
        rows = self._pool.read(f"{_TASK} AND run = ? ORDER BY given_at, task LIMIT 100", self._pool.shop, run)
        return [TaskRecord(*row) for row in rows]

    def tasks(self, limit: int, *, open_at: float | None = None) -> list[TaskRecord]:
        """Tasks, the newest first. `open_at`: only those that are to be done at that moment."""
        where, values = ("", ()) if open_at is None else (" AND done_at IS NULL AND until > ?", (open_at,))
        rows = self._pool.read(
            f"{_TASK}{where} ORDER BY given_at DESC, task LIMIT ?", self._pool.shop, *values, limit
        )
        return [TaskRecord(*row) for row in rows]

    def went_in(self, plan: int) -> int:
        """How many members ever went into a plan; trials are left out."""
        rows = self._pool.read(
            "SELECT count(DISTINCT member) FROM care_run WHERE shop = ? AND plan = ? AND test = 0",
            *(self._pool.shop, plan),
        )
        return int(rows[0][0])

    def observed(self, plan: int, days: int, last_day: int) -> list[Observed]:
        """What each member did within so many days after the day on which they first went into a plan; only of those for whom
        these days were over by `last_day` (as `date.toordinal()`). Trials are left out."""
        timezone = timezone_of(self._pool, self._pool.shop)
        rows = self._pool.read(
            """SELECT member, min(entered_at), max(control) FROM care_run
               WHERE shop = ? AND plan = ? AND test = 0 GROUP BY member""",
            *(self._pool.shop, plan),
        )
        entered = {
            str(member): (place(timezone, int(at) // QUARTER_S)[0], bool(control))
            for member, at, control in rows
        }
        return observe(self._pool, entered, days, last_day)


def _marks(members: Collection[str]) -> str:
    return ", ".join("?" for _ in members)


def _run(row: tuple[Any, ...]) -> Run:
    run, plan, version, member, key, entered_at, control, test, *rest = row
    return Run(run, plan, version, member, key, entered_at, bool(control), bool(test), *rest)


__all__ = ["HERE", "SqlCareRuns"]
