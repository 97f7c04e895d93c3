"""What is put into a purse, paid from it, and taken back: by the hub, each in one transaction with its fact.

1. The same nonce of the same till is the same act, however often it arrives; for something else it is refused.
2. What is in the purse is read under the lock, `hub.wire.purse_rules` decides.
3. The act is a fact of the hub's own; fact, books and answer are one transaction, on disk before it is sent.

A till that is cut off decides alone within its rights, under the nonce with which it asked: so an act of which the answer was
lost counts once. What it took that was not there any more is owed, and stands in the office with what it cost
(`hub.purse.alerts`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from hub.folding import fold
from hub.ingest import append_own
from hub.ledger import HUB, write_fact
from hub.presenting import NONCE_USED, digest
from hub.purse.balances import rules_now, seen, usable
from hub.redeeming import NOT_ASKED
from hub.store.base import Store
from hub.store.purse_records import PUNCH, STORED, PurseAct
from hub.store.records import Device
from hub.wire.events import ClockState, Fact
from hub.wire.events_value import ValueGranted, ValueReversed, ValueSpent
from hub.wire.purse_rules import (
    MOST_FOR_ONE_MEMBER,
    PurseRules,
    Spend,
    SpendFacts,
    TopUpFacts,
    Unit,
    day_of,
    decide_spend,
    decide_topup,
    may_take_back,
)
from hub.wire.refusals import Refusal
from hub.wire.sync import Problem
from hub.wire.sync_value import (
    SpendReply,
    SpendRequest,
    TopUpReply,
    TopUpRequest,
    UnspendReply,
    UnspendRequest,
)

OFFICE = "office"
"""What stands as the till of what a manager does."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of it: `refusal` where nothing did; `amount` of the unit, and what that pays for."""

    refusal: Refusal | None
    amount: int = 0
    cents: int = 0
    at: float = 0.0


def unit_of(unit: Unit, card: str) -> str:
    """The unit as the books call it."""
    return f"{PUNCH}{card}" if unit == "punch" else unit


def spend(
    store: Store, device: Device, asked: SpendRequest, now: float, clock: ClockState
) -> SpendReply | tuple[int, Problem]:
    """A till asks to be paid from a purse. Call inside `store.writing()`."""
    owner = store.purse.purse_owner(asked.member)
    if asked.look:
        return SpendReply(accepted=False, member=owner, purse=seen(store, owner, now))
    act = store.purse.purse_act(device.device, asked.nonce)
    if act is not None:
        return _as_before(store, act, asked, now)
    if store.purse.purse_reversal(device.device, asked.nonce) is not None:
        # Its till has given it up: this question was on its way for long.
        return SpendReply(
            accepted=False,
            refusal=Refusal.ALREADY_REVERSED.value,
            member=owner,
            purse=seen(store, owner, now),
        )
    question = digest("spend", owner, asked.unit, asked.card, asked.cents, asked.basket_cents, asked.purchase)
    before = store.journal.answer(device.device, asked.nonce)
    if before is not None:
        return msgspec.json.decode(before[1], type=SpendReply) if before[0] == question else NONCE_USED
    if asked.only_known:
        return NOT_ASKED
    decision = _decide(store, owner, asked, now)
    if isinstance(decision, Refusal):
        reply = SpendReply(
            accepted=False, refusal=decision.value, member=owner, purse=seen(store, owner, now)
        )
        store.journal.keep_answer(device.device, asked.nonce, question, msgspec.json.encode(reply), now)
        return reply
    tell(
        store,
        "value.spent",
        ValueSpent(
            nonce=asked.nonce,
            member=owner,
            unit=asked.unit,
            amount=decision.amount,
            cents=decision.cents,
            till=asked.till,
            staff=asked.staff,
            card=asked.card,
            purchase=asked.purchase,
            asked_by=device.device,
        ),
        now,
        clock,
    )
    return SpendReply(
        accepted=True,
        amount=decision.amount,
        cents=decision.cents,
        at=now,
        member=owner,
        purse=seen(store, owner, now),
    )


def _decide(store: Store, owner: str, asked: SpendRequest, now: float) -> Spend | Refusal:
    rules = rules_now(store, now)
    if rules is None:
        return Refusal.NO_SUCH_PURSE
    purse = store.purse
    members = purse.purse_members(owner)
    day = day_of(now, rules.timezone)
    own = store.people.membership(asked.staff)
    return decide_spend(
        rules,
        SpendFacts(
            now=now,
            unit=asked.unit,
            have=usable(purse, owner, unit_of(asked.unit, asked.card), now),
            member=owner,
            cents=asked.cents,
            card=asked.card,
            basket_cents=asked.basket_cents,
            staff_member=purse.purse_owner(own) if own else "",
            spent_today_cents=purse.spent_between(members, *day) if rules.day_spend_cents else 0,
            by_staff_for_member=purse.acts_by_staff(asked.staff, members, *day, most=MOST_FOR_ONE_MEMBER),
        ),
    )


def _as_before(
    store: Store, act: PurseAct, asked: SpendRequest, now: float
) -> SpendReply | tuple[int, Problem]:
    """The same act: asked before and the answer lost, or accepted by the till alone and its fact here before its question."""
    owner = store.purse.purse_owner(asked.member)
    same = act.why == "spent" and store.purse.purse_owner(act.member) == owner
    if not same or act.unit != unit_of(asked.unit, asked.card) or asked.cents not in (None, act.cents):
        return NONCE_USED
    if act.reversed:
        return SpendReply(
            accepted=False,
            refusal=Refusal.ALREADY_REVERSED.value,
            member=owner,
            purse=seen(store, owner, now),
        )
    return SpendReply(
        accepted=True,
        amount=act.amount,
        cents=act.cents,
        at=act.at,
        member=owner,
        purse=seen(store, owner, now),
    )


def top_up(
    store: Store, device: Device, asked: TopUpRequest, now: float, clock: ClockState
) -> TopUpReply | tuple[int, Problem]:
    """Somebody pays in at a till. Call inside `store.writing()`."""
    purse = store.purse
    owner = purse.purse_owner(asked.member)
    act = purse.purse_act(device.device, asked.nonce)
    if act is not None:
        same = act.why == "topup" and purse.purse_owner(act.member) == owner and act.cents == asked.cents
        if not same:
            return NONCE_USED
        refusal = Refusal.ALREADY_REVERSED.value if act.reversed else None
        return TopUpReply(refusal is None, refusal, act.cents, act.at, seen(store, owner, now))
    if purse.purse_reversal(device.device, asked.nonce) is not None:
        refusal = Refusal.ALREADY_REVERSED.value
        return TopUpReply(accepted=False, refusal=refusal, purse=seen(store, owner, now))
    question = digest("topup", owner, asked.cents)
    before = store.journal.answer(device.device, asked.nonce)
    if before is not None:
        return msgspec.json.decode(before[1], type=TopUpReply) if before[0] == question else NONCE_USED
    rules = rules_now(store, now)
    refusal_now = Refusal.NO_SUCH_PURSE
    if rules is not None:
        own = store.people.membership(asked.staff)
        facts = TopUpFacts(
            member=owner,
            cents=asked.cents,
            have_cents=usable(purse, owner, STORED, now),
            staff_member=purse.purse_owner(own) if own else "",
            staff_today_cents=purse.taken_in(asked.staff, *day_of(now, rules.timezone)),
        )
        decided = decide_topup(rules, facts)
        if decided is None:
            tell(
                store,
                "value.granted",
                ValueGranted(
                    nonce=asked.nonce,
                    member=owner,
                    unit="stored",
                    amount=asked.cents,
                    why="topup",
                    till=asked.till,
                    staff=asked.staff,
                    cents=asked.cents,
                    asked_by=device.device,
                ),
                now,
                clock,
            )
            return TopUpReply(accepted=True, cents=asked.cents, at=now, purse=seen(store, owner, now))
        refusal_now = decided
    reply = TopUpReply(accepted=False, refusal=refusal_now.value, purse=seen(store, owner, now))
    store.journal.keep_answer(device.device, asked.nonce, question, msgspec.json.encode(reply), now)
    return reply


def take_back(
    store: Store, device: Device, asked: UnspendRequest, now: float, clock: ClockState
) -> UnspendReply | tuple[int, Problem]:
    """A till takes an act of its own back. Call inside `store.writing()`."""
    question = digest("unspend", asked.of, asked.staff)
    before = store.journal.answer(device.device, asked.nonce)
    if before is not None:
        return msgspec.json.decode(before[1], type=UnspendReply) if before[0] == question else NONCE_USED
    act = store.purse.purse_act(device.device, asked.of)
    back = store.purse.purse_reversal(device.device, asked.of)
    if act is not None and back is not None and back.nonce == asked.nonce:
        # The till asked, heard nothing, and did it alone.
        reply = UnspendReply(reversed=True, amount=act.amount, cents=act.cents, at=back.at)
    else:
        who = ValueReversed(
            of=asked.of,
            acted=device.device,
            nonce=asked.nonce,
            till=asked.till,
            staff=asked.staff,
            by="staff",
            reason=asked.reason,
        )
        moved = _take_back(store, act, who, now, clock, given_up=asked.given_up)
        if moved.refusal is not None:
            reply = UnspendReply(reversed=False, refusal=moved.refusal.value)
        else:
            reply = UnspendReply(reversed=True, amount=moved.amount, cents=moved.cents, at=now)
    if act is not None:
        reply = msgspec.structs.replace(reply, purse=seen(store, act.member, now))
    store.journal.keep_answer(device.device, asked.nonce, question, msgspec.json.encode(reply), now)
    return reply


def take_back_as_manager(
    store: Store,
    device: str,
    nonce: str,
    *,
    manager: str,
    reason: str,
    act_id: str,
    now: float,
    clock: ClockState,
) -> Moved:
    """A manager takes an act back, with a reason of 1 to 200 characters. Opens its own transaction; raises StorageError.

    `act_id` names this act: make it when the form is shown, so that a form that is sent twice is one. ValueError without a
    reason.
    """
    if not 1 <= len(reason.strip()) <= 200:
        raise ValueError("a reversal by a manager has a reason of 1 to 200 characters")
    with store.writing():
        back = store.purse.purse_reversal(device, nonce)
        act = store.purse.purse_act(device, nonce)
        if act is not None and back is not None and back.nonce == act_id:
            return Moved(None, act.amount, act.cents, back.at)
        who = ValueReversed(
            of=nonce,
            acted=device,
            nonce=act_id,
            till=OFFICE,
            staff=manager,
            by="manager",
            reason=reason.strip(),
        )
        return _take_back(store, act, who, now, clock)


def _take_back(
    store: Store,
    act: PurseAct | None,
    who: ValueReversed,
    now: float,
    clock: ClockState,
    *,
    given_up: bool = False,
) -> Moved:
    if act is None and given_up:
        if store.purse.purse_reversal(who.acted, who.of) is None:
            tell(store, "value.reversed", who, now, clock)
        return Moved(None, at=now)
    if act is None:
        return Moved(Refusal.NOT_REDEEMED)
    refusal = may_take_back(
        who.by,
        now,
        act.at,
        same_till=True,
        same_staff=act.staff == who.staff,
        before=act.reversed,
        # What the till decided alone it has seen.
        given_up=given_up and not act.offline,
    )
    if refusal is None and act.why != "spent" and who.by == "staff" and not given_up:
        owner = store.purse.purse_owner(act.member)
        if usable(store.purse, owner, act.unit, now) < act.amount:
            refusal = Refusal.TOPUP_SPENT
    if refusal is not None:
        return Moved(refusal)
    tell(store, "value.reversed", msgspec.structs.replace(who, simulated=act.simulated), now, clock)
    return Moved(None, act.amount, act.cents, now)


def grant(
    store: Store,
    member: str,
    unit: Unit,
    amount: int,
    *,
    nonce: str,
    why: Literal["office", "care", "import"],
    by: str,
    reason: str = "",
    card: str = "",
    expires_at: float | None = None,
    now: float,
    clock: ClockState,
) -> Moved:
    """Give something. Opens its own transaction, or is a part of the one that is open; the same `nonce` (8 to 200 characters) is
    the same gift. Refused where the shop keeps nothing of the kind. ValueError for an amount below 1 or above a thousand million,
    and for a stamp that has passed."""
    if not 1 <= amount <= 10**9:
        raise ValueError("a gift is of 1 to 1,000,000,000")
    if expires_at is not None and expires_at <= now:
        raise ValueError("a gift ends in the future")
    with store.writing():
        rules = rules_now(store, now)
        if rules is None or not _keeps(rules, unit, card):
            return Moved(Refusal.NO_SUCH_PURSE)
        act = store.purse.purse_act(HUB, nonce)
        if act is None:
            fact = ValueGranted(
                nonce=nonce,
                member=store.purse.purse_owner(member),
                unit=unit,
                amount=amount,
                why=why,
                till=OFFICE,
                staff=by,
                card=card,
                expires_at=expires_at,
                reason=reason[:200],
            )
            tell(store, "value.granted", fact, now, clock)
        return Moved(None, amount, 0, now if act is None else act.at)


def _keeps(rules: PurseRules, unit: Unit, card: str) -> bool:
    if unit == "points":
        return rules.points_each > 0
    return rules.stored if unit == "stored" else rules.card(card) is not None


def tell(store: Store, kind: str, fact: Fact, now: float, clock: ClockState) -> None:
    """Write a fact of the hub's own and fold it. Call inside a transaction."""
    fold(store.ledger, [append_own(store, kind, write_fact(fact), now, clock)])
