"""The rows of one member, table by table, for whoever asks what is kept of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from hub.store.connection import HubPool

MOST_ROWS = 20_000
"""Of one table: nobody does more in one shop, and a page has an end."""


class SqlCarrying:
    """Reads by the columns in which members stand, each of which has an index."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def rows(
        self, table: str, columns: Sequence[str], whose: Sequence[str], members: Collection[str]
    ) -> list[dict[str, object]]:
        """Rows of a table of ours in which one of these stands in one of the columns `whose`: these columns, by name."""
        marks = ", ".join("?" for _ in members) or "NULL"
        where = " OR ".join(f"{column} IN ({marks})" for column in whose)
        rows = self._pool.read(
            f"SELECT {', '.join(columns)} FROM {table} WHERE shop = ? AND ({where}) "  # noqa: S608 - names of our own
            f"ORDER BY {', '.join(columns)} LIMIT {MOST_ROWS}",
            *(self._pool.shop, *(member for _ in whose for member in members)),
        )
        return [dict(zip(columns, row, strict=True)) for row in rows]
