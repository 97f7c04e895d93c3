"""Answers from sums by day and hour: one question, some thousand rows at most."""

from __future__ import annotations

from typing import Any

from hub.store.connection import HubPool
from hub.store.grains import FAMILIES, Asked, Family, Grain, Summed
from hub.store.local_days import EPOCH_DAY, QUARTERS_OF_A_DAY, spans_of_days
from hub.store.rolling import Rolling, timezone_of

_TIMES = {
    "day": "f.day",
    # A week is named by its Monday, and 1 was one.
    "week": "f.day - (f.day + 6) % 7",
    "hour": "f.hour",
    "weekday": "(f.day + 6) % 7",
    "weekhour": "(f.day + 6) % 7 * 24 + f.hour",
}


class SqlRollups(Rolling):
    """Reads sums of one shop or of several of the same database, each by its own days."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def timezone(self) -> str:
        """By which clock the days of this shop are reckoned."""
        return timezone_of(self._pool, self._pool.shop)

    def sums(self, asked: Asked) -> list[Summed]:
        """Sums in the order of their keys; a cut in which nothing happened is not there."""
        kind = FAMILIES[asked.family]
        needed = {*asked.by, *(name for name, _ in asked.only)}
        grain = kind.grain(needed)
        if grain is not None:
            return read_grain(self._pool, kind, asked, grain)
        rows = [row for shop in asked.shops for row in _read_base(self._pool, kind, asked, shop)]
        return rows if len(asked.shops) == 1 or "shop" in asked.by else _merged(kind, asked, rows)

    def from_quarters(self, asked: Asked) -> list[Summed]:
        """The same from the quarters of an hour, which are slower to read and know of no timezone: they are what everything
        coarser is held against."""
        kind = FAMILIES[asked.family]
        rows = [row for shop in asked.shops for row in _read_base(self._pool, kind, asked, shop)]
        return _merged(kind, asked, rows)

    def first_day(self, shops: tuple[int, ...]) -> int | None:
        """The first day on which anything happened, as an ordinal; None where nothing did. Days before 2000 are wild stamps."""
        found = []
        for kind in FAMILIES.values():
            day = next(one for one in kind.grains if not one.hourly).table
            for shop in shops:
                # One shop at a time, so that each is the first entry of an index.
                rows = self._pool.read(
                    f"SELECT min(day) FROM {day} WHERE shop = ? AND day >= 730120",  # noqa: S608
                    shop,
                )
                found += [int(rows[0][0])] if rows[0][0] is not None else []
        return min(found, default=None)

    def values(
        self, family: str, dim: str, shops: tuple[int, ...], first_day: int, last_day: int
    ) -> list[Any]:
        """What a dimension came to in these days, in order: what somebody may narrow to."""
        kind = FAMILIES[family]
        grain = kind.grain({dim})
        if grain is None:
            return []
        rows = self._pool.read(
            f"SELECT DISTINCT {dim} FROM {grain.table} WHERE shop IN ({_marks(shops)}) AND day >= ? AND day <= ? ORDER BY 1",  # noqa: S608
            *shops,
            first_day,
            last_day,
        )
        return [value for (value,) in rows]


def _marks(values: tuple[Any, ...]) -> str:
    return ", ".join("?" for _ in values)


def read_grain(pool: HubPool, kind: Family, asked: Asked, grain: Grain) -> list[Summed]:
    """The sums that a question asks for, from one table that knows all of its dimensions."""
    where = [f"f.shop IN ({_marks(asked.shops)})", "f.day >= ?", "f.day <= ?"]
    days = (asked.first_day, asked.last_day)
    values: list[object] = [*asked.shops, *days]
    narrowed = {name for name, _ in asked.only}
    if grain.lead and grain.lead not in narrowed:
        # Its key begins with this one: told which there are, the database goes to each instead of through all days.
        coarse = kind.grain({grain.lead})
        if coarse is not None and coarse is not grain:
            where.append(
                f"f.{grain.lead} IN (SELECT d.{grain.lead} FROM {coarse.table} d "  # noqa: S608
                f"WHERE d.shop IN ({_marks(asked.shops)}) AND d.day >= ? AND d.day <= ?)"
            )
            values += [*asked.shops, *days]
    return _run(pool, kind, asked, grain.table, where, values)


def _read_base(pool: HubPool, kind: Family, asked: Asked, shop: int) -> list[Summed]:
    """From the quarters of one shop, by its clock."""
    parts, values = [], list[object]()
    columns = ", ".join((*kind.dims, "simulated", *kind.measures))
    for begun, end, offset in spans_of_days(timezone_of(pool, shop), asked.first_day, asked.last_day):
        local = f"(quarter + {int(offset)})"
        parts.append(
            f"SELECT shop, {local} / {QUARTERS_OF_A_DAY} + {EPOCH_DAY} AS day, "  # noqa: S608
            f"{local} % {QUARTERS_OF_A_DAY} / 4 AS hour, {columns} "
            f"FROM {kind.base} WHERE shop = ? AND quarter >= ? AND quarter < ?"
        )
        values += [shop, begun, end]
    if not parts:
        return []
    where = ["f.day >= ?", "f.day <= ?"]
    values += [asked.first_day, asked.last_day]
    return _run(pool, kind, asked, f"({' UNION ALL '.join(parts)})", where, values)


def _run(
    pool: HubPool, kind: Family, asked: Asked, table: str, where: list[str], values: list[object]
) -> list[Summed]:
    for name, wanted in asked.only:
        where.append(f"f.{name} IN ({_marks(wanted)})")
        values += wanted
    keys = [_TIMES.get(name, f"f.{name}") for name in asked.by]
    sums = [f"{'max' if name in kind.greatest else 'sum'}(f.{name})" for name in asked.measures]
    order = ", ".join(str(at + 1) for at in range(len(keys)))
    rows = pool.read(
        f"SELECT {', '.join((*keys, *sums, 'max(f.simulated)'))} FROM {table} f WHERE {' AND '.join(where)}"  # noqa: S608
        + (f" GROUP BY {order} ORDER BY {order}" if keys else ""),
        *values,
    )
    cut = len(keys)
    return [
        Summed(tuple(row[:cut]), tuple(int(number) for number in row[cut:-1]), bool(row[-1]))
        for row in rows
        if row[-1] is not None
    ]


def _merged(kind: Family, asked: Asked, rows: list[Summed]) -> list[Summed]:
    """Rows with the same key as one."""
    found: dict[tuple[Any, ...], Summed] = {}
    for row in rows:
        before = found.get(row.key)
        if before is not None:
            numbers = [
                max(one, two) if name in kind.greatest else one + two
                for name, one, two in zip(asked.measures, before.numbers, row.numbers, strict=True)
            ]
            row = Summed(row.key, tuple(numbers), before.simulated or row.simulated)
        found[row.key] = row
    return [found[key] for key in sorted(found)]
