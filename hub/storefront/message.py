"""An offer as a text message: one line that says who, what, what it is worth, until when, and where to take it.

Call it while the message's language is the one that is spoken (`flask_babel.force_locale`), as `hub.storefront.when` wants it.
"""

from __future__ import annotations

from babel import Locale

from hub.storefront.languages import gettext as _
from hub.storefront.ways import with_way
from hub.storefront.when import money, until, worth
from hub.storefront.words import said
from hub.wire.short_number import short_path
from hub.wire.snapshot import Campaign, Shop

_PLAIN = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " "})
"""Spaces that must not break stand in sums and times; in a message one of them would halve what fits."""


def offer_message(
    campaign: Campaign, shop: Shop, language: str, locale: Locale, now: float, base: str
) -> str:
    """The text. `base` is the address of the shop's pages, such as https://shop.example."""
    title = said(campaign.offer.title, language).text
    parts = [title, worth(campaign.offer.value, shop.currency, locale)]
    if campaign.basket_min_cents:
        sum_ = money(campaign.basket_min_cents, shop.currency, locale)
        parts.append(_("On purchases of %(sum)s or more", sum=sum_))
    parts.append(until(campaign.ends_at, now, shop, locale))
    name = said(shop.name, language, 60).text
    link = with_way(base.rstrip("/") + short_path(campaign.number), "sms")
    if language == "zh":
        # A Chinese message names its sender in these brackets, and parts its sentences with full-width marks.
        return f"【{name}】{'，'.join(filter(None, parts))}。{link}"
    return f"{name}: {'. '.join(filter(None, parts))}. {link}".translate(_PLAIN)
