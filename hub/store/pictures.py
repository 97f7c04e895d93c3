"""SQLite's answers about QRs that change: what was seen of each node's and each coupon's pictures (`hub.wire.rotating`)."""

from __future__ import annotations

from hub.store.connection import HubPool
from hub.wire.rotating import Pace, Seen


class SqlitePictures:
    """What the hub remembers so that a picture is worth nothing a moment later. It follows from no event."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def seen(self, key_number: int, serial: str) -> Seen:
        """What was seen so far."""
        shop = self._pool.shop
        paces = self._pool.read(
            "SELECT step, own, sure FROM pace WHERE shop = ? AND key_number = ?", shop, key_number
        )
        pace = Pace(paces[0][0], paces[0][1], bool(paces[0][2])) if paces else None
        rows = self._pool.read(
            "SELECT accepted, wrong_digits FROM picture_seen WHERE shop = ? AND serial = ?", shop, serial
        )
        return Seen(pace, *rows[0]) if rows else Seen(pace)

    def keep(self, key_number: int, serial: str, seen: Seen) -> None:
        """Remember it, in the transaction of the act."""
        with self._pool.writing() as conn:
            if seen.pace is not None:
                conn.execute(
                    """INSERT INTO pace VALUES (?, ?, ?, ?, ?) ON CONFLICT (shop, key_number) DO UPDATE SET
                       step = excluded.step, own = excluded.own, sure = excluded.sure""",
                    (self._pool.shop, key_number, seen.pace.step, seen.pace.own, seen.pace.sure),
                )
            conn.execute(
                """INSERT INTO picture_seen VALUES (?, ?, ?, ?) ON CONFLICT (shop, serial) DO UPDATE SET
                   accepted = excluded.accepted, wrong_digits = excluded.wrong_digits""",
                (self._pool.shop, serial, seen.accepted, seen.wrong_digits),
            )
