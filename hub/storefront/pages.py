"""The shopper's pages: offers, one offer, search. Server-rendered; no cookie, nothing from elsewhere, one script at a screen."""

from __future__ import annotations

import base64
import binascii
import logging
import os
import re
import time
from collections.abc import Callable

from flask import Blueprint, Response, has_request_context, redirect, render_template, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from hub.storefront.attract import in_order
from hub.storefront.context import FootLinks, PageContext, ScreenSettings, Surface
from hub.storefront.coupons import CouponViews
from hub.storefront.desk import Desk
from hub.storefront.entries import Entries, offer_of_number
from hub.storefront.exposure import Exposures
from hub.storefront.joiner import Joiner
from hub.storefront.joining import JoinViews
from hub.storefront.languages import BARE_ENDPOINTS, carry_language, language, speak
from hub.storefront.languages import gettext as _
from hub.storefront.offers import greeting
from hub.storefront.screen_views import Pulse, ScreenViews
from hub.storefront.search import Entry, search
from hub.storefront.style import STATIC
from hub.storefront.views import Views
from hub.storefront.visits import Visits
from hub.storefront.wallets import NO_WALLETS, Wallets
from hub.storefront.ways import carry_way
from hub.storefront.when import local_time
from hub.storefront.words import clean, first_keywords
from hub.wire.snapshot import Campaign

logger = logging.getLogger(__name__)

TRANSLATIONS = STATIC.parent / "translations"
QUERY_CHARACTERS = 80
CHIPS = 6
FORM_BYTES = 10_000

KIOSK_FRONT = 3
"""Offers on the kiosk's start page: what fits 1080 x 1920 and 1280 x 800 without scrolling; the others are one tap away."""

GRACE_S = 15.0
"""How much longer the server knows a visit than its page stands: a page that is late must not lose what it shows."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_PICTURE_STARTS = {
    "image/webp": b"RIFF",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
}
_YEAR = "public, max-age=31536000, immutable"


class _Pages:
    """The views for looking around. `exposures`: of a screen, None elsewhere."""

    def __init__(self, views: Views, visits: Visits | None, exposures: Exposures | None) -> None:
        self.views = views
        self.context = views.context
        self.desk = views.desk
        self.visits = visits
        self.exposures = exposures

    def home(self) -> ResponseReturnValue:
        """All offers that run now; on the kiosk those of this hour first, and another one comes to the front each turn."""
        context = self.context
        now = context.now()
        kiosk = context.surface == "kiosk"
        attract = kiosk and context.language_chosen is None and not context.is_visiting
        campaigns = self.views.campaigns(now)
        if kiosk:
            local = local_time(now, context.shop)
            turn = int(now // context.screen.attract_s) if attract else 0
            campaigns = in_order(campaigns, local.weekday(), local.hour * 60 + local.minute, turn)
        most = KIOSK_FRONT if kiosk else len(campaigns)
        page = context.random(16).hex() if attract else ""
        if attract and self.exposures:
            self._relieve(campaigns)
            self.exposures.began(page)
        return render_template(
            "storefront/home.html",
            offers=[self.views.show(campaign) for campaign in campaigns[:most]],
            front=kiosk,
            more=len(campaigns) if len(campaigns) > most else 0,
            greeting=greeting(context.shop, language()),
            chips=_chips(campaigns, language())[:most],
            attract_s=context.screen.attract_s if attract else 0,
            page_mark=page,
        )

    def _relieve(self, campaigns: list[Campaign]) -> None:
        """Count the page before, which came here by itself: it had no script that would have told."""
        stood, front = request.args.get("stood", ""), request.args.get("front", "")
        if self.exposures and front.isascii() and front.isdigit() and len(front) < 11:
            known = any(each.number == int(front) for each in campaigns)
            if known:
                self.exposures.stood(stood, int(front), 2.0 * self.context.screen.attract_s)

    def offer(self, number: int) -> ResponseReturnValue:
        """One offer."""
        now = self.context.now()
        campaign = self.views.campaign(number, now)
        if campaign is None:
            return self.views.not_running()
        if request.method == "GET" and "prefetch" not in request.headers.get("Sec-Purpose", ""):
            self._count(number, now)
        return render_template("storefront/offer.html", offer=self.views.show(campaign))

    def _count(self, number: int, now: float) -> None:
        try:
            self.desk.seen(number, now, way=self.context.way)
        except Exception as wrong:  # noqa: BLE001 - a full disk raises what it likes, and must not hide an offer from a shopper
            logger.warning("offer=%s could not be counted: %s", number, wrong)

    def search(self) -> ResponseReturnValue:
        """Offers that a word finds, in either language; without a word all of them; a short number leads to its offer.

        At a kiosk the words come by POST and stay with the visit: an address would leave them in the browser.
        """
        request.max_content_length = FORM_BYTES
        asked = request.form.get("q", "") if request.method == "POST" else request.args.get("q", "")
        query = clean(asked, QUERY_CHARACTERS)
        number = offer_of_number(self.views, query) if query else None
        if number is not None:
            return redirect(self.views.url("offer", number=number), 303)
        if self.visits is not None:
            if request.method == "POST":
                self.visits.touch(self.context.visit).words = query
                return redirect(self.views.url("search"), 303)
            visit = self.visits.find(self.context.visit)
            query = visit.words if visit else ""
        elif request.method == "POST":
            return redirect(self.views.url("search", q=query), 303)
        campaigns = self.views.campaigns(self.context.now())
        by_number = {campaign.number: campaign for campaign in campaigns}
        entries = [entry_of(campaign) for campaign in campaigns]
        found = search(query, entries) if query else [entry.number for entry in entries]
        return render_template(
            "storefront/search.html",
            query=query,
            offers=[self.views.show(by_number[number]) for number in found],
            chips=_chips(campaigns, language()),
        )

    def all_offers(self) -> ResponseReturnValue:
        """All offers, at a kiosk: whatever was looked for before is looked for no more."""
        if self.visits is not None:
            self.visits.touch(self.context.visit).words = ""
        return redirect(self.views.url("search"), 303)

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
        return self.views.sorry(
            500,
            _("This screen has stumbled"),
            _("Nothing was taken from you. Try again in a moment, or ask at the till."),
        )

    def _unfit(self, status: int) -> Response:
        return self.views.sorry(
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
        return self.views.finish(self.views.sorry(404, _("Nothing here"), text))


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
    screen: ScreenSettings | None = None,
    random: Callable[[int], bytes] = os.urandom,
    name: str = "storefront",
    home: str = "/",
    foot_links: FootLinks = tuple,
    wallets: Wallets = NO_WALLETS,
    steady: Callable[[], float] = time.monotonic,
    pulse: Pulse | None = None,
    whose: Callable[[], str] = str,
    joiner: Joiner | None = None,
) -> Blueprint:
    """The shopper's pages for one node, to be mounted at `/`.

    `home` is the path of the list of offers, for an application whose first page is another one; `foot_links` are links of
    that application for the foot of each page.

    `inline_style` puts the shopper's styles into each page, for a portal whose pages must come in one answer. `screen`: how a
    kiosk's screen behaves. `now` gives seconds of UTC, `steady` of a clock that nobody sets. `pulse` is told that a screen lives.
    `whose`: the opaque id of the member who asks, where the application knows it (`hub.wire.holdout`). `joiner` takes members in;
    None: nobody is asked to become one here.
    """
    blueprint = Blueprint(name, __name__, template_folder="templates")
    settings = screen or ScreenSettings()
    visits = Visits(steady, settings.wiped_s + GRACE_S) if surface == "kiosk" else None
    exposures = Exposures(steady, _teller(desk, now)) if surface == "kiosk" else None
    context = PageContext(
        desk,
        name,
        surface,
        inline_style,
        now,
        random,
        foot_links,
        settings,
        visits,
        whose,
        joiner is not None,
        (lambda: joiner.waiting(now())) if joiner is not None and visits is not None else str,
    )
    views = Views(context, random)
    pages = _Pages(views, visits, exposures)
    coupons = CouponViews(views, visits, wallets)
    entries = Entries(views)
    routes: list[_Route] = [
        (home, "home", pages.home, ["GET"]),
        ("/offer/<int:number>", "offer", pages.offer, ["GET"]),
        ("/offer/<int:number>/take", "take", coupons.take, ["GET", "POST"]),
        ("/coupon/<serial>", "coupon", coupons.coupon, ["GET"]),
        ("/search", "search", pages.search, ["GET", "POST"]),
        ("/n/<text>", "short", entries.short, ["GET"]),
        ("/01/<path:rest>", "digital_link", entries.digital_link, ["GET"]),
        ("/about", "about", pages.about, ["GET"]),
        ("/picture/<digest>", "picture", pages.picture, ["GET"]),
        ("/style.css", "style", pages.style, ["GET"]),
        ("/bell.svg", "bell", pages.bell, ["GET"]),
    ]
    if visits is None or exposures is None:
        routes += _to_carry(coupons)
    else:
        beating = pulse or Pulse(steady)
        routes += _of_a_screen(pages, ScreenViews(views, visits, exposures, beating))
        _remember_visits(blueprint, context, visits)
    if joiner is not None:
        routes += _to_join(JoinViews(views, visits, joiner))
    for rule, endpoint, view, methods in routes:
        blueprint.add_url_rule(rule, endpoint, view, methods=methods)
    carry_language(blueprint)
    carry_way(blueprint)
    blueprint.after_request(views.finish)
    blueprint.register_error_handler(Exception, pages.broken)
    blueprint.app_errorhandler(404)(pages.lost)
    blueprint.app_context_processor(lambda: {"shopbell": context})

    @blueprint.record_once
    def settle(state: BlueprintSetupState) -> None:
        speak(state.app, TRANSLATIONS, lambda: context.shop.languages)

    return blueprint


_Route = tuple[str, str, Callable[..., ResponseReturnValue], list[str]]


def _to_carry(coupons: CouponViews) -> list[_Route]:
    """What a phone keeps. At a kiosk it would stay on the kiosk."""
    return [
        ("/coupon/<serial>/qr.png", "coupon_picture", coupons.qr, ["GET"]),
        ("/coupon/<serial>/coupon.png", "coupon_image", coupons.picture, ["GET"]),
        ("/coupon/<serial>/coupon.ics", "calendar", coupons.calendar, ["GET"]),
        ("/coupon/<serial>/coupon.pkpass", "apple", coupons.apple, ["GET"]),
    ]


def _to_join(joining: JoinViews) -> list[_Route]:
    return [
        ("/join", "join", joining.join, ["GET", "POST"]),
        ("/join/card/<mark>", "card", joining.card, ["GET"]),
    ]


def _of_a_screen(pages: _Pages, screen: ScreenViews) -> list[_Route]:
    return [
        ("/all", "all_offers", pages.all_offers, ["GET"]),
        ("/wipe", "wipe", screen.wipe, ["GET", "POST"]),
        ("/screen/beat", "beat", screen.beat, ["POST"]),
        ("/screen/state", "state", screen.state, ["GET"]),
        ("/screen/moment", "moment", screen.moment, ["GET"]),
        ("/screen.js", "script", screen.script, ["GET"]),
        # At the root: a worker may look after nothing above its own address.
        ("/screen-worker.js", "worker", screen.worker, ["GET"]),
    ]


def _teller(desk: Desk, now: Callable[[], float]) -> Callable[[int, int, float], None]:
    def tell(campaign: int, times: int, shown_s: float) -> None:
        try:
            desk.shown(campaign, times, shown_s, now())
        except Exception as wrong:  # noqa: BLE001 - a full disk raises what it likes; a screen goes on without being counted
            logger.warning("offer=%s was shown and could not be counted: %s", campaign, wrong)

    return tell


def _remember_visits(blueprint: Blueprint, context: PageContext, visits: Visits) -> None:
    """Carry the visit's name in each address that leads on, and know that somebody is there."""

    @blueprint.before_request
    def touched() -> None:
        # A page that looks again by itself is no sign of life.
        here = (request.endpoint or "").rpartition(".")[2]
        if (
            context.is_visiting
            and here not in (*BARE_ENDPOINTS, "wipe", "state")
            and "turn" not in request.args
        ):
            visits.touch(context.visit)

    @blueprint.url_defaults
    def carry(endpoint: str, values: dict[str, object]) -> None:
        if endpoint.rpartition(".")[2] not in BARE_ENDPOINTS and has_request_context():
            values.setdefault("visit", context.visit)
