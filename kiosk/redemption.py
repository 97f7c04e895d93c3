"""Redeeming at the counter: facts, then the one rule, then the record, on disk before the green light.

The hub decides while it answers. A till that is cut off decides with the same rule within its rights, and its redemption, the
fact that reports it and the right that it spends are one transaction. A question to the hub that got no answer and the
decision made here afterwards carry the same nonce, so that the hub counts one act.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import replace

import msgspec

from hub.client.clock import Clock
from hub.client.db import StorageError, writing
from hub.client.desk import NodeDesk
from hub.client.node import Node
from hub.client.outbox import Outbox
from hub.client.shelf import Shelf
from hub.wire.coupon import Coupon, Issued
from hub.wire.refusals import Refusal
from hub.wire.rules import Accepted, Decision, FirstUse, Refused, decide
from hub.wire.sync import Problem, RedeemReply, RedeemRequest
from kiosk.buying import purchase_of
from kiosk.facts import Claim, claim_of, facts_here, judge_picture, keep_picture, spare_rights
from kiosk.line import HubLine
from kiosk.looking import look, release, reserve
from kiosk.means import Means
from kiosk.recording import make_verdict, record_here, record_hubs
from kiosk.reversal import reverse
from kiosk.scans import Unreadable, read_scan
from kiosk.settling import Settler, late_verdict
from kiosk.store import CounterStore, change_verdict, keep_verdict, verdict_of
from kiosk.store_acts import free_act, use_of
from kiosk.store_open import Question, close_ask, open_ask, undone_alone
from kiosk.training import rehearse
from kiosk.verdicts import Hold, Looked, Reversal, Undo, Verdict
from kiosk.verdicts import Scan as Scan

logger = logging.getLogger(__name__)


def _nothing() -> None:
    """Nothing to send."""


class Redeemer:
    """One till. Safe from several threads: a coupon is accepted once, whoever comes first.

    `desk` hands out coupons for the next visit; without one the redeemer makes its own. `flush` sends what waits, once.
    """

    def __init__(
        self,
        store: CounterStore,
        node: Node,
        outbox: Outbox,
        shelf: Shelf,
        clock: Clock,
        line: HubLine,
        *,
        desk: NodeDesk | None = None,
        flush: Callable[[], object] = _nothing,
    ) -> None:
        desk = desk or NodeDesk(store.pool, node, outbox, shelf, "till", clock=clock)
        self._means = Means(store, node, outbox, shelf, clock, line, desk, flush)
        self._settler = Settler(self._means)

    @property
    def means(self) -> Means:
        """What this till decides with."""
        return self._means

    def redeem(self, scan: Scan) -> Verdict:
        """Decide one scan, once: the same act gets the same verdict. Raises only StorageError."""
        means = self._means
        verdict = means.store.verdict(scan.nonce)
        if verdict is None:
            # What the hub says has to be kept here, too: where it could not be, it is not asked.
            means.store.pool.must_have_room()
            verdict = rehearse(means, scan) if scan.training else self._decide(scan)
        return self._with_next_visit(verdict)

    def reverse(self, undo: Undo) -> Reversal:
        """Take a redemption of this till back, once: the same act gets the same answer. Raises only StorageError."""
        self._means.store.pool.must_have_room()
        return reverse(self._means, undo)

    def reserve(self, scan: Scan, lasts_s: int = 120) -> Hold:
        """Hold a coupon for one purchase; only with the hub. `scan.nonce` names the hold. Raises only StorageError."""
        self._means.store.pool.must_have_room()
        return reserve(self._means, scan, lasts_s)

    def release(self, nonce: str) -> bool:
        """Give a hold up; False where the hub did not answer, and then it ends by itself. Raises only StorageError."""
        return release(self._means, nonce)

    def look(self, text: str) -> Looked:
        """What became of a coupon (token, code), or what a member used last (opaque id). Changes nothing."""
        return look(self._means, text)

    def settle(self) -> int:
        """Ask the hub once more what it has not answered; how many questions were settled. For the background: each question
        is asked once for each time that the hub is back. Raises only StorageError."""
        return self._settler.settle()

    def _decide(self, scan: Scan) -> Verdict:
        means = self._means
        scanned = read_scan(scan.text)
        if isinstance(scanned, Unreadable):
            return self._refuse_here(scan, Refused(scanned.refusal), None)
        claim = claim_of(means, scanned)
        own = self._used_at_this_till(claim)
        if own is not None:
            return self._refuse_here(scan, Refused(Refusal.ALREADY_REDEEMED, own), claim.coupon)
        self._tell_what_was_taken_back(claim)
        question, answer, left_open = self._ask(scan, claim)
        if isinstance(answer, RedeemReply) and left_open:
            if answer.accepted and _is_another_payment(scan, question, answer):
                # The part of the voucher that had been left open was spent; this is another one.
                late_verdict(means, question, answer)
                question, answer, _ = self._ask(scan, claim)
            elif not answer.accepted:
                # The question that had been left open was refused then. This one may be different, in its amount for one.
                question, answer, _ = self._ask(scan, claim, instead_of=question)
        with writing(means.store.pool.here()) as conn:
            before = verdict_of(conn, scan.nonce)
            if before is not None:
                return before
            match answer:
                case RedeemReply():
                    close_ask(conn, claim.name, question.nonce)
                    return record_hubs(conn, means, scan, question, answer, claim)
                case Problem(code=code, sentence=sentence):
                    # Nothing was decided, so the question stays open under its nonce.
                    verdict = make_verdict(scan, means.clock.now(), refusal=code, sentence=sentence)
                    keep_verdict(conn, verdict)
                    return verdict
            return self._decide_here(conn, scan, question, claim)

    def _ask(
        self, scan: Scan, claim: Claim, *, instead_of: Question | None = None
    ) -> tuple[Question, RedeemReply | Problem | None, bool]:
        """Put the question on disk before it is asked: what becomes of it is not known until its answer came. Also says whether
        it is one that an earlier scan had left open."""
        means = self._means
        request = RedeemRequest(
            nonce=scan.nonce,
            text=claim.text,
            till=means.node.name,
            staff=scan.staff,
            basket_cents=scan.basket_cents,
            amount_cents=scan.amount_cents,
            products=scan.products,
            member=scan.member,
            reservation=scan.reservation,
        )
        campaign = claim.coupon.campaign if claim.coupon is not None else None
        sent = means.line.cut_off_since() is None
        question = Question(claim.name, request, campaign, means.clock.now(), sent)
        with writing(means.store.pool.here()) as conn:
            if instead_of is not None:
                close_ask(conn, claim.name, instead_of.nonce)
            # A form that is pressed again may have become an act meanwhile, under the verdict of another scan that asked its
            # question once more, and may have been taken back: what is given now is another act.
            name = free_act(conn, scan.nonce)
            question = open_ask(conn, replace(question, request=_named(request, means.node.device, name)))
            # From here on the question itself counts as one right that may be used up, so no thread spends the same twice.
            spare = spare_rights(conn, means, claim.name)
        asked = msgspec.structs.replace(question.ready_for(request), spare=spare)
        return question, means.line.ask(asked), question.nonce != name

    def _used_at_this_till(self, claim: Claim) -> FirstUse | None:
        """A use that this till decided alone: the hub may not have heard of it yet, and would say yes."""
        if claim.coupon is None or not claim.vouched:
            return None
        use = use_of(self._means.store.pool.here().conn, claim.coupon.serial)
        return use.first if use is not None and use.decided_by == "till" else None

    def _tell_what_was_taken_back(self, claim: Claim) -> None:
        """A use that this till took back alone: until the hub has heard of that, it would say that the coupon is used."""
        means = self._means
        if claim.coupon is None or means.line.cut_off_since() is not None:
            return
        conn = means.store.pool.here().conn
        if undone_alone(conn, claim.coupon.serial) and means.outbox.pending(1):
            means.flush()

    def _refuse_here(self, scan: Scan, refused: Refused, coupon: Coupon | None) -> Verdict:
        """Refused by what is certain without anybody else."""
        means = self._means
        with writing(means.store.pool.here()) as conn:
            before = verdict_of(conn, scan.nonce)
            if before is not None:
                return before
            offline = means.line.cut_off_since() is not None
            return record_here(conn, means, scan, scan.nonce, refused, coupon, offline=offline)

    def _decide_here(self, conn: sqlite3.Connection, scan: Scan, question: Question, claim: Claim) -> Verdict:
        means, coupon = self._means, claim.coupon
        judged = judge_picture(conn, means, claim)
        if coupon is None:
            # A code that another node issued: only the hub can know, while the QR speaks for itself.
            decision: Decision = Refused(Refusal.CODE_NEEDS_HUB)
        elif means.shelf.made_at() is None:
            decision = Refused(Refusal.HUB_UNREACHABLE)
        else:
            decision = decide(coupon, facts_here(conn, means, claim, coupon, scan, judged))
            if decision == Refused(Refusal.BAD_SIGNATURE) and claim.key_may_be_newer:
                # A node that joined while this till was cut off may have issued it; it cannot be told from a forgery here.
                decision = Refused(Refusal.HUB_UNREACHABLE)
        accepted = isinstance(decision, Accepted)
        keep_picture(conn, claim, judged, means.clock.now(), accepted=accepted)
        if accepted or not question.sent:
            close_ask(conn, claim.name, question.nonce)
        act = question.nonce
        return record_here(conn, means, scan, act, decision, coupon, offline=True, sent=question.sent)

    def _with_next_visit(self, verdict: Verdict) -> Verdict:
        """The coupon for the next visit, where the offer gives one: once for each act, in this till's name."""
        if not verdict.printable or verdict.next_coupon is not None or verdict.campaign is None:
            return verdict
        means = self._means
        campaign = means.shelf.campaign(verdict.campaign)
        if campaign is None or campaign.next_visit is None:
            return verdict
        request = hashlib.blake2b(f"next visit\n{verdict.act}".encode(), digest_size=16).hexdigest()
        try:
            issued = means.desk.take(campaign.next_visit, request, means.clock.now(), whose=verdict.member)
            if not isinstance(issued, Issued):
                return verdict
            with writing(means.store.pool.here()) as conn:
                latest = verdict_of(conn, verdict.nonce) or verdict
                return change_verdict(conn, latest, next_coupon=issued.coupon.serial)
        except StorageError as wrong:
            # The redemption stands. The coupon comes when this verdict is asked for again.
            logger.warning("no coupon for the next visit: %s", wrong)
            return verdict


def _named(request: RedeemRequest, device: str, act: str) -> RedeemRequest:
    """The request for an act of this name, and for a purchase of its own."""
    return msgspec.structs.replace(request, nonce=act, purchase=purchase_of(device, act))


def _is_another_payment(scan: Scan, question: Question, answer: RedeemReply) -> bool:
    """Whether the answer to an older question is about another part of a voucher than the one that is to be spent now."""
    return answer.balance_cents is not None and question.request.amount_cents != scan.amount_cents
