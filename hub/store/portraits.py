"""Portraits of members: kept as facts come in, and read back for some members at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from hub.store.connection import HubPool
from hub.store.rolling import APART, timezone_of
from hub.store.segment_records import AT_EVENT

AT_ONCE = 500
"""Members of whom is asked in one question."""

_SOONER = "(portrait.joined_at IS NULL OR excluded.joined_at < portrait.joined_at)"
_BY_CARD = (
    "excluded.way <> '' AND (portrait.way = '' OR excluded.card_at < portrait.card_at "
    "OR (excluded.card_at = portrait.card_at AND excluded.way < portrait.way))"
)
_SPOKEN = (
    "excluded.language_at IS NOT NULL AND (portrait.language_at IS NULL OR excluded.language_at > portrait.language_at "
    "OR (excluded.language_at = portrait.language_at AND excluded.language > portrait.language))"
)
PORTRAIT_AS_ONE = ", ".join(
    (
        "simulated = max(portrait.simulated, excluded.simulated)",
        f"joined_at = CASE WHEN {_SOONER} THEN coalesce(excluded.joined_at, portrait.joined_at) ELSE portrait.joined_at END",
        f"way = CASE WHEN {_BY_CARD} THEN excluded.way ELSE portrait.way END",
        f"card_at = CASE WHEN {_BY_CARD} THEN excluded.card_at ELSE portrait.card_at END",
        f"language = CASE WHEN {_SPOKEN} THEN excluded.language ELSE portrait.language END",
        f"language_at = CASE WHEN {_SPOKEN} THEN excluded.language_at ELSE portrait.language_at END",
    )
)
STAYS_AS_ONE = (
    "visits = portrait_stay.visits + excluded.visits, dwell_ms = portrait_stay.dwell_ms + excluded.dwell_ms"
)
"""How two rows of `portrait`, and of `portrait_stay`, about one member are one."""


class PortraitFolding:
    """The part of the ledger that keeps portraits. The order in which facts come makes no difference."""

    _pool: HubPool

    def add_portraits(self, rows: Iterable[Sequence[Any]]) -> None:
        """member, simulated, joined_at, card_at, way, language, language_at; None and "" where this says nothing of it."""
        with self._pool.writing() as conn:
            conn.executemany(
                f"INSERT INTO portrait (shop, member, simulated, joined_at, card_at, way, language, language_at) "  # noqa: S608
                f"VALUES ({int(self._pool.shop)}, ?, ?, ?, ?, ?, ?, ?) "
                f"ON CONFLICT (shop, member) DO UPDATE SET {PORTRAIT_AS_ONE}",
                rows,
            )

    def add_portrait_stays(self, rows: Iterable[Sequence[Any]]) -> None:
        """member, quarter, zone, simulated, visits, dwell_ms."""
        with self._pool.writing() as conn:
            conn.executemany(
                f"INSERT INTO portrait_stay VALUES ({int(self._pool.shop)}, ?, ?, ?, ?, ?, ?) "  # noqa: S608
                f"ON CONFLICT (shop, member, quarter, zone, simulated) DO UPDATE SET {STAYS_AS_ONE}",
                rows,
            )

    def stir(self, members: Iterable[str]) -> None:
        """Something is new of these members: look at them again now. Nothing where this only tries out a rebuild."""
        if self._pool.on_trial or self._pool.shop >= APART:
            return
        stir_some(self._pool, members, AT_EVENT)

    def members_of_tasks(self, tasks: Collection[str]) -> list[str]:
        """Whose tasks these are, as far as is known."""
        found: list[str] = []
        for part in parts_of(tasks):
            rows = self._pool.read(
                f"SELECT member FROM care_task WHERE shop = ? AND task IN ({marks_of(part)})",  # noqa: S608
                *(self._pool.shop, *part),
            )
            found += [str(member) for (member,) in rows]
        return found

    def members_of_acts(self, acts: Collection[str]) -> list[str]:
        """Whose memberships these mergings were about."""
        found: list[str] = []
        for part in parts_of(acts):
            rows = self._pool.read(
                f"SELECT member, into_member FROM member_merge WHERE shop = ? AND act IN ({marks_of(part)})",  # noqa: S608
                *(self._pool.shop, *part),
            )
            found += [str(one) for row in rows for one in row]
        return found


def stir_some(pool: HubPool, members: Iterable[str], day: int) -> None:
    """Let these be looked at from that day on, where they are not already earlier. Only where there is a segment."""
    wanted = sorted({one for one in members if one})
    if not wanted:
        return
    shop = int(pool.shop)
    with pool.writing() as conn:
        if conn.execute("SELECT number FROM segment WHERE shop = ? LIMIT 1", (shop,)).fetchone() is None:
            return
        conn.executemany(
            f"INSERT INTO segment_due (shop, member, day, stir) VALUES ({shop}, ?, ?, 1) "  # noqa: S608 - a number
            "ON CONFLICT (shop, member) DO UPDATE SET day = min(segment_due.day, excluded.day), stir = segment_due.stir + 1",
            [(one, day) for one in wanted],
        )


class SqlPortraits:
    """Reads what stands of some members. All answers begin with the member; `members` may be any number."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def timezone(self) -> str:
        """By which clock the shop's days are reckoned."""
        return timezone_of(self._pool, self._pool.shop)

    def after(self, member: str, limit: int) -> list[str]:
        """The next members by id, behind that one."""
        rows = self._pool.read(
            "SELECT member FROM portrait WHERE shop = ? AND member > ? ORDER BY member LIMIT ?",
            *(self._pool.shop, member, limit),
        )
        return [str(one) for (one,) in rows]

    def count(self) -> int:
        """How many members there are or were."""
        return int(self._pool.read("SELECT count(*) FROM portrait WHERE shop = ?", self._pool.shop)[0][0])

    def heads(self, members: Collection[str]) -> list[tuple[Any, ...]]:
        """member, joined_at, card_at, way, language."""
        return self._some("SELECT member, joined_at, card_at, way, language FROM portrait", members)

    def into(self, members: Collection[str]) -> list[tuple[Any, ...]]:
        """member, and whom it was merged into."""
        return self._some("SELECT member, into_member FROM member_into", members)

    def merged(self, members: Collection[str]) -> list[tuple[Any, ...]]:
        """Whom these stand for beside themselves: into_member, member."""
        return self._some("SELECT into_member, member FROM member_into", members, key="into_member")

    def days(self, members: Collection[str], since: int) -> list[tuple[Any, ...]]:
        """member, day, visits, purchases, redemptions, cents, from that day on."""
        return self._some(
            "SELECT member, day, sum(visits), sum(purchases), sum(redemptions), sum(cents) FROM member_day",
            members,
            "AND day >= ? GROUP BY member, day",
            since,
        )

    def stays(self, members: Collection[str], since_quarter: int) -> list[tuple[Any, ...]]:
        """member, quarter, zone, visits, dwell_ms."""
        return self._some(
            "SELECT member, quarter, zone, visits, dwell_ms FROM portrait_stay",
            members,
            "AND quarter >= ?",
            since_quarter,
        )

    def used(self, members: Collection[str], since: float) -> list[tuple[Any, ...]]:
        """member, campaign, at: coupons of theirs that count."""
        return self._some(
            "SELECT member, campaign, at FROM redemption",
            members,
            "AND member <> '' AND at >= ? AND standing IN ('first', 'part') AND booked_in = 0",
            since,
        )

    def held(self, members: Collection[str]) -> list[tuple[Any, ...]]:
        """member, campaign, expires_at: coupons that were made out to them and are not used."""
        return self._some(
            "SELECT member, campaign, expires_at FROM coupon",
            members,
            """AND member <> '' AND NOT EXISTS (SELECT r.serial FROM redemption r WHERE r.shop = coupon.shop
               AND r.serial = coupon.serial AND r.standing IN ('first', 'part'))""",
        )

    def answers(self, members: Collection[str]) -> list[tuple[Any, ...]]:
        """member, plan, outcome, done_at: tasks that staff did with them."""
        return self._some(
            "SELECT member, plan, outcome, done_at FROM care_task", members, "AND done_at IS NOT NULL"
        )

    def scores(self, members: Collection[str]) -> list[tuple[Any, ...]]:
        """member, alive, loss, expected, value_cents (may be None)."""
        return self._some("SELECT member, alive, loss, expected, value_cents FROM member_worth", members)

    def listed(self, members: Collection[str]) -> list[tuple[Any, ...]]:
        """member, segment."""
        return self._some("SELECT member, segment FROM segment_list", members)

    def marks(self, members: Collection[str], kind: str) -> list[tuple[Any, ...]]:
        """member, and the keyed hashes of one kind."""
        return self._some("SELECT member, mark FROM member_mark", members, "AND kind = ?", kind)

    def _some(
        self, select: str, members: Collection[str], rest: str = "", *values: object, key: str = "member"
    ) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        for part in parts_of(members):
            found += self._pool.read(
                f"{select} WHERE shop = ? AND {key} IN ({marks_of(part)}) {rest}",
                *(self._pool.shop, *part, *values),
            )
        return found


def marks_of(values: Collection[object]) -> str:
    """A question mark for each."""
    return ", ".join("?" for _ in values)


def parts_of(members: Iterable[str], size: int = AT_ONCE) -> Iterable[list[str]]:
    """These in order, some at a time."""
    wanted = sorted(set(members))
    return [wanted[start : start + size] for start in range(0, len(wanted), size)]
