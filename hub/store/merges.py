"""Keeps who was merged into whom, from the facts about it: the same at ingest and at a rebuild.

Each membership has at most one standing merging of its own, and none that leads round in a circle. `member_into` holds where all
of them lead in the end, so that a question takes one step.
"""

from __future__ import annotations

from hub.store.connection import Conn, HubPool
from hub.store.register_records import MergeRow

MOST_OF_ONE = 200
"""Memberships of one person. More are no person, and a merging beyond them changes nothing."""


class SqlMergeFolding:
    """Writes both tables of merged memberships."""

    _pool: HubPool

    def add_merge(self, row: MergeRow) -> str:
        """A merging; empty where it stands, else why it changes nothing."""
        shop = self._pool.shop
        with self._pool.writing() as conn:
            if conn.execute(
                "SELECT 1 FROM member_merge WHERE shop = ? AND act = ?", (shop, row.act)
            ).fetchone():
                return "a merging with this name was told before"
            if row.member == row.into:
                return "a membership cannot be merged into itself"
            if self._next(conn, row.member) is not None:
                return "this membership was merged before"
            if self._root(conn, row.into) == row.member:
                return "these memberships were merged the other way before"
            whole = len(self._below(conn, row.member)) + len(self._below(conn, self._root(conn, row.into)))
            if whole > MOST_OF_ONE:
                return f"more than {MOST_OF_ONE} memberships cannot be one person's"
            conn.execute(
                "INSERT INTO member_merge VALUES (?, ?, ?, ?, ?, ?, NULL)",
                (shop, row.act, row.member, row.into, row.at, row.by),
            )
            self._flatten(conn, row.member)
        return ""

    def part_merge(self, act: str, at: float) -> str:
        """It was a mistake; empty where that changed something, else why not."""
        shop = self._pool.shop
        with self._pool.writing() as conn:
            found = conn.execute(
                "SELECT member, parted_at FROM member_merge WHERE shop = ? AND act = ?", (shop, act)
            ).fetchone()
            if found is None:
                return "there is no merging with this name"
            if found[1] is not None:
                return "this merging was taken back before"
            conn.execute("UPDATE member_merge SET parted_at = ? WHERE shop = ? AND act = ?", (at, shop, act))
            self._flatten(conn, str(found[0]))
        return ""

    def _next(self, conn: Conn, member: str) -> str | None:
        row = conn.execute(
            "SELECT into_member FROM member_merge WHERE shop = ? AND member = ? AND parted_at IS NULL",
            (self._pool.shop, member),
        ).fetchone()
        return str(row[0]) if row is not None else None

    def _root(self, conn: Conn, member: str) -> str:
        for _ in range(MOST_OF_ONE):
            further = self._next(conn, member)
            if further is None:
                return member
            member = further
        return member

    def _below(self, conn: Conn, member: str) -> list[str]:
        """This membership and all that lead to it."""
        found = [member]
        for one in found:
            rows = conn.execute(
                """SELECT member FROM member_merge WHERE shop = ? AND into_member = ? AND parted_at IS NULL
                   ORDER BY member""",
                (self._pool.shop, one),
            ).fetchall()
            found += [str(other) for (other,) in rows]
        return found

    def _flatten(self, conn: Conn, member: str) -> None:
        """Write anew where this membership, and all that lead to it, lead to."""
        root = self._root(conn, member)
        for one in self._below(conn, member):
            if one == root:
                conn.execute("DELETE FROM member_into WHERE shop = ? AND member = ?", (self._pool.shop, one))
            else:
                conn.execute(
                    """INSERT INTO member_into VALUES (?, ?, ?)
                       ON CONFLICT (shop, member) DO UPDATE SET into_member = excluded.into_member""",
                    (self._pool.shop, one, root),
                )
