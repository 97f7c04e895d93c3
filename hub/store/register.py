"""The store's answers about who is a member. Personal fields come and go as the sealed texts that they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import astuple

from hub.store.connection import HubPool
from hub.store.register_records import MemberRow, MergeRow, PairRow

_ROW = "member, sealed, language, way, joined_at, told_at"
_MERGE = "act, member, into_member, at, by_whom, parted_at"
AT_ONCE = 500


class SqlRegister:
    """The register of one shop."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def into(self, member: str) -> str:
        """Under whom this membership stands: itself, or the one that it was merged into. One step."""
        rows = self._pool.read(
            "SELECT into_member FROM member_into WHERE shop = ? AND member = ?", self._pool.shop, member
        )
        return str(rows[0][0]) if rows else member

    def group(self, member: str) -> tuple[str, ...]:
        """All memberships of the person behind this one: first the one that stands, then those merged into it, by id."""
        root = self.into(member)
        rows = self._pool.read(
            "SELECT member FROM member_into WHERE shop = ? AND into_member = ? ORDER BY member",
            self._pool.shop,
            root,
        )
        return root, *(str(one) for (one,) in rows)

    def get(self, member: str) -> MemberRow | None:
        """One membership's own row."""
        rows = self._pool.read(
            f"SELECT {_ROW} FROM member WHERE shop = ? AND member = ?",  # noqa: S608 - columns of our own
            self._pool.shop,
            member,
        )
        return MemberRow(*rows[0]) if rows else None

    def some(self, members: Collection[str]) -> dict[str, MemberRow]:
        """The rows of these, by id, as far as there are any."""
        found, wanted = dict[str, MemberRow](), sorted(set(members))
        for start in range(0, len(wanted), AT_ONCE):
            part = wanted[start : start + AT_ONCE]
            rows = self._pool.read(
                f"SELECT {_ROW} FROM member WHERE shop = ? AND member IN ({', '.join('?' for _ in part)})",  # noqa: S608
                self._pool.shop,
                *part,
            )
            found |= {row[0]: MemberRow(*row) for row in rows}
        return found

    def each(self) -> Iterator[MemberRow]:
        """Every row, in the order of the ids, some at a time."""
        after = ""
        while True:
            rows = self._pool.read(
                f"SELECT {_ROW} FROM member WHERE shop = ? AND member > ? ORDER BY member LIMIT ?",  # noqa: S608
                self._pool.shop,
                after,
                AT_ONCE,
            )
            yield from (MemberRow(*row) for row in rows)
            if len(rows) < AT_ONCE:
                return
            after = str(rows[-1][0])

    def page(self, limit: int, skip: int = 0, below: tuple[float, str] | None = None) -> list[MemberRow]:
        """Who joined last, merged ones left out. `below`: those behind the one with this time and id."""
        where, values = "", list[object]()
        if below is not None:
            where, values = " AND (joined_at, member) < (?, ?)", list(below)
        rows = self._pool.read(
            f"""SELECT {_ROW} FROM member m WHERE shop = ?{where} AND NOT EXISTS (
                    SELECT 1 FROM member_into i WHERE i.shop = m.shop AND i.member = m.member)
                ORDER BY joined_at DESC, member DESC LIMIT ? OFFSET ?""",  # noqa: S608
            self._pool.shop,
            *values,
            limit,
            skip,
        )
        return [MemberRow(*row) for row in rows]

    def has_more_than(self, number: int) -> bool:
        """Whether there are more memberships; looks at no more rows than that."""
        return bool(
            self._pool.read(
                "SELECT 1 FROM member WHERE shop = ? ORDER BY member LIMIT 1 OFFSET ?",
                self._pool.shop,
                number,
            )
        )

    def count(self) -> int:
        """How many memberships there are, merged ones too."""
        return int(self._pool.read("SELECT count(*) FROM member WHERE shop = ?", self._pool.shop)[0][0])

    def count_persons(self) -> int:
        """How many persons there are: merged memberships are one."""
        merged = self._pool.read(
            """SELECT count(*) FROM member_into i WHERE shop = ? AND EXISTS (
                SELECT 1 FROM member m WHERE m.shop = i.shop AND m.member = i.member)""",
            self._pool.shop,
        )
        return self.count() - int(merged[0][0])

    def put(self, row: MemberRow, marks: Iterable[tuple[str, str]]) -> None:
        """Keep a membership as it is now, with what it is found by (kind, mark); marks of cards stay as they are."""
        with self._pool.writing() as conn, self._pool.erasing(conn):
            conn.execute(
                """INSERT INTO member (shop, member, sealed, language, way, joined_at, told_at) VALUES (?, ?, ?, ?, ?, ?, ?)
                   ON CONFLICT (shop, member) DO UPDATE SET sealed = excluded.sealed, language = excluded.language,
                   way = excluded.way, joined_at = excluded.joined_at, told_at = excluded.told_at""",
                (self._pool.shop, *astuple(row)),
            )
            conn.execute(
                "DELETE FROM member_mark WHERE shop = ? AND member = ? AND kind <> 'card'",
                (self._pool.shop, row.member),
            )
            conn.executemany(
                "INSERT INTO member_mark VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [(self._pool.shop, kind, mark, row.member) for kind, mark in marks],
            )

    def put_many(self, rows: Iterable[tuple[MemberRow, Collection[tuple[str, str]]]]) -> None:
        """New memberships, many at once; ids that are there already stay as they are."""
        new = list(rows)
        with self._pool.writing() as conn:
            conn.executemany(
                "INSERT INTO member VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [(self._pool.shop, *astuple(row)) for row, _ in new],
            )
            conn.executemany(
                "INSERT INTO member_mark VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [(self._pool.shop, kind, mark, row.member) for row, marks in new for kind, mark in marks],
            )

    def add_mark(self, member: str, kind: str, mark: str) -> None:
        """One more thing that a member is found by."""
        with self._pool.writing() as conn:
            conn.execute(
                "INSERT INTO member_mark VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (self._pool.shop, kind, mark, member),
            )

    def remove(self, member: str) -> bool:
        """Forget one membership's row, marks and pairs, overwritten on the disk; False where it had no row."""
        with self._pool.writing() as conn, self._pool.erasing(conn):
            done = conn.execute("DELETE FROM member WHERE shop = ? AND member = ?", (self._pool.shop, member))
            conn.execute("DELETE FROM member_mark WHERE shop = ? AND member = ?", (self._pool.shop, member))
            conn.execute(
                "DELETE FROM member_pair WHERE shop = ? AND (one = ? OR other = ?)",
                (self._pool.shop, member, member),
            )
        return done.rowcount == 1

    def marked(self, kind: str, mark: str, limit: int = 100) -> list[str]:
        """Memberships that are found by it, by id."""
        rows = self._pool.read(
            "SELECT member FROM member_mark WHERE shop = ? AND kind = ? AND mark = ? ORDER BY member LIMIT ?",
            self._pool.shop,
            kind,
            mark,
            limit,
        )
        return [str(member) for (member,) in rows]

    def marked_with_all(self, kind: str, marks: Collection[str], limit: int = 100) -> list[str]:
        """Memberships that are found by every one of these, by id."""
        first, *others = sorted(set(marks))
        also = """ AND EXISTS (SELECT 1 FROM member_mark o WHERE o.shop = m.shop AND o.kind = m.kind AND o.mark = ?
            AND o.member = m.member)"""
        rows = self._pool.read(
            "SELECT member FROM member_mark m WHERE shop = ? AND kind = ? AND mark = ?"  # noqa: S608 - a condition of our own
            + also * len(others)
            + " ORDER BY member LIMIT ?",
            self._pool.shop,
            kind,
            first,
            *others,
            limit,
        )
        return [str(member) for (member,) in rows]

    def key_name(self) -> str:
        """Under which key the fields are sealed; empty where there are none yet."""
        rows = self._pool.read("SELECT name FROM member_key WHERE shop = ?", self._pool.shop)
        return str(rows[0][0]) if rows else ""

    def set_key_name(self, name: str) -> None:
        """From now on it is this one."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO member_key VALUES (?, ?) ON CONFLICT (shop) DO UPDATE SET name = excluded.name""",
                (self._pool.shop, name),
            )

    def add_pair(self, pair: PairRow) -> None:
        """Two that may be one; what somebody said of them before stays."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO member_pair (shop, one, other, why, found_at) VALUES (?, ?, ?, ?, ?)
                   ON CONFLICT DO NOTHING""",
                (self._pool.shop, *sorted((pair.one, pair.other)), pair.why, pair.found_at),
            )

    def pairs(self, limit: int, skip: int = 0) -> list[PairRow]:
        """Those that nobody has settled, the latest first."""
        rows = self._pool.read(
            """SELECT one, other, why, found_at FROM member_pair WHERE shop = ? AND settled = ''
               ORDER BY found_at DESC, one, other LIMIT ? OFFSET ?""",
            self._pool.shop,
            limit,
            skip,
        )
        return [PairRow(*row) for row in rows]

    def pairs_of(self, member: str) -> list[PairRow]:
        """Those of one membership that nobody has settled."""
        rows = self._pool.read(
            """SELECT one, other, why, found_at FROM member_pair WHERE shop = ? AND one = ? AND settled = ''
               UNION ALL
               SELECT one, other, why, found_at FROM member_pair WHERE shop = ? AND other = ? AND settled = ''
               ORDER BY 4 DESC, 1, 2 LIMIT 100""",
            self._pool.shop,
            member,
            self._pool.shop,
            member,
        )
        return [PairRow(*row) for row in rows]

    def count_pairs(self) -> int:
        """How many wait for somebody to look."""
        rows = self._pool.read(
            "SELECT count(*) FROM member_pair WHERE shop = ? AND settled = ''", self._pool.shop
        )
        return int(rows[0][0])

    def settle_pair(self, one: str, other: str, how: str) -> bool:
        """Somebody looked: 'different', 'merged', or '' again. False where there is no such pair."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "UPDATE member_pair SET settled = ? WHERE shop = ? AND one = ? AND other = ?",
                (how, self._pool.shop, *sorted((one, other))),
            )
        return done.rowcount == 1

    def merge(self, act: str) -> MergeRow | None:
        """One merging."""
        rows = self._pool.read(
            f"SELECT {_MERGE} FROM member_merge WHERE shop = ? AND act = ?",  # noqa: S608
            self._pool.shop,
            act,
        )
        return MergeRow(*rows[0]) if rows else None

    def merges_of(self, member: str) -> list[MergeRow]:
        """Every merging of this membership with another one, also those taken back, the latest first."""
        rows = self._pool.read(
            f"""SELECT {_MERGE} FROM member_merge WHERE shop = ? AND member = ?
                UNION ALL SELECT {_MERGE} FROM member_merge WHERE shop = ? AND into_member = ?
                ORDER BY 4 DESC, 1 LIMIT 200""",  # noqa: S608
            self._pool.shop,
            member,
            self._pool.shop,
            member,
        )
        return [MergeRow(*row) for row in rows]
