"""What the counter's devices read comes to the page of whoever is at the till: redeemed first, then shown.

A page asks `GET /till/next?after=N` and is answered when there is something to show, at the latest after WAIT_S. A page without a
script asks `GET /till/latest?after=N` every few seconds instead.
"""

from __future__ import annotations

import logging

from flask import jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from hub.client.db import StorageError
from hub.client.sessions import SignedIn
from kiosk.devices import DeviceScan
from kiosk.scans import LONGEST, ScannedToken, Unreadable, read_scan
from kiosk.tillpage.deciding import Deciding
from kiosk.tillpage.frame import Frame
from kiosk.tillpage.hands import Hand
from kiosk.tillpage.membering import Membering
from kiosk.tillpage.pending import Pending, Unfinished
from kiosk.tillpage.purchase import LONGEST_MEMBER

logger = logging.getLogger(__name__)

WAIT_S = 20.0
"""How long a page's question waits for a scan; shorter than what browsers and proxies put up with."""

FIND = "find"
STORAGE = "storage"
"""What a page is sent to instead of a verdict."""


class Listening:
    """The scans of devices, and the pages that wait for them."""

    def __init__(
        self, frame: Frame, deciding: Deciding, unfinished: Unfinished, membering: Membering
    ) -> None:
        self._membering = membering
        self._frame = frame
        self._deciding = deciding
        self._unfinished = unfinished

    def scanned(self, scan: DeviceScan) -> None:
        """One text that a device read. Called by a thread of the devices; raises nothing."""
        try:
            self._scanned(scan.text.strip()[: LONGEST + 1])
        except StorageError as wrong:
            logger.warning("till: %s", wrong)
            self._frame.counter.devices.show("no")
            at_the_till = self._frame.hands.now()
            if at_the_till is not None:
                self._frame.hands.tell(at_the_till[0].mark, STORAGE)
        except Exception:
            # The devices' thread must live: the next customer's scan comes through it.
            logger.exception("a scan of %s failed", scan.device)
            self._frame.counter.devices.show("no")

    def _scanned(self, text: str) -> None:
        at_the_till = self._frame.hands.now()
        if at_the_till is None or not text:
            self._frame.counter.devices.show("no")
            return
        who, hand = at_the_till
        if hand.asked is not None and self._answers(who, hand, text):
            return
        members = self._frame.counter.members
        if members.is_card(text):
            nonce = self._frame.counter.random(16).hex()
            seen = members.who(text, who.person.id)
            self._membering.keep(nonce, who.mark, seen)
            self._frame.counter.devices.show("no" if seen.refusal else "note")
            self._frame.hands.tell(who.mark, nonce)
            return
        training = hand.training
        nonce = self._frame.counter.random(16).hex()
        verdict = self._deciding.redeem(who, nonce, Pending(text), training=training)
        self._frame.hands.tell(who.mark, verdict.nonce)

    def _answers(self, who: SignedIn, hand: Hand, text: str) -> bool:
        """Whether this is what the page asks for, and no coupon of the next customer."""
        nonce = hand.asked_for
        match hand.asked:
            case "find":
                self._unfinished.seek(who.mark, text)
                self._frame.hands.tell(who.mark, FIND)
                return True
            case "product":
                taken = isinstance(read_scan(text), Unreadable) and self._unfinished.add_product(nonce, text)
            case "member":
                seen = self._frame.counter.members.id_of(text[:LONGEST_MEMBER])
                token = isinstance(read_scan(text), ScannedToken)
                taken = not token and bool(seen.member) and self._unfinished.name_member(nonce, seen.member)
            case _:
                taken = False
        if taken:
            self._frame.hands.tell(who.mark, nonce, again=True)
        return taken

    def next(self) -> ResponseReturnValue:
        """For the script: what to show next, and after how long to ask again."""
        who = self._frame.who(touch=False)
        if who is None:
            return jsonify(signed_in=False), 401
        after = request.args.get("after", 0, type=int)
        wait_s = min(WAIT_S, max(0.0, request.args.get("wait", WAIT_S, type=float)))
        heard = self._frame.hands.wait(who.mark, after, wait_s)
        return jsonify(
            signed_in=True,
            after=heard.number,
            go=self._place(heard.nonce),
            again_ms=int(heard.again_s * 1000),
        )

    def latest(self) -> ResponseReturnValue:
        """For a page without a script: on to what there is to show, or back to where it was (`at`, an act or an undo)."""
        who = self._frame.who(touch=False)
        if who is None:
            return redirect(url_for("till.home"), 303)
        heard = self._frame.hands.wait(who.mark, request.args.get("after", 0, type=int), 0.0)
        here = url_for("till.home")
        if at := request.args.get("at"):
            here = url_for("till.undone" if request.args.get("back") else "till.verdict", nonce=at, quiet=1)
        return redirect(self._place(heard.nonce) or here, 303)

    def _place(self, nonce: str | None) -> str | None:
        match nonce:
            case None:
                return None
            case "find":
                return url_for("till.find", scanned=1)
            case "storage":
                return url_for("till.home")
        if self._membering.knows(nonce):
            return url_for("till.member", nonce=nonce)
        pending = self._unfinished.get(nonce)
        held = pending is not None and pending.hold is not None
        return url_for("till.hold" if held else "till.verdict", nonce=nonce)
