"""The hub's side of the counter: a till asks, the one rule decides under the lock, the answer is on disk before it is sent.

1. The same nonce of the same till gets the same answer; for something else it is refused.
2. What was scanned or typed becomes a coupon (`hub.presenting`).
3. Facts are gathered, `hub.wire.rules.decide` decides (`hub.gathering`).
4. Decision, event and answer are one transaction.

A yes whose reply was lost, and that nobody asks for again at that till, stands: another till then says when, where and by whom
the coupon was used, `hub.looking` tells the same, and a manager can take it back (`hub.reversing`).
"""

from __future__ import annotations

import msgspec

from hub.folding import fold
from hub.gathering import Asked, Decided, decide_presented
from hub.ingest import append_own
from hub.ledger import RedeemedHere, RefusedHere, write_fact
from hub.presenting import NONCE_USED, Beside, Presented, digest, guessing, present
from hub.spending import standing_act
from hub.store.base import Store
from hub.store.records import Act, Device
from hub.wire.coupon import Coupon
from hub.wire.events import ClockState
from hub.wire.refusals import Refusal
from hub.wire.rules import Accepted, Refused
from hub.wire.sync import Problem, RedeemReply, RedeemRequest

NOTHING_BESIDE = Beside()

NOT_ASKED = (404, Problem("not_asked", "This hub has not decided that scan."))


def redeem(
    store: Store,
    device: Device,
    request: RedeemRequest,
    now: float,
    clock: ClockState,
    beside: Beside = NOTHING_BESIDE,
    shown: Presented | None = None,
    booked_in: int = 0,
) -> RedeemReply | tuple[int, Problem]:
    """Decide and write it down. Call inside `store.writing()`. `shown`: what stands behind the text, where others looked;
    `booked_in`: the shop of the chain that sells it, at head office."""
    presented = present(store, request.text) if shown is None else shown
    act = standing_act(store.ledger, device.device, request.nonce)
    if act is not None:
        return _as_before(act, presented, request)
    asked = asked_for(request)
    before = store.journal.answer(device.device, request.nonce)
    if before is not None:
        return msgspec.json.decode(before[1], type=RedeemReply) if before[0] == asked else NONCE_USED
    if request.only_known:
        return NOT_ASKED
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
        reservation=request.reservation,
        spare=request.spare,
        purchase=request.purchase,
    )
    decided = decide_presented(store, presented, who, now, beside)
    remember_picture(store, presented.coupon, decided)
    reply = _write_down(store, device, request, presented.coupon, decided, now, clock, booked_in)
    if not reply.accepted:
        # A redemption is found again by its nonce; a refusal has to be remembered.
        store.journal.keep_answer(device.device, request.nonce, asked, msgspec.json.encode(reply), now)
    return reply


def asked_for(request: RedeemRequest) -> str:
    """What was asked, as the answer is kept by it."""
    return digest(
        "redeem",
        request.text,
        request.basket_cents,
        request.amount_cents,
        request.products,
        request.member,
        request.reservation,
    )


def remember_picture(store: Store, coupon: Coupon | None, decided: Decided) -> None:
    """Keep what was seen of a QR that changes; one that was accepted is worth nothing from then on."""
    judged = decided.judged
    if coupon is None or judged is None:
        return
    accepted = isinstance(decided.decision, Accepted)
    store.pictures.keep(coupon.key_number, coupon.serial, judged.after_use() if accepted else judged.seen)


def _write_down(
    store: Store,
    device: Device,
    request: RedeemRequest,
    coupon: Coupon | None,
    decided: Decided,
    now: float,
    clock: ClockState,
    booked_in: int,
) -> RedeemReply:
    decision = decided.decision
    if isinstance(decision, Refused) or coupon is None:
        refused = decision if isinstance(decision, Refused) else Refused(Refusal.UNKNOWN_COUPON)
        return _refuse(store, device, request, coupon, refused, now, clock)
    fact = RedeemedHere(
        serial=coupon.serial,
        campaign=coupon.campaign,
        nonce=request.nonce,
        till=request.till,
        staff=request.staff,
        value_cents=decision.value_cents,
        basket_cents=request.basket_cents,
        member=request.member,
        balance_cents=decision.balance_cents,
        asked_by=device.device,
        reservation=request.reservation,
        right_spent=decided.right_spent,
        purchase=request.purchase,
        booked_in=booked_in,
    )
    fold(store.ledger, [append_own(store, "coupon.redeemed", write_fact(fact), now, clock)])
    return RedeemReply(
        accepted=True,
        serial=coupon.serial,
        campaign=coupon.campaign,
        value_cents=decision.value_cents,
        at=now,
        till=request.till,
        staff=request.staff,
        balance_cents=decision.balance_cents,
        right_spent=decided.right_spent,
    )


def _refuse(
    store: Store,
    device: Device,
    request: RedeemRequest,
    coupon: Coupon | None,
    refused: Refused,
    now: float,
    clock: ClockState,
) -> RedeemReply:
    serial = coupon.serial if coupon is not None else None
    campaign = coupon.campaign if coupon is not None else None
    fact = RefusedHere(
        refusal=refused.refusal.value,
        nonce=request.nonce,
        till=request.till,
        staff=request.staff,
        serial=serial,
        campaign=campaign,
        asked_by=device.device,
    )
    fold(store.ledger, [append_own(store, "coupon.refused", write_fact(fact), now, clock)])
    first = refused.first_use
    return RedeemReply(
        accepted=False,
        refusal=refused.refusal.value,
        serial=serial,
        campaign=campaign,
        at=first.at if first else None,
        till=first.till if first else None,
        staff=first.staff if first else None,
    )


def _as_before(act: Act, presented: Presented, request: RedeemRequest) -> RedeemReply | tuple[int, Problem]:
    """The same act: asked before and the answer lost, or accepted by the till alone and its fact here before its question.

    One that was taken back since is no yes any more: goods would be given for a coupon that is good again.
    """
    if presented.coupon is None or presented.coupon.serial != act.serial:
        return NONCE_USED
    if act.balance_cents is not None and request.amount_cents != act.value_cents:
        return NONCE_USED
    if act.standing == "reversed":
        return RedeemReply(
            accepted=False,
            refusal=Refusal.ALREADY_REVERSED.value,
            serial=act.serial,
            campaign=act.campaign,
        )
    return RedeemReply(
        accepted=True,
        serial=act.serial,
        campaign=act.campaign,
        value_cents=act.value_cents,
        at=act.at,
        till=act.till,
        staff=act.staff,
        balance_cents=act.balance_cents,
        right_spent=act.right_spent,
    )
