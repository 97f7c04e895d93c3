"""The store's answers about what may be shown of people: sums with noise in them, and of what they were made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.store.connection import HubPool
from hub.store.figure_records import Made
from hub.store.grains import FAMILIES, Asked, Family, Grain, Summed
from hub.store.rollups import read_grain


def _shown(name: str, dim: str, measures: tuple[str, ...], counted: tuple[str, ...]) -> Family:
    return Family(
        name,
        "",
        (dim,),
        (*measures, *(f"{one}_noisy" for one in counted)),
        (
            Grain(f"{name}_shown_day", (), hourly=False),
            Grain(f"{name}_shown_{dim}_day", (dim,), hourly=False),
            Grain(f"{name}_shown_hour", (), hourly=True),
            Grain(f"{name}_shown_{dim}_hour", (dim,), hourly=True, lead=dim),
        ),
    )


SHOWN: dict[str, Family] = {
    "footfall": _shown("footfall", "zone", ("visits", "dwell_ms"), ("visits",)),
    "street": _shown("street", "zone", ("passers", "entrants"), ("passers", "entrants")),
    "guests": _shown("guest", "way", ("joined", "known"), ("joined", "known")),
}
"""By name (`hub.figures.definitions.Family`), with the same measures as in `grains.FAMILIES`."""

NOISY_BY = {"dwell_ms": "visits"}
"""A measure that carries noise wherever another one does."""

Row = tuple[Any, ...]


class SqlHidden:
    """Reads and writes what may be shown of people in one shop."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def sums(self, asked: Asked) -> list[Summed]:
        """As `SqlRollups.sums`, from the shown tables. Where cuts of one question are added up, ask for their sum by itself: the
        whole of several cells with noise may be exact."""
        kind = SHOWN[asked.family]
        grain = kind.grain({*asked.by, *(name for name, _ in asked.only)})
        assert grain is not None  # noqa: S101 - the finest of them knows every dimension of its family
        marks = [f"{NOISY_BY.get(name, name)}_noisy" for name in asked.measures]
        more = Asked(
            asked.family,
            (*asked.measures, *marks),
            asked.shops,
            asked.first_day,
            asked.last_day,
            asked.by,
            asked.only,
        )
        count = len(asked.measures)
        return [
            Summed(
                row.key,
                row.numbers[:count],
                row.simulated,
                frozenset(
                    name for name, cells in zip(asked.measures, row.numbers[count:], strict=True) if cells
                ),
            )
            for row in read_grain(self._pool, kind, more, grain)
        ]

    def ground(self, family: str) -> tuple[str, str] | None:
        """On which ground all days of a family were made, and for which state they were last compared; None for none."""
        rows = self._pool.read(
            "SELECT ground, state FROM shown_state WHERE shop = ? AND family = ?", self._pool.shop, family
        )
        return (rows[0][0], rows[0][1]) if rows else None

    def stand_on(self, family: str, ground: str, state: str) -> None:
        """Say so."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO shown_state (shop, family, ground, state) VALUES (?, ?, ?, ?)
                   ON CONFLICT (shop, family) DO UPDATE SET ground = excluded.ground, state = excluded.state""",
                (self._pool.shop, family, ground, state),
            )

    def forget(self, family: str) -> None:
        """Take everything away that was made for a family. Call inside a transaction."""
        with self._pool.writing() as conn:
            for grain in SHOWN[family].grains:
                self._pool.empty_table(conn, grain.table)
            for table in ("shown_made", "shown_state"):
                conn.execute(
                    f"DELETE FROM {table} WHERE shop = ? AND family = ?",  # noqa: S608
                    (self._pool.shop, family),
                )

    def events(self, kinds: Sequence[str]) -> int:
        """How many facts of these kinds there are."""
        marks = ", ".join("?" for _ in kinds)
        rows = self._pool.read(
            f"SELECT coalesce(sum(events), 0) FROM kind_count WHERE shop = ? AND kind IN ({marks})",  # noqa: S608
            *(self._pool.shop, *kinds),
        )
        return int(rows[0][0])

    def true_sums(self, family: str, first_day: int, last_day: int) -> dict[tuple[int, int], tuple[int, ...]]:
        """What the true rows of each day add up to, by day and whether they are simulated."""
        kind = FAMILIES[family]
        grain = next(one for one in kind.grains if not one.hourly)
        sums = ", ".join(f"sum({name})" for name in kind.measures)
        rows = self._pool.read(
            f"SELECT day, simulated, {sums} FROM {grain.table} WHERE shop = ? AND day >= ? AND day <= ? GROUP BY 1, 2",  # noqa: S608
            self._pool.shop,
            first_day,
            last_day,
        )
        return {
            (day, int(simulated)): tuple(int(number) for number in numbers)
            for day, simulated, *numbers in rows
        }

    def made(self, family: str, first_day: int, last_day: int) -> dict[tuple[int, int], Made]:
        """Of which sums each day was made."""
        rows = self._pool.read(
            "SELECT day, simulated, is_open, sums, exact FROM shown_made WHERE shop = ? AND family = ? AND day >= ? AND day <= ?",
            *(self._pool.shop, family, first_day, last_day),
        )
        return {
            (day, int(simulated)): Made(bool(is_open), _numbers(sums), _numbers(exact))
            for day, simulated, is_open, sums, exact in rows
        }

    def cells(self, family: str, day: int, simulated: int, names: Sequence[str]) -> list[Row]:
        """The finest true rows of a day: dimension, hour, measures."""
        kind = FAMILIES[family]
        grain = next(one for one in kind.grains if one.lead)
        found: list[Row] = []
        for start in range(0, len(names), 500):
            part = names[start : start + 500]
            found += self._pool.read(
                f"SELECT {grain.lead}, hour, {', '.join(kind.measures)} FROM {grain.table} "  # noqa: S608 - names of our own
                f"WHERE shop = ? AND {grain.lead} IN ({', '.join('?' for _ in part)}) AND day = ? AND simulated = ? "
                "ORDER BY 1, 2",
                *(self._pool.shop, *part, day, simulated),
            )
        return found

    def parts(self, family: str) -> tuple[list[str], list[str]]:
        """Zones or ways of this shop, and hours, in which there ever was anything of a family."""
        kind = FAMILIES[family]
        dim = kind.dims[0]
        coarse, fine = kind.grain({dim}), kind.grain({"hour"})
        assert coarse is not None and fine is not None  # noqa: S101, PT018 - every family here has both
        names = self._pool.read(
            f"SELECT DISTINCT {dim} FROM {coarse.table} WHERE shop = ? ORDER BY 1",  # noqa: S608
            self._pool.shop,
        )
        hours = self._pool.read(
            f"SELECT DISTINCT hour FROM {fine.table} WHERE shop = ? ORDER BY 1",  # noqa: S608
            self._pool.shop,
        )
        return [str(name) for (name,) in names], [str(hour) for (hour,) in hours]

    def put(
        self,
        family: str,
        day: int,
        simulated: int,
        tables: Mapping[str, Iterable[Row]],
        made: Made | None,
    ) -> None:
        """What is shown of a day, in the place of what was; rows by table as the table has them, without the shop. `made`: None
        where nothing of the day is there any more. Call inside a transaction."""
        shop = int(self._pool.shop)
        with self._pool.writing() as conn:
            by_part = next(one.table for one in SHOWN[family].grains if one.dims and not one.hourly)
            # The finest first: its key begins with what the coarser one knows.
            for grain in reversed(SHOWN[family].grains):
                values: tuple[object, ...] = (shop, day, simulated)
                lead = ""
                if grain.lead:
                    lead = (
                        f" AND {grain.lead} IN (SELECT d.{grain.lead} FROM {by_part} d "  # noqa: S608
                        "WHERE d.shop = ? AND d.day = ? AND d.simulated = ?)"
                    )
                    values *= 2
                conn.execute(
                    f"DELETE FROM {grain.table} WHERE shop = ? AND day = ? AND simulated = ?{lead}",  # noqa: S608
                    values,
                )
                columns = (*grain.key, *SHOWN[family].measures)
                conn.executemany(
                    f"INSERT INTO {grain.table} (shop, {', '.join(columns)}) VALUES ({shop}, {', '.join('?' for _ in columns)})",  # noqa: S608
                    tables.get(grain.table, ()),
                )
            key = (shop, family, day, simulated)
            conn.execute(
                "DELETE FROM shown_made WHERE shop = ? AND family = ? AND day = ? AND simulated = ?", key
            )
            if made is not None:
                conn.execute(
                    """INSERT INTO shown_made (shop, family, day, simulated, is_open, sums, exact)
                       VALUES (?, ?, ?, ?, ?, ?, ?)""",
                    (*key, int(made.is_open), " ".join(map(str, made.sums)), " ".join(map(str, made.exact))),
                )

    def secret(self) -> str | None:
        """The shop's secret, in hexadecimal; None before it was drawn."""
        rows = self._pool.read("SELECT secret FROM noise_secret WHERE shop = ?", self._pool.shop)
        return str(rows[0][0]) if rows else None

    def keep_secret(self, secret: str) -> None:
        """Keep this one, unless there is one."""
        with self._pool.writing() as conn:
            conn.execute(
                "INSERT INTO noise_secret (shop, secret) VALUES (?, ?) ON CONFLICT (shop) DO NOTHING",
                (self._pool.shop, secret),
            )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(one) for one in text.split())
