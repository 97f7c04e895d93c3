"""Taking a redemption back at the till that made it, within a minute: a new act, nothing is deleted.

What the hub decided only the hub takes back: it is asked under the undo's own nonce, which is on disk before. Where no answer
comes the undo stays open and is asked again exactly as it was, so it is one act; until then the coupon counts as used here.
What this till decided alone it takes back alone, whether the hub has heard of the redemption or not: the fact of the reversal
goes up behind that of the redemption, in the order of this journal, and the hub folds the one after the other. The right that
was spent stays spent here; the hub's totals let the till have another.
"""

from __future__ import annotations

import sqlite3

import msgspec

from hub.client.db import writing
from hub.client.issued import balance_of, mark_balance, mark_unused
from hub.wire.events import CouponReversed
from hub.wire.refusals import Refusal
from hub.wire.rules import ReversalFacts, decide_reversal
from hub.wire.sync import Problem, ReverseReply, ReverseRequest
from kiosk.means import Means
from kiosk.store import change_verdict, verdict_of
from kiosk.store_acts import OwnAct, act_of, forget_use, mark_reversed
from kiosk.store_open import keep_undo, open_undo_of, undo_of
from kiosk.verdicts import Reversal, Undo

LONGEST_REASON = 200


def reverse(means: Means, undo: Undo) -> Reversal:
    """Decide an undo, once. Raises only StorageError."""
    with writing(means.store.pool.here()) as conn:
        reversal, act = _begin(conn, means, undo)
    if reversal.state != "open" or act is None:
        return reversal
    return ask_to_reverse(means, reversal, act)


def _begin(conn: sqlite3.Connection, means: Means, undo: Undo) -> tuple[Reversal, str | None]:
    """What can be said without the hub; else an undo that is open, with the name of its act."""
    before = undo_of(conn, undo.nonce)
    verdict = verdict_of(conn, undo.of)
    act = act_of(conn, verdict.act) if verdict is not None and verdict.act else None
    if before is not None:
        return before, act.nonce if act is not None else None
    now = means.clock.now()
    reason = undo.reason.strip()[:LONGEST_REASON] or "-"
    new = Reversal(
        nonce=undo.nonce,
        of=undo.of,
        at=now,
        staff=undo.staff,
        reason=reason,
        state="open",
        serial=act.serial if act else None,
        campaign=act.campaign if act else None,
        value_cents=act.value_cents if act else 0,
    )
    still_open = open_undo_of(conn, act.nonce) if act is not None else None
    if act is not None and still_open is not None and still_open.staff == undo.staff:
        return still_open, act.nonce
    refusal = decide_reversal(
        ReversalFacts(
            now=now,
            redeemed_at=act.at if act is not None else None,
            by="staff",
            same_till=True,
            same_staff=act is not None and act.staff == undo.staff,
            reversed_before=act is not None and act.reversed_at is not None,
        )
    )
    if act is None or refusal is not None:
        code = refusal or Refusal.NOT_REDEEMED
        refused = msgspec.structs.replace(new, state="refused", refusal=code.value)
        keep_undo(conn, refused, act.nonce if act else "")
        return refused, None
    if act.decided_by == "till":
        return _reverse_alone(conn, means, new, act), act.nonce
    keep_undo(conn, new, act.nonce)
    return new, act.nonce


def _reverse_alone(conn: sqlite3.Connection, means: Means, new: Reversal, act: OwnAct) -> Reversal:
    fact = CouponReversed(
        serial=act.serial,
        campaign=act.campaign,
        of=act.nonce,
        redeemed_by=means.node.device,
        nonce=new.nonce,
        till=means.node.name,
        staff=new.staff,
        by="staff",
        reason=new.reason,
        value_cents=act.value_cents,
        offline=True,
    )
    at = means.outbox.put(conn, fact, means.clock.now()).at
    done = msgspec.structs.replace(new, state="reversed", at=at, offline=True)
    keep_undo(conn, done, act.nonce)
    _take_back(conn, act, new.of, at)
    return done


def ask_to_reverse(means: Means, undo: Reversal, act: str, *, unseen: bool = False) -> Reversal:
    """Ask the hub about an open undo of this act, and keep what it says. `unseen`: nobody is looking."""
    request = ReverseRequest(undo.nonce, act, means.node.name, undo.staff, undo.reason)
    answer = means.line.reverse(request)
    if answer is None:
        return undo
    if isinstance(answer, Problem):
        return msgspec.structs.replace(undo, sentence=answer.sentence)
    with writing(means.store.pool.here()) as conn:
        before = undo_of(conn, undo.nonce)
        if before is not None and before.state != "open":
            return before
        return _keep_answer(conn, means, undo, act, answer, unseen=unseen)


def _keep_answer(
    conn: sqlite3.Connection, means: Means, undo: Reversal, act: str, answer: ReverseReply, *, unseen: bool
) -> Reversal:
    at = answer.at or means.clock.now()
    own = act_of(conn, act)
    if (answer.reversed or answer.refusal == Refusal.ALREADY_REVERSED) and own is not None:
        _take_back(conn, own, undo.of, at)
    if answer.reversed:
        done = msgspec.structs.replace(undo, state="reversed", at=at)
    else:
        refusal = answer.refusal or Refusal.NOT_REDEEMED.value
        done = msgspec.structs.replace(undo, state="refused", refusal=refusal)
    keep_undo(conn, done, act, unseen=unseen)
    return done


def settle_as_meant(conn: sqlite3.Connection, undo: Reversal, act: str, at: float) -> Reversal:
    """Take an open undo for done at this time: the hub that could have answered has lost its memory (`kiosk.retelling`)."""
    own = act_of(conn, act)
    if own is not None:
        _take_back(conn, own, undo.of, at)
    done = msgspec.structs.replace(undo, state="reversed", at=at)
    keep_undo(conn, done, act, unseen=True)
    return done


def _take_back(conn: sqlite3.Connection, act: OwnAct, verdict: str, at: float) -> None:
    """The coupon is good again as far as this till knows, and the verdict says that it was taken back."""
    if act.reversed_at is not None:
        return
    mark_reversed(conn, act.nonce, at)
    if forget_use(conn, act.serial, act.nonce):
        mark_unused(conn, act.serial)
    left = balance_of(conn, act.serial)
    if act.balance_cents is not None and left is not None:
        mark_balance(conn, act.serial, left + act.value_cents)
    said = verdict_of(conn, verdict)
    if said is not None:
        change_verdict(conn, said, reversed_at=at)
