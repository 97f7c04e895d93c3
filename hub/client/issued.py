"""The coupons that this node handed out, as its shoppers may look at them again."""

from __future__ import annotations

import sqlite3

from hub.wire.coupon import Coupon, Issued
from hub.wire.events import Channel

KEEP_EXPIRED_S = 86_400
"""A coupon can be looked at for a day after it ended, so that its page can say so."""


def by_serial(conn: sqlite3.Connection, serial: str) -> Issued | None:
    """The coupon with this serial."""
    return _read(conn.execute("SELECT * FROM issued WHERE serial = ?", (serial,)).fetchone())


def by_code(conn: sqlite3.Connection, code: str) -> Issued | None:
    """The coupon with this typed code."""
    return _read(conn.execute("SELECT * FROM issued WHERE code = ?", (code,)).fetchone())


def by_request(conn: sqlite3.Connection, request_id: str) -> Issued | None:
    """The coupon that this very request took before."""
    return _read(conn.execute("SELECT * FROM issued WHERE request = ?", (request_id,)).fetchone())


def keep(conn: sqlite3.Connection, issued: Issued, channel: Channel, request_id: str) -> None:
    """Keep a new coupon, and let go of those that ended long ago."""
    coupon = issued.coupon
    conn.execute(
        """INSERT INTO issued (serial, campaign, code, token, key_number, shop, expires_at, issued_at, channel, request)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            coupon.serial,
            coupon.campaign,
            issued.code,
            issued.token,
            coupon.key_number,
            coupon.shop,
            coupon.expires_at,
            issued.issued_at,
            channel,
            request_id,
        ),
    )
    conn.execute("DELETE FROM issued WHERE expires_at < ?", (int(issued.issued_at) - KEEP_EXPIRED_S,))


def mark_used(conn: sqlite3.Connection, serial: str, at: float) -> None:
    """This node has learnt that the coupon was redeemed."""
    conn.execute("UPDATE issued SET used_at = ? WHERE serial = ? AND used_at IS NULL", (at, serial))


def _read(row: sqlite3.Row | None) -> Issued | None:
    if row is None:
        return None
    serial, campaign, code, token, key_number, shop, expires_at, issued_at, _channel, _request, used_at = row
    coupon = Coupon(key_number, shop, campaign, serial, expires_at)
    return Issued(coupon, token, code, issued_at, used_at)
