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


def keep(
    conn: sqlite3.Connection, issued: Issued, channel: Channel, request_id: str, member: str = ""
) -> None:
    """Keep a new coupon, and let go of those that ended long ago. `member`: to whom alone it was given."""
    coupon = issued.coupon
    conn.execute(
        """INSERT INTO issued (serial, campaign, code, token, key_number, shop, expires_at, issued_at, channel, request,
           member) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
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
            member,
        ),
    )
    conn.execute("DELETE FROM issued WHERE expires_at < ?", (int(issued.issued_at) - KEEP_EXPIRED_S,))


def mark_used(conn: sqlite3.Connection, serial: str, at: float) -> None:
    """This node has learnt that the coupon was redeemed."""
    conn.execute("UPDATE issued SET used_at = ? WHERE serial = ? AND used_at IS NULL", (at, serial))


def mark_unused(conn: sqlite3.Connection, serial: str) -> None:
    """Its redemption was taken back."""
    conn.execute("UPDATE issued SET used_at = NULL WHERE serial = ?", (serial,))


def mark_balance(conn: sqlite3.Connection, serial: str, balance_cents: int) -> None:
    """This node has learnt what is left on the voucher."""
    conn.execute("UPDATE issued SET balance_cents = ? WHERE serial = ?", (balance_cents, serial))


def balance_of(conn: sqlite3.Connection, serial: str) -> int | None:
    """What is left on a voucher that was handed out here, once this node has learnt of a part that was spent."""
    row = conn.execute("SELECT balance_cents FROM issued WHERE serial = ?", (serial,)).fetchone()
    return row[0] if row else None


def bound_to(conn: sqlite3.Connection, serial: str) -> str:
    """The member to whom alone a coupon of this node was given; empty for everybody, and for another node's."""
    row = conn.execute("SELECT member FROM issued WHERE serial = ?", (serial,)).fetchone()
    return row[0] if row else ""


def taken_since(conn: sqlite3.Connection, campaign: int, at: float) -> int:
    """Coupons of a campaign that this node has handed out since then."""
    (count,) = conn.execute(
        "SELECT count(*) FROM issued WHERE campaign = ? AND issued_at >= ?", (campaign, at)
    ).fetchone()
    return int(count)


def _read(row: sqlite3.Row | None) -> Issued | None:
    if row is None:
        return None
    serial, campaign, code, token, key_number, shop, expires_at, issued_at, _channel, _request, used_at = row[
        :11
    ]
    coupon = Coupon(key_number, shop, campaign, serial, expires_at)
    return Issued(coupon, token, code, issued_at, used_at)
