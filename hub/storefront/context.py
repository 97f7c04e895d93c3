"""What every template may know as `shopbell`: the shop, the language, the look. Asked of the desk once a request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Literal

from flask import g, request, url_for

from hub.storefront.desk import Desk
from hub.storefront.languages import TAGS, LanguageLink, language, language_links, locale
from hub.storefront.offers import Reader, shop_name
from hub.storefront.screen_static import SCRIPT
from hub.storefront.style import Style, make_style
from hub.storefront.visits import Visits
from hub.storefront.ways import asked_way
from hub.wire.events import Channel
from hub.wire.snapshot import Shop

Surface = Literal["phone", "kiosk"]

FootLinks = Callable[[], Sequence[tuple[str, str]]]
"""What an application adds at the foot of each page: addresses and their words, in the language of the request."""

QR_MM = 40
"""The least side of a coupon's QR on a screen: what a phone's camera reads at arm's length."""

QR_SHARE = 49 / 41
"""How much wider the drawing is than the code: a quiet zone of four modules on each side of 41."""


@dataclass(frozen=True, slots=True)
class ScreenSettings:
    """How a screen at the counter behaves. Seconds.

    `idle_s`: how long nobody touches it before it asks; `warn_s`: how long it asks before it wipes. `attract_s`: how long one
    offer stands in front. `diagonal_in`: the screen's size in inches, so that a QR has its millimetres; 0 where nobody said.
    """

    idle_s: float = 45
    warn_s: float = 20
    attract_s: float = 30
    diagonal_in: float = 0.0

    @property
    def wiped_s(self) -> int:
        """How long a page stands that nobody touches; whole, as browsers read a refresh."""
        return ceil(self.idle_s + self.warn_s)

    @property
    def turn_s(self) -> int:
        """How long a page without script shows one offer."""
        return ceil(self.attract_s)


@dataclass(frozen=True, slots=True)
class PageContext:
    """The name `shopbell` in every template of an application that mounts the storefront."""

    desk: Desk
    blueprint: str
    surface: Surface
    inline_style: bool
    now: Callable[[], float]
    random: Callable[[int], bytes]
    foot_links: FootLinks = tuple
    screen: ScreenSettings = field(default_factory=ScreenSettings)
    visits: Visits | None = None
    whose: Callable[[], str] = str
    """The opaque id of the member who asks, where the application knows it; empty for everybody else."""
    joins: bool = False
    """Whether shoppers can become members here."""
    waiting: Callable[[], str] = str
    """At a screen: the invitation of a guest whom the till beside it has asked."""

    @property
    def shop(self) -> Shop:
        """The shop, asked of the desk once a request."""
        if "shopbell_shop" not in g:
            g.shopbell_shop = self.desk.shop()
        found: Shop = g.shopbell_shop
        return found

    @property
    def notice(self) -> str | None:
        """The desk's line for every page."""
        if "shopbell_notice" not in g:
            g.shopbell_notice = self.desk.notice(language())
        found: str | None = g.shopbell_notice
        return found

    def without_desk(self) -> None:
        """The desk has failed: say sorry without asking it again."""
        g.shopbell_shop = g.get("shopbell_shop") or Shop(0, {})
        g.shopbell_notice = None

    @property
    def reader(self) -> Reader:
        """Who reads this page, and when."""
        return Reader(language(), locale(), self.now())

    @property
    def shop_name(self) -> str:
        """The shop's name in the reader's language."""
        return shop_name(self.shop, language())

    @property
    def tag(self) -> str:
        """The `lang` attribute of the page."""
        return TAGS[language()]

    @property
    def languages(self) -> list[LanguageLink]:
        """The language switch."""
        return language_links()

    @property
    def here_url(self) -> str:
        """This very page, in the language in which it is."""
        return next(link.url for link in language_links() if link.current)

    @property
    def home_url(self) -> str:
        """The offers, in the language that the reader chose."""
        return url_for(f"{self.blueprint}.home")

    @property
    def join_url(self) -> str:
        """Where shoppers become members; empty where they cannot."""
        return url_for(f"{self.blueprint}.join") if self.joins else ""

    @property
    def asked_url(self) -> str:
        """Where that guest answers; empty where nobody was asked."""
        invitation = self.waiting() if self.joins else ""
        return url_for(f"{self.blueprint}.join", i=invitation) if invitation else ""

    @property
    def start_url(self) -> str:
        """The offers as the next person should find them: nothing chosen."""
        return url_for(f"{self.blueprint}.home", lang=None, visit=None)

    @property
    def visit(self) -> str:
        """The name of this visit at a kiosk, for every address that leads on; on its first page a new one. Elsewhere empty."""
        if self.visits is None:
            return ""
        if "shopbell_visit" not in g:
            asked = request.args.get("visit", "")
            g.shopbell_visit = asked if self.visits.is_name(asked) else self.random(16).hex()
        found: str = g.shopbell_visit
        return found

    @property
    def is_visiting(self) -> bool:
        """Whether somebody stands at the kiosk, as far as the address says."""
        return self.visits is not None and self.visits.is_name(request.args.get("visit", ""))

    @property
    def wipe_url(self) -> str:
        """Ends the visit and leads to the start."""
        return url_for(f"{self.blueprint}.wipe", lang=None)

    @property
    def script_url(self) -> str:
        """The screen's script; a new one has a new address."""
        return url_for(f"{self.blueprint}.script", v=SCRIPT.version)

    @property
    def way(self) -> Channel | None:
        """How whoever asks came here, where the address says so. At a screen nobody comes by an address."""
        return asked_way() if self.surface == "phone" else None

    @property
    def language_chosen(self) -> str | None:
        """The language that stands in the address, for a form's hidden field."""
        return language() if "lang" in request.args else None

    @property
    def style(self) -> Style:
        """The stylesheet in this shop's colour."""
        sheet: Literal["shopper", "all"] = "shopper" if self.inline_style else "all"
        return make_style(self.shop.colour, sheet, self._screen_style() if self.surface == "kiosk" else "")

    def _screen_style(self) -> str:
        screen = self.screen
        rule = (
            f"--idle-after:{screen.idle_s}s;--idle-warn:{screen.warn_s}s;--idle-count:{ceil(screen.warn_s)}"
        )
        if screen.diagonal_in:
            # The page fills the screen, so its own diagonal says how many pixels an inch has.
            share = QR_MM * QR_SHARE / 25.4 / screen.diagonal_in
            rule += f";--qr-least:calc(hypot(100vw, 100vh) * {share:.5f})"
        return f":root{{{rule}}}"

    @property
    def style_url(self) -> str:
        """Where the stylesheet is; a new one has a new address, so it may be kept for a year."""
        return url_for(f"{self.blueprint}.style", v=self.style.version)

    @property
    def bell_url(self) -> str:
        """The page's icon."""
        return url_for(f"{self.blueprint}.bell")
