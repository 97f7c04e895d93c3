"""The store's answers about what members are worth, on either database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from hub.store.connection import HubPool
from hub.store.member_days import STANDING
from hub.store.worth_records import WorthRow

_ROW = (
    "SELECT w.member, w.alive, w.loss, w.expected, w.value_cents, w.as_of, w.recency, w.frequency, w.money FROM member_worth w "
    "WHERE w.shop = ?"
)
AT_ONCE = 2_000
"""Members in the memory at a time where all of them are gone through."""


def _agrees(row: str, shops: Collection[int]) -> str:
    """That the member of this row still agrees to something in one of the shops: who took everything back since this morning is
    not shown any more."""
    there = f"m.shop IN ({_numbers(shops)}) AND m.member = {row}.member AND {STANDING}"
    return f" AND EXISTS (SELECT 1 FROM member_first m WHERE {there})"  # noqa: S608 - numbers and a condition of our own


def _numbers(shops: Collection[int]) -> str:
    return ", ".join(str(int(one)) for one in shops)


class SqlWorth:
    """What members of one shop are worth."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def put(self, rows: Sequence[WorthRow]) -> None:
        """Keep these, in the place of what stood there of them."""
        columns = WorthRow._fields
        with self._pool.writing() as conn:
            conn.executemany(
                f"""INSERT INTO member_worth (shop, {", ".join(columns)}) VALUES (?{", ?" * len(columns)})
                    ON CONFLICT (shop, member) DO UPDATE SET {", ".join(f"{one} = excluded.{one}" for one in columns[1:])}""",  # noqa: S608
                [(self._pool.shop, *row) for row in rows],
            )

    def forget(self, before: int, after: str, until: str) -> None:
        """Take away what is of an earlier day, of members whose ids come after `after`, up to `until`."""
        with self._pool.writing() as conn:
            conn.execute(
                "DELETE FROM member_worth WHERE shop = ? AND member > ? AND member <= ? AND as_of < ?",
                (self._pool.shop, after, until, before),
            )

    def forget_some(self, before: int, after: str, limit: int) -> str | None:
        """The same for the next `limit` members after `after`; the last one of them, None where there is nobody left."""
        rows = self._pool.read(
            "SELECT member FROM member_worth WHERE shop = ? AND member > ? ORDER BY member LIMIT ?",
            *(self._pool.shop, after, limit),
        )
        if not rows:
            return None
        last = str(rows[-1][0])
        self.forget(before, after, last)
        return last

    def stand(self, as_of: int, body: bytes | None) -> None:
        """Keep what was learnt."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO worth_standing (shop, as_of, body) VALUES (?, ?, ?)
                   ON CONFLICT (shop) DO UPDATE SET as_of = excluded.as_of, body = excluded.body""",
                (self._pool.shop, as_of, None if body is None else body.decode()),
            )

    def as_of(self) -> int | None:
        """The day of which it is; None where it was never worked out."""
        rows = self._pool.read("SELECT as_of FROM worth_standing WHERE shop = ?", self._pool.shop)
        return int(rows[0][0]) if rows else None

    def standing(self) -> bytes | None:
        """What was learnt; None where nothing was."""
        rows = self._pool.read("SELECT body FROM worth_standing WHERE shop = ?", self._pool.shop)
        return str(rows[0][0]).encode() if rows and rows[0][0] is not None else None

    def of(self, member: str) -> WorthRow | None:
        """One member."""
        rows = self._pool.read(f"{_ROW} AND w.member = ?", self._pool.shop, member)
        return WorthRow(*rows[0]) if rows else None

    def likeliest_lost(
        self, shops: Collection[int], least: float, most: float, after: tuple[float, str] | None, limit: int
    ) -> list[WorthRow]:
        """Those whose chance of staying away is `least` or more and below `most`, the likeliest first; from whoever comes after
        `after` (chance, member) in that order."""
        where, values = " AND w.loss >= ? AND w.loss < ?", [least, most]
        rest: list[object] = []
        if after is not None:
            where += " AND (w.loss < ? OR (w.loss = ? AND w.member < ?))"
            rest = [after[0], after[0], after[1]]
        rows = self._pool.read(
            f"{_ROW}{where}{_agrees('w', shops)} ORDER BY w.loss DESC, w.member DESC LIMIT ?",
            *(self._pool.shop, *values, *rest, limit),
        )
        return [WorthRow(*row) for row in rows]

    def worth_most(self, shops: Collection[int], limit: int) -> list[WorthRow]:
        """Those of whom most money is to be expected, first."""
        rows = self._pool.read(
            f"{_ROW} AND w.value_cents IS NOT NULL{_agrees('w', shops)} ORDER BY w.value_cents DESC, w.member DESC LIMIT ?",
            *(self._pool.shop, limit),
        )
        return [WorthRow(*row) for row in rows]

    def how_many(self, shops: Collection[int]) -> int:
        """How many members of these shops still agree to something."""
        rows = self._pool.read(
            f"""SELECT count(DISTINCT m.member) FROM member_first m
                WHERE m.shop IN ({_numbers(shops)}) AND m.joined_at IS NOT NULL AND {STANDING}"""  # noqa: S608 - numbers
        )
        return int(rows[0][0])

    def each(self, shops: Collection[int], last_day: int) -> Iterator[tuple[str, list[int], list[int]]]:
        """Members who still agree to something, one after the other: the days up to `last_day` on which they came to any of these
        shops, and what they paid on each. Read some at a time, so that a million need no memory; in between others may write."""
        first = ""
        while names := self._names(shops, first):
            rows = self._pool.read(
                f"""SELECT d.member, d.day, sum(d.cents) FROM member_day d WHERE d.shop IN ({_numbers(shops)})
                    AND d.member >= ? AND d.member <= ? AND d.day <= ? AND (d.visits > 0 OR d.purchases > 0 OR d.redemptions > 0)
                    GROUP BY d.member, d.day ORDER BY d.member, d.day""",  # noqa: S608 - numbers
                *(names[0], names[-1], last_day),
            )
            days: dict[str, tuple[list[int], list[int]]] = {name: ([], []) for name in names}
            for name, day, paid in rows:
                if name in days:
                    days[name][0].append(int(day))
                    days[name][1].append(int(paid))
            yield from ((name, *days[name]) for name in names if days[name][0])
            first = names[-1]

    def _names(self, shops: Collection[int], after: str) -> list[str]:
        rows = self._pool.read(
            f"""SELECT DISTINCT m.member FROM member_first m WHERE m.shop IN ({_numbers(shops)}) AND m.member > ? AND {STANDING}
                ORDER BY m.member LIMIT {AT_ONCE}""",  # noqa: S608 - numbers
            after,
        )
        return [str(row[0]) for row in rows]

    def days_of(
        self, shops: Collection[int], members: Collection[str], last_day: int
    ) -> dict[str, list[int]]:
        """The days up to `last_day` on which each of these came, in order."""
        if not members:
            return {}
        marks = ", ".join("?" for _ in members)
        rows = self._pool.read(
            f"""SELECT DISTINCT d.member, d.day FROM member_day d WHERE d.shop IN ({_numbers(shops)}) AND d.member IN ({marks})
                AND d.day <= ? AND (d.visits > 0 OR d.purchases > 0 OR d.redemptions > 0) ORDER BY d.member, d.day""",  # noqa: S608
            *(*members, last_day),
        )
        found: dict[str, list[int]] = {}
        for member, day in rows:
            found.setdefault(str(member), []).append(int(day))
        return found
