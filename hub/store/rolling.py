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
        with self._pool.writing() as conn:
            if kind.own_base:
                names = ("quarter", *kind.dims, "simulated")
                self._put(conn, kind, kind.base, kind.base_key, names, sums)
            for grain in kind.grains:
                names, coarser = _coarser(kind, grain, timezone, sums)
                self._put(conn, kind, grain.table, grain.key, names, coarser)

    def _put(
        self,
        conn: Conn,
        kind: Family,
        table: str,
        key: tuple[str, ...],
        names: tuple[str, ...],
        sums: dict[tuple[Any, ...], list[int]],
    ) -> None:
        shop = int(self._pool.shop)
        conn.executemany(_upsert(kind.name, table, key, names, shop), [(*k, *v) for k, v in sums.items()])
        lost = [k for k, v in sums.items() if any(number < 0 for number in v)]
        if lost:
            where = " AND ".join(f"{name} = ?" for name in names)
            none = " AND ".join(f"{measure} = 0" for measure in kind.measures)
            conn.executemany(f"DELETE FROM {table} WHERE shop = {shop} AND {where} AND {none}", lost)  # noqa: S608

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


def _by_key(kind: Family, rows: Iterable[Sequence[Any]]) -> dict[tuple[Any, ...], list[int]]:
    """Rows with the same key as one; those that add nothing are left out."""
    keys = len(kind.dims) + 2
    sums: dict[tuple[Any, ...], list[int]] = {}
    for row in rows:
        _add(kind, sums, tuple(row[:keys]), row[keys:])
    return {key: numbers for key, numbers in sums.items() if any(numbers)}


def _add(
    kind: Family, sums: dict[tuple[Any, ...], list[int]], key: tuple[Any, ...], numbers: Sequence[int]
) -> None:
    before = sums.get(key)
    if before is None:
        sums[key] = list(numbers)
    else:
        for place_, (measure, number) in enumerate(zip(kind.measures, numbers, strict=True)):
            if measure in kind.greatest:
                before[place_] = max(before[place_], number)
            else:
                before[place_] += number


def _coarser(
    kind: Family, grain: Grain, timezone: str, sums: dict[tuple[Any, ...], list[int]]
) -> tuple[tuple[str, ...], dict[tuple[Any, ...], list[int]]]:
    """The same sums by the columns of a grain: their names, and the sums by their values."""
    wanted = [1 + kind.dims.index(name) for name in grain.dims]
    names = ("day", *(("hour",) if grain.hourly else ()), *grain.dims, "simulated")
    coarser: dict[tuple[Any, ...], list[int]] = {}
    for key, numbers in sums.items():
        time = place(timezone, key[0])
        rest = tuple(key[at] for at in wanted)
        _add(kind, coarser, (*(time if grain.hourly else time[:1]), *rest, key[-1]), numbers)
    return names, {key: numbers for key, numbers in coarser.items() if any(numbers)}


@lru_cache(maxsize=512)
def _upsert(family: str, table: str, key: tuple[str, ...], names: tuple[str, ...], shop: int) -> str:
    kind = FAMILIES[family]
    columns = (*names, *kind.measures)
    return (
        f"INSERT INTO {table} (shop, {', '.join(columns)}) VALUES ({shop}, {', '.join('?' for _ in columns)}) "  # noqa: S608
        f"ON CONFLICT (shop, {', '.join(key)}) DO UPDATE SET {_added(kind, table)}"
    )


def _added(kind: Family, table: str) -> str:
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
        f"ON CONFLICT (shop, {', '.join(grain.key)}) DO UPDATE SET {_added(kind, grain.table)}"
    )
