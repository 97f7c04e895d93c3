"""A coupon is held for one purchase: for a till whose cash register asks first and pays afterwards.

A reservation ends by itself (`until`), is given up (`release`) or is completed by the redemption that names it. While it
stands the coupon is refused to everybody else with `reserved`, and it counts towards every limit of the campaign. A refused
reservation is no fact: nobody was refused a coupon at a till yet.
"""

from __future__ import annotations

import msgspec

from hub.folding import fold
from hub.gathering import Asked, decide_presented
from hub.ingest import append_own
from hub.ledger import ReleasedHere, ReservedHere, write_fact
from hub.presenting import NONCE_USED, Beside, digest, guessing, present
from hub.redeeming import NOTHING_BESIDE, remember_picture
from hub.store.base import Store
from hub.store.records import Device
from hub.wire.events import ClockState
from hub.wire.refusals import Refusal
from hub.wire.rules import Refused
from hub.wire.sync import Problem, Released, ReleaseRequest, ReserveReply, ReserveRequest


def reserve(
    store: Store,
    device: Device,
    request: ReserveRequest,
    now: float,
    clock: ClockState,
    beside: Beside = NOTHING_BESIDE,
) -> ReserveReply | tuple[int, Problem]:
    """Hold a coupon if it is good now. Call inside `store.writing()`."""
    presented = present(store, request.text)
    asked = digest(
        "reserve",
        request.text,
        request.lasts_s,
        request.basket_cents,
        request.amount_cents,
        request.products,
        request.member,
    )
    before = store.journal.answer(device.device, request.nonce)
    if before is not None:
        return msgspec.json.decode(before[1], type=ReserveReply) if before[0] == asked else NONCE_USED
    if _was_used(store, device.device, request.nonce):
        return NONCE_USED
    stopped = guessing(store, device, presented, now)
    if stopped is not None:
        return stopped
    who = Asked(
        device=device.device,
        staff=request.staff,
        basket_cents=request.basket_cents,
        amount_cents=request.amount_cents,
        products=request.products,
        member=request.member,
    )
    # A right of the till's own may be spent there meanwhile; only what the hub has left can be held.
    decided = decide_presented(store, presented, who, now, beside)
    coupon, decision = presented.coupon, decided.decision
    remember_picture(store, coupon, decided)
    if isinstance(decision, Refused) or coupon is None:
        refusal = decision.refusal if isinstance(decision, Refused) else Refusal.UNKNOWN_COUPON
        reply = ReserveReply(
            held=False,
            refusal=refusal.value,
            serial=coupon.serial if coupon is not None else None,
            campaign=coupon.campaign if coupon is not None else None,
        )
    else:
        until = now + request.lasts_s
        fact = ReservedHere(
            serial=coupon.serial,
            campaign=coupon.campaign,
            nonce=request.nonce,
            till=request.till,
            staff=request.staff,
            until=until,
            member=request.member,
            asked_by=device.device,
        )
        fold(store.ledger, [append_own(store, "coupon.reserved", write_fact(fact), now, clock)])
        reply = ReserveReply(
            held=True,
            serial=coupon.serial,
            campaign=coupon.campaign,
            value_cents=decision.value_cents,
            until=until,
        )
    store.journal.keep_answer(device.device, request.nonce, asked, msgspec.json.encode(reply), now)
    return reply


def release(store: Store, device: Device, request: ReleaseRequest, now: float, clock: ClockState) -> Released:
    """Give a reservation of this till up; what is not held is no error. Call inside `store.writing()`.

    Asked again it says the same: what this till released before it ran out was held.
    """
    reservation = store.ledger.reservation(device.device, request.nonce)
    if reservation is None or (reservation.ended is None and reservation.until <= now):
        return Released(was_held=False)
    if reservation.ended is None:
        fact = ReleasedHere(
            serial=reservation.serial,
            campaign=reservation.campaign,
            nonce=reservation.nonce,
            asked_by=device.device,
        )
        fold(store.ledger, [append_own(store, "coupon.released", write_fact(fact), now, clock)])
        return Released(was_held=True)
    return Released(was_held=reservation.ended == "released")


def _was_used(store: Store, device: str, nonce: str) -> bool:
    """Whether this nonce stands for something of this till: also where the answer was forgotten after a month."""
    ledger = store.ledger
    return ledger.act(device, nonce) is not None or ledger.reservation(device, nonce) is not None
