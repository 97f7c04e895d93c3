"""The till page for staff: sign in with a PIN, scan, see the verdict, next customer. Every page works without a script."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, NotFound, RequestEntityTooLarge

from hub.client.db import StorageError
from hub.client.pins import LONGEST_PIN, Wait
from hub.client.sessions import Sessions, SignedIn
from hub.client.warnings import Severity
from hub.storefront.forms import drop_session_cookie, from_our_pages, set_session_cookie
from hub.storefront.headers import guard
from hub.storefront.languages import carry_language, language, locale, speak
from hub.storefront.languages import gettext as _
from hub.storefront.offers import Reader
from hub.storefront.when import clock_time, moment, money
from hub.wire.snapshot import say
from kiosk.counter import Counter
from kiosk.pictures import MOST_BYTES, Unseen, read_picture
from kiosk.redemption import Scan
from kiosk.scans import LONGEST, act_of, read_amount
from kiosk.sounds import sound
from kiosk.store import Verdict
from kiosk.words import VerdictView, age, day_began, show_badge, show_verdict

logger = logging.getLogger(__name__)

COOKIE = "shopbell-till"
HISTORY = 30
PARKED = 20
FORM_BYTES = 10_000
SOUND_FOR_S = 15.0
"""A verdict sounds when it is new; whoever goes back to it later is not startled."""

_FORM = re.compile(r"[0-9a-f]{32}")
_YEAR = "public, max-age=31536000, immutable"


class _Till:
    """The views of the till, around the counter."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter
        self.sessions = Sessions(
            counter.staff_rows,
            counter.shelf.staff,
            counter.clock.now,
            counter.random,
            counter.config.signed_in_s,
        )

    # Pages

    def home(self) -> ResponseReturnValue:
        """The scan field for whoever is signed in; the way in for everybody else."""
        who = self.sessions.who(_token())
        return self._scan_page(who) if who else self._sign_in_page()

    def sign_in(self) -> ResponseReturnValue:
        """Check a PIN."""
        if request.method == "GET":
            return redirect(url_for("till.home"), 303)
        request.max_content_length = FORM_BYTES
        if not from_our_pages(request):
            return self._sign_in_page(_("Sign in on this page, please."), 400)
        staff = request.form.get("staff", "")
        person = next((one for one in self.counter.shelf.staff() if one.id == staff), None)
        answer = self.counter.pins.check(
            person, request.form.get("pin", "")[: LONGEST_PIN + 1], self.counter.clock.now()
        )
        if isinstance(answer, Wait):
            wrong = _("Too many wrong PINs. Try again in %(wait)s.", wait=age(answer.seconds + 1))
            return self._sign_in_page(wrong, 429)
        if person is None or answer is not person:
            return self._sign_in_page(_("That is not the right PIN."), 401)
        response = make_response(redirect(url_for("till.home"), 303))
        token = self.sessions.begin(person)
        set_session_cookie(response, COOKIE, token, path="/till", secure=request.is_secure)
        return response

    def sign_out(self) -> ResponseReturnValue:
        """Leave the till."""
        request.max_content_length = FORM_BYTES
        who = self.sessions.who(_token())
        if who and request.method == "POST" and who.made(request.form.get("mark", "")):
            self.sessions.end(_token())
        response = make_response(redirect(url_for("till.home"), 303))
        drop_session_cookie(response, COOKIE, path="/till")
        return response

    def redeem(self) -> ResponseReturnValue:
        """Decide one scan, and lead to its verdict: reloading that page decides nothing anew."""
        request.max_content_length = MOST_BYTES + FORM_BYTES
        who = self.sessions.who(_token())
        if who is None or request.method == "GET":
            return redirect(url_for("till.home"), 303)
        form = request.form.get("form", "")
        if not who.made(request.form.get("mark", "")) or not _FORM.fullmatch(form):
            return self._scan_page(who, _("That form was too old. Scan again."), status=400)
        amount_text = request.form.get("basket", "")[:20]
        try:
            basket_cents = read_amount(amount_text)
        except ValueError:
            wrong = _("That is no amount. Type it like 12.50.")
            return self._scan_page(who, amount_wrong=wrong, amount=amount_text, status=400)
        text = self._scanned()
        if isinstance(text, Unseen):
            return self._scan_page(who, _unseen(text), amount=amount_text, status=400)
        if not text:
            wrong = _("Scan a coupon, type its code, or choose a picture of it.")
            return self._scan_page(who, wrong, amount=amount_text, status=400)
        scan = Scan(text, who.person.id, act_of(form, text, basket_cents), basket_cents)
        verdict = self.counter.redeemer.redeem(scan)
        self.counter.syncer.kick()
        return redirect(url_for("till.verdict", nonce=verdict.nonce), 303)

    def verdict(self, nonce: str) -> ResponseReturnValue:
        """What was said to one scan, filling the screen."""
        who = self.sessions.who(_token())
        if who is None:
            return redirect(url_for("till.home"), 303)
        verdict = self.counter.store.verdict(nonce)
        if verdict is None:
            raise NotFound
        fresh = abs(self.counter.clock.now() - verdict.at) < SOUND_FOR_S
        return self._page(
            "till/verdict.html",
            who=who,
            view=self._show(verdict),
            verdict=verdict,
            sound=url_for("till.sound", tone=self._show(verdict).tone) if fresh else None,
        )

    def state(self) -> ResponseReturnValue:
        """The badge, for the script that keeps it fresh. Looking is not doing: it keeps nobody signed in."""
        if self.sessions.who(_token(), touch=False) is None:
            return jsonify(signed_in=False), 401
        badge = self._badge()
        return jsonify(signed_in=True, tone=badge.tone, text=badge.text, line=badge.line)

    def sound(self, tone: str) -> ResponseReturnValue:
        """A verdict's sound."""
        wav = sound(tone)
        if wav is None:
            raise NotFound
        response = Response(wav, mimetype="audio/wav")
        response.headers["Cache-Control"] = _YEAR
        return response

    def broken(self, wrong: Exception) -> ResponseReturnValue:
        """Whatever went wrong: a verdict that says so, never a trace."""
        if isinstance(wrong, HTTPException) and not isinstance(wrong, RequestEntityTooLarge):
            return wrong
        if isinstance(wrong, RequestEntityTooLarge):
            status, word, reason = 413, _("Not read"), _("That picture is too large. Take a smaller one.")
        elif isinstance(wrong, StorageError):
            logger.error("till: %s", wrong)
            status, word = 507, _("Not recorded")
            reason = _(
                "This till could not write it down. Scan the coupon again when that is mended. %(why)s",
                why=str(wrong),
            )
        else:
            logger.error("page=%s failed", request.endpoint, exc_info=wrong)
            status, word = 500, _("This till has stumbled")
            reason = _("Scan again. If it happens once more, take the code down and ask the manager.")
        page = render_template("till/trouble.html", word=word, reason=reason)
        return guard(make_response(page, status), scripts=True)

    # Pieces

    def _reader(self) -> Reader:
        return Reader(language(), locale(), self.counter.clock.now())

    def _show(self, verdict: Verdict) -> VerdictView:
        campaign = self.counter.shelf.campaign(verdict.campaign) if verdict.campaign else None
        return show_verdict(verdict, campaign, self.counter.desk.shop(), self._reader())

    def _badge(self) -> Any:
        return show_badge(self.counter.condition(), self.counter.desk.shop(), locale())

    def _scanned(self) -> str | Unseen:
        text = request.form.get("text", "").strip()[: LONGEST + 1]
        picture = request.files.get("picture")
        if text or picture is None or not picture.filename:
            return text
        return read_picture(picture.stream.read(MOST_BYTES + 1))

    def _page(self, template: str, status: int = 200, **values: Any) -> Response:
        return make_response(
            render_template(
                template,
                till=self.counter.node.name,
                badge_view=self._badge(),
                form=self.counter.random(16).hex(),
                **values,
            ),
            status,
        )

    def _sign_in_page(self, wrong: str | None = None, status: int = 200) -> Response:
        return self._page(
            "till/sign_in.html",
            status,
            staff=self.counter.shelf.staff(),
            chosen=request.form.get("staff", ""),
            wrong=wrong,
            warnings=self._warnings(),
        )

    def _scan_page(
        self,
        who: SignedIn,
        wrong: str | None = None,
        *,
        amount_wrong: str | None = None,
        amount: str = "",
        status: int = 200,
    ) -> Response:
        shop, now = self.counter.desk.shop(), self.counter.clock.now()
        began = day_began(now, shop)
        day = self.counter.store.day_since(began)
        return self._page(
            "till/scan.html",
            status,
            who=who,
            wrong=wrong,
            amount_wrong=amount_wrong,
            amount=amount,
            day=day,
            given=money(day.value_cents, shop.currency, locale()),
            history=[self._show(verdict) for verdict in self.counter.store.verdicts_since(began, HISTORY)],
            parked=[
                (clock_time(one.at, shop, locale()), one.kind, one.reason)
                for one in self.counter.outbox.parked()[:PARKED]
            ],
            warnings=self._warnings(),
        )

    def _warnings(self) -> list[dict[str, str]]:
        shop, reader = self.counter.desk.shop(), self._reader()
        found = []
        for shown in self.counter.watcher.look():
            when = moment(shown.since or reader.now, reader.now, shop, reader.locale)
            found.append(
                {
                    "what": say(shown.what, reader.language),
                    "todo": say(shown.todo, reader.language),
                    "since": _("Since %(when)s", when=when),
                    "tone": "no" if shown.severity == Severity.ERROR else "note",
                }
            )
        return found


def _token() -> str:
    return request.cookies.get(COOKIE, "")


def _unseen(why: Unseen) -> str:
    match why:
        case Unseen.TOO_LARGE:
            return _("That picture is too large. Take a smaller one.")
        case Unseen.NO_PICTURE:
            return _("That file is no picture.")
        case Unseen.NO_CODE:
            return _("No QR code can be seen in that picture. Hold the camera closer and straight.")


def create_till(counter: Counter) -> Blueprint:
    """The till, at `/till`, for an application that mounts the storefront too."""
    blueprint = Blueprint(
        "till", __name__, url_prefix="/till", template_folder="templates", static_folder="static"
    )
    till = _Till(counter)
    routes: list[tuple[str, str, Callable[..., ResponseReturnValue], list[str]]] = [
        ("", "home", till.home, ["GET"]),
        ("/sign-in", "sign_in", till.sign_in, ["GET", "POST"]),
        ("/sign-out", "sign_out", till.sign_out, ["GET", "POST"]),
        ("/redeem", "redeem", till.redeem, ["GET", "POST"]),
        ("/verdict/<nonce>", "verdict", till.verdict, ["GET"]),
        ("/state", "state", till.state, ["GET"]),
        ("/sound/<tone>.wav", "sound", till.sound, ["GET"]),
    ]
    for rule, endpoint, view, methods in routes:
        blueprint.add_url_rule(rule, endpoint, view, methods=methods)
    carry_language(blueprint)
    blueprint.after_request(lambda response: guard(response, scripts=True))
    blueprint.register_error_handler(Exception, till.broken)

    @blueprint.record_once
    def settle(state: BlueprintSetupState) -> None:
        speak(state.app, Path(__file__).parent / "translations")

    return blueprint
