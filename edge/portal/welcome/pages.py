"""The pop-up and what comes after it: in, again, out, forget; and the sign for the door."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, redirect, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from edge.portal.guests import Standing, State
from edge.portal.keeper import GateSilent, Keeper
from edge.portal.ways.entry import Admitted, CodeSent, Entry, NotYet, Ways
from edge.portal.welcome.fast import FrontPage
from edge.portal.welcome.form import CODE_CHARACTERS, Form, entry_of, read_form, with_answer
from edge.portal.welcome.marks import Marks
from edge.portal.welcome.notes import Notes, nobody
from edge.portal.welcome.paper import notice_values, sign_values
from edge.portal.welcome.quick import Quick, is_looked_at
from edge.portal.welcome.screen import DoorContext, Screen
from edge.portal.welcome.sign import portal_text
from edge.portal.welcome.told import Told
from edge.portal.welcome.turns import Turns
from hub.storefront.desk import Desk
from hub.storefront.languages import carry_language, language, speak
from hub.storefront.languages import gettext as _
from hub.storefront.qr import qr_svg
from hub.storefront.when import clock_time
from hub.storefront.words import clean
from hub.wire.coupon import show_code

logger = logging.getLogger(__name__)

TRANSLATIONS = Path(__file__).parent / "translations"
FORM_BYTES = 4_096
NAME = "welcome"


@dataclass(frozen=True, slots=True)
class Welcome:
    """What the pages work with. `now` is seconds of UTC.

    `portal` is the name by which phones call this portal, `ssid` the network's name, both for the sign on the door;
    `venue_url` a page of the shop's own and `contact` whom to ask about privacy, both may be empty. `front` is shared with
    the server, which asks it first. `offers` is the name under which the storefront is mounted in the same application.
    """

    desk: Desk
    keeper: Keeper
    ways: Ways
    now: Callable[[], float]
    random: Callable[[int], bytes] = os.urandom
    portal: str = "portal.internal"
    ssid: str = ""
    venue_url: str = ""
    contact: str = ""
    front: FrontPage = field(default_factory=FrontPage)
    offers: str = "storefront"
    notes: Notes = field(default_factory=lambda: Notes(nobody))


def foot_links() -> list[tuple[str, str]]:
    """What stands at the foot of the storefront's pages in the portal: the way back, and the way out of our memory."""
    return [
        (url_for(f"{NAME}.home"), _("Wi-Fi and coupon")),
        (url_for(f"{NAME}.forget"), _("Forget me")),
        (url_for(f"{NAME}.notice"), _("Bluetooth")),
    ]


class _Pages:
    """The views."""

    def __init__(self, welcome: Welcome) -> None:
        self.welcome = welcome
        self.keeper = welcome.keeper
        self.ways = welcome.ways
        self.now = welcome.now
        self.told = Told()
        self.notes = welcome.notes
        self.turns = Turns()
        self.context = DoorContext(welcome.desk, NAME, "phone", True, welcome.now, os.urandom)
        self.screen = Screen(
            self.context,
            welcome.desk,
            welcome.keeper,
            welcome.ways,
            Marks(welcome.random),
            welcome.front,
            welcome.offers,
        )
        welcome.front.belong(self.screen.kind, self.screen.mark)

    # Looking

    def home(self) -> ResponseReturnValue:
        """The pop-up; for whoever is in, what they have."""
        ip, now = _place(), self.now()
        standing = self.keeper.standing(ip, now)
        if self.keeper.has_gate and standing.state is State.IN:
            return self._stay(ip, standing, now)
        if "left" in request.args and self.keeper.has_gate:
            line = _("You have left the Wi-Fi. Your coupon stays good.")
            return self.screen.form_page(ip, Form(self.ways.offered()), 200, now, line)
        return self.screen.popup(ip, now, may_take=is_looked_at(request.environ))

    def inside(self) -> ResponseReturnValue:
        """In: until when, the coupon, a new member's code, longer, out."""
        ip, now = _place(), self.now()
        standing = self.keeper.standing(ip, now)
        if not self.keeper.has_gate or standing.state is not State.IN:
            return self._go("home")
        return self._stay(ip, standing, now)

    def _stay(self, ip: str, standing: Standing, now: float, status: int = 200, wrong: str = "") -> Response:
        shop, locale = self.context.shop, self.context.reader.locale
        mark, looked = self.screen.mark(ip, "member", now), is_looked_at(request.environ)
        code = self.told.get(mark, now)
        code_url = (
            portal_text(self.welcome.portal).rstrip("/") + url_for(".member", code=code, lang=None)
            if code
            else ""
        )
        left = ""
        if standing.octets_left is not None:
            left = _("%(mbytes)s MB are left.", mbytes=max(0, standing.octets_left // 1_000_000))
        return self.screen.page(
            "in",
            status,
            until=clock_time(standing.until, shop, locale),
            line="" if standing.internet else self.screen.line("held-offline"),
            left=left,
            wrong=wrong,
            can_extend=standing.can_extend,
            code=_spaced(code),
            code_url=code_url,
            code_qr=qr_svg(code_url, _("QR code of your own way in")) if code else "",
            notes=self.notes.of(mark, now, looked=looked),
            ticket=self.screen.ticket(ip, now, may_take=looked, level=2),
        )

    def member(self, code: str = "") -> ResponseReturnValue:
        """The way in for whoever kept a code, or the address with it. Looking at it changes nothing: the button does."""
        kept = clean(code, CODE_CHARACTERS)
        return self.screen.page("member", code=_spaced(kept), gate=self.keeper.has_gate)

    # Doing

    def enter(self) -> ResponseReturnValue:
        """A sent form: in, or the next step, or the sentence that says why not."""
        ip = _place()
        if not self.keeper.has_gate or not self._is_own_form():
            return self._go("home")
        if self.keeper.phone_at(ip) is None:
            return self.screen.sorry(
                409,
                _("You are not on this Wi-Fi"),
                _("Join the shop's Wi-Fi with this phone first, then open this page again."),
            )
        form = read_form(request.form, self.ways.offered())
        # Two taps are one: the second finds that it is in already.
        with self.turns.of(self.screen.mark(ip, "turn", self.now())):
            return self._enter(ip, form, self.now())

    def _enter(self, ip: str, form: Form, now: float) -> ResponseReturnValue:
        entry = entry_of(form, ip, language())
        if entry is None:
            if form.asks_number:
                form = replace(form, wrong_number=_("Type your number first."))
            else:
                form = replace(form, wrong_code=_("Type your code first."))
            return self.screen.form_page(ip, form, 422, now)
        if entry.way == "click" and self.keeper.standing(ip, now).state is State.IN:
            return self._go("inside")
        answer = self.ways.enter(entry, now)
        if isinstance(answer, Admitted):
            return self._let_in(ip, form, entry, answer, now)
        shown = with_answer(form, answer, language())
        if isinstance(answer, CodeSent):
            return self.screen.form_page(ip, shown, 200, now)
        return self._not_yet(ip, shown, answer, now)

    def _not_yet(self, ip: str, form: Form, answer: NotYet, now: float) -> Response:
        response = self.screen.form_page(ip, form, 429 if answer.wait_s > 0 else 422, now)
        if answer.wait_s > 0:
            response.headers["Retry-After"] = str(int(answer.wait_s) + 1)
        return response

    def _let_in(
        self, ip: str, form: Form, entry: Entry, admitted: Admitted, now: float
    ) -> ResponseReturnValue:
        try:
            self.keeper.let_in(ip, admitted.grant, now)
        except GateSilent as silent:
            logger.warning("nobody can be let in: %s", silent.sentence)
            wrong = _(
                "The Wi-Fi does not answer. Nothing of yours was used up; try again in a moment, or ask at the till."
            )
            return self.screen.form_page(ip, replace(form, wrong=wrong), 502, now)
        try:
            code = self.ways.opened(entry, admitted, now)
        except Exception:  # a full disk raises what it likes, and the phone is in
            logger.exception("a guest is in, and the disk does not know of it")
            code = ""
        if admitted.grant.member:
            self.notes.came(self.screen.mark(ip, "member", now), admitted.grant.member, now)
        if code:
            self.told.put(self.screen.mark(ip, "member", now), code, now)
        # A full navigation, after the gate is open: iOS looks again then, and its pop-up says "Done".
        return self._go("inside")

    def extend(self) -> ResponseReturnValue:
        """As long again."""
        ip, now = _place(), self.now()
        if self.keeper.has_gate and self._is_own_form():
            try:
                self.keeper.extend(ip, now)
            except GateSilent as silent:
                return self._silent(ip, silent, now)
        return self._go("inside")

    def leave(self) -> ResponseReturnValue:
        """Out, at once."""
        ip, now = _place(), self.now()
        if not self.keeper.has_gate or not self._is_own_form():
            return self._go("home")
        phone = self.keeper.phone_at(ip)
        if phone is None:
            return self._go("home")
        try:
            self.keeper.end(phone, now)
        except GateSilent as silent:
            return self._silent(ip, silent, now)
        self._drop(ip, now)
        return self._go("home", left=1)

    def _silent(self, ip: str, silent: GateSilent, now: float) -> Response:
        logger.warning("the gate does not answer: %s", silent.sentence)
        wrong = _(
            "The Wi-Fi does not answer, so nothing has changed. Try again in a moment, or ask at the till."
        )
        return self._stay(ip, self.keeper.standing(ip, now), now, 502, wrong)

    def forget(self) -> ResponseReturnValue:
        """What forgetting means; with a code: it is done."""
        if request.method != "POST" or not self._is_own_form():
            return self.screen.page("forget", typed="", wrong="")
        ip, now = _place(), self.now()
        typed = clean(request.form.get("typed", ""), CODE_CHARACTERS)
        if not typed:
            return self.screen.page("forget", 422, typed="", wrong=_("Type the code that you got."))
        if not self.ways.forget(typed, now):
            wrong = _(
                "Nobody is kept under this code. Look at it once more; perhaps it is forgotten already."
            )
            return self.screen.page("forget", 422, typed=typed, wrong=wrong)
        self._drop(ip, now)
        return self.screen.page("forgotten")

    # Reading

    def notice(self) -> ResponseReturnValue:
        """How the shop counts with Bluetooth, and how to object."""
        values = notice_values(language(), self.context.shop_name, self.welcome.contact)
        return self.screen.page(
            "notice", venue_url=self.welcome.venue_url, sign_url=url_for(".sign"), **values
        )

    def sign(self) -> ResponseReturnValue:
        """The sign for the door, one sheet of A4, in English and Chinese."""
        welcome = self.welcome
        return self.screen.page(
            "sign", **sign_values(self.context.shop, welcome.ssid, welcome.portal, welcome.contact)
        )

    # What all share

    def _drop(self, ip: str, now: float) -> None:
        mark = self.screen.mark(ip, "member", now)
        self.told.drop(mark)
        self.notes.drop(mark)

    def _go(self, endpoint: str, **values: Any) -> ResponseReturnValue:
        return redirect(url_for(f"{NAME}.{endpoint}", **values), 303)

    def _is_own_form(self) -> bool:
        """Whether a form comes from a page of this portal: another site's must not agree to anything in a guest's name.

        There is no cookie that it could ride on, but it would come from the guest's phone. Browsers say where a form comes
        from; one that is too old for Sec-Fetch-Site and says "null" is not locked out.
        """
        request.max_content_length = FORM_BYTES
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            return False
        origin = request.headers.get("Origin", "null")
        return origin == "null" or urlsplit(origin).netloc == request.host

    def broken(self, wrong: Exception) -> ResponseReturnValue:
        """Whatever went wrong: a page in the reader's language with a way on, never a trace."""
        if isinstance(wrong, HTTPException):
            if wrong.response is not None or wrong.code is None or wrong.code == 404:
                return wrong
            return self.screen.sorry(
                wrong.code,
                _("That did not work"),
                _("Your browser sent something that this page cannot use. Start again from the beginning."),
            )
        logger.error("page=%s failed", request.endpoint, exc_info=wrong)
        self.context.without_desk()
        return self.screen.sorry(
            500,
            _("This page has stumbled"),
            _("Nothing was taken from you. Try again in a moment, or ask at the till."),
        )


def _place() -> str:
    return request.remote_addr or ""


def _spaced(code: str) -> str:
    return show_code(code) if code.isalnum() else code


def create_welcome(welcome: Welcome) -> Blueprint:
    """The portal's own pages, to be mounted at `/`, in one application with `create_storefront(..., home="/offers")`."""
    blueprint = Blueprint(NAME, __name__, template_folder="templates")
    pages = _Pages(welcome)
    routes: list[tuple[str, str, Callable[..., ResponseReturnValue], list[str]]] = [
        ("/", "home", pages.home, ["GET"]),
        ("/in", "inside", pages.inside, ["GET"]),
        ("/enter", "enter", pages.enter, ["GET", "POST"]),
        ("/extend", "extend", pages.extend, ["GET", "POST"]),
        ("/leave", "leave", pages.leave, ["GET", "POST"]),
        ("/forget", "forget", pages.forget, ["GET", "POST"]),
        ("/m/", "member", pages.member, ["GET"]),
        ("/m/<code>", "member", pages.member, ["GET"]),
        ("/notice", "notice", pages.notice, ["GET"]),
        ("/sign", "sign", pages.sign, ["GET"]),
    ]
    for rule, endpoint, view, methods in routes:
        blueprint.add_url_rule(rule, endpoint, view, methods=methods)
    carry_language(blueprint)
    blueprint.register_error_handler(Exception, pages.broken)
    blueprint.context_processor(lambda: {"shopbell": pages.context})

    @blueprint.record_once
    def settle(state: BlueprintSetupState) -> None:
        speak(state.app, TRANSLATIONS, lambda: pages.context.shop.languages)
        app = state.app
        if isinstance(app, Flask):
            # Flask's own way of putting something before an application.
            app.wsgi_app = Quick(app.wsgi_app, welcome.front, welcome.desk, welcome.now)  # type: ignore[method-assign, assignment]

    return blueprint
