"""The scan page, and the forms that follow: redeem, answer what is asked for, hold for a purchase and give it back."""

from __future__ import annotations

import re
from dataclasses import replace

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from hub.client.sessions import SignedIn
from hub.storefront.languages import gettext as _
from hub.storefront.languages import locale
from hub.storefront.when import clock_time, money
from kiosk.pictures import MOST_BYTES, Unseen, read_picture
from kiosk.scans import LONGEST, act_of
from kiosk.tillpage.day import sum_up
from kiosk.tillpage.deciding import Deciding
from kiosk.tillpage.frame import FORM_BYTES, Frame, unseen_in_words
from kiosk.tillpage.membering import Membering, refused_in_words
from kiosk.tillpage.pending import Pending, Unfinished
from kiosk.tillpage.purchase import Field, read_purchase
from kiosk.tillpage.signing import Signing
from kiosk.tillpage.verdicts import VerdictPages
from kiosk.tillpage.words import ActView, show_hold

HISTORY = 5
PARKED = 20

_FORM = re.compile(r"[0-9a-f]{32}")


class Redeeming:
    """The pages on which coupons are scanned."""

    def __init__(
        self,
        frame: Frame,
        deciding: Deciding,
        unfinished: Unfinished,
        signing: Signing,
        verdicts: VerdictPages,
        membering: Membering,
    ) -> None:
        self._frame = frame
        self._deciding = deciding
        self._unfinished = unfinished
        self._signing = signing
        self._verdicts = verdicts
        self._membering = membering

    def home(self) -> ResponseReturnValue:
        """The scan field for whoever is signed in; the way in for everybody else."""
        who = self._frame.who()
        return self._scan_page(who) if who else self._signing.page()

    def redeem(self) -> ResponseReturnValue:
        """Decide one scan, and lead to its verdict: reloading that page decides nothing anew."""
        request.max_content_length = MOST_BYTES + FORM_BYTES
        who = self._frame.who()
        if who is None or request.method == "GET":
            return redirect(url_for("till.home"), 303)
        if not who.made(request.form.get("mark", "")) or not _FORM.fullmatch(request.form.get("form", "")):
            return self._scan_page(who, _("That form was too old. Scan again."), status=400)
        purchase, wrong_fields = read_purchase(request.form)
        amount = request.form.get("basket", "")[:20]
        if wrong_fields:
            wrong = _("That is no amount. Type it like 12.50.")
            return self._scan_page(who, amount_wrong=wrong, amount=amount, status=400)
        text = self._scanned()
        if isinstance(text, Unseen):
            return self._scan_page(who, unseen_in_words(text), amount=amount, status=400)
        if not text:
            wrong = _("Scan a coupon, type its code, or choose a picture of it.")
            return self._scan_page(who, wrong, amount=amount, status=400)
        if self._frame.counter.members.is_card(text):
            return redirect(self._membering.meet(who, text), 303)
        holding = request.form.get("do") == "hold" and not self._frame.training(who)
        pending = Pending(text, purchase, holding=holding)
        closed = self._frame.closed(self._frame.counter.condition())
        if closed:
            return self._scan_page(who, closed, amount=amount, typed=text, status=507)
        return self._act(who, pending)

    def ask(self, nonce: str) -> ResponseReturnValue:
        """An answer to what the verdict with this nonce asks for; the coupon is the one that was scanned then."""
        request.max_content_length = FORM_BYTES
        who = self._frame.who()
        if who is None:
            return redirect(url_for("till.home"), 303)
        here = self._verdicts.place_of(nonce)
        if request.method == "GET":
            return redirect(here, 303)
        pending = self._verdicts.pending_of(nonce)
        if pending is None:
            raise NotFound
        if not who.made(request.form.get("mark", "")) or not _FORM.fullmatch(request.form.get("form", "")):
            return redirect(here, 303)
        purchase, wrong = read_purchase(request.form, pending.purchase)
        do = request.form.get("do", "")
        if do.startswith("drop-") and do[5:].isdigit():
            purchase = purchase.without(int(do[5:]))
        seen = self._frame.counter.members.id_of(purchase.member) if "member" in request.form else None
        if seen is not None:
            purchase = replace(purchase, member=seen.member)
        pending = replace(pending, purchase=purchase)
        self._unfinished.keep(nonce, replace(pending, mark=who.mark))
        if seen is not None and seen.refusal:
            return self._verdicts.page_of(who, nonce, wrong=refused_in_words(seen), status=400)
        if wrong:
            return self._verdicts.page_of(who, nonce, wrong=_wrong_in_words(wrong[0]), status=400)
        more = do == "add" and bool(request.form.get("product", "").strip())
        if more or do.startswith("drop-"):
            return redirect(here, 303)
        return self._act(who, pending)

    def hold(self, nonce: str) -> ResponseReturnValue:
        """The page of a held coupon, and what becomes of it: redeem it now, or give it back."""
        request.max_content_length = FORM_BYTES
        who = self._frame.who()
        if who is None:
            return redirect(url_for("till.home"), 303)
        pending = self._unfinished.get(nonce)
        if pending is None or pending.hold is None:
            return redirect(url_for("till.home"), 303)
        if request.method == "GET" or not who.made(request.form.get("mark", "")):
            return self._verdicts.page_of(who, nonce)
        if request.form.get("do") == "release":
            self._deciding.release(nonce)
            return redirect(url_for("till.home"), 303)
        reservation = pending.hold.nonce if pending.hold.held else ""
        return self._act(who, replace(pending, holding=False, hold=None, reservation=reservation))

    def _act(self, who: SignedIn, pending: Pending) -> ResponseReturnValue:
        form = request.form.get("form", "")
        act = act_of(form, f"{pending.text}\n{pending.holding}\n{pending.purchase.said()}", None)
        if pending.holding:
            hold = self._deciding.hold(who, act, pending)
            return redirect(url_for("till.hold", nonce=hold.nonce), 303)
        verdict = self._deciding.redeem(who, act, pending, training=self._frame.training(who))
        return redirect(url_for("till.verdict", nonce=verdict.nonce), 303)

    def _scanned(self) -> str | Unseen:
        text = request.form.get("text", "").strip()[: LONGEST + 1]
        picture = request.files.get("picture")
        if text or picture is None or not picture.filename:
            return text
        return read_picture(picture.stream.read(MOST_BYTES + 1))

    def _scan_page(
        self,
        who: SignedIn,
        wrong: str | None = None,
        *,
        amount_wrong: str | None = None,
        amount: str = "",
        typed: str = "",
        status: int = 200,
    ) -> Response:
        frame, counter = self._frame, self._frame.counter
        frame.hands.ask(who, None)
        began = frame.day_began()
        verdicts = counter.store.verdicts_since(began, 2_000)
        day = sum_up(verdicts)
        training = frame.training(who)
        latest = [one for one in verdicts if one.training is training][: 4 * HISTORY]
        shown = [frame.show(one, who.person.id) for one in latest]
        values = {"listening": False} if request.args.get("typing") else {}
        return frame.page(
            "scan.html",
            status,
            who=who,
            name="home",
            wrong=wrong,
            amount_wrong=amount_wrong,
            amount=amount,
            typed=typed,
            day=day,
            given=money(day.given_cents, frame.shop.currency, locale()),
            history=[view for view in shown if view.tone != "ask"][:HISTORY],
            unseen=self._verdicts.unseen(who),
            held=self._held(who),
            parked=[
                (clock_time(one.at, frame.shop, locale()), one.kind, one.reason)
                for one in counter.outbox.parked()[:PARKED]
            ],
            warnings=frame.warnings(),
            **values,
        )

    def _held(self, who: SignedIn) -> list[ActView]:
        frame = self._frame
        found = []
        for nonce in self._unfinished.held(who.mark, frame.counter.clock.now()):
            pending = self._unfinished.get(nonce)
            if pending is not None and pending.hold is not None:
                campaign = frame.campaign(pending.hold.campaign)
                found.append(show_hold(pending.hold, campaign, frame.shop, frame.reader(), text=pending.text))
        return found


def _wrong_in_words(field: Field) -> str:
    match field:
        case "basket" | "amount":
            return _("That is no amount. Type it like 12.50.")
        case "product":
            return _("No more products fit into one purchase.")
        case "digits":
            return _("That is not it: six digits stand beneath the QR.")
        case "member":
            return _("That is no member's code.")
