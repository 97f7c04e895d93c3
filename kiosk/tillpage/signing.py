"""Signing in with a PIN, signing out, and practising without counting."""

from __future__ import annotations

import math

from flask import Response, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from hub.client.db import StorageError
from hub.client.pins import LONGEST_PIN, Unready, Wait
from hub.client.sessions import SignedIn
from hub.storefront.forms import drop_session_cookie, from_our_pages, set_session_cookie
from hub.storefront.languages import gettext as _
from kiosk.tillpage.badges import wait_in_words
from kiosk.tillpage.frame import COOKIE, FORM_BYTES, TRAINING_COOKIE, Frame


class Signing:
    """The way in and the way out."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def page(self, wrong: str | None = None, status: int = 200, wait_s: float = 0.0) -> Response:
        """Who is at the till?"""
        response = self._frame.page(
            "sign_in.html",
            status,
            staff=self._frame.counter.shelf.staff(),
            chosen=request.form.get("staff", ""),
            wrong=wrong,
            wait_s=math.ceil(wait_s),
            warnings=self._frame.warnings(),
        )
        if wait_s:
            response.headers["Retry-After"] = str(math.ceil(wait_s))
        return response

    def sign_in(self) -> ResponseReturnValue:
        """Check a PIN."""
        if request.method == "GET":
            return redirect(url_for("till.home"), 303)
        request.max_content_length = FORM_BYTES
        if not from_our_pages(request):
            return self.page(_("Sign in on this page, please."), 400)
        counter = self._frame.counter
        staff = request.form.get("staff", "")
        person = next((one for one in counter.shelf.staff() if one.id == staff), None)
        try:
            answer = counter.pins.check(person, request.form.get("pin", "")[: LONGEST_PIN + 1])
            if isinstance(answer, Wait):
                wait = wait_in_words(answer.seconds)
                wrong = _("Too many wrong PINs. Wait %(wait)s, then try again.", wait=wait)
                return self.page(wrong, 429, answer.seconds)
            if isinstance(answer, Unready):
                wrong = _(
                    "PINs cannot be checked here yet. Connect this till to the hub once, then try again."
                )
                return self.page(wrong, 503)
            if person is None or answer is not person:
                return self.page(_("That is not the right PIN."), 401)
            token = self._frame.sessions.begin(person)
        except StorageError:
            # Each guess is counted on disk before it is looked at: without a disk nobody gets in.
            return self.page(_("Nobody can sign in while this till's disk takes no records."), 507)
        # From now on, also before the next page is there: a scanner does not wait for it.
        self._frame.hands.touch(SignedIn(person, token), training=False)
        response = make_response(redirect(url_for("till.home"), 303))
        set_session_cookie(response, COOKIE, token, path="/till", secure=request.is_secure)
        return response

    def sign_out(self) -> ResponseReturnValue:
        """Leave the till."""
        request.max_content_length = FORM_BYTES
        who = self._frame.who(touch=False)
        if who and request.method == "POST" and who.made(request.form.get("mark", "")):
            self._frame.hands.leave(who)
            self._frame.sessions.end(who.token)
        response = make_response(redirect(url_for("till.home"), 303))
        drop_session_cookie(response, COOKIE, path="/till")
        drop_session_cookie(response, TRAINING_COOKIE, path="/till")
        return response

    def training(self) -> ResponseReturnValue:
        """Begin or end practising, for this session."""
        request.max_content_length = FORM_BYTES
        response = make_response(redirect(url_for("till.home"), 303))
        who = self._frame.who()
        if who is None or request.method == "GET" or not who.made(request.form.get("mark", "")):
            return response
        on = request.form.get("training") == "on"
        if on:
            set_session_cookie(response, TRAINING_COOKIE, who.mark, path="/till", secure=request.is_secure)
        else:
            drop_session_cookie(response, TRAINING_COOKIE, path="/till")
        self._frame.hands.touch(who, on)
        return response
