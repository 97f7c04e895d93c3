"""What every template may know as `shopbell`: the shop, the language, the look. Asked of the desk once a request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from flask import g, request, url_for

from hub.storefront.desk import Desk
from hub.storefront.languages import TAGS, LanguageLink, language, language_links, locale
from hub.storefront.offers import Reader, shop_name
from hub.storefront.style import Style, make_style
from hub.wire.snapshot import Shop

Surface = Literal["phone", "kiosk"]

FootLinks = Callable[[], Sequence[tuple[str, str]]]
"""What an application adds at the foot of each page: addresses and their words, in the language of the request."""

IDLE_WARNING_S = 15
"""How long before it wipes the page the kiosk says so: the length of the `idle` animation in shopper.css."""


@dataclass(frozen=True, slots=True)
class PageContext:
    """The name `shopbell` in every template of an application that mounts the storefront."""

    desk: Desk
    blueprint: str
    surface: Surface
    inline_style: bool
    idle_s: int
    now: Callable[[], float]
    foot_links: FootLinks = tuple

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
    def start_url(self) -> str:
        """The offers as the next person should find them: nothing chosen."""
        return url_for(f"{self.blueprint}.home", lang=None)

    @property
    def language_chosen(self) -> str | None:
        """The language that stands in the address, for a form's hidden field."""
        return language() if "lang" in request.args else None

    @property
    def style(self) -> Style:
        """The stylesheet in this shop's colour."""
        sheet: Literal["shopper", "all"] = "shopper" if self.inline_style else "all"
        idle = max(1, self.idle_s - IDLE_WARNING_S) if self.surface == "kiosk" else 0
        return make_style(self.shop.colour, sheet, idle)

    @property
    def style_url(self) -> str:
        """Where the stylesheet is; a new one has a new address, so it may be kept for a year."""
        return url_for(f"{self.blueprint}.style", v=self.style.version)

    @property
    def bell_url(self) -> str:
        """The page's icon."""
        return url_for(f"{self.blueprint}.bell")
