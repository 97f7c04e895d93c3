"""Asks the hub again, in the background, what it has not answered: so that this till's own day knows what the hub decided.

A question about a redemption is asked only for what was decided (`RedeemRequest.only_known`): the customer may have left, and
must not lose a coupon for nothing. What turns out to have been accepted is a verdict that nobody saw. An undo is asked as it
was: staff wanted it, and the hub judges whether it came in time.
"""

from __future__ import annotations

import hashlib
import sqlite3

import msgspec

from hub.client.db import writing
from hub.wire.sync import RedeemReply
from kiosk.means import Means
from kiosk.recording import keep_hubs_yes, make_verdict
from kiosk.reversal import ask_to_reverse
from kiosk.store import keep_verdict, verdict_of
from kiosk.store_open import Question, close_ask, open_asks, open_undos
from kiosk.verdicts import Scan, Verdict

MOST_AT_ONCE = 20
"""Questions in one round. Each is one short request; a till that was away for a day has a handful."""

QUIET_S = 10.0
"""A question this young may still be on its way, with somebody waiting in front of the till."""


class Settler:
    """One till's open questions. Call `settle` every few seconds, from one thread."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._asked: set[str] = set()

    def settle(self) -> int:
        """Ask what is open, each question once for each time that the hub came back; how many were settled."""
        means = self._means
        if means.line.cut_off_since() is not None:
            self._asked.clear()
            return 0
        settled = 0
        conn = means.store.pool.here().conn
        for question in open_asks(conn, MOST_AT_ONCE):
            if self._is_due(question.nonce, question.at):
                settled += self._ask(question)
        for undo, act in open_undos(conn, MOST_AT_ONCE):
            if self._is_due(undo.nonce, undo.at):
                settled += ask_to_reverse(means, undo, act, unseen=True).state != "open"
        return settled

    def _is_due(self, nonce: str, at: float) -> bool:
        means = self._means
        if nonce in self._asked or abs(means.clock.now() - at) < QUIET_S:
            return False
        if means.line.cut_off_since() is not None:
            return False
        self._asked.add(nonce)
        return True

    def _ask(self, question: Question) -> bool:
        means = self._means
        request = question.ready_for(question.request, till=means.node.name)
        answer = means.line.ask(msgspec.structs.replace(request, only_known=True))
        if not isinstance(answer, RedeemReply):
            return False
        late_verdict(means, question, answer)
        return True


def late_verdict(means: Means, question: Question, answer: RedeemReply) -> Verdict | None:
    """Keep the answer to an older question. What was accepted is a verdict that staff has not seen; nothing came of the rest."""
    with writing(means.store.pool.here()) as conn:
        close_ask(conn, question.coupon, question.nonce)
        if not answer.accepted:
            return None
        nonce = _free_nonce(conn, question.nonce)
        if keep_hubs_yes(conn, means, nonce, question, answer) is not None:
            return None
        request = question.request
        scan = Scan(
            text=request.text,
            staff=request.staff or answer.staff or "",
            nonce=nonce,
            basket_cents=request.basket_cents,
            member=request.member,
        )
        verdict = make_verdict(
            scan,
            answer.at or means.clock.now(),
            coupon=(answer.serial, answer.campaign),
            refusal=None,
            value_cents=answer.value_cents,
            balance_cents=answer.balance_cents,
            act=question.nonce,
        )
        verdict = msgspec.structs.replace(verdict, unseen=True)
        keep_verdict(conn, verdict)
        return verdict


def _free_nonce(conn: sqlite3.Connection, asked: str) -> str:
    """The act's own nonce where nothing was said under it yet; else one that follows from it."""
    if verdict_of(conn, asked) is None:
        return asked
    return hashlib.blake2b(f"late\n{asked}".encode(), digest_size=16).hexdigest()
