"""The staff's pages: who is in, end, prolong, limit; batches of codes to print. Every page works without a script."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from jinja2 import ChoiceLoader, FileSystemLoader
from werkzeug.exceptions import HTTPException, NotFound

from edge.gate.protocol import Phone
from edge.portal.guests import Guest, State
from edge.portal.keeper import GateSilent, Keeper
from edge.portal.ways.staff.entrance import StaffEntrance
from edge.portal.ways.staff.forms import PROLONG_MINUTES, Typed, read_batch, read_limits, usual_batch
from edge.portal.ways.staff.wording import Wording, phone_name, way_name
from edge.portal.ways.vouchers import Vouchers
from hardware.modem.modem import Modem
from hub.client.db import StorageError
from hub.client.pins import Wait
from hub.client.sessions import SignedIn
from hub.storefront.forms import drop_session_cookie, from_our_pages, set_session_cookie
from hub.storefront.headers import guard
from hub.storefront.languages import TAGS, carry_language, language, language_links, locale, speak
from hub.storefront.languages import gettext as _
from hub.storefront.style import STATIC as HOUSE
from hub.storefront.style import make_style
from hub.wire.coupon import show_code
from hub.wire.snapshot import Shop, Text, say

logger = logging.getLogger(__name__)

HERE = Path(__file__).parent
COOKIE = "shopbell-staff"
FORM_BYTES = 4_096
MESSAGES = 10
_YEAR = "public, max-age=31536000, immutable"
_OPEN = frozenset({"come_in", "style", "bell"})


@dataclass(frozen=True, slots=True)
class Staff:
    """What the pages work with. `modem` is shown where it is a simulated one, with what it was given."""

    keeper: Keeper
    vouchers: Vouchers
    entrance: StaffEntrance
    shop: Callable[[], Shop]
    now: Callable[[], float]
    random: Callable[[int], bytes]
    notice: Callable[[], Text] = dict
    modem: Modem | None = None


class _Pages:
    """The views."""

    def __init__(self, staff: Staff) -> None:
        self.staff = staff

    # The way in

    def gate(self) -> ResponseReturnValue | None:
        """Let a request in, or send it to the door."""
        request.max_content_length = FORM_BYTES
        endpoint = (request.endpoint or "").rpartition(".")[2]
        g.staff_now = self.staff.now()
        g.staff_who = self.staff.entrance.who(request.cookies.get(COOKIE, ""))
        if g.staff_who is None:
            return None if endpoint in _OPEN else redirect(url_for(".come_in"), 303)
        made_by_us = endpoint in _OPEN or _who().made(request.form.get("mark", ""))
        if request.method == "POST" and not made_by_us:
            return self._sorry(403, _("This form is too old"), _("Open the page again, then tap once more."))
        return None

    def come_in(self) -> ResponseReturnValue:
        """Ask for a PIN."""
        wrong, status = "", 200
        if request.method == "POST":
            # Another site's page must not use up the tries of its visitors.
            if not from_our_pages(request):
                return redirect(url_for(".come_in"), 303)
            came = self.staff.entrance.come_in(
                request.form.get("staff", ""), request.form.get("pin", ""), request.remote_addr or "somewhere"
            )
            if isinstance(came, str):
                response = make_response(redirect(url_for(".guests"), 303))
                set_session_cookie(response, COOKIE, came, path=_root(), secure=request.is_secure)
                return response
            if isinstance(came, Wait):
                wrong, status = (
                    _(
                        "Too many wrong PINs. Try again in %(wait)s.",
                        wait=self._w().lasting(came.seconds + 1),
                    ),
                    429,
                )
            else:
                wrong, status = _("That is not the right PIN."), 401
        elif g.staff_who is not None:
            return redirect(url_for(".guests"), 303)
        return self._page(
            "in",
            status,
            wrong=wrong,
            people=self.staff.entrance.staff(),
            chosen=request.form.get("staff", ""),
            # On an open guest network everybody can read along.
            open_line=self.staff.keeper.has_gate and not request.is_secure,
        )

    def go_out(self) -> ResponseReturnValue:
        """Sign out."""
        self.staff.entrance.leave(request.cookies.get(COOKIE, ""))
        response = make_response(redirect(url_for(".come_in"), 303))
        drop_session_cookie(response, COOKIE, path=_root())
        return response

    # Guests

    def guests(self) -> ResponseReturnValue:
        """Who is in, and who was a short while ago."""
        guests, silent = self._guests()
        inside = [guest for guest in guests if guest.standing.state is State.IN]
        modem = self.staff.modem
        return self._page(
            "guests",
            503 if silent else 200,
            silent=silent,
            inside=inside,
            before=[guest for guest in guests if guest.standing.state is not State.IN],
            messages=modem.sent[: -MESSAGES - 1 : -1] if modem is not None and modem.simulated else (),
            simulated_modem=modem is not None and modem.simulated,
        )

    def guest(self, ref: str) -> ResponseReturnValue:
        """One guest: end, prolong, limit."""
        guest = self._guest(ref)
        if isinstance(guest, Response):
            return guest
        limits = guest.limits
        typed = Typed(
            {
                "mbytes": str(limits.volume // 1_000_000),
                "down_kbytes": str(limits.down_per_s // 1_000),
                "up_kbytes": str(limits.up_per_s // 1_000),
            }
        )
        return self._guest_page(guest, typed)

    def change_guest(self, ref: str) -> ResponseReturnValue:
        """Do what the form says, and lead on, so that a reload does nothing twice."""
        guest, now = self._guest(ref), g.staff_now
        if isinstance(guest, Response):
            return guest
        keeper = self.staff.keeper
        match request.form.get("do", ""):
            case "end":
                keeper.end(guest.phone, now)
                return self._done("guests", "ended")
            case "prolong":
                minutes = request.form.get("minutes", "")
                if minutes not in map(str, PROLONG_MINUTES):
                    return redirect(url_for(".guest", ref=ref), 303)
                keeper.prolong(guest.phone, int(minutes) * 60, now)
                return self._done("guest", "prolonged", ref=ref)
            case "limit":
                typed = Typed({name: request.form.get(name, "")[:40] for name in _LIMIT_FIELDS})
                limits = read_limits(typed)
                if typed.wrong:
                    return self._guest_page(guest, typed, 400)
                keeper.limit(guest.phone, limits, now)
                return self._done("guest", "limited", ref=ref)
        return redirect(url_for(".guest", ref=ref), 303)

    def end_all(self) -> ResponseReturnValue:
        """Put out whoever is in."""
        guests = self.staff.keeper.guests(g.staff_now)
        for guest in guests:
            if guest.standing.state is State.IN:
                self.staff.keeper.end(guest.phone, g.staff_now)
        return self._done("guests", "ended-all")

    # Printed codes

    def codes(self) -> ResponseReturnValue:
        """The batches, and the form for another."""
        if request.method == "GET":
            return self._codes_page(usual_batch(g.staff_now, self.staff.shop()))
        typed, wish = read_batch(request.form, g.staff_now, self.staff.shop())
        if wish is None:
            return self._codes_page(typed, 400)
        batch = self.staff.vouchers.make(wish, _who().person.id, g.staff_now)
        logger.info("batch=%s codes=%d made by staff=%s", batch.id, wish.count, _who().person.id)
        return redirect(url_for(".sheet", batch=batch.id), 303)

    def sheet(self, batch: str) -> ResponseReturnValue:
        """The codes of one batch that nobody has used, to print."""
        found = self.staff.vouchers.find(batch)
        if found is None:
            raise NotFound
        codes = [(number, show_code(code)) for number, code in self.staff.vouchers.unused(batch)]
        return self._page("sheet", batch=found, codes=codes, names=self._names())

    def end_batch(self, batch: str) -> ResponseReturnValue:
        """End a batch, and put out whoever is in with a code of it."""
        if self.staff.vouchers.find(batch) is None:
            raise NotFound
        if self.staff.vouchers.end(batch, g.staff_now):
            logger.info("batch=%s ended by staff=%s", batch, _who().person.id)
        guests, silent = self._guests()
        if silent:
            return self._sorry(503, _("The codes have ended, the guests have not"), silent)
        unknown = False
        for guest in guests:
            grant = guest.standing.grant
            if grant is not None and grant.batch == batch:
                self.staff.keeper.end(guest.phone, g.staff_now)
            # In since before the portal was started: nobody knows by which way.
            unknown = unknown or (grant is None and guest.standing.state is State.IN)
        return self._done("codes", "batch-ended-some" if unknown else "batch-ended")

    # How a page is put together

    def _guests(self) -> tuple[list[Guest], str]:
        """The list, and why there is none."""
        try:
            return self.staff.keeper.guests(g.staff_now), ""
        except GateSilent as silent:
            return [], silent.sentence

    def _guest(self, ref: str) -> Guest | Response:
        """The guest of this page; a page that says that there is none."""
        found = next((one for one in self.staff.keeper.guests(g.staff_now) if _ref(one.phone) == ref), None)
        if found is None:
            return self._sorry(404, _("This guest is not in any more"), _("The list shows who is here now."))
        return found

    def _guest_page(self, guest: Guest, typed: Typed, status: int = 200) -> Response:
        return self._page("guest", status, guest=guest, typed=typed, prolong=PROLONG_MINUTES)

    def _codes_page(self, typed: Typed, status: int = 200) -> Response:
        return self._page(
            "codes",
            status,
            typed=typed,
            batches=self.staff.vouchers.latest(g.staff_now),
            names=self._names(),
        )

    def _names(self) -> dict[str, str]:
        return {person.id: person.name for person in self.staff.entrance.staff()}

    def _done(self, page: str, what: str, ref: str | None = None) -> ResponseReturnValue:
        return redirect(url_for(f".{page}", done=what, ref=ref), 303)

    def _sorry(self, status: int, title: str, text: str) -> Response:
        return self._page("sorry", status, title=title, text=text)

    def _page(self, name: str, status: int = 200, **values: Any) -> Response:
        return Response(render_template(f"staff/{name}.html", **values), status, mimetype="text/html")

    def _w(self) -> Wording:
        return Wording(locale(), self.staff.shop(), g.staff_now)

    def context(self) -> dict[str, Any]:
        """What every template of ours and `shopbell/base.html` may use."""
        shop, spoken = self.staff.shop(), language()
        who: SignedIn | None = g.get("staff_who")
        return {
            "shopbell": {
                "tag": TAGS[spoken],
                "surface": "wide",
                "shop_name": say(shop.name, spoken) or "Shopbell",
                "inline_style": False,
                "style_url": url_for(".style", v=_style(shop.colour)[1]),
                "bell_url": url_for(".bell"),
                "notice": say(self.staff.notice(), spoken),
                "home_url": url_for(".guests"),
                "languages": language_links(),
            },
            "w": Wording(locale(), shop, g.get("staff_now", 0.0)),
            "who": who,
            "mark": who.mark if who is not None else "",
            "here": (request.endpoint or "").rpartition(".")[2],
            "has_gate": self.staff.keeper.has_gate,
            "way_name": way_name,
            "phone_name": phone_name,
            "ref": _ref,
            "done": _done_text(request.args.get("done", "")),
        }

    def style(self) -> ResponseReturnValue:
        """The house's stylesheet and a little more."""
        text = _style(self.staff.shop().colour)[0]
        return Response(text, mimetype="text/css", headers={"Cache-Control": _YEAR})

    def bell(self) -> ResponseReturnValue:
        """The page's icon."""
        body = (HOUSE / "bell.svg").read_bytes()
        return Response(body, mimetype="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})

    def broken(self, wrong: Exception) -> ResponseReturnValue:
        """Whatever went wrong: a page in the reader's language, never a trace."""
        if isinstance(wrong, HTTPException) and wrong.response is not None:
            return wrong
        if isinstance(wrong, HTTPException) and wrong.code is not None and wrong.code < 500:
            return self._sorry(wrong.code, _("That did not work"), _("Begin again from the list."))
        if isinstance(wrong, GateSilent):
            return self._sorry(503, _("The gate does not answer"), wrong.sentence)
        logger.error("page=%s failed", request.endpoint, exc_info=wrong)
        text = str(wrong) if isinstance(wrong, StorageError) else _("It is written in the portal's log.")
        return self._sorry(500, _("Something is broken here"), text)


_LIMIT_FIELDS = ("mbytes", "down_kbytes", "up_kbytes")


def _who() -> SignedIn:
    who: SignedIn = g.staff_who
    return who


def _root() -> str:
    return url_for(".guests", lang=None).rstrip("/") or "/"


def _ref(phone: Phone) -> str:
    """A guest's name in addresses and forms: of this session only, and of this very phone, whoever has its address next."""
    key = hashlib.sha256(_who().token.encode()).digest()
    return hmac.new(key, f"{phone.mac} {phone.ip}".encode(), hashlib.sha256).hexdigest()[:16]


def _done_text(what: str) -> str:
    return {
        "ended": _("The guest's stay has ended."),
        "ended-all": _("Everybody's stay has ended."),
        "prolonged": _("The guest may stay longer now."),
        "limited": _("The new limits hold from now on."),
        "batch-ended": _("These codes let nobody in any more, and whoever was in with one is out."),
        "batch-ended-some": _(
            "These codes let nobody in any more, and whoever is known to have come in with one is out. Some guests are in since "
            "before the portal was started; their way in is not known any more. End them from the list where it matters."
        ),
    }.get(what, "")


@lru_cache(maxsize=4)
def _style(colour: str | None) -> tuple[str, str]:
    text = make_style(colour).text + (HERE / "static" / "staff.css").read_text()
    return text, hashlib.sha256(text.encode()).hexdigest()[:12]


def create_staff(staff: Staff) -> Blueprint:
    """The pages as a blueprint, to be mounted at /staff."""
    blueprint = Blueprint("staff", __name__, template_folder="templates")
    # The pieces of the look are the storefront's, whether or not it is mounted beside these pages.
    blueprint.jinja_loader = ChoiceLoader(
        [FileSystemLoader(HERE / "templates"), FileSystemLoader(HOUSE.parent / "templates")]
    )
    pages = _Pages(staff)
    routes: tuple[tuple[str, str, Callable[..., ResponseReturnValue], tuple[str, ...]], ...] = (
        ("/", "guests", pages.guests, ("GET",)),
        ("/in", "come_in", pages.come_in, ("GET", "POST")),
        ("/out", "go_out", pages.go_out, ("POST",)),
        ("/guest/<ref>", "guest", pages.guest, ("GET",)),
        ("/guest/<ref>", "change_guest", pages.change_guest, ("POST",)),
        ("/end-all", "end_all", pages.end_all, ("POST",)),
        ("/codes", "codes", pages.codes, ("GET", "POST")),
        ("/codes/<batch>", "sheet", pages.sheet, ("GET",)),
        ("/codes/<batch>/end", "end_batch", pages.end_batch, ("POST",)),
        ("/style.css", "style", pages.style, ("GET",)),
        ("/bell.svg", "bell", pages.bell, ("GET",)),
    )
    for rule, endpoint, view, methods in routes:
        blueprint.add_url_rule(rule, endpoint, view, methods=list(methods))
    carry_language(blueprint)
    blueprint.before_request(pages.gate)
    blueprint.after_request(guard)
    blueprint.context_processor(pages.context)
    blueprint.register_error_handler(Exception, pages.broken)

    @blueprint.record_once
    def settle(state: BlueprintSetupState) -> None:
        # The pieces speak with the storefront's words.
        speak(state.app, HOUSE.parent / "translations")
        speak(state.app, HERE / "translations")

    return blueprint
