"""An act on a member's purse is taken back at the counter: what the hub decided by the hub, what the till decided alone by the
till, before or after the hub has heard of it: the two facts go up in order."""

from __future__ import annotations

import logging
import sqlite3

import msgspec

from hub.client.db import writing
from hub.wire.events_value import ValueReversed
from hub.wire.purse_rules import PurseRules, Unit, may_take_back, worth
from hub.wire.refusals import Refusal
from hub.wire.sync import Problem
from hub.wire.sync_value import PurseSeen, UnspendReply, UnspendRequest
from kiosk.means import Means
from kiosk.store_purse import OwnPurseAct, PurseUndo, act_of, keep_seen, keep_undo, mark_taken_back, seen_of

logger = logging.getLogger(__name__)


def rules_of(means: Means) -> PurseRules | None:
    """How the shop keeps purses; None where it keeps none, or has not been heard."""
    section = means.shelf.purse()
    return section.rules if section is not None else None


def begin(conn: sqlite3.Connection, means: Means, act: OwnPurseAct | None, new: PurseUndo) -> PurseUndo:
    """What can be said of an undo without the hub; else it is open."""
    refusal: Refusal | None = Refusal.NOT_REDEEMED
    if act is not None:
        refusal = may_take_back(
            *("staff", new.at, act.at),
            same_till=True,
            same_staff=act.staff == new.staff,
            before=act.reversed_at is not None,
        )
    if act is None or refusal is not None:
        undo = msgspec.structs.replace(new, state="refused", refusal=refusal.value if refusal else "")
        if act is not None and act.reversed_at is None:
            keep_undo(conn, undo)
        return undo
    if act.decided_by == "hub":
        keep_undo(conn, new)
        return new
    fact = ValueReversed(
        of=act.nonce,
        acted=means.node.device,
        nonce=new.nonce,
        till=means.node.name,
        staff=new.staff,
        by="staff",
        reason=new.reason,
        offline=True,
    )
    at = means.outbox.put(conn, fact, means.clock.now()).at
    undo = msgspec.structs.replace(new, at=at, state="reversed", decided_by="till")
    keep_undo(conn, undo)
    mark_taken_back(conn, act.nonce, at)
    seen, rules = seen_of(conn, act.member), rules_of(means)
    if seen is not None and rules is not None:
        keep_seen(conn, act.member, seen[0], less(rules, seen[1], act.unit, act.card, -act.amount))
    return undo


def ask_back(means: Means, undo: PurseUndo) -> PurseUndo:
    """Ask the hub about an open undo, and keep what it says."""
    answer = means.line.unspend(
        UnspendRequest(undo.nonce, undo.of, means.node.name, undo.staff, undo.reason, undo.given_up)
    )
    if answer is None:
        return undo
    if isinstance(answer, Problem):
        logger.warning("an act of a purse could not be taken back: %s", answer.sentence)
        return undo
    return _taken_back(means, undo, answer)


def _taken_back(means: Means, undo: PurseUndo, answer: UnspendReply) -> PurseUndo:
    with writing(means.store.pool.here()) as conn:
        state = "reversed" if answer.reversed else "refused"
        undo = msgspec.structs.replace(
            undo, state=state, refusal=answer.refusal or "", at=answer.at or undo.at
        )
        keep_undo(conn, undo)
        act = act_of(conn, undo.of)
        if act is not None and answer.reversed:
            mark_taken_back(conn, act.nonce, answer.at or means.clock.now())
        if act is not None and answer.purse is not None:
            keep_seen(conn, act.member, means.clock.now(), answer.purse)
    return undo


def less(rules: PurseRules, seen: PurseSeen, unit: Unit, card: str, amount: int) -> PurseSeen:
    """What is left of what was heard."""
    if unit == "punch":
        return msgspec.structs.replace(seen, punch={**seen.punch, card: seen.punch.get(card, 0) - amount})
    if unit == "stored":
        return msgspec.structs.replace(seen, stored_cents=seen.stored_cents - amount)
    points = seen.points - amount
    return msgspec.structs.replace(seen, points=points, worth_cents=worth(rules, points))
