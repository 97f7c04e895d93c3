"""Parts of long messages that wait for the others, on either database."""

from __future__ import annotations

from dataclasses import fields

from hub.store.connection import HubPool
from hub.store.inbox_records import OpenMessage, PartRow

_PART = ", ".join(field.name for field in fields(PartRow))


class SqlParts:
    """The part of `hub.store.inbox.SqlInbox` that keeps them."""

    _pool: HubPool

    def add_part(self, row: PartRow) -> None:
        """Keep one. The caller has looked in the same transaction that its place is free."""
        with self._pool.writing() as conn:
            conn.execute(
                f"INSERT INTO heard_part (shop, {_PART}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                (
                    self._pool.shop,
                    row.message,
                    row.number,
                    row.of,
                    row.channel,
                    row.sender_hash,
                    row.closed,
                    row.at,
                    int(row.again),
                ),
            )

    def parts(self, message: str) -> list[PartRow]:
        """What is here of one message, in the order in which it is read."""
        rows = self._pool.read(
            f"SELECT {_PART} FROM heard_part WHERE shop = ? AND message = ? ORDER BY number",  # noqa: S608
            self._pool.shop,
            message,
        )
        return [
            PartRow(message, number, of, channel, sender_hash, bytes(closed), at, bool(again))
            for message, number, of, channel, sender_hash, closed, at, again in rows
        ]

    def open_messages(self) -> list[OpenMessage]:
        """All that are not whole, the oldest first. There are few: whoever keeps parts bounds them."""
        rows = self._pool.read(
            """SELECT message, sender_hash, count(*), min(at) FROM heard_part WHERE shop = ?
               GROUP BY message, sender_hash ORDER BY min(at), message""",
            self._pool.shop,
        )
        return [OpenMessage(str(one), str(sender), int(parts), float(at)) for one, sender, parts, at in rows]

    def remove_parts(self, message: str) -> int:
        """Delete what is here of one message; how many parts."""
        with self._pool.writing() as conn, self._pool.erasing(conn):
            done = conn.execute(
                "DELETE FROM heard_part WHERE shop = ? AND message = ?", (self._pool.shop, message)
            )
        return done.rowcount
