"""The till at `/till`, put together for an application that mounts the storefront too."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from flask import Blueprint, Response, jsonify, make_response, render_template, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, NotFound, RequestEntityTooLarge

from hub.client.db import StorageError
from hub.client.sessions import Sessions
from hub.storefront.headers import guard
from hub.storefront.languages import carry_language, speak
from hub.storefront.languages import gettext as _
from kiosk.counter import Counter
from kiosk.sounds import sound
from kiosk.tillpage.day import DayPage
from kiosk.tillpage.deciding import Deciding
from kiosk.tillpage.finding import Finding
from kiosk.tillpage.frame import Frame, asset
from kiosk.tillpage.hands import Hands
from kiosk.tillpage.listening import Listening
from kiosk.tillpage.membering import Membering
from kiosk.tillpage.paying import Paying
from kiosk.tillpage.pending import Unfinished
from kiosk.tillpage.pursing import Pursing
from kiosk.tillpage.redeeming import Redeeming
from kiosk.tillpage.signing import Signing
from kiosk.tillpage.undoing import Undoing
from kiosk.tillpage.verdicts import VerdictPages

logger = logging.getLogger(__name__)

_YEAR = "public, max-age=31536000, immutable"

LET_GO = "shopbell_till_let_go"
"""Under this name an application with a till has what lets pages go that wait for a scan: to be called when it ends."""

View = Callable[..., ResponseReturnValue]


class _Rest:
    """The answers that are no pages: the badge, the sounds, and a sentence where something broke."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def state(self) -> ResponseReturnValue:
        """The badge and the warnings, for the script that keeps them fresh. Looking is not doing: it keeps nobody signed in."""
        if self._frame.who(touch=False) is None:
            return jsonify(signed_in=False), 401
        condition = self._frame.counter.condition()
        badge = self._frame.badge(condition)
        around = render_template(
            "tillpage/around.html", closed=self._frame.closed(condition), warnings=self._frame.warnings()
        )
        return jsonify(signed_in=True, tone=badge.tone, text=badge.text, line=badge.line, around=around)

    @staticmethod
    def sound(tone: str) -> ResponseReturnValue:
        """A verdict's sound."""
        wav = sound(tone)
        if wav is None:
            raise NotFound
        response = Response(wav, mimetype="audio/wav")
        response.headers["Cache-Control"] = _YEAR
        return response

    @staticmethod
    def broken(wrong: Exception) -> ResponseReturnValue:
        """Whatever went wrong: a page that says so, never a trace."""
        if isinstance(wrong, HTTPException) and not isinstance(wrong, RequestEntityTooLarge | NotFound):
            return wrong
        if isinstance(wrong, RequestEntityTooLarge):
            status, word = 413, _("Not read")
            reason = _("That picture is too large. Take a smaller one.")
        elif isinstance(wrong, NotFound):
            status, word = 404, _("Not here any more")
            reason = _("This till knows no such scan. Scan the coupon again.")
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
        page = render_template("tillpage/trouble.html", word=word, reason=reason, asset=asset)
        return guard(make_response(page, status), scripts=True)


def create_till(counter: Counter) -> Blueprint:
    """The till around a counter. Devices that read codes are heard from now on."""
    sessions = Sessions(
        counter.staff_rows, counter.shelf.staff, counter.clock.now, counter.random, counter.config.signed_in_s
    )
    # A third of the threads at most may wait for scans: the others answer.
    hands = Hands(lambda token: sessions.who(token, touch=False), places=max(1, counter.config.threads // 3))
    frame = Frame(counter, sessions, hands)
    unfinished = Unfinished()
    deciding = Deciding(counter, unfinished)
    signing = Signing(frame)
    verdicts = VerdictPages(frame, unfinished)
    membering = Membering(frame, counter.members, counter.asking)
    redeeming = Redeeming(frame, deciding, unfinished, signing, verdicts, membering)
    undoing = Undoing(frame, deciding)
    listening = Listening(frame, deciding, unfinished, membering)
    rest = _Rest(frame)
    counter.devices.on_scan(listening.scanned)
    both, get = ["GET", "POST"], ["GET"]
    routes: list[tuple[str, str, View, list[str]]] = [
        ("", "home", redeeming.home, get),
        ("/sign-in", "sign_in", signing.sign_in, both),
        ("/sign-out", "sign_out", signing.sign_out, both),
        ("/training", "training", signing.training, both),
        ("/redeem", "redeem", redeeming.redeem, both),
        ("/ask/<nonce>", "ask", redeeming.ask, both),
        ("/hold/<nonce>", "hold", redeeming.hold, both),
        ("/verdict/<nonce>", "verdict", verdicts.verdict, get),
        ("/print/<nonce>", "print", verdicts.print, both),
        ("/undo/<nonce>", "undo", undoing.undo, both),
        ("/undone/<nonce>", "undone", undoing.undone, get),
        ("/find", "find", Finding(frame, unfinished, membering).page, both),
        ("/members", "members", membering.page, both),
        ("/member/<nonce>", "member", membering.member, get),
        ("/member/<nonce>/task", "member_task", membering.task, both),
        ("/member/<nonce>/told", "member_told", membering.told, both),
        ("/ask-guest", "ask_guest", membering.ask, both),
        ("/asked/<nonce>", "asked", membering.asked, both),
        ("/purse/<nonce>", "purse", Pursing(frame, membering).page, both),
        ("/paid", "paid", Paying(frame, membering).page, both),
        ("/day", "day", DayPage(frame).page, get),
        ("/next", "next", listening.next, get),
        ("/latest", "latest", listening.latest, get),
        ("/state", "state", rest.state, get),
        ("/sound/<tone>.wav", "sound", rest.sound, get),
    ]
    blueprint = Blueprint(
        "till", "kiosk", url_prefix="/till", template_folder="templates", static_folder="static"
    )
    for rule, endpoint, view, methods in routes:
        blueprint.add_url_rule(rule, endpoint, view, methods=methods)
    carry_language(blueprint)
    blueprint.after_request(_guard)
    blueprint.register_error_handler(Exception, rest.broken)

    @blueprint.record_once
    def settle(state: BlueprintSetupState) -> None:
        speak(state.app, Path(__file__).parents[1] / "translations")
        state.app.extensions[LET_GO] = hands.close

    return blueprint


def _guard(response: Response) -> Response:
    if request.endpoint == "till.static" and "v" in request.args and response.status_code == 200:
        response.headers["Cache-Control"] = _YEAR
    return guard(response, scripts=True)
