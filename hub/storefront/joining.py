"""Becoming a member: one form, a code where a number was typed, and the card. At the portal, at a screen, on the public site.

Nothing is ticked in advance, no is as large as yes and costs nothing. No cookie: what was made is in memory for a quarter of an
hour under an address that only this browser knows; at a screen it goes with the visit.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from hub.storefront.consent_words import KEPT_NUMBER, consent_text
from hub.storefront.forms import from_our_pages
from hub.storefront.joiner import CodeSent, Joined, Joiner, NotYet, Wish
from hub.storefront.languages import gettext as _
from hub.storefront.languages import language
from hub.storefront.qr import qr_svg
from hub.storefront.views import Views
from hub.storefront.visits import Visits
from hub.storefront.ways import asked_way
from hub.storefront.words import clean
from hub.wire.fact import Medium
from hub.wire.snapshot import say

logger = logging.getLogger(__name__)

FORM_BYTES = 8_000
MARK_CHARACTERS = 64
NUMBER_CHARACTERS = 40
CODE_CHARACTERS = 40
KEPT_S = 900.0
MOST_KEPT = 500


@dataclass(frozen=True, slots=True)
class JoinForm:
    """The form as it is shown: what was typed, and the sentence where something is wrong with it."""

    mark: str
    invitation: str = ""
    number: str = ""
    texts: str = ""
    handle: str = ""
    sent_to: str = ""
    wrong: str = ""
    wrong_number: str = ""
    wrong_code: str = ""


@dataclass(slots=True)
class Made:
    """Cards that were just made, by the mark of their form. In memory only."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    cards: dict[str, tuple[Joined, float]] = field(default_factory=dict)

    def keep(self, mark: str, joined: Joined, now: float) -> None:
        """Show it for a while."""
        with self.lock:
            for old in [key for key, one in self.cards.items() if abs(now - one[1]) > KEPT_S]:
                del self.cards[old]
            self.cards[mark] = (joined, now)
            while len(self.cards) > MOST_KEPT:
                del self.cards[next(iter(self.cards))]

    def find(self, mark: str, now: float) -> Joined | None:
        """The card of this form; None where it was never made, or it is too late."""
        with self.lock:
            kept = self.cards.get(mark)
        return kept[0] if kept is not None and abs(now - kept[1]) <= KEPT_S else None


class JoinViews:
    """The pages. `visits`: at a screen, where what was made goes with whoever made it."""

    def __init__(self, views: Views, visits: Visits | None, joiner: Joiner) -> None:
        self._views = views
        self._visits = visits
        self._joiner = joiner
        self._made = Made()
        self._one = threading.Lock()

    def join(self) -> ResponseReturnValue:
        """The form; sent, it is a card, a code on its way, or the sentence that says what is missing."""
        request.max_content_length = FORM_BYTES
        now = self._views.context.now()
        if request.method == "GET":
            invitation = clean(request.args.get("i", ""), MARK_CHARACTERS)
            if invitation and not self._joiner.invited(invitation, now):
                return self._over()
            kept = self._unfinished(request.args.get("step", ""))
            return self._page(kept or JoinForm(self._joiner.new_form(now), invitation))
        if not from_our_pages(request):
            return redirect(self._views.url("join"), 303)
        form = _read()
        if request.form.get("do") == "no":
            return self._refused(form, now)
        if not self._joiner.may_join(form.mark, _place(), now):
            wrong = _("That form was too old, or too many came from here. Try once more.")
            return self._page(replace(form, mark=self._joiner.new_form(now), wrong=wrong), 429)
        # Two taps are one.
        with self._one:
            if self._made.find(form.mark, now) is not None:
                return redirect(self._views.url("card", mark=form.mark), 303)
            return self._sent(form, now)

    def card(self, mark: str) -> ResponseReturnValue:
        """The new card: its QR, its code, what can be done with it."""
        now = self._views.context.now()
        joined = self._made.find(mark, now) if self._is_theirs(mark) else None
        if joined is None:
            if self._visits is not None:
                page = make_response(render_template("storefront/ended.html"), 410)
                page.headers["Clear-Site-Data"] = '"cache"'
                return page
            return self._views.sorry(
                404,
                _("This card is not shown any more"),
                _("It was shown once. With its code or its picture you can go on; without them, join anew."),
            )
        return make_response(
            render_template(
                "storefront/card_made.html",
                joined=joined,
                qr=qr_svg(joined.token, _("QR code of your card")),
                code=" ".join(joined.code[at : at + 4] for at in range(0, len(joined.code), 4)),
            )
        )

    def _sent(self, form: JoinForm, now: float) -> ResponseReturnValue:
        if form.handle and request.form.get("do") != "card":
            return self._with_code(form, now)
        if form.number and not form.handle:
            return self._with_number(form, now)
        return self._join(form, "", now)

    def _with_number(self, form: JoinForm, now: float) -> ResponseReturnValue:
        if not self._joiner.sends():
            wrong = _("No code can be sent from here now. Join without the number; you can add it later.")
            return self._page(replace(form, wrong_number=wrong), 422)
        sent = self._joiner.send(form.number, form.mark, _place(), language(), now)
        if isinstance(sent, CodeSent):
            return self._page(replace(form, handle=sent.handle, sent_to=sent.shown))
        return self._not_yet(form, sent)

    def _with_code(self, form: JoinForm, now: float) -> ResponseReturnValue:
        code = clean(request.form.get("typed", ""), CODE_CHARACTERS)
        if not code:
            return self._page(replace(form, wrong_code=_("Type the code from the text message.")), 422)
        number = self._joiner.check(form.handle, form.number, code, _place(), now)
        if isinstance(number, NotYet):
            return self._not_yet(form, number)
        return self._join(form, number, now)

    def _not_yet(self, form: JoinForm, answer: NotYet) -> Response:
        sentence = say(answer.sentence, language())
        if answer.handle:
            shown = replace(form, handle=answer.handle, wrong_code=sentence)
        else:
            at_number = answer.at_number
            shown = replace(form, handle="", sent_to="", wrong_number=sentence if at_number else "")
            shown = shown if at_number else replace(shown, wrong=sentence)
        response = self._page(shown, 429 if answer.wait_s > 0 else 422)
        if answer.wait_s > 0:
            response.headers["Retry-After"] = str(int(answer.wait_s) + 1)
        return response

    def _join(self, form: JoinForm, number: str, now: float) -> ResponseReturnValue:
        mediums: tuple[Medium, ...] = ("sms",) if number and form.texts == "yes" else ()
        wish = Wish(
            form.mark, language(), number, mediums, form.invitation, by_poster=asked_way() == "poster"
        )
        joined = self._joiner.join(wish, now)
        if joined.page:
            return redirect(joined.page, 303)
        if self._visits is not None:
            visit = self._visits.touch(self._views.context.visit)
            visit.cards.add(form.mark)
            visit.form = None
        self._made.keep(form.mark, joined, now)
        return redirect(self._views.url("card", mark=form.mark), 303)

    def _refused(self, form: JoinForm, now: float) -> ResponseReturnValue:
        if form.invitation:
            self._joiner.refuse(form.invitation, now)
            return make_response(render_template("storefront/join_no.html"))
        if self._visits is not None:
            return redirect(self._views.context.home_url, 303)
        return make_response(render_template("storefront/join_no.html"))

    def _over(self) -> Response:
        return self._views.sorry(
            410,
            _("Nobody waits for this any more"),
            _(
                "The till has stopped asking, or it was answered. You can still join by yourself, here or there."
            ),
        )

    def _unfinished(self, step: str) -> JoinForm | None:
        """At a screen: the form as it was left. Its script wants an address after each form."""
        visit = self._visits.find(self._views.context.visit) if self._visits is not None and step else None
        return visit.form if visit is not None and isinstance(visit.form, JoinForm) else None

    def _is_theirs(self, mark: str) -> bool:
        """At a screen: whether whoever stands there now made this card. The next person must not find it."""
        if self._visits is None:
            return True
        visit = self._visits.find(self._views.context.visit)
        return visit is not None and mark in visit.cards

    def _page(self, form: JoinForm, status: int = 200) -> Response:
        if self._visits is not None and request.method == "POST":
            self._visits.touch(self._views.context.visit).form = form
            return make_response(redirect(self._views.url("join", step=status), 303))
        now = self._views.context.now()
        url = self._joiner.phone_url(now) if not form.handle else ""
        values: dict[str, Any] = {
            "form": form,
            "asks_number": self._joiner.sends() or bool(form.number),
            "kept_number": say(KEPT_NUMBER, language()),
            "recognise": consent_text("recognise", "", language()),
            "texts": consent_text("messages", "sms", language()),
            "phone_qr": qr_svg(url, _("QR code for your own phone")) if url else "",
        }
        return make_response(render_template("storefront/join.html", **values), status)


def _read() -> JoinForm:
    sent = request.form
    return JoinForm(
        clean(sent.get("form", ""), MARK_CHARACTERS),
        clean(sent.get("i", ""), MARK_CHARACTERS),
        clean(sent.get("phone_number", ""), NUMBER_CHARACTERS),
        "yes" if sent.get("texts") == "yes" else "no" if sent.get("texts") == "no" else "",
        clean(sent.get("handle", ""), MARK_CHARACTERS),
        clean(sent.get("sent_to", ""), NUMBER_CHARACTERS),
    )


def _place() -> str:
    return request.remote_addr or ""
