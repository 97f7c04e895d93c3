"""A redemption is taken back: by the till that made it within a minute, by a manager later. Nothing is deleted.

1. The same nonce is the same act: it gets the same answer. The same nonce for something else is refused.
2. What became of the redemption is read, `hub.wire.rules.decide_reversal` decides.
3. The reversal is a fact of the hub's own; fact, ledger and answer are one transaction.

A till that is cut off takes its own acts back alone; its fact arrives later and is audited (`hub.auditing`). Where both did it,
the one that came first counts and the other changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from hub.folding import fold
from hub.ingest import append_own
from hub.ledger import AGAIN, HUB, write_fact
from hub.presenting import NONCE_USED, digest
from hub.spending import standing_act
from hub.store.base import Store
from hub.store.records import Act, Device
from hub.wire.events import ClockState, CouponReversed
from hub.wire.refusals import Refusal
from hub.wire.rules import ReversalFacts, decide_reversal
from hub.wire.sync import Problem, ReverseReply, ReverseRequest

OFFICE = "office"
"""What stands as the till of a manager's reversal."""


@dataclass(frozen=True, slots=True)
class _Who:
    by: Literal["staff", "manager"]
    till: str
    staff: str
    nonce: str
    reason: str


def reverse(
    store: Store, device: Device, request: ReverseRequest, now: float, clock: ClockState
) -> ReverseReply | tuple[int, Problem]:
    """A till takes a redemption of its own back. Call inside `store.writing()`."""
    if store.ledger.act(device.device, request.nonce) is not None:
        return NONCE_USED
    asked = digest("reverse", request.of, request.staff)
    before = store.journal.answer(device.device, request.nonce)
    if before is not None:
        return msgspec.json.decode(before[1], type=ReverseReply) if before[0] == asked else NONCE_USED
    act = standing_act(store.ledger, device.device, request.of)
    reply = _same_as_alone(store, act, request.nonce)
    if reply is None:
        who = _Who("staff", request.till, request.staff, request.nonce, request.reason)
        reply = _take_back(store, act, who, now, clock)
    store.journal.keep_answer(device.device, request.nonce, asked, msgspec.json.encode(reply), now)
    return reply


def reverse_as_manager(
    store: Store,
    device: str,
    nonce: str,
    *,
    manager: str,
    reason: str,
    act_id: str,
    now: float,
    clock: ClockState,
) -> ReverseReply:
    """A manager takes a redemption back, with a reason of 1 to 200 characters. Opens its own transaction; raises StorageError.

    `(device, nonce)` name the redemption (`Act.device`, `Act.nonce`). `act_id` names this act: make it when the form is shown,
    so that a form that is sent twice is one reversal and both get the same answer. Refused with `not_redeemed`,
    `already_reversed`, `undo_too_late`. ValueError where the reason is missing or too long.
    """
    if not 1 <= len(reason.strip()) <= 200:
        raise ValueError("a reversal by a manager has a reason of 1 to 200 characters")
    asked = digest("reverse", device, nonce)
    with store.writing():
        before = store.journal.answer(HUB, act_id)
        if before is not None and before[0] == asked:
            return msgspec.json.decode(before[1], type=ReverseReply)
        who = _Who("manager", OFFICE, manager, act_id, reason.strip())
        reply = _take_back(store, store.ledger.act(device, nonce), who, now, clock)
        if before is None:
            store.journal.keep_answer(HUB, act_id, asked, msgspec.json.encode(reply), now)
    return reply


def _same_as_alone(store: Store, act: Act | None, nonce: str) -> ReverseReply | None:
    """The till asked, heard nothing, and did it alone: its fact is here already, under the same nonce."""
    back = store.ledger.reversal(act.device, act.nonce) if act is not None else None
    if act is None or back is None or back.nonce != nonce:
        return None
    return ReverseReply(True, None, act.serial, act.campaign, act.value_cents, back.at)


def _take_back(store: Store, act: Act | None, who: _Who, now: float, clock: ClockState) -> ReverseReply:
    facts = ReversalFacts(
        now=now,
        redeemed_at=act.at if act is not None else None,
        by=who.by,
        # A till is only asked about acts of its own.
        same_till=who.by == "staff",
        same_staff=act is not None and act.staff == who.staff,
        reversed_before=act is not None and act.standing == "reversed",
    )
    refusal = decide_reversal(facts)
    if act is None:
        return ReverseReply(False, (refusal or Refusal.NOT_REDEEMED).value)
    if refusal is not None:
        return ReverseReply(False, refusal.value, act.serial, act.campaign)
    fact = CouponReversed(
        serial=act.serial,
        campaign=act.campaign,
        of=act.nonce.removesuffix(AGAIN),
        redeemed_by=act.device,
        nonce=who.nonce,
        till=who.till,
        staff=who.staff,
        by=who.by,
        reason=who.reason,
        value_cents=act.value_cents,
        simulated=act.simulated,
    )
    fold(store.ledger, [append_own(store, "coupon.reversed", write_fact(fact), now, clock)])
    return ReverseReply(True, None, act.serial, act.campaign, act.value_cents, now)
