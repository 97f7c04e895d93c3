"""The hub's side of the counter: a till asks, the one rule decides under the lock, the answer is on disk before it is sent.

1. The same nonce of the same till gets the same answer.
2. What was scanned or typed becomes a coupon; a signature is checked here, the rule asks only whether it held.
3. Facts are gathered, `hub.wire.rules.decide` decides.
4. Decision, event and answer are one transaction.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.folding import fold
from hub.ingest import append_own
from hub.ledger import RedeemedHere, RefusedHere, write_fact
from hub.store.base import Store
from hub.store.records import Act, Device
from hub.wire.coupon import BadToken, Coupon, Token, read_code, read_token
from hub.wire.events import ClockState
from hub.wire.identity import read_public
from hub.wire.refusals import Refusal
from hub.wire.rules import Accepted, Decision, Facts, Refused, decide
from hub.wire.snapshot import Key
from hub.wire.sync import Problem, RedeemReply, RedeemRequest

WRONG_CODES = 20
WRONG_CODES_WINDOW_S = 600.0
"""A code has 55 random bits: at twenty guesses in ten minutes a till would need longer than the shop will stand."""

_NONCE_USED = (409, Problem("nonce_used", "This till has used that number for another scan. Scan again."))


@dataclass(frozen=True, slots=True)
class Presented:
    """What a shopper showed: a coupon with what the ledger and the keys say of it, or the reason why it is none.

    `typed`: a code that is well formed, so that guessing is counted.
    """

    coupon: Coupon | None
    key: Key | None = None
    known: bool = False
    refusal: Refusal | None = None
    typed: bool = False


def redeem(
    store: Store, device: Device, request: RedeemRequest, now: float, clock: ClockState
) -> RedeemReply | tuple[int, Problem]:
    """Decide and write it down. Call inside `store.writing()`."""
    presented = present(store, request.text)
    act = store.ledger.act(device.device, request.nonce)
    if act is not None:
        return _as_before(act, presented)
    asked = hashlib.sha256(f"{request.text}\n{request.basket_cents}".encode()).hexdigest()
    before = store.journal.answer(device.device, request.nonce)
    if before is not None:
        return msgspec.json.decode(before[1], type=RedeemReply) if before[0] == asked else _NONCE_USED
    if presented.typed:
        tries = store.devices.wrong_codes(device.device, now, window_s=WRONG_CODES_WINDOW_S)
        if tries >= WRONG_CODES:
            sentence = "Too many wrong codes at this till. Scan the QR, or wait ten minutes."
            return 429, Problem("too_many_tries", sentence)
    if presented.typed and presented.coupon is None:
        store.devices.count_wrong_code(device.device, now, window_s=WRONG_CODES_WINDOW_S)
    decision = _decide(store, presented, request, now)
    reply = _write_down(store, device, request, presented, decision, now, clock)
    if not reply.accepted:
        # A redemption is found again by its nonce; a refusal has to be remembered.
        store.journal.keep_answer(device.device, request.nonce, asked, msgspec.json.encode(reply), now)
    return reply


def present(store: Store, text: str) -> Presented:
    """Find the coupon behind what was scanned or typed."""
    try:
        token = read_token(text)
    except BadToken:
        return Presented(None, refusal=Refusal.UNKNOWN_COUPON)
    if token is not None:
        return _from_token(store, token)
    code = read_code(text)
    if code is None:
        return Presented(None, refusal=Refusal.BAD_CODE)
    row = store.ledger.coupon_by_code(code)
    if row is None:
        return Presented(None, refusal=Refusal.UNKNOWN_COUPON, typed=True)
    coupon = Coupon(row.key_number, store.shop.number, row.campaign, row.serial, row.expires_at)
    return Presented(coupon, store.devices.key(row.key_number), known=True, typed=True)


def _from_token(store: Store, token: Token) -> Presented:
    """A token that its key did not sign vouches for nothing, whatever serial it names."""
    coupon = token.coupon
    key = store.devices.key(coupon.key_number) if coupon.shop == store.shop.number else None
    if key is None or not token.is_signed_by(_public(key)):
        return Presented(coupon)
    row = store.ledger.coupon(coupon.serial)
    known = row is not None and (row.campaign, row.key_number) == (coupon.campaign, coupon.key_number)
    return Presented(coupon, key, known)


def _public(key: Key) -> Ed25519PublicKey:
    return read_public(key.public)


def _decide(store: Store, presented: Presented, request: RedeemRequest, now: float) -> Decision:
    coupon = presented.coupon
    if coupon is None:
        return Refused(presented.refusal or Refusal.UNKNOWN_COUPON)
    record = store.campaigns.get(coupon.campaign)
    first = store.ledger.first_act(coupon.serial)
    campaign = record.campaign if record is not None and record.state != "draft" else None
    limited = campaign is not None and campaign.redemption_limit is not None
    return decide(
        coupon,
        Facts(
            now=now,
            shop=store.shop.number,
            campaign=campaign,
            key=presented.key,
            known=presented.known,
            revoked=store.ledger.is_revoked(coupon.serial),
            first_use=first.as_first_use() if first is not None else None,
            redeemed=store.ledger.redeemed(coupon.campaign) if limited else 0,
            basket_cents=request.basket_cents,
        ),
    )


def _write_down(
    store: Store,
    device: Device,
    request: RedeemRequest,
    presented: Presented,
    decision: Decision,
    now: float,
    clock: ClockState,
) -> RedeemReply:
    coupon = presented.coupon
    serial = coupon.serial if coupon is not None else None
    campaign = coupon.campaign if coupon is not None else None
    if isinstance(decision, Accepted):
        fact: RedeemedHere | RefusedHere = RedeemedHere(
            serial=str(serial),
            campaign=campaign or 0,
            nonce=request.nonce,
            till=request.till,
            staff=request.staff,
            value_cents=decision.value_cents,
            basket_cents=request.basket_cents,
            asked_by=device.device,
        )
        kind = "coupon.redeemed"
        reply = RedeemReply(
            True, None, serial, campaign, decision.value_cents, now, request.till, request.staff
        )
    else:
        fact = RefusedHere(
            refusal=decision.refusal.value,
            nonce=request.nonce,
            till=request.till,
            staff=request.staff,
            serial=serial,
            campaign=campaign,
            asked_by=device.device,
        )
        kind = "coupon.refused"
        first = decision.first_use
        reply = RedeemReply(
            accepted=False,
            refusal=decision.refusal.value,
            serial=serial,
            campaign=campaign,
            at=first.at if first else None,
            till=first.till if first else None,
            staff=first.staff if first else None,
        )
    fold(store.ledger, [append_own(store, kind, write_fact(fact), now, clock)])
    return reply


def _as_before(act: Act, presented: Presented) -> RedeemReply | tuple[int, Problem]:
    """The same act: asked before and the answer lost, or accepted by the till alone and its fact here before its question."""
    if presented.coupon is None or presented.coupon.serial != act.serial:
        return _NONCE_USED
    return RedeemReply(True, None, act.serial, act.campaign, act.value_cents, act.at, act.till, act.staff)
