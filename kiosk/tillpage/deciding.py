"""One act of somebody at the till, from whatever was scanned to what is shown: asks the redeemer, keeps what is not finished.

Pages and devices both come through here, so that a scan is the same act however it came in.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from hub.client.sessions import SignedIn
from kiosk.counter import Counter
from kiosk.redemption import Redeemer
from kiosk.scans import ScannedCode, read_scan
from kiosk.tillpage.pending import Pending, Unfinished
from kiosk.tillpage.words import Tone, needs_of, tone_of
from kiosk.verdicts import Hold, Reversal, Scan, Undo, Verdict

logger = logging.getLogger(__name__)

HOLD_S = 180
"""Long enough to ring up a full basket; a customer who has left blocks the coupon for no longer."""

_LIGHTS: dict[Tone, str] = {
    "good": "good",
    "look": "look",
    "no": "no",
    "note": "note",
    "ask": "look",
    "back": "note",
    "hold": "note",
}
"""The lights and the buzzer know four tones."""


class Deciding:
    """The acts of one till."""

    def __init__(self, counter: Counter, unfinished: Unfinished) -> None:
        self._counter = counter
        self._unfinished = unfinished

    @property
    def _redeemer(self) -> Redeemer:
        return self._counter.redeemer

    def redeem(self, who: SignedIn, nonce: str, pending: Pending, *, training: bool) -> Verdict:
        """Redeem, once under this nonce. Raises only StorageError, and then nothing was done."""
        verdict = self._redeemer.redeem(self._scan(who, nonce, pending, training=training))
        if needs_of(verdict) is not None:
            self._unfinished.keep(verdict.nonce, replace(pending, holding=False, hold=None, mark=who.mark))
        elif verdict.accepted and pending.reservation:
            self._unfinished.drop(pending.reservation)
        if not verdict.training:
            self._after(lambda: self._counter.devices.show(_LIGHTS[tone_of(verdict)]))
        if verdict.printable and (verdict.next_coupon or self._counter.config.drawer == "redeem"):
            # The coupon for the next visit is given on paper, and a drawer opens with its receipt.
            self._after(lambda: self._counter.jobs.print_redemption(verdict.nonce))
        self._counter.syncer.kick()
        return verdict

    def hold(self, who: SignedIn, nonce: str, pending: Pending) -> Hold:
        """Hold a coupon for a purchase. Raises only StorageError."""
        hold = self._redeemer.reserve(self._scan(who, nonce, pending, training=False), HOLD_S)
        self._unfinished.keep(hold.nonce, replace(pending, holding=True, hold=hold, mark=who.mark))
        return hold

    def release(self, nonce: str) -> bool:
        """Give a hold up."""
        given_up = self._redeemer.release(nonce)
        self._unfinished.drop(nonce)
        return given_up

    def undo(self, who: SignedIn, of: str, nonce: str, reason: str) -> Reversal:
        """Take a redemption back. Raises only StorageError."""
        reversal = self._redeemer.reverse(Undo(of=of, staff=who.person.id, nonce=nonce, reason=reason))
        self._after(lambda: self._counter.devices.show("note" if reversal.state == "reversed" else "no"))
        self._counter.syncer.kick()
        return reversal

    @staticmethod
    def _after(act: Callable[[], object]) -> None:
        """What follows a decision. It was made and is on disk: a lamp or a printer that fails changes nothing of it."""
        try:
            act()
        except Exception:
            logger.exception("after a decision")

    @staticmethod
    def _scan(who: SignedIn, nonce: str, pending: Pending, *, training: bool) -> Scan:
        purchase = pending.purchase
        return Scan(
            text=with_digits(pending.text, purchase.digits),
            staff=who.person.id,
            nonce=nonce,
            basket_cents=purchase.basket_cents,
            products=purchase.products or None,
            member=purchase.member,
            amount_cents=purchase.amount_cents,
            reservation=pending.reservation,
            training=training,
        )


def with_digits(text: str, digits: str) -> str:
    """A typed code with the six digits that stand beneath a changing QR; anything else as it is."""
    scanned = read_scan(text)
    return f"{scanned.text}{digits}" if digits and isinstance(scanned, ScannedCode) else text
