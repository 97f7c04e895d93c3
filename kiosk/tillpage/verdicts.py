"""The page of one act, filling the screen: what was said, what is asked for, and what can be done with it now."""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from werkzeug.exceptions import NotFound

from hub.client.sessions import SignedIn
from hub.storefront.languages import gettext as _
from hub.storefront.languages import language
from hub.storefront.offers import CouponView, show_coupon
from hub.storefront.qr import qr_svg
from kiosk.jobs import Queued
from kiosk.tillpage.frame import FORM_BYTES, Frame
from kiosk.tillpage.hands import Asked
from kiosk.tillpage.pending import Pending, Unfinished
from kiosk.tillpage.purchase import Purchase, counted, show_amount
from kiosk.tillpage.words import ActView, show_hold
from kiosk.verdicts import Verdict

SOUND_FOR_S = 15.0
"""A verdict sounds when it is new; whoever goes back to it later is not startled."""

UNSEEN_SHOWN = 5


class VerdictPages:
    """The pages of verdicts and of held coupons."""

    def __init__(self, frame: Frame, unfinished: Unfinished) -> None:
        self._frame = frame
        self._unfinished = unfinished

    def verdict(self, nonce: str) -> ResponseReturnValue:
        """What was said to one scan."""
        who = self._frame.who()
        if who is None:
            return redirect(url_for("till.home"), 303)
        return self.page_of(who, nonce)

    def place_of(self, nonce: str) -> str:
        """Where an act stands."""
        pending = self._unfinished.get(nonce)
        held = pending is not None and pending.hold is not None
        return url_for("till.hold" if held else "till.verdict", nonce=nonce)

    def pending_of(self, nonce: str) -> Pending | None:
        """What is known of an act that asks for something; None where it asks for nothing, or not any more."""
        pending = self._unfinished.get(nonce)
        if pending is not None:
            return pending if pending.hold is None or not pending.hold.held else None
        verdict = self._frame.counter.store.verdict(nonce)
        if verdict is None or verdict.accepted or verdict.text is None:
            return None
        found = Pending(verdict.text, Purchase(basket_cents=verdict.basket_cents, member=verdict.member))
        self._unfinished.keep(nonce, found)
        return found

    def page_of(self, who: SignedIn, nonce: str, *, wrong: str | None = None, status: int = 200) -> Response:
        """The page of an act, with what is wrong in its form."""
        pending = self._unfinished.get(nonce)
        if pending is not None and pending.hold is not None:
            return self._hold_page(who, nonce, pending, wrong=wrong, status=status)
        verdict = self._frame.counter.store.verdict(nonce)
        if verdict is None:
            raise NotFound
        return self._verdict_page(who, verdict, wrong=wrong, status=status)

    def print(self, nonce: str) -> ResponseReturnValue:
        """Print the receipt, or print it again."""
        request.max_content_length = FORM_BYTES
        who = self._frame.who()
        here = url_for("till.verdict", nonce=nonce)
        if who is None or request.method == "GET" or not who.made(request.form.get("mark", "")):
            return redirect(here, 303)
        jobs = self._frame.counter.jobs
        again = request.form.get("do") == "again"
        queued = (jobs.reprint if again else jobs.print_redemption)(nonce, language())
        return redirect(url_for("till.verdict", nonce=nonce, paper=queued.value), 303)

    def unseen(self, who: SignedIn) -> list[ActView]:
        """What was decided while nobody looked: scans of a device whose verdict stood on no screen, and questions that the hub
        answered later."""
        store, frame = self._frame.counter.store, self._frame
        acts = {one.nonce: frame.show(one, who.person.id) for one in store.unseen(UNSEEN_SHOWN)}
        for nonce in frame.hands.unseen(who.mark)[:UNSEEN_SHOWN]:
            verdict = store.verdict(nonce)
            if verdict is not None:
                acts.setdefault(nonce, frame.show(verdict, who.person.id))
        back = [frame.show_reversal(one) for one in store.unseen_reversals(UNSEEN_SHOWN)]
        return [*acts.values(), *back][:UNSEEN_SHOWN]

    # Pieces

    def _verdict_page(self, who: SignedIn, verdict: Verdict, *, wrong: str | None, status: int) -> Response:
        frame = self._frame
        view = frame.show(verdict, who.person.id)
        frame.hands.show(verdict.nonce)
        pending = self.pending_of(verdict.nonce) if view.needs else None
        frame.hands.ask(who, _asked(view) if pending else None, verdict.nonce)
        fresh = abs(frame.counter.clock.now() - verdict.at) < SOUND_FOR_S
        jobs = frame.counter.jobs
        printing = any(one.kind == "printer" for one in frame.counter.devices.states())
        return frame.page(
            "verdict.html",
            status,
            who=who,
            view=view,
            verdict=verdict,
            wrong=wrong,
            sound=url_for("till.sound", tone=view.sound) if fresh and not wrong and not quiet() else None,
            gift=self._gift(verdict),
            unseen=[one for one in self.unseen(who) if one.nonce != verdict.nonce],
            paper=jobs.state_of(verdict.nonce) if printing and verdict.printable else None,
            paper_wrong=paper_in_words(request.args.get("paper", "")),
            **self._asking(pending),
        )

    def _hold_page(
        self, who: SignedIn, nonce: str, pending: Pending, *, wrong: str | None, status: int
    ) -> Response:
        frame, hold = self._frame, pending.hold
        assert hold is not None  # noqa: S101 - the callers have looked; this is for the type checker
        campaign = frame.campaign(hold.campaign)
        view = show_hold(hold, campaign, frame.shop, frame.reader(), text=pending.text)
        asks = pending if view.needs else None
        frame.hands.ask(who, _asked(view) if asks else None, nonce)
        return frame.page(
            "verdict.html",
            status,
            who=who,
            view=view,
            hold=hold,
            hold_s=max(0, int((hold.until or 0.0) - frame.counter.clock.now())),
            wrong=wrong,
            sound=None if wrong or quiet() else url_for("till.sound", tone=view.sound),
            **self._asking(asks),
        )

    @staticmethod
    def _asking(pending: Pending | None) -> dict[str, Any]:
        if pending is None:
            return {"purchase": None}
        purchase = pending.purchase
        return {
            "purchase": purchase,
            "products": counted(purchase.products),
            "places": {product: place for place, product in enumerate(purchase.products)},
            "basket": show_amount(purchase.basket_cents),
            "amount": show_amount(purchase.amount_cents),
        }

    def _gift(self, verdict: Verdict) -> tuple[CouponView, Markup] | None:
        """The coupon for the next visit that came with a redemption, with its QR."""
        if verdict.next_coupon is None or verdict.reversed_at is not None:
            return None
        found = self._frame.counter.desk.coupon(verdict.next_coupon)
        if found is None:
            return None
        issued, campaign = found
        view = show_coupon(issued, campaign, self._frame.shop, self._frame.reader())
        return view, Markup(qr_svg(issued.token, _("QR code of the coupon for the next visit")))  # noqa: S704 - drawn by us


def quiet() -> bool:
    """Whether a page without a script only looks again at what it shows."""
    return "quiet" in request.args


def _asked(view: ActView) -> Asked | None:
    """What a scanner may answer on this page."""
    return view.needs if view.needs in ("product", "member") else None


def paper_in_words(queued: str) -> str:
    """Why no receipt is printed; empty where it is."""
    match queued:
        case Queued.NO_PRINTER:
            return _("This till has no printer.")
        case Queued.FULL:
            return _("Too many receipts wait for the printer. See to it first.")
        case Queued.NOTHING:
            return _("There is nothing to print for this.")
    return ""
