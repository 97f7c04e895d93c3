"""The store's answers about members' days, and how these are kept as facts come in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from hub.store.connection import Conn, HubPool
from hub.store.grains import FAMILIES
from hub.store.local_days import EPOCH_DAY, QUARTER_S, QUARTERS_OF_A_DAY, place, spans
from hub.store.member_records import Joined, MemberDay, MemberTotal
from hub.store.rolling import Rolling, timezone_of

RETURN_DAYS = 28
"""So many days later at most, somebody has come back after a redemption."""

AT_ONCE = 500

STANDING = (
    "(coalesce(m.recognise_at, -1) > coalesce(m.recognise_ended_at, -1) "
    "OR coalesce(m.messages_at, -1) > coalesce(m.messages_ended_at, -1))"
)
"""That a member of `member_first m` still agrees to something."""

LEFT_AT = (
    "CASE WHEN coalesce(m.recognise_ended_at, -1) > coalesce(m.messages_ended_at, -1) "
    "THEN m.recognise_ended_at ELSE m.messages_ended_at END"
)
"""When somebody took back what they had agreed to last."""

_LEAST = (
    "{0} = CASE WHEN member_first.{0} IS NULL OR excluded.{0} < member_first.{0} "
    "THEN coalesce(excluded.{0}, member_first.{0}) ELSE member_first.{0} END"
)
FIRST_AS_ONE = ", ".join(
    (
        "simulated = max(member_first.simulated, excluded.simulated)",
        _LEAST.format("joined_at"),
        *(
            _LEAST.replace("<", ">").format(name)
            for name in ("recognise_at", "messages_at", "recognise_ended_at", "messages_ended_at")
        ),
    )
)
"""How two rows of `member_first` about one member are one."""


class SqlMembers:
    """Reads members' days of one shop."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def joined(self, *, standing: bool = True) -> list[Joined]:
        """Members in the order in which they joined. `standing`: only those who still agree to something."""
        timezone = timezone_of(self._pool, self._pool.shop)
        rows = self._pool.read(
            f"""SELECT m.member, m.joined_at, m.simulated,
                CASE WHEN coalesce(m.recognise_at, -1) > coalesce(m.recognise_ended_at, -1) THEN 1 ELSE 0 END,
                CASE WHEN coalesce(m.messages_at, -1) > coalesce(m.messages_ended_at, -1) THEN 1 ELSE 0 END
                FROM member_first m WHERE m.shop = ? AND m.joined_at IS NOT NULL{f" AND {STANDING}" if standing else ""}
                ORDER BY m.joined_at, m.member""",  # noqa: S608 - a condition of our own
            self._pool.shop,
        )
        return [
            Joined(
                member,
                at,
                place(timezone, int(at) // QUARTER_S)[0],
                bool(recognise),
                bool(messages),
                bool(simulated),
            )
            for member, at, simulated, recognise, messages in rows
        ]

    def days(self, first_day: int, last_day: int, *, standing: bool = True) -> list[MemberDay]:
        """What members did, day by day, by member and day. `standing`: only of those who still agree to something."""
        rows = self._pool.read(
            f"""SELECT d.member, d.day, sum(d.visits), sum(d.purchases), sum(d.redemptions), sum(d.cents) FROM member_day d
                WHERE d.shop = ? AND d.day >= ? AND d.day <= ?{_of_standing(standing)}
                GROUP BY 1, 2 ORDER BY 1, 2""",  # noqa: S608 - a condition of our own
            self._pool.shop,
            first_day,
            last_day,
        )
        return [MemberDay(member, day, *(int(number) for number in rest)) for member, day, *rest in rows]

    def first_day(self) -> int | None:
        """The first day of which anything is known about members; None where there is none."""
        timezone = timezone_of(self._pool, self._pool.shop)
        rows = self._pool.read(
            """SELECT (SELECT min(joined_at) FROM member_first WHERE shop = ? AND joined_at IS NOT NULL),
               (SELECT min(day) FROM member_day WHERE shop = ?)""",
            self._pool.shop,
            self._pool.shop,
        )
        joined, day = rows[0]
        known = [] if joined is None else [place(timezone, int(joined) // QUARTER_S)[0]]
        return min([*known, *([] if day is None else [int(day)])], default=None)

    def daily(self, first_day: int, last_day: int) -> tuple[dict[str, dict[int, int]], bool]:
        """Of each day how many members joined, left, and (of those who still agree) were here; whether some are simulated."""
        timezone = timezone_of(self._pool, self._pool.shop)
        shop = self._pool.shop
        begun, end = ((day - EPOCH_DAY) * 86_400.0 for day in (first_day - 1, last_day + 2))
        found: dict[str, dict[int, int]] = {"joined": {}, "left": {}, "active": {}}
        some = False
        for name, column in (("joined", "joined_at"), ("left", LEFT_AT)):
            gone = "" if name == "joined" else f" AND NOT {STANDING}"
            rows = self._pool.read(
                f"SELECT {column}, m.simulated FROM member_first m WHERE m.shop = ? AND m.joined_at IS NOT NULL "  # noqa: S608
                f"AND {column} >= ? AND {column} < ?{gone}",
                *(shop, begun, end),
            )
            for at, simulated in rows:
                day = place(timezone, int(at) // QUARTER_S)[0]
                if first_day <= day <= last_day:
                    found[name][day] = found[name].get(day, 0) + 1
                    some = some or bool(simulated)
        active = self._pool.read(
            f"""SELECT d.day, count(DISTINCT d.member), max(d.simulated) FROM member_day d
                WHERE d.shop = ? AND d.day >= ? AND d.day <= ?{_of_standing(standing=True)} GROUP BY d.day""",  # noqa: S608
            *(shop, first_day, last_day),
        )
        for day, count, simulated in active:
            found["active"][int(day)] = int(count)
            some = some or bool(simulated)
        return found, some

    def returns(self, last_day: int) -> list[tuple[int, int | None, int]]:
        """The day on which somebody joined, after how many days they were here again (up to `last_day`; None: not yet), and of
        how many that holds; only of those who still agree to something."""
        timezone = timezone_of(self._pool, self._pool.shop)
        span = self._pool.read(
            "SELECT min(joined_at), max(joined_at) FROM member_first WHERE shop = ? AND joined_at IS NOT NULL",
            self._pool.shop,
        )[0]
        if span[0] is None:
            return []
        found: dict[tuple[int, int | None], int] = {}
        quarter = "CAST(m.joined_at / 900 AS INTEGER)"
        for begun, end, offset in spans(timezone, int(span[0]) // QUARTER_S, int(span[1]) // QUARTER_S + 1):
            joined = f"(({quarter} + {int(offset)}) / {QUARTERS_OF_A_DAY} + {EPOCH_DAY})"
            rows = self._pool.read(
                f"""SELECT one.joined, one.back - one.joined, count(*) FROM (SELECT {joined} AS joined,
                    (SELECT min(d.day) FROM member_day d WHERE d.shop = m.shop AND d.member = m.member AND d.day > {joined}
                     AND d.day <= ?) AS back
                    FROM member_first m WHERE m.shop = ? AND {quarter} >= ? AND {quarter} < ? AND {STANDING}) one
                    WHERE one.joined <= ? GROUP BY 1, 2""",  # noqa: S608 - numbers and conditions of our own
                *(last_day, self._pool.shop, begun, end, last_day),
            )
            for day, after, count in rows:
                key = (int(day), None if after is None else int(after))
                found[key] = found.get(key, 0) + int(count)
        return [(day, after, count) for (day, after), count in found.items()]

    def totals(self, members: Collection[str], first_day: int, last_day: int) -> list[MemberTotal]:
        """What each of these did in these days, whether they still agree or not: for sums over many, never to be shown of one.
        Who did nothing is not there."""
        found: list[MemberTotal] = []
        for part in _parts(members):
            rows = self._pool.read(
                f"""SELECT member, count(DISTINCT day), sum(visits), sum(purchases), sum(redemptions), sum(cents)
                    FROM member_day WHERE shop = ? AND day >= ? AND day <= ? AND member IN ({_marks(part)})
                    GROUP BY member ORDER BY member""",  # noqa: S608 - question marks
                *(self._pool.shop, first_day, last_day, *part),
            )
            found += [MemberTotal(member, *(int(number) for number in rest)) for member, *rest in rows]
        return found


class MemberFolding(Rolling):
    """The part of the ledger that keeps what members agreed to, and after which redemptions they came back."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def add_member_consents(self, rows: Iterable[Sequence[Any]]) -> None:
        """member, simulated, when they first agreed, latest agreements to recognition and to messages, latest withdrawals of
        both; None where there is none. The order in which they come makes no difference."""
        with self._pool.writing() as conn:
            conn.executemany(
                f"INSERT INTO member_first VALUES ({int(self._pool.shop)}, ?, ?, ?, ?, ?, ?, ?) "  # noqa: S608 - names of our own
                f"ON CONFLICT (shop, member) DO UPDATE SET {FIRST_AS_ONE}",
                rows,
            )

    def settle_returns(self, members: Mapping[str, tuple[int, int]]) -> None:
        """Find again which redemptions of these members were followed by a day on which they were here, and put that into the
        sums of offers. For each the first and the last quarter of an hour in which something changed. Call inside a transaction,
        when all else of the batch is written."""
        timezone = timezone_of(self._pool, self._pool.shop)
        changes: list[tuple[Any, ...]] = []
        with self._pool.writing() as conn:
            for part in _parts(members):
                low = place(timezone, min(members[one][0] for one in part))[0]
                high = place(timezone, max(members[one][1] for one in part))[0]
                changes += self._returns_of(conn, part, low, high, timezone)
        if changes:
            self.roll("offers", changes)

    def returns_anew(self, members: Collection[str] = ()) -> None:
        """All of them by the clock that the shop has now, or those of these members. Call inside a transaction."""
        whose = f"AND member IN ({_marks(members)})" if members else ""
        rows = self._pool.read(
            f"SELECT member, min(at), max(at) FROM redemption WHERE shop = ? AND member <> '' {whose} GROUP BY member",  # noqa: S608
            *(self._pool.shop, *members),
        )
        self.settle_returns(
            {member: (int(low) // QUARTER_S, int(high) // QUARTER_S) for member, low, high in rows}
        )

    def _returns_of(
        self, conn: Conn, members: list[str], low: int, high: int, timezone: str
    ) -> list[tuple[Any, ...]]:
        """Rows for the sums of offers, for redemptions that may have changed by what happened from day `low` to `high`."""
        shop, marks = self._pool.shop, _marks(members)
        # A day more on either side: the shop's days begin at other moments than those of UTC.
        begun, end = ((day - EPOCH_DAY) * 86_400.0 for day in (low - RETURN_DAYS - 1, high + 2))
        acts = conn.execute(
            f"""SELECT r.device, r.nonce, r.campaign, r.at, r.till, r.staff, r.simulated, r.member,
                CASE WHEN r.standing IN ('first', 'part') AND r.booked_in = 0 THEN 1 ELSE 0 END,
                coalesce(c.channel, ''), b.channel FROM redemption r
                LEFT JOIN coupon c ON c.shop = r.shop AND c.serial = r.serial
                LEFT JOIN act_returned b ON b.shop = r.shop AND b.device = r.device AND b.nonce = r.nonce
                WHERE r.shop = ? AND r.member IN ({marks}) AND r.member <> '' AND r.at >= ? AND r.at < ?
                ORDER BY r.device, r.nonce""",  # noqa: S608 - question marks
            (shop, *members, begun, end),
        ).fetchall()
        if not acts:
            return []
        here: dict[str, set[int]] = {}
        for member, day in conn.execute(
            f"SELECT member, day FROM member_day WHERE shop = ? AND member IN ({marks}) AND day > ? AND day <= ?",  # noqa: S608
            (shop, *members, low - RETURN_DAYS - 2, high + RETURN_DAYS + 2),
        ).fetchall():
            here.setdefault(member, set()).add(int(day))
        rows: list[tuple[Any, ...]] = []
        for device, nonce, campaign, at, till, staff, simulated, member, counts, channel, booked in acts:
            quarter = int(at) // QUARTER_S
            day = place(timezone, quarter)[0]
            back = counts and any(day < one <= day + RETURN_DAYS for one in here.get(member, ()))
            wanted = channel if back else None
            if wanted == booked:
                continue
            for way, by in ((booked, -1), (wanted, 1)):
                if way is not None:
                    rows.append(_offer_row(quarter, campaign, way, staff, till, simulated, by))
            if wanted is None:
                conn.execute(
                    "DELETE FROM act_returned WHERE shop = ? AND device = ? AND nonce = ?",
                    (shop, device, nonce),
                )
            else:
                conn.execute(
                    """INSERT INTO act_returned (shop, device, nonce, channel) VALUES (?, ?, ?, ?)
                       ON CONFLICT (shop, device, nonce) DO UPDATE SET channel = excluded.channel""",
                    (shop, device, nonce, wanted),
                )
        return rows


def _offer_row(
    quarter: int, campaign: int, channel: str, staff: str, till: str, simulated: int, by: int
) -> tuple[Any, ...]:
    measures = [by if name == "returned" else 0 for name in FAMILIES["offers"].measures]
    return (quarter, campaign, channel, staff, till, bool(simulated), *measures)


def _of_standing(standing: bool) -> str:
    if not standing:
        return ""
    # Not IN: of all members a list would be made anew for every row.
    return f" AND EXISTS (SELECT 1 FROM member_first m WHERE m.shop = d.shop AND m.member = d.member AND {STANDING})"  # noqa: S608


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" for _ in values)


def _parts(members: Iterable[str]) -> Iterable[list[str]]:
    wanted = sorted(set(members))
    return [wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE)]
