"""What the store says of care plans, on either database."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from hub.store.care_records import PlanRecord, PlanState, PlanVersion
from hub.store.care_runs import SqlCareRuns

_PLAN = """SELECT number, state, draft, revision, version, salt, made_at, published_at, paused_at, ended_at
    FROM care_plan WHERE shop = ?"""
_VERSION = "SELECT plan, version, body, made_at, who, is_test FROM care_version WHERE shop = ? AND plan = ?"


class SqlCare(SqlCareRuns):
    """Plans, their versions, and what holds over everything that is sent."""

    def plans(self) -> list[PlanRecord]:
        """Every plan, the newest first."""
        return [_plan(row) for row in self._pool.read(f"{_PLAN} ORDER BY number DESC", self._pool.shop)]

    def plan(self, number: int) -> PlanRecord | None:
        """One plan."""
        rows = self._pool.read(f"{_PLAN} AND number = ?", self._pool.shop, number)
        return _plan(rows[0]) if rows else None

    def add_plan(self, draft: bytes, salt: str, now: float) -> int:
        """Keep a new plan; its number."""
        with self._pool.writing() as conn:
            found = conn.execute(
                "SELECT coalesce(max(number), 0) FROM care_plan WHERE shop = ?", (self._pool.shop,)
            ).fetchone()
            number = int(found[0]) + 1
            conn.execute(
                "INSERT INTO care_plan VALUES (?, ?, 'draft', ?, 1, 0, ?, ?, NULL, NULL, NULL)",
                (self._pool.shop, number, draft, salt, now),
            )
        return number

    def save_draft(self, number: int, draft: bytes, revision: int) -> bool:
        """Keep what is being written; False where somebody changed it since that revision."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "UPDATE care_plan SET draft = ?, revision = revision + 1 WHERE shop = ? AND number = ? AND revision = ?",
                (draft, self._pool.shop, number, revision),
            )
        return done.rowcount > 0

    def set_state(
        self, number: int, state: PlanState, *, version: int | None = None, now: float = 0.0
    ) -> None:
        """Let a plan run, rest or end. `version`: the one that members go into from now on."""
        with self._pool.writing() as conn:
            conn.execute(
                """UPDATE care_plan SET state = ?, version = coalesce(CAST(? AS INTEGER), version),
                   published_at = CASE WHEN ? = 'running' THEN coalesce(published_at, ?) ELSE published_at END,
                   paused_at = CASE WHEN ? = 'paused' THEN CAST(? AS DOUBLE PRECISION) ELSE NULL END,
                   ended_at = CASE WHEN ? = 'ended' THEN CAST(? AS DOUBLE PRECISION) ELSE NULL END
                   WHERE shop = ? AND number = ?""",
                (state, version, state, now, state, now, state, now, self._pool.shop, number),
            )

    def add_version(self, plan: int, body: bytes, now: float, who: str, *, is_test: bool) -> int:
        """Keep what a plan says as its next version; its number."""
        with self._pool.writing() as conn:
            found = conn.execute(
                "SELECT coalesce(max(version), 0) FROM care_version WHERE shop = ? AND plan = ?",
                (self._pool.shop, plan),
            ).fetchone()
            version = int(found[0]) + 1
            conn.execute(
                "INSERT INTO care_version VALUES (?, ?, ?, ?, ?, ?, ?)",
                (self._pool.shop, plan, version, body, now, who, int(is_test)),
            )
        return version

    def version(self, plan: int, version: int) -> PlanVersion | None:
        """What a plan said."""
        rows = self._pool.read(f"{_VERSION} AND version = ?", self._pool.shop, plan, version)
        return _version(rows[0]) if rows else None

    def versions(self, plan: int) -> list[PlanVersion]:
        """Every version of a plan, the newest first."""
        rows = self._pool.read(f"{_VERSION} ORDER BY version DESC LIMIT 200", self._pool.shop, plan)
        return [_version(row) for row in rows]

    def rules(self) -> bytes | None:
        """Quiet hours and caps; None where nobody has set them."""
        rows = self._pool.read("SELECT body FROM care_rules WHERE shop = ?", self._pool.shop)
        return bytes(rows[0][0]) if rows else None

    def set_rules(self, body: bytes) -> None:
        """Set them."""
        with self._pool.writing() as conn:
            conn.execute(
                "INSERT INTO care_rules VALUES (?, ?) ON CONFLICT (shop) DO UPDATE SET body = excluded.body",
                (self._pool.shop, body),
            )

    def contacts(self, members: Collection[str], since: float) -> list[float]:
        """When messages that count went to these memberships of one person."""
        rows = self._pool.read(
            f"""SELECT at FROM care_contact WHERE shop = ? AND member IN ({", ".join("?" for _ in members)})
                AND at >= ?""",  # noqa: S608 - question marks
            *(self._pool.shop, *members, since),
        )
        return [float(at) for (at,) in rows]

    def add_contact(self, member: str, message: str, now: float) -> None:
        """A message that counts went to a member. Once for each id."""
        with self._pool.writing() as conn:
            conn.execute(
                "INSERT INTO care_contact VALUES (?, ?, ?, ?) ON CONFLICT (shop, member, message) DO NOTHING",
                (self._pool.shop, member, message, now),
            )

    def drop_contact(self, member: str, message: str) -> None:
        """A message that counted did not go after all."""
        with self._pool.writing() as conn:
            conn.execute(
                "DELETE FROM care_contact WHERE shop = ? AND member = ? AND message = ?",
                (self._pool.shop, member, message),
            )

    def prune_contacts(self, before: float) -> int:
        """Forget what no cap looks back to."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "DELETE FROM care_contact WHERE shop = ? AND at < ?", (self._pool.shop, before)
            )
        return done.rowcount

    def cursor(self, name: str) -> tuple[int, str] | None:
        """How far something has been looked through."""
        rows = self._pool.read(
            "SELECT position, text FROM care_cursor WHERE shop = ? AND name = ?", self._pool.shop, name
        )
        return (int(rows[0][0]), str(rows[0][1])) if rows else None

    def set_cursor(self, name: str, position: int, text: str = "") -> None:
        """It has been looked through so far."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO care_cursor VALUES (?, ?, ?, ?)
                   ON CONFLICT (shop, name) DO UPDATE SET position = excluded.position, text = excluded.text""",
                (self._pool.shop, name, position, text),
            )

    def put_coming(self, plan: int, member: str, due_at: float, key: str) -> None:
        """A member goes into a plan then, in the place of what was said before."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO care_coming VALUES (?, ?, ?, ?, ?)
                   ON CONFLICT (shop, plan, member) DO UPDATE SET due_at = excluded.due_at, key = excluded.key""",
                (self._pool.shop, plan, member, due_at, key),
            )

    def drop_coming(self, plan: int | None = None, member: str | None = None) -> None:
        """They do not: of one plan, of one member, or of both."""
        where = "shop = ?" + (" AND plan = ?" if plan is not None else "")
        where += " AND member = ?" if member is not None else ""
        values = [self._pool.shop, *([] if plan is None else [plan]), *([] if member is None else [member])]
        with self._pool.writing() as conn:
            conn.execute(f"DELETE FROM care_coming WHERE {where}", values)  # noqa: S608 - words of our own

    def coming(self, now: float, limit: int) -> list[tuple[int, str, float, str]]:
        """Plan, member, when and why: those whose time has come, the earliest first."""
        rows = self._pool.read(
            """SELECT plan, member, due_at, key FROM care_coming WHERE shop = ? AND due_at <= ?
               ORDER BY due_at, plan, member LIMIT ?""",
            *(self._pool.shop, now, limit),
        )
        return [(int(plan), str(member), float(due), str(key)) for plan, member, due, key in rows]


def _plan(row: tuple[Any, ...]) -> PlanRecord:
    number, state, draft, *rest = row
    return PlanRecord(number, state, bytes(draft), *rest)


def _version(row: tuple[Any, ...]) -> PlanVersion:
    plan, version, body, made_at, who, is_test = row
    return PlanVersion(plan, version, bytes(body), made_at, who, bool(is_test))
