"""Members' purses at the counter: paid from, paid into, taken back; the hub first, this till's own right second.

A question is on disk before it goes out. Without an answer the till decides alone, with the hub's own rule, under the same nonce:
so what the hub may have decided counts once. Where it may not, the question is given up: it is taken back at the hub whenever the
hub is heard, and refused there if it should still arrive, so nobody loses anything for goods that they did not get.

What this till accepted alone and has not told yet goes up before it asks anything: the hub must not give it away a second time.
"""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import dataclass
from typing import Literal

from hub.client.db import writing
from hub.wire.events_value import ValueSpent
from hub.wire.purse_rules import (
    Alone,
    PurseRules,
    Spend,
    SpendFacts,
    Unit,
    day_of,
    decide_spend,
)
from hub.wire.refusals import Refusal
from hub.wire.sync import Problem
from hub.wire.sync_value import (
    PurseSeen,
    SpendReply,
    SpendRequest,
    TopUpReply,
    TopUpRequest,
)
from kiosk.means import Means
from kiosk.purse_back import ask_back, begin, less, rules_of
from kiosk.store_purse import (
    OwnPurseAct,
    PurseUndo,
    act_of,
    alone_cents,
    close_question,
    keep_act,
    keep_seen,
    keep_undo,
    open_question,
    open_questions,
    open_undos,
    paid_today,
    seen_of,
    spend_alone,
    undo_of,
    untold,
    was_sent,
)

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 20
QUIET_S = 10.0
"""A question this young may still have somebody waiting in front of the till."""

GIVEN_UP = "no answer was seen at the till"
ALONE_LEAST = 1
"""What an act without a price uses up of the right."""


@dataclass(frozen=True, slots=True)
class Pay:
    """What is to be paid from a purse. `nonce` names it: the same one is the same act."""

    nonce: str
    member: str
    unit: Unit
    staff: str
    cents: int | None = None
    card: str = ""
    basket_cents: int | None = None
    purchase: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What came of it. `refusal`: a code of `hub.wire.refusals`, or "" where it was done; `sentence`: what the hub said in its
    own words. `act`: what was done. `purse`: what is in it now, as far as is known."""

    refusal: str = ""
    sentence: str = ""
    act: OwnPurseAct | None = None
    purse: PurseSeen | None = None

    @property
    def done(self) -> bool:
        """Whether it was done."""
        return self.act is not None and not self.refusal


class Purses:
    """One till's side of members' purses. Safe from several threads: an act happens once, whoever comes first."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._asked: set[str] = set()

    def rules(self) -> PurseRules | None:
        """How the shop keeps purses; None where it keeps none, or has not been heard."""
        return rules_of(self._means)

    def look(self, member: str) -> tuple[PurseSeen | None, float | None]:
        """What is in a purse, and when the hub said so; None where nobody knows. Raises only StorageError."""
        means = self._means
        if self._ready():
            request = SpendRequest(
                f"look-{means.node.device}", member, "points", means.node.name, "", look=True
            )
            answer = means.line.spend(request)
            if isinstance(answer, SpendReply) and answer.purse is not None:
                self._keep(member, answer.member, answer.purse)
                return answer.purse, means.clock.now()
        seen = seen_of(means.store.pool.here().conn, member)
        return (seen[1], seen[0]) if seen is not None else (None, None)

    def pay(self, pay: Pay) -> Told:
        """Take what a member pays from their purse, once. Raises only StorageError."""
        means = self._means
        before = self._before(pay.nonce)
        if before is not None:
            return before
        means.store.pool.must_have_room()
        ready = self._ready()
        with writing(means.store.pool.here()) as conn:
            open_question(conn, pay.nonce, means.clock.now(), pay.staff, sent=ready)
        if ready:
            answer = means.line.spend(
                SpendRequest(
                    pay.nonce,
                    pay.member,
                    pay.unit,
                    means.node.name,
                    pay.staff,
                    pay.cents,
                    pay.card,
                    pay.basket_cents,
                    pay.purchase,
                )
            )
            if isinstance(answer, Problem):
                return self._closed(pay.nonce, Told("problem", answer.sentence))
            if answer is not None:
                return self._by_hub(pay, answer)
        return self._alone(pay)

    def top_up(self, nonce: str, member: str, cents: int, staff: str) -> Told:
        """Take what a member pays into their purse; only with the hub. Raises only StorageError."""
        means = self._means
        before = self._before(nonce)
        if before is not None:
            return before
        means.store.pool.must_have_room()
        ready = self._ready()
        with writing(means.store.pool.here()) as conn:
            open_question(conn, nonce, means.clock.now(), staff, sent=ready)
        answer = (
            means.line.topup(TopUpRequest(nonce, member, cents, means.node.name, staff)) if ready else None
        )
        if answer is None:
            return self._given_up(nonce, staff)
        if isinstance(answer, Problem):
            return self._closed(nonce, Told("problem", answer.sentence))
        return self._topped_up(nonce, member, staff, answer)

    def take_back(self, of: str, nonce: str, staff: str, reason: str) -> Told:
        """Take an act of this till back, once. Raises only StorageError."""
        means = self._means
        means.store.pool.must_have_room()
        with writing(means.store.pool.here()) as conn:
            act = act_of(conn, of)
            undo = undo_of(conn, of)
            if undo is None or (undo.state == "refused" and undo.nonce != nonce):
                undo = begin(conn, means, act, PurseUndo(of, nonce, means.clock.now(), staff, reason, False))
        if undo.state == "open":
            undo = ask_back(means, undo)
        purse = seen_of(means.store.pool.here().conn, act.member) if act is not None else None
        act = act_of(means.store.pool.here().conn, of)
        refusal = {"open": Refusal.HUB_UNREACHABLE.value, "reversed": ""}.get(undo.state, undo.refusal)
        return Told(refusal, act=act, purse=purse[1] if purse else None)

    def settle(self) -> int:
        """Ask once more what is to be taken back, and give up what nobody waits for; for the background. Raises only
        StorageError."""
        means = self._means
        conn = means.store.pool.here().conn
        for nonce, at, staff, sent in open_questions(conn, MOST_AT_ONCE):
            if abs(means.clock.now() - at) >= QUIET_S:
                self._give_up(nonce, staff, sent=sent)
        if means.line.cut_off_since() is not None:
            self._asked.clear()
            return 0
        settled = 0
        for undo in open_undos(conn, MOST_AT_ONCE):
            if undo.of not in self._asked and means.line.cut_off_since() is None:
                self._asked.add(undo.of)
                settled += ask_back(means, undo).state != "open"
        return settled

    def _before(self, nonce: str) -> Told | None:
        """What was said to this act before."""
        conn = self._means.store.pool.here().conn
        undo, act = undo_of(conn, nonce), act_of(conn, nonce)
        if act is not None:
            seen = seen_of(conn, act.member)
            refusal = Refusal.ALREADY_REVERSED.value if act.reversed_at is not None else ""
            return Told(refusal, act=act, purse=seen[1] if seen else None)
        return Told(Refusal.PURSE_NEEDS_HUB.value) if undo is not None else None

    def _ready(self) -> bool:
        """Whether the hub can be asked: it answers, and has heard what this till did alone."""
        means = self._means
        if means.line.cut_off_since() is not None:
            return False
        conn = means.store.pool.here().conn
        if untold(conn):
            means.flush()
        return not untold(conn)

    def _keep(self, member: str, owner: str, purse: PurseSeen) -> None:
        now = self._means.clock.now()
        with writing(self._means.store.pool.here()) as conn:
            for one in {member, owner or member}:
                keep_seen(conn, one, now, purse)

    def _closed(self, nonce: str, told: Told) -> Told:
        """The hub answered, and did not decide."""
        with writing(self._means.store.pool.here()) as conn:
            close_question(conn, nonce)
        return told

    def _by_hub(self, pay: Pay, answer: SpendReply) -> Told:
        means = self._means
        act = None
        with writing(means.store.pool.here()) as conn:
            if undo_of(conn, pay.nonce) is not None:
                return Told(Refusal.PURSE_NEEDS_HUB.value)
            close_question(conn, pay.nonce)
            if answer.purse is not None:
                for one in {pay.member, answer.member or pay.member}:
                    keep_seen(conn, one, means.clock.now(), answer.purse)
            if answer.accepted:
                act = _act(
                    pay,
                    answer.at or means.clock.now(),
                    Spend(answer.amount, answer.cents),
                    "hub",
                    answer.member,
                )
                keep_act(conn, act)
        return Told("" if answer.accepted else answer.refusal or "", act=act, purse=answer.purse)

    def _topped_up(self, nonce: str, member: str, staff: str, answer: TopUpReply) -> Told:
        means = self._means
        act = None
        with writing(means.store.pool.here()) as conn:
            if undo_of(conn, nonce) is not None:
                return Told(Refusal.PURSE_NEEDS_HUB.value)
            close_question(conn, nonce)
            if answer.purse is not None:
                keep_seen(conn, member, means.clock.now(), answer.purse)
            if answer.accepted:
                at = answer.at or means.clock.now()
                act = OwnPurseAct(
                    *(nonce, at, "topup", member, "stored", "", answer.cents, answer.cents, staff, "", "hub")
                )
                keep_act(conn, act)
        return Told("" if answer.accepted else answer.refusal or "", act=act, purse=answer.purse)

    def _alone(self, pay: Pay) -> Told:
        means = self._means
        with writing(means.store.pool.here()) as conn:
            if undo_of(conn, pay.nonce) is not None:
                # Given up meanwhile, in the background: the clock was set while the hub was asked.
                return Told(Refusal.PURSE_NEEDS_HUB.value)
            seen = seen_of(conn, pay.member)
            decision = self._decide(conn, pay, seen)
            if isinstance(decision, Refusal):
                self._give_up_in(conn, pay.nonce, pay.staff, sent=was_sent(conn, pay.nonce))
                return Told(decision.value, purse=seen[1] if seen else None)
            section = means.shelf.purse()
            assert section is not None and seen is not None  # noqa: S101, PT018 - the rule refuses without
            fact = ValueSpent(
                nonce=pay.nonce,
                member=pay.member,
                unit=pay.unit,
                amount=decision.amount,
                cents=decision.cents,
                till=means.node.name,
                staff=pay.staff,
                card=pay.card,
                purchase=pay.purchase,
                offline=True,
            )
            at = means.outbox.put(conn, fact, means.clock.now()).at
            spend_alone(conn, max(decision.cents, ALONE_LEAST), section.spent_cents)
            close_question(conn, pay.nonce)
            purse = less(section.rules, seen[1], pay.unit, pay.card, decision.amount)
            # The time stays that at which the hub spoke: what it said grows old.
            keep_seen(conn, pay.member, seen[0], purse)
            act = _act(pay, at, decision, "till")
            keep_act(conn, act)
        return Told(act=act, purse=purse)

    def _decide(
        self, conn: sqlite3.Connection, pay: Pay, seen: tuple[float, PurseSeen] | None
    ) -> Spend | Refusal:
        means = self._means
        section = means.shelf.purse()
        if section is None:
            return Refusal.PURSE_NEEDS_HUB
        now = means.clock.now()
        first, end = day_of(now, section.rules.timezone)
        spent_today, by_staff = paid_today(conn, pay.member, pay.staff, first, end)
        own = next((one.member for one in means.shelf.staff() if one.id == pay.staff), "")
        left = section.right_cents - max(section.spent_cents, alone_cents(conn))
        return decide_spend(
            section.rules,
            SpendFacts(
                now=now,
                unit=pay.unit,
                have=_have(seen[1], pay.unit, pay.card) if seen is not None else 0,
                member=pay.member,
                cents=pay.cents,
                card=pay.card,
                basket_cents=pay.basket_cents,
                staff_member=own,
                spent_today_cents=spent_today,
                by_staff_for_member=by_staff,
                alone=Alone(left, seen[0] if seen is not None else None, means.clock_set),
            ),
        )

    def _given_up(self, nonce: str, staff: str) -> Told:
        with writing(self._means.store.pool.here()) as conn:
            self._give_up_in(conn, nonce, staff, sent=was_sent(conn, nonce))
        return Told(Refusal.PURSE_NEEDS_HUB.value)

    def _give_up(self, nonce: str, staff: str, *, sent: bool) -> None:
        with writing(self._means.store.pool.here()) as conn:
            if act_of(conn, nonce) is None:
                self._give_up_in(conn, nonce, staff, sent=sent)
            else:
                close_question(conn, nonce)

    def _give_up_in(self, conn: sqlite3.Connection, nonce: str, staff: str, *, sent: bool) -> None:
        close_question(conn, nonce)
        if sent:
            now = self._means.clock.now()
            keep_undo(conn, PurseUndo(nonce, f"{nonce}/given-up", now, staff, GIVEN_UP, given_up=True))


def _act(pay: Pay, at: float, spend: Spend, by: Literal["hub", "till"], owner: str = "") -> OwnPurseAct:
    return OwnPurseAct(
        nonce=pay.nonce,
        at=at,
        kind="spent",
        member=owner or pay.member,
        unit=pay.unit,
        card=pay.card,
        amount=spend.amount,
        cents=spend.cents,
        staff=pay.staff,
        purchase=pay.purchase,
        decided_by=by,
    )


def _have(seen: PurseSeen, unit: Unit, card: str) -> int:
    if unit == "punch":
        return seen.punch.get(card, 0)
    return seen.points if unit == "points" else seen.stored_cents
