"""What was scanned or typed becomes a coupon, with what the ledger and the keys say of it; guesses are counted.

A signature is checked here: the rule asks only whether it held. A code that is well formed and unknown is a guess; all that a
till may be asked with a code (redeem, reserve, look) counts in one row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from hub.store.base import Store
from hub.store.records import Device, LedgerCoupon
from hub.wire.coupon import BadToken, Coupon, Token, read_token, read_typed
from hub.wire.identity import read_public
from hub.wire.refusals import Refusal
from hub.wire.rotating import RotatingKey
from hub.wire.snapshot import Key
from hub.wire.sync import Held, Problem

WRONG_CODES = 20
WRONG_CODES_WINDOW_S = 600.0
"""A code has 55 random bits: at twenty guesses in ten minutes a till would need longer than the shop will stand."""

NONCE_USED = (409, Problem("nonce_used", "This till has used that number for another scan. Scan again."))


def _no_keys() -> Sequence[RotatingKey]:
    return ()


def _nothing_told(_: int) -> Mapping[str, Held]:
    return {}


@dataclass(frozen=True, slots=True)
class Beside:
    """What a decision needs and the store does not hold. `rotating_keys`: those behind QRs that change, asked only for such a
    coupon. `told`: what nodes said of their rights for a campaign, by device."""

    rotating_keys: Callable[[], Sequence[RotatingKey]] = _no_keys
    told: Callable[[int], Mapping[str, Held]] = _nothing_told


@dataclass(frozen=True, slots=True)
class Presented:
    """What a shopper showed: a coupon with what the ledger and the keys say of it, or the reason why it is none.

    `issue`: the coupon's row in the ledger, where its issue has arrived and it is the same one. `typed`: a code that is well
    formed, so that guessing is counted. `picture`: what stood behind the token or the code of a coupon that changes.
    """

    coupon: Coupon | None
    key: Key | None = None
    issue: LedgerCoupon | None = None
    refusal: Refusal | None = None
    typed: bool = False
    picture: str = ""


def present(store: Store, text: str) -> Presented:
    """Find the coupon behind what was scanned or typed."""
    try:
        token = read_token(text)
    except BadToken:
        return Presented(None, refusal=Refusal.UNKNOWN_COUPON)
    if token is not None:
        return _from_token(store, token)
    typed = read_typed(text)
    if typed is None:
        return Presented(None, refusal=Refusal.BAD_CODE)
    row = store.ledger.coupon_by_code(typed.code)
    if row is None:
        return Presented(None, refusal=Refusal.UNKNOWN_COUPON, typed=True)
    coupon = Coupon(row.key_number, store.shop.number, row.campaign, row.serial, row.expires_at)
    return Presented(coupon, store.devices.key(row.key_number), row, typed=True, picture=typed.picture)


def _from_token(store: Store, token: Token) -> Presented:
    """A token that its key did not sign vouches for nothing, whatever serial it names."""
    coupon = token.coupon
    key = store.devices.key(coupon.key_number) if coupon.shop == store.shop.number else None
    if key is None or not _is_signed(key.public, token):
        return Presented(coupon)
    row = store.ledger.coupon(coupon.serial)
    same = row is not None and (row.campaign, row.key_number) == (coupon.campaign, coupon.key_number)
    return Presented(coupon, key, row if same else None, picture=token.picture)


def check_ahead(store: Store, text: str) -> None:
    """Check a token's signature before the lock is asked for: it takes as long as half of what is done under it. What came of it
    is remembered for `present`, which looks for itself whose key it is."""
    try:
        token = read_token(text)
    except BadToken:
        return
    key = store.devices.key(token.coupon.key_number) if token is not None else None
    if token is not None and key is not None:
        _is_signed(key.public, token)


@lru_cache(maxsize=2_048)
def _is_signed(public: str, token: Token) -> bool:
    return token.is_signed_by(read_public(public))


def guessing(store: Store, device: Device, presented: Presented, now: float) -> tuple[int, Problem] | None:
    """None where this till may be answered; else the answer. Counts a wrong code. Call inside `store.writing()`."""
    if not presented.typed:
        return None
    stopped = too_many(store, device, now)
    if stopped is None and presented.coupon is None:
        count_guess(store, device, now)
    return stopped


def too_many(store: Store, device: Device, now: float) -> tuple[int, Problem] | None:
    """The answer to a till that has guessed too often; None for all others."""
    if store.devices.wrong_codes(device.device, now, window_s=WRONG_CODES_WINDOW_S) < WRONG_CODES:
        return None
    sentence = "Too many wrong codes at this till. Scan the QR, or wait ten minutes."
    return 429, Problem("too_many_tries", sentence)


def count_guess(store: Store, device: Device, now: float) -> None:
    """One more wrong code from this till."""
    store.devices.count_wrong_code(device.device, now, window_s=WRONG_CODES_WINDOW_S)


def digest(what: str, *parts: object) -> str:
    """What was asked, so that the same nonce for something else can be told. Parts that say nothing count for nothing."""
    said = [str(part) for part in parts]
    while len(said) > 2 and said[-1] in ("", "None"):
        said.pop()
    lines = said if what == "redeem" else [what, *said]
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
