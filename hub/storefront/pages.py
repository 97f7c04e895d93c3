"""The shopper's pages: offers, one offer, the coupon, search. Server-rendered; no script, no cookie, nothing from elsewhere."""

from __future__ import annotations

import base64
import binascii
import logging
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, NotFound

from hub.storefront.context import FootLinks, PageContext, Surface
from hub.storefront.desk import Desk
from hub.storefront.headers import guard
from hub.storefront.languages import carry_language, language, speak
from hub.storefront.languages import gettext as _
from hub.storefront.offers import OfferView, greeting, show_coupon, show_offer
from hub.storefront.qr import qr_png, qr_svg
from hub.storefront.search import Entry, search
from hub.storefront.style import STATIC
from hub.storefront.words import clean, first_keywords
from hub.wire.refusals import Refusal
from hub.wire.rules import Refused
from hub.wire.snapshot import Campaign

logger = logging.getLogger(__name__)

TRANSLATIONS = Path(__file__).parent / "translations"
QUERY_CHARACTERS = 80
CHIPS = 6
FORM_BYTES = 10_000
ATTRACT_S = 60
"""How long the kiosk's start page stands before the next offer comes to the front."""

KIOSK_FRONT = 3
"""Offers on the kiosk's start page: what fits 1080 x 1920 and 1280 x 800 without scrolling; the others are one tap away."""

COUPON_IDLE_FACTOR = 2
"""A coupon stays on the kiosk longer than a list: somebody is taking a picture of it."""

_REQUEST_ID = re.compile(r"[0-9a-f]{32}")
_SERIAL = re.compile(r"[0-9a-f]{16}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PICTURE_STARTS = {
    "image/webp": b"RIFF",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
}
_YEAR = "public, max-age=31536000, immutable"


class _Pages:
    """The views of one storefront, around the node's desk."""

    def __init__(self, context: PageContext, random: Callable[[int], bytes]) -> None:
        self.context = context
        self.desk = context.desk
        self.random = random

    def _url(self, endpoint: str, **values: Any) -> str:
        return url_for(f"{self.context.blueprint}.{endpoint}", **values)

    def _show(self, campaign: Campaign) -> OfferView:
        return show_offer(
            campaign,
            self.context.shop,
            self.context.reader,
            picture_url=lambda digest: self._url("picture", digest=digest),
            request_id=self.random(16).hex(),
        )

    def _sorry(self, status: int, title: str, text: str) -> Response:
        page = render_template("storefront/sorry.html", sorry_title=title, sorry_text=text)
        return make_response(page, status)

    def _not_running(self) -> Response:
        return self._sorry(
            410,
            _("This offer is over"),
            _("It is no longer running here. Perhaps one of the others is for you."),
        )

    def home(self) -> ResponseReturnValue:
        """All offers that run now; on the kiosk another one comes to the front each minute."""
        now = self.context.now()
        campaigns = self.desk.campaigns(now)
        attract = self.context.surface == "kiosk" and self.context.language_chosen is None
        if attract and campaigns:
            front = int(now // ATTRACT_S) % len(campaigns)
            campaigns = campaigns[front:] + campaigns[:front]
        most = KIOSK_FRONT if self.context.surface == "kiosk" else len(campaigns)
        return render_template(
            "storefront/home.html",
            offers=[self._show(campaign) for campaign in campaigns[:most]],
            front=self.context.surface == "kiosk",
            more=len(campaigns) if len(campaigns) > most else 0,
            greeting=greeting(self.context.shop, language()),
            chips=_chips(campaigns, language())[:most],
            attract_s=ATTRACT_S if attract else None,
        )

    def offer(self, number: int) -> ResponseReturnValue:
        """One offer."""
        now = self.context.now()
        campaign = self.desk.campaign(number, now)
        if campaign is None:
            return self._not_running()
        if request.method == "GET" and "prefetch" not in request.headers.get("Sec-Purpose", ""):
            self._count(number, now)
        return render_template("storefront/offer.html", offer=self._show(campaign))

    def _count(self, number: int, now: float) -> None:
        try:
            self.desk.seen(number, now)
        except Exception as wrong:  # noqa: BLE001 - a full disk raises what it likes, and must not hide an offer from a shopper
            logger.warning("offer=%s could not be counted: %s", number, wrong)

    def take(self, number: int) -> ResponseReturnValue:
        """Take a coupon of an offer; the answer leads to it."""
        request.max_content_length = FORM_BYTES
        # Another site's page must not empty a limited lot through the browsers of its visitors.
        from_elsewhere = request.headers.get("Sec-Fetch-Site") == "cross-site"
        request_id = request.form.get("request", "")
        if request.method != "POST" or from_elsewhere or not _REQUEST_ID.fullmatch(request_id):
            return redirect(self._url("offer", number=number), 303)
        taken = self.desk.take(number, request_id, self.context.now())
        if not isinstance(taken, Refused):
            return redirect(self._url("coupon", serial=taken.coupon.serial), 303)
        if taken.refusal is Refusal.SOLD_OUT:
            return self._sorry(
                409,
                _("All taken"),
                _("Somebody had the last coupon of this offer just now. Have a look at the others."),
            )
        return self._not_running()

    def coupon(self, serial: str) -> ResponseReturnValue:
        """A coupon: its QR, its code, until when it is good."""
        found = self.desk.coupon(serial) if _SERIAL.fullmatch(serial) else None
        if found is None:
            return self._sorry(
                404,
                _("We do not have this coupon here"),
                _(
                    "Perhaps it was taken on another screen, or the address is not complete. "
                    "If you have its code, the till can read it."
                ),
            )
        issued, campaign = found
        return render_template(
            "storefront/coupon.html",
            coupon=show_coupon(issued, campaign, self.context.shop, self.context.reader),
            qr=qr_svg(issued.token, _("QR code of this coupon")),
            idle_s=self.context.idle_s * COUPON_IDLE_FACTOR,
        )

    def coupon_picture(self, serial: str) -> ResponseReturnValue:
        """A coupon's QR alone, to keep or to print."""
        found = self.desk.coupon(serial) if _SERIAL.fullmatch(serial) else None
        if found is None:
            raise NotFound
        response = Response(qr_png(found[0].token), mimetype="image/png")
        response.headers["Content-Disposition"] = f'inline; filename="coupon-{found[0].code}.png"'
        return response

    def search(self) -> ResponseReturnValue:
        """Offers that a word finds, in either language; without a word all of them."""
        query = clean(request.args.get("q", ""), QUERY_CHARACTERS)
        campaigns = self.desk.campaigns(self.context.now())
        by_number = {campaign.number: campaign for campaign in campaigns}
        entries = [entry_of(campaign) for campaign in campaigns]
        found = search(query, entries) if query else [entry.number for entry in entries]
        return render_template(
            "storefront/search.html",
            query=query,
            offers=[self._show(by_number[number]) for number in found],
            chips=_chips(campaigns, language()),
        )

    def about(self) -> ResponseReturnValue:
        """What this page knows of a shopper, and what not."""
        return render_template("storefront/about.html")

    def picture(self, digest: str) -> ResponseReturnValue:
        """An offer's picture; a calm placeholder where it is missing or is no picture."""
        picture = self.desk.picture(digest) if _DIGEST.fullmatch(digest) else None
        start = _PICTURE_STARTS.get(picture.type) if picture else None
        if picture and start:
            try:
                content = base64.b64decode(picture.data, validate=True)
            except (binascii.Error, ValueError):
                content = b""
            if content.startswith(start):
                response = Response(content, mimetype=picture.type)
                response.headers["Cache-Control"] = _YEAR
                return response
        # Browsers draw a picture that comes with 404: the card keeps its shape, and no broken frame is shown.
        missing = Response((STATIC / "missing.svg").read_bytes(), 404, mimetype="image/svg+xml")
        missing.headers["Content-Security-Policy"] = "default-src 'none'"
        return missing

    def style(self) -> ResponseReturnValue:
        """The stylesheet of every surface of this application."""
        style = self.context.style
        response = Response(style.text, mimetype="text/css")
        response.set_etag(style.version)
        fresh = request.args.get("v") == style.version
        response.headers["Cache-Control"] = _YEAR if fresh else "no-cache"
        return response.make_conditional(request)

    def bell(self) -> ResponseReturnValue:
        """The page's icon."""
        response = Response((STATIC / "bell.svg").read_bytes(), mimetype="image/svg+xml")
        response.headers["Cache-Control"] = "public, max-age=86400"
        return response

    def broken(self, wrong: Exception) -> ResponseReturnValue:
        """Whatever went wrong: a page in the reader's language with a way on, never a trace."""
        if isinstance(wrong, HTTPException):
            if wrong.response is not None or wrong.code is None:
                return wrong
            return self.lost(wrong) if wrong.code == 404 else self._unfit(wrong.code)
        logger.error("page=%s failed", request.endpoint, exc_info=wrong)
        self.context.without_desk()
        return self._sorry(
            500,
            _("This screen has stumbled"),
            _("Nothing was taken from you. Try again in a moment, or ask at the till."),
        )

    def _unfit(self, status: int) -> Response:
        return self._sorry(
            status,
            _("That did not work"),
            _("Your browser sent something that this page cannot use. Start again from the offers."),
        )

    def lost(self, wrong: HTTPException) -> ResponseReturnValue:
        """An address where nothing is."""
        wants_other = "Accept" in request.headers and not request.accept_mimetypes.accept_html
        if request.path.startswith("/v1/") or wants_other:
            return wrong
        text = _("Nothing is at this address. The offers are one tap away.")
        return self._finish(self._sorry(404, _("Nothing here"), text))

    def _finish(self, response: Response) -> Response:
        inline = self.context.inline_style and response.mimetype == "text/html"
        return guard(response, style_hash=self.context.style.csp_hash if inline else None)


def _chips(campaigns: list[Campaign], spoken: str) -> list[str]:
    words = [word for campaign in campaigns for word in first_keywords(campaign.offer.keywords, spoken, 1)]
    return list(dict.fromkeys(words))[:CHIPS]


def entry_of(campaign: Campaign) -> Entry:
    """What the search reads of a campaign: the words of every language, the title's first."""
    offer = campaign.offer
    return Entry(
        campaign.number,
        tuple(offer.title.values()),
        tuple(offer.keywords.values()),
        (*offer.text.values(), *offer.small_print.values()),
    )


def create_storefront(
    desk: Desk,
    *,
    surface: Surface = "phone",
    now: Callable[[], float] = time.time,
    inline_style: bool = False,
    idle_s: int = 60,
    random: Callable[[int], bytes] = os.urandom,
    name: str = "storefront",
    home: str = "/",
    foot_links: FootLinks = tuple,
) -> Blueprint:
    """The shopper's pages for one node, to be mounted at `/`.

    `home` is the path of the list of offers, for an application whose first page is another one; `foot_links` are links of
    that application for the foot of each page.

    `inline_style` puts the shopper's styles into each page, for a portal whose pages must come in one answer. `idle_s` is how
    long a kiosk leaves a page standing that nobody touches. `now` gives seconds of UTC.
    """
    blueprint = Blueprint(name, __name__, template_folder="templates")
    context = PageContext(desk, name, surface, inline_style, idle_s, now, foot_links)
    pages = _Pages(context, random)
    routes: list[tuple[str, str, Callable[..., ResponseReturnValue], list[str]]] = [
        (home, "home", pages.home, ["GET"]),
        ("/offer/<int:number>", "offer", pages.offer, ["GET"]),
        ("/offer/<int:number>/take", "take", pages.take, ["GET", "POST"]),
        ("/coupon/<serial>", "coupon", pages.coupon, ["GET"]),
        ("/coupon/<serial>/qr.png", "coupon_picture", pages.coupon_picture, ["GET"]),
        ("/search", "search", pages.search, ["GET"]),
        ("/about", "about", pages.about, ["GET"]),
        ("/picture/<digest>", "picture", pages.picture, ["GET"]),
        ("/style.css", "style", pages.style, ["GET"]),
        ("/bell.svg", "bell", pages.bell, ["GET"]),
    ]
    for rule, endpoint, view, methods in routes:
        blueprint.add_url_rule(rule, endpoint, view, methods=methods)
    carry_language(blueprint)
    blueprint.after_request(pages._finish)
    blueprint.register_error_handler(Exception, pages.broken)
    blueprint.app_errorhandler(404)(pages.lost)
    blueprint.app_context_processor(lambda: {"shopbell": context})

    @blueprint.record_once
    def settle(state: BlueprintSetupState) -> None:
        speak(state.app, TRANSLATIONS, lambda: context.shop.languages)

    return blueprint
