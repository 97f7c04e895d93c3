"""Whether a coupon opens the door: one of this shop, that could be redeemed now. It is not redeemed by that."""

from __future__ import annotations

from typing import Literal

from edge.portal.ways.codes import LONGEST_TYPED, read_short_code
from hub.client.db import Pool
from hub.client.issued import by_code, by_serial
from hub.client.shelf import Shelf
from hub.wire.coupon import BadToken, Coupon, read_token
from hub.wire.identity import read_public
from hub.wire.refusals import Refusal
from hub.wire.rules import Facts, FirstUse, Refused, decide

Trouble = Literal["unknown-coupon", "coupon-elsewhere", "coupon-over", "mistyped"]

_STILL_A_COUPON = frozenset(
    {
        Refusal.BASKET_NEEDED,
        Refusal.BASKET_TOO_SMALL,
        Refusal.LIMIT_REACHED,
        Refusal.DAY_LIMIT,
        Refusal.PERSON_LIMIT,
        Refusal.NOT_AT_THIS_HOUR,
        Refusal.PRODUCTS_NEEDED,
        Refusal.PRODUCT_MISSING,
        Refusal.MEMBER_NEEDED,
        Refusal.CONDITION_UNMET,
        Refusal.AMOUNT_NEEDED,
        Refusal.GROUP_TOO_SMALL,
        Refusal.NEXT_VISIT,
        Refusal.CODE_TOO_OLD,
    }
)
"""What stands between the coupon and a purchase does not stand between its owner and the Wi-Fi."""


def coupon_trouble(typed: str, shelf: Shelf, pool: Pool, now: float) -> Trouble | None:
    """Why this token or code opens nothing; None where it does. The rule of the till decides, with what this door knows."""
    conn = pool.here().conn
    assert conn is not None  # noqa: S101 - an open Database always has one; this is for the type checker
    shop = shelf.shop()
    if shop is None:
        return "unknown-coupon"
    try:
        token = read_token(typed[:LONGEST_TYPED])
    except BadToken:
        return "mistyped"
    if token is not None:
        key = shelf.key(token.coupon.key_number)
        if key is None or not token.is_signed_by(read_public(key.public)):
            return "unknown-coupon"
        issued = by_serial(conn, token.coupon.serial)
        return _judged(token.coupon, shelf, issued.used_at if issued else None, known=False, now=now)
    code = read_short_code(typed)
    if code is None:
        return "mistyped"
    issued = by_code(conn, code)
    if issued is None:
        # A code says nothing by itself: only whoever issued it, and the hub, can look it up.
        return "coupon-elsewhere"
    return _judged(issued.coupon, shelf, issued.used_at, known=True, now=now)


def _judged(
    coupon: Coupon, shelf: Shelf, used_at: float | None, *, known: bool, now: float
) -> Trouble | None:
    shop = shelf.shop()
    facts = Facts(
        now=now,
        shop=shop.number if shop else 0,
        campaign=shelf.campaign(coupon.campaign),
        key=shelf.key(coupon.key_number),
        known=known,
        revoked=shelf.is_revoked(coupon),
        first_use=FirstUse(used_at, "", "", "") if used_at is not None else None,
    )
    decision = decide(coupon, facts)
    if not isinstance(decision, Refused) or decision.refusal in _STILL_A_COUPON:
        return None
    return (
        "unknown-coupon"
        if decision.refusal in (Refusal.WRONG_STORE, Refusal.BAD_SIGNATURE)
        else "coupon-over"
    )
