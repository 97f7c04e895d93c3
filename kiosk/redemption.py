"""Redeeming at the counter: facts, then the one rule, then the record, on disk before the green light.

The hub decides while it answers. A till that is cut off decides with the same rule within its rights, and its redemption, the
fact that reports it and the right that it spends are one transaction. A question to the hub that got no answer and the
decision made here afterwards carry the same nonce, so that the hub counts one act.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal

from hub.client.clock import Clock
from hub.client.db import writing
from hub.client.issued import by_code, by_serial, mark_used
from hub.client.node import Node
from hub.client.outbox import Outbox
from hub.client.rights import spend, spent
from hub.client.shelf import Shelf
from hub.wire.coupon import Coupon
from hub.wire.events import CouponRedeemed, CouponRefused
from hub.wire.identity import read_public
from hub.wire.refusals import Refusal
from hub.wire.rules import Accepted, CutOff, Decision, Facts, FirstUse, Refused, decide
from hub.wire.snapshot import Key
from hub.wire.sync import Problem, RedeemReply, RedeemRequest
from kiosk.line import HubLine
from kiosk.scans import ScannedCode, ScannedToken, Unreadable, read_scan
from kiosk.store import (
    CounterStore,
    Question,
    Use,
    close_ask,
    keep_use,
    keep_verdict,
    open_ask,
    use_of,
    uses_of_campaign,
    verdict_of,
)
from kiosk.verdicts import Hold, Looked, Reversal, Undo, Verdict
from kiosk.verdicts import Scan as Scan

WORTH_ANOTHER_TRY = frozenset(
    {
        Refusal.BASKET_NEEDED,
        Refusal.BASKET_TOO_SMALL,
        Refusal.HUB_UNREACHABLE,
        Refusal.CODE_NEEDS_HUB,
        Refusal.NO_RIGHTS_LEFT,
        Refusal.CLOCK_UNSET,
        Refusal.UNKNOWN_CAMPAIGN,
    }
)
"""Refusals after which the same coupon may be good in a moment: the till keeps what was scanned, so that nobody scans twice."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """What is known of a coupon before the lock is taken: None where only the hub can know it.

    `text` is what the hub is asked with. For a code of this very node it is the coupon's token: the hub may not have heard of
    its issue yet, and can believe the signature.
    """

    text: str
    coupon: Coupon | None
    key: Key | None
    known: bool
    key_may_be_newer: bool = False


class Redeemer:
    """One till. Safe from several threads: a coupon is accepted once, whoever comes first."""

    def __init__(
        self, store: CounterStore, node: Node, outbox: Outbox, shelf: Shelf, clock: Clock, line: HubLine
    ) -> None:
        self._store = store
        self._node = node
        self._outbox = outbox
        self._shelf = shelf
        self._clock = clock
        self._line = line

    def redeem(self, scan: Scan) -> Verdict:
        """Decide one scan, once: the same act gets the same verdict. Raises only StorageError."""
        before = self._store.verdict(scan.nonce)
        if before is not None:
            return before
        # What the hub says has to be kept here, too: where it could not be, it is not asked.
        self._store.pool.must_have_room()
        scanned = read_scan(scan.text)
        if isinstance(scanned, Unreadable):
            return self._refuse_here(scan, Refused(scanned.refusal), None)
        claim = self._claim(scanned)
        own = self._used_at_this_till(claim)
        if own is not None:
            return self._refuse_here(scan, Refused(Refusal.ALREADY_REDEEMED, own), claim.coupon)
        name = claim.coupon.serial if claim.coupon else scanned.text
        question = self._open(name, Question(scan.nonce, claim.text, scan.basket_cents))
        answer = self._ask(scan, question)
        if isinstance(answer, RedeemReply) and not answer.accepted and question.nonce != scan.nonce:
            # The question that had been left open was refused then. This one may be different, in its amount for one.
            question = self._open(name, Question(scan.nonce, claim.text, scan.basket_cents), anew=True)
            answer = self._ask(scan, question)
        with writing(self._store.pool.here()) as conn:
            before = verdict_of(conn, scan.nonce)
            if before is not None:
                return before
            match answer:
                case RedeemReply():
                    close_ask(conn, name)
                    return self._record_hubs(conn, scan, question, answer)
                case Problem(code=code, sentence=sentence):
                    # Nothing was decided, so the question stays open under its nonce.
                    verdict = self._verdict(scan, self._clock.now(), refusal=code, sentence=sentence)
                    keep_verdict(conn, verdict)
                    return verdict
            return self._decide_here(conn, scan, question.nonce, claim, name)

    def reverse(self, undo: Undo) -> Reversal:
        """Take a redemption of this till back, once: the same act gets the same answer. Raises only StorageError."""
        raise NotImplementedError

    def reserve(self, scan: Scan, lasts_s: int = 120) -> Hold:
        """Hold a coupon for one purchase; only with the hub. `scan.nonce` names the hold. Raises only StorageError."""
        raise NotImplementedError

    def release(self, nonce: str) -> bool:
        """Give a hold up; False where the hub did not answer, and then it ends by itself."""
        raise NotImplementedError

    def look(self, text: str) -> Looked:
        """What became of a coupon (token, code), or what a member used last (opaque id). Changes nothing."""
        raise NotImplementedError

    def settle(self) -> int:
        """Ask the hub once more what it has not answered; how many questions were settled. For the background."""
        raise NotImplementedError

    def _open(self, name: str, question: Question, *, anew: bool = False) -> Question:
        """Put the question on disk before it is asked: what becomes of it is not known until its answer came."""
        with writing(self._store.pool.here()) as conn:
            if anew:
                close_ask(conn, name)
            return open_ask(conn, name, question, self._clock.now())

    def _ask(self, scan: Scan, question: Question) -> RedeemReply | Problem | None:
        return self._line.ask(
            RedeemRequest(question.nonce, question.text, self._node.name, scan.staff, question.basket_cents)
        )

    def _claim(self, scanned: ScannedToken | ScannedCode) -> _Claim:
        if isinstance(scanned, ScannedCode):
            issued = by_code(self._store.pool.here().conn, scanned.text)
            if issued is None:
                return _Claim(scanned.text, None, None, known=False)
            return _Claim(issued.token, issued.coupon, None, known=True)
        token = scanned.token
        key = self._shelf.key(token.coupon.key_number)
        if key is not None and not token.is_signed_by(read_public(key.public)):
            return _Claim(scanned.text, token.coupon, None, known=False)
        own = by_serial(self._store.pool.here().conn, token.coupon.serial)
        known = own is not None and own.coupon == token.coupon and own.token == scanned.text
        return _Claim(scanned.text, token.coupon, key, known, key_may_be_newer=key is None)

    def _used_at_this_till(self, claim: _Claim) -> FirstUse | None:
        """A use that this till decided alone: the hub may not have heard of it yet, and would say yes."""
        if claim.coupon is None or (claim.key is None and not claim.known):
            return None
        use = use_of(self._store.pool.here().conn, claim.coupon.serial)
        return use.first if use is not None and use.decided_by == "till" else None

    def _refuse_here(self, scan: Scan, refused: Refused, coupon: Coupon | None) -> Verdict:
        """Refused by what is certain without anybody else."""
        with writing(self._store.pool.here()) as conn:
            before = verdict_of(conn, scan.nonce)
            if before is not None:
                return before
            offline = self._line.cut_off_since() is not None
            return self._record(conn, scan, scan.nonce, refused, coupon, offline=offline)

    def _decide_here(
        self, conn: sqlite3.Connection, scan: Scan, act: str, claim: _Claim, name: str
    ) -> Verdict:
        coupon = claim.coupon
        if coupon is None:
            # A code that another node issued: only the hub can know, while the QR speaks for itself.
            decision: Decision = Refused(Refusal.CODE_NEEDS_HUB)
        elif self._shelf.made_at() is None:
            decision = Refused(Refusal.HUB_UNREACHABLE)
        else:
            decision = decide(coupon, self._facts(conn, coupon, claim, scan))
            if decision == Refused(Refusal.BAD_SIGNATURE) and claim.key_may_be_newer:
                # A node that joined while this till was cut off may have issued it; it cannot be told from a forgery here.
                decision = Refused(Refusal.HUB_UNREACHABLE)
        if isinstance(decision, Accepted):
            close_ask(conn, name)
        return self._record(conn, scan, act, decision, coupon, offline=True)

    def _facts(self, conn: sqlite3.Connection, coupon: Coupon, claim: _Claim, scan: Scan) -> Facts:
        use = use_of(conn, coupon.serial) if claim.known or claim.key is not None else None
        accept = self._shelf.right(coupon.campaign).accept
        return Facts(
            now=self._clock.now(),
            shop=self._node.shop,
            campaign=self._shelf.campaign(coupon.campaign),
            key=claim.key,
            known=claim.known,
            revoked=coupon.serial in self._shelf.revoked(),
            first_use=use.first if use else None,
            redeemed=uses_of_campaign(conn, coupon.campaign),
            basket_cents=scan.basket_cents,
            cut_off=CutOff(
                rights_left=accept - spent(conn, coupon.campaign, "accept"),
                clock_known=self._clock.state() != "unset",
            ),
        )

    def _record_hubs(
        self, conn: sqlite3.Connection, scan: Scan, asked: Question, reply: RedeemReply
    ) -> Verdict:
        """Keep what the hub decided. Its own journal has the fact, so none is written here."""
        now = self._clock.now()
        coupon = (reply.serial, reply.campaign)
        first: FirstUse | None = None
        refusal: str | None = None
        if not reply.accepted:
            refusal = reply.refusal or Refusal.UNKNOWN_COUPON
            if reply.at is not None:
                first = FirstUse(reply.at, reply.till or "", reply.staff or "", "")
        elif reply.serial is not None:
            use = use_of(conn, reply.serial)
            if use is not None and (use.first.nonce == asked.nonce or use.decided_by == "till"):
                # Two scans met in one question, or one was decided here meanwhile: the first that was recorded has it.
                refusal, first = Refusal.ALREADY_REDEEMED, use.first
        if reply.serial is not None and reply.campaign is not None:
            here = FirstUse(reply.at or now, self._node.name, scan.staff, asked.nonce)
            if refusal is None:
                use = Use(reply.serial, reply.campaign, here, "hub")
                self._keep_use(conn, use, reply.value_cents, asked.basket_cents)
            elif refusal == Refusal.ALREADY_REDEEMED and first is not None:
                self._keep_use(conn, Use(reply.serial, reply.campaign, first, "learnt"), 0, None)
        value_cents = reply.value_cents if refusal is None else 0
        verdict = self._verdict(
            scan, now, coupon=coupon, refusal=refusal, first_use=first, value_cents=value_cents
        )
        keep_verdict(conn, verdict)
        return verdict

    def _record(
        self,
        conn: sqlite3.Connection,
        scan: Scan,
        act: str,
        decision: Decision,
        coupon: Coupon | None,
        *,
        offline: bool,
    ) -> Verdict:
        """Write what was decided here, the fact that reports it, and the right that it spends, in the caller's transaction.

        `act` is the nonce under which the hub may have been asked.
        """
        value_cents, first, refusal = 0, None, None
        if isinstance(decision, Accepted) and coupon is not None:
            value_cents = decision.value_cents
            at = self._accept(conn, scan, act, coupon, value_cents)
        else:
            refused = decision if isinstance(decision, Refused) else Refused(Refusal.UNKNOWN_COUPON)
            refusal, first = refused.refusal, refused.first_use
            at = self._refuse(conn, scan, refusal, coupon, offline=offline)
        verdict = self._verdict(
            scan,
            at,
            coupon=(coupon.serial, coupon.campaign) if coupon else (None, None),
            refusal=refusal,
            first_use=first,
            value_cents=value_cents,
            decided_by="till",
            offline=offline,
        )
        keep_verdict(conn, verdict)
        return verdict

    def _accept(
        self, conn: sqlite3.Connection, scan: Scan, act: str, coupon: Coupon, value_cents: int
    ) -> float:
        till = self._node.name
        fact = CouponRedeemed(
            serial=coupon.serial,
            campaign=coupon.campaign,
            nonce=act,
            till=till,
            staff=scan.staff,
            value_cents=value_cents,
            basket_cents=scan.basket_cents,
            offline=True,
        )
        at = self._outbox.put(conn, fact, self._clock.now()).at
        spend(conn, coupon.campaign, "accept")
        use = Use(coupon.serial, coupon.campaign, FirstUse(at, till, scan.staff, act), "till")
        self._keep_use(conn, use, value_cents, scan.basket_cents)
        return at

    def _refuse(
        self, conn: sqlite3.Connection, scan: Scan, refusal: Refusal, coupon: Coupon | None, *, offline: bool
    ) -> float:
        fact = CouponRefused(
            refusal=refusal,
            nonce=scan.nonce,
            till=self._node.name,
            staff=scan.staff,
            serial=coupon.serial if coupon else None,
            campaign=coupon.campaign if coupon else None,
            offline=offline,
        )
        return self._outbox.put(conn, fact, self._clock.now()).at

    @staticmethod
    def _keep_use(conn: sqlite3.Connection, use: Use, value_cents: int, basket_cents: int | None) -> None:
        keep_use(conn, use, value_cents, basket_cents)
        mark_used(conn, use.serial, use.first.at)

    @staticmethod
    def _verdict(
        scan: Scan,
        at: float,
        *,
        coupon: tuple[str | None, int | None] = (None, None),
        refusal: str | None,
        first_use: FirstUse | None = None,
        value_cents: int = 0,
        decided_by: Literal["hub", "till"] = "hub",
        offline: bool = False,
        sentence: str | None = None,
    ) -> Verdict:
        serial, campaign = coupon
        return Verdict(
            nonce=scan.nonce,
            at=at,
            accepted=refusal is None,
            decided_by=decided_by,
            staff=scan.staff,
            refusal=refusal,
            serial=serial,
            campaign=campaign,
            value_cents=value_cents,
            basket_cents=scan.basket_cents,
            offline=offline,
            first_use=first_use,
            sentence=sentence,
            text=scan.text if refusal in WORTH_ANOTHER_TRY else None,
        )
