"""A coupon of the chain behind what was scanned or typed: found by the shop's hub with what it knows, and by head office in the
books of all shops.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hub.presenting import Presented
from hub.store.base import Store
from hub.store.records import LedgerCoupon
from hub.upstream.merging import FromAbove
from hub.wire.chain import is_of_chain
from hub.wire.coupon import BadToken, Coupon, Token, read_token, read_typed
from hub.wire.identity import read_public
from hub.wire.refusals import Refusal
from hub.wire.snapshot import Key
from hub.wire.sync import RedeemRequest, Vouched


@dataclass(frozen=True, slots=True)
class OfChain:
    """A coupon of head office's as one shop sees it; None where only head office can know it. `key`, `issue`: as in `Presented`;
    `vouched`: this shop handed it out."""

    coupon: Coupon | None
    key: Key | None = None
    issue: LedgerCoupon | None = None
    vouched: Vouched | None = None


def of_chain(store: Store, above: FromAbove, text: str) -> OfChain | None:
    """None where the text is about a coupon of the shop's own, or about none."""
    if not above.number:
        return None
    try:
        token = read_token(text)
    except BadToken:
        return None
    if token is not None:
        here = token.coupon.shop == above.number and is_of_chain(token.coupon.campaign)
        return _from_token(store, above, token) if here else None
    typed = read_typed(text)
    if typed is None:
        return None
    row = store.ledger.coupon_by_code(typed.code)
    if row is None:
        return OfChain(None)
    if not is_of_chain(row.campaign):
        return None
    coupon = Coupon(row.key_number, above.number, row.campaign, row.serial, row.expires_at)
    return OfChain(coupon, store.devices.key(row.key_number), row, _vouch(coupon, row))


def _from_token(store: Store, above: FromAbove, token: Token) -> OfChain:
    coupon = token.coupon
    own = store.devices.key(coupon.key_number)
    if own is not None and token.is_signed_by(read_public(own.public)):
        row = store.ledger.coupon(coupon.serial)
        same = row is not None and (row.campaign, row.key_number) == (coupon.campaign, coupon.key_number)
        issue = row if same else None
        return OfChain(
            coupon, own, issue, _vouch(coupon, issue) if own.withdrawn_at is None or issue else None
        )
    for shop in above.keys:
        for key in shop.keys:
            if key.number == coupon.key_number and token.is_signed_by(read_public(key.public)):
                return OfChain(coupon, key)
    return OfChain(coupon)


def _vouch(coupon: Coupon, issue: LedgerCoupon | None) -> Vouched:
    return Vouched(
        coupon.serial,
        coupon.campaign,
        coupon.key_number,
        coupon.expires_at,
        None if issue is None else issue.issued_at,
        "" if issue is None else issue.member,
    )


def in_all_books(home: Store, request: RedeemRequest, device: str) -> Presented:
    """At head office: the coupon behind a question of a shop's hub, by the books and the keys of every shop."""
    vouched = request.vouched
    if vouched is not None and is_of_chain(vouched.campaign):
        coupon = Coupon(
            vouched.key_number, home.shop.number, vouched.campaign, vouched.serial, vouched.expires_at
        )
        at = vouched.issued_at
        if at is None:
            # It lasts a known time, so the token tells.
            record = home.campaigns.get(vouched.campaign)
            lasts_s = 0 if record is None else record.campaign.coupon_lasts_s
            at = float(max(0, vouched.expires_at - lasts_s))
        issue = LedgerCoupon(
            coupon.serial,
            coupon.campaign,
            "",
            coupon.key_number,
            coupon.expires_at,
            device,
            at,
            vouched.member,
        )
        return Presented(coupon, issue=issue)
    try:
        token = read_token(request.text)
    except BadToken:
        return Presented(None, refusal=Refusal.UNKNOWN_COUPON)
    if token is not None:
        return _signed_in_chain(home, token)
    typed = read_typed(request.text)
    for books in _all_books(home) if typed is not None else ():
        row = books.ledger.coupon_by_code(typed.code) if typed is not None else None
        if row is not None and is_of_chain(row.campaign):
            coupon = Coupon(row.key_number, home.shop.number, row.campaign, row.serial, row.expires_at)
            return Presented(coupon, books.devices.key(row.key_number), row)
    return Presented(None, refusal=Refusal.UNKNOWN_COUPON)


def _signed_in_chain(home: Store, token: Token) -> Presented:
    coupon = token.coupon
    if coupon.shop != home.shop.number:
        return Presented(coupon)
    for books in _all_books(home):
        key = books.devices.key(coupon.key_number)
        if key is not None and token.is_signed_by(read_public(key.public)):
            row = books.ledger.coupon(coupon.serial)
            same = row is not None and (row.campaign, row.key_number) == (coupon.campaign, coupon.key_number)
            return Presented(coupon, key, row if same else None, picture=token.picture)
    return Presented(coupon)


def _all_books(home: Store) -> Iterator[Store]:
    yield home
    for number in sorted({*(one.tenant for one in home.chain.below()), *home.chain.housed()}):
        yield home.of_shop(number)
