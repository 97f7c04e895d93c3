"""The store's answers about the shops of one database: which there are, and for which a request is.

These are the only questions that look beyond one shop. They say a number, or count a wrong code, and nothing else.
"""

from __future__ import annotations

from hub.store.connection import HubPool


class SqlTenants:
    """All shops of this database."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def shops(self) -> list[int]:
        """The numbers of all shops, in order."""
        return [int(number) for (number,) in self._pool.read("SELECT number FROM shop ORDER BY number")]

    def of_chain(self) -> list[int]:
        """Shops of this one's chain, in order, without itself."""
        rows = self._pool.read(
            """SELECT number FROM shop WHERE number <> ? AND (of_chain = ? OR number IN
               (SELECT tenant FROM shop_below WHERE shop = ?)) ORDER BY number""",
            *(self._pool.shop,) * 3,
        )
        return [int(number) for (number,) in rows]

    def put_in_chain(self, shop: int) -> None:
        """A shop is of this one's chain."""
        with self._pool.whole_database() as conn:
            conn.execute("UPDATE shop SET of_chain = ? WHERE number = ?", (self._pool.shop, shop))

    def of_node(self, node: str) -> int | None:
        """The shop at which a node of this name was enrolled, withdrawn or not; None where none was."""
        rows = self._pool.read("SELECT shop FROM device WHERE device = ? LIMIT 1", node)
        return int(rows[0][0]) if rows else None

    def of_pairing(self, secret_hash: str) -> int | None:
        """The shop that gave this pairing code out, good or too old; None where none did."""
        rows = self._pool.read("SELECT shop FROM pairing WHERE secret_hash = ? LIMIT 1", secret_hash)
        return int(rows[0][0]) if rows else None

    def count_wrong_pairing(self) -> None:
        """A code that no shop gave out counts against every code that is open, as it would in each of them."""
        with self._pool.whole_database() as conn:
            conn.execute("UPDATE pairing SET wrong_tries = wrong_tries + 1")
