"""What is to be printed: an offer on a kind of paper, its words in each language put together, and the PDF of it."""

from __future__ import annotations

from dataclasses import dataclass

from babel import Locale

from hub.paper.pdf import Colour
from hub.paper.plan import Kind, Size
from hub.storefront.colour import accent_for
from hub.storefront.terms import terms
from hub.storefront.when import until, worth
from hub.storefront.words import said
from hub.wire.snapshot import Campaign, Shop

OWN_ACCENT = "#B4541A"


@dataclass(frozen=True, slots=True)
class Told:
    """An offer in the words of one language."""

    language: str
    shop: str
    title: str
    worth: str
    until: str
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """One offer for one sheet. `code` is what its QR says, `base` the address of the shop's pages."""

    campaign: Campaign
    kind: Kind
    size: Size
    base: str
    code: str
    accent: Colour
    told: tuple[Told, ...]
    picture: bytes | None = None


def tell(campaign: Campaign, shop: Shop, language: str, locale: Locale, now: float) -> Told:
    """An offer in the words of one language. Call it while that language is the one that is spoken (`force_locale`)."""
    return Told(
        language,
        said(shop.name, language, 60).text,
        said(campaign.offer.title, language).text,
        worth(campaign.offer.value, shop.currency, locale),
        until(campaign.ends_at, now, shop, locale),
        tuple(terms(campaign, shop, language, locale)),
    )


def accent_of(shop: Shop) -> Colour:
    """The one colour besides black: the shop's own, as dark as white paper needs it."""
    accent = accent_for(shop.colour, ("#FFFFFF",), dark=False)
    text = accent.colour if accent else OWN_ACCENT
    red, green, blue = (int(text[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue
