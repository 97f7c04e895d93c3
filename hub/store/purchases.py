"""The store's answers about what was bought: each purchase once, by its id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter

from hub.store.connection import HubPool
from hub.store.purchase_records import Purchase

_COLUMNS = tuple(part.name for part in fields(Purchase))
_ROW = attrgetter(*_COLUMNS)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM purchase WHERE shop = ?"  # noqa: S608


class SqlPurchases:
    """What was bought: each row follows from events alone."""

    _pool: HubPool

    def add_purchases(self, purchases: Sequence[Purchase]) -> list[Purchase]:
        """Those of these (no two with the same id) that were not there yet; what is there stays as it is."""
        by_position = {one.position: one for one in purchases}
        with self._pool.writing() as conn:
            marks = f"({int(self._pool.shop)}, {', '.join('?' * len(_COLUMNS))})"
            known = self._pool.add_new(
                conn, "purchase", marks, [_ROW(one) for one in purchases], "id", ("position", 1)
            )
        for row in known:
            del by_position[row[1]]
        return list(by_position.values())

    def purchase(self, id_: str) -> Purchase | None:
        """The purchase of this id; None where none is known."""
        rows = self._pool.read(f"{_SELECT} AND id = ?", self._pool.shop, id_)
        return _read(rows[0]) if rows else None

    def purchases(self, first: float, end: float, *, limit: int = 100, skip: int = 0) -> list[Purchase]:
        """Purchases of a stretch of time (seconds of UTC, the end not included), the newest first."""
        rows = self._pool.read(
            f"{_SELECT} AND at >= ? AND at < ? ORDER BY at DESC, id LIMIT ? OFFSET ?",
            *(self._pool.shop, first, end, limit, skip),
        )
        return [_read(row) for row in rows]

    def purchases_after(self, position: int, first: float, end: float, limit: int) -> list[Purchase]:
        """Purchases of a stretch of time in the order in which the hub learnt of them, from behind a position on."""
        rows = self._pool.read(
            f"{_SELECT} AND position > ? AND at >= ? AND at < ? ORDER BY position LIMIT ?",
            *(self._pool.shop, position, first, end, limit),
        )
        return [_read(row) for row in rows]


def _read(row: tuple[object, ...]) -> Purchase:
    """SQLite knows no yes and no, only 1 and 0."""
    return Purchase(*(*row[:-1], bool(row[-1])))  # type: ignore[arg-type]  # the row is in the order of the fields
