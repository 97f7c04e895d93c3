"""Keeps sums by the shop's days and hours: as facts come in, and all of them anew when the shop's clock is another one.

A row whose sums are all nought is taken away, so it makes no difference how a journal is cut into batches, nor in which batch
something is taken back that was added in another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from hub.store.connection import Conn, HubPool
from hub.store.grains import FAMILIES, Family, Grain
from hub.store.local_days import EPOCH_DAY, QUARTERS_OF_A_DAY, place, spans

Sums = dict[tuple[Any, ...], Sequence[int]]
"""Measures by the values of a table's columns: the time, the dimensions, whether it is simulated."""

APART = 1 << 20
"""What is derived beside (`hub.store.beside`) stands under the shop's number and a multiple of this."""


class _Clock(msgspec.Struct):
    timezone: str = "UTC"


_clock = msgspec.json.Decoder(_Clock)


def timezone_of(pool: HubPool, shop: int) -> str:
    """By which clock a shop's days are reckoned."""
    rows = pool.read("SELECT body FROM shop WHERE number = ?", shop % APART)
    return _clock.decode(rows[0][0]).timezone if rows else "UTC"


class Rolling:
    """The part of the ledger that keeps sums by day and hour."""

    _pool: HubPool

    def roll(self, family: str, rows: Iterable[Sequence[Any]]) -> None:
        """Add to the sums of a family. A row: quarter (number of a quarter of an hour since 1970, UTC), the family's dimensions,
        whether it is simulated, its measures, as `grains.FAMILIES` has them. Measures may be negative: something was taken back.
        Call inside a transaction."""
        kind = FAMILIES[family]
        sums = _by_key(kind, rows)
        if not sums:
            return
        timezone = timezone_of(self._pool, self._pool.shop)
        # Where nothing is taken back, no row can come to nought.
        taken_back = min([min(numbers) for numbers in sums.values()]) < 0
        with self._pool.writing() as conn:
            if kind.own_base:
                self._put(conn, kind, kind.base, sums, taken_back=taken_back)
            for grain in kind.grains:
                self._put(
                    conn, kind, grain.table, _coarser(kind, grain, timezone, sums), taken_back=taken_back
                )

    def _put(self, conn: Conn, kind: Family, table: str, sums: Sums, *, taken_back: bool) -> None:
        add, remove = _statements(kind.name, table, int(self._pool.shop))
        conn.executemany(add, [(*key, *numbers) for key, numbers in sums.items()])
        lost = [key for key, numbers in sums.items() if min(numbers) < 0] if taken_back else []
        if lost:
            conn.executemany(remove, lost)

    def reckon_anew(self) -> None:
        """All sums by day and hour once more, by the clock that the shop has now. Call inside a transaction."""
        shop = int(self._pool.shop)
        timezone = timezone_of(self._pool, shop)
        with self._pool.writing() as conn:
            for kind in FAMILIES.values():
                low, high = conn.execute(
                    f"SELECT min(quarter), max(quarter) FROM {kind.base} WHERE shop = ?",  # noqa: S608
                    (shop,),
                ).fetchone()
                for grain in kind.grains:
                    self._pool.empty_table(conn, grain.table)
                    if low is not None:
                        for begun, end, offset in spans(timezone, int(low), int(high) + 1):
                            conn.execute(_reckoned(kind, grain, offset), (shop, begun, end))


def _by_key(kind: Family, rows: Iterable[Sequence[Any]]) -> Sums:
    """Rows with the same key as one; those that add nothing are left out."""
    keys = len(kind.dims) + 2
    return _added_up(kind, [(tuple(row[:keys]), row[keys:]) for row in rows])


def _added_up(kind: Family, rows: Iterable[tuple[tuple[Any, ...], Sequence[int]]]) -> Sums:
    sums: Sums = {}
    for key, numbers in rows:
        before = sums.get(key)
        if before is None:
            sums[key] = numbers
        elif kind.greatest:
            sums[key] = [
                max(one, two) if name in kind.greatest else one + two
                for name, one, two in zip(kind.measures, before, numbers, strict=True)
            ]
        else:
            sums[key] = [one + two for one, two in zip(before, numbers, strict=True)]
    return {key: numbers for key, numbers in sums.items() if any(numbers)}


def _coarser(kind: Family, grain: Grain, timezone: str, sums: Sums) -> Sums:
    """The same sums by the columns of a grain."""
    wanted = _places(kind.name, grain.dims)
    length = 2 if grain.hourly else 1
    return _added_up(
        kind,
        [
            ((*place(timezone, key[0])[:length], *[key[at] for at in wanted]), numbers)
            for key, numbers in sums.items()
        ],
    )


@lru_cache(maxsize=64)
def _places(family: str, dims: tuple[str, ...]) -> tuple[int, ...]:
    """Where these dimensions stand in a row's key, and behind them whether it is simulated."""
    every = FAMILIES[family].dims
    return (*(1 + every.index(name) for name in dims), 1 + len(every))


@lru_cache(maxsize=512)
def _statements(family: str, table: str, shop: int) -> tuple[str, str]:
    """What adds a row to a table's, and what takes one away whose sums are all nought."""
    kind = FAMILIES[family]
    if table == kind.base:
        key, names = kind.base_key, ("quarter", *kind.dims, "simulated")
    else:
        grain = next(one for one in kind.grains if one.table == table)
        key, names = grain.key, ("day", *(("hour",) if grain.hourly else ()), *grain.dims, "simulated")
    columns = (*names, *kind.measures)
    where = " AND ".join(f"{name} = ?" for name in names)
    none = " AND ".join(f"{measure} = 0" for measure in kind.measures)
    marks = ", ".join("?" for _ in columns)
    add = f"INSERT INTO {table} (shop, {', '.join(columns)}) VALUES ({shop}, {marks})"  # noqa: S608
    return (
        f"{add} ON CONFLICT (shop, {', '.join(key)}) DO UPDATE SET {added(kind, table)}",
        f"DELETE FROM {table} WHERE shop = {shop} AND {where} AND {none}",  # noqa: S608
    )


def added(kind: Family, table: str) -> str:
    """How two rows of a family's table with the same key are one."""
    return ", ".join(
        f"{name} = max({table}.{name}, excluded.{name})"
        if name in kind.greatest
        else f"{name} = {table}.{name} + excluded.{name}"
        for name in kind.measures
    )


def _reckoned(kind: Family, grain: Grain, offset: int) -> str:
    """A grain from the base, for quarters of one span."""
    local = f"(b.quarter + {int(offset)})"
    times = [f"{local} / {QUARTERS_OF_A_DAY} + {EPOCH_DAY}"]
    names = ["day"]
    if grain.hourly:
        times.append(f"{local} % {QUARTERS_OF_A_DAY} / 4")
        names.append("hour")
    keys = [f"b.{name}" for name in (*grain.dims, "simulated")]
    sums = [f"{'max' if name in kind.greatest else 'sum'}(b.{name})" for name in kind.measures]
    columns = (*names, *grain.dims, "simulated", *kind.measures)
    some = " OR ".join(f"sum(b.{name}) <> 0" for name in kind.measures)
    # WHERE: without one SQLite would take ON CONFLICT for the condition of a join ("UPSERT", parsing ambiguity).
    return (
        f"INSERT INTO {grain.table} (shop, {', '.join(columns)}) SELECT b.shop, {', '.join((*times, *keys, *sums))} "  # noqa: S608
        f"FROM {kind.base} b WHERE b.shop = ? AND b.quarter >= ? AND b.quarter < ? "
        f"GROUP BY b.shop, {', '.join((*times, *keys))} HAVING {some} "
        f"ON CONFLICT (shop, {', '.join(grain.key)}) DO UPDATE SET {added(kind, grain.table)}"
    )
