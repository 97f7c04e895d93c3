"""What a keyword answers, as an example for whoever writes it: the same words as are sent, with a link that leads nowhere."""

from __future__ import annotations

from hub.messages.answers import line, signed
from hub.messages.keywords import Keyword
from hub.storefront.consent_words import consent_text
from hub.storefront.ways import with_way
from hub.wire.snapshot import Campaign, Shop, say

_EXAMPLE = "0123456789abcdef"


def sample(keyword: Keyword, shop: Shop, language: str, url: str, campaign: Campaign | None) -> str:
    """An answer in one language. `url`: the address at which shoppers reach the hub, "" where nobody has said."""
    return signed(shop.name, language, _lines(keyword, language, url, campaign))


def _lines(keyword: Keyword, language: str, url: str, campaign: Campaign | None) -> list[str]:
    text = say(keyword.text, language) if keyword.text else ""
    if keyword.does == "offer":
        title = text or (say(campaign.offer.title, language) if campaign is not None else "")
        if not url:
            return [line("coupon_code", language, title=title.rstrip(".。"), code="ABCD-EFGH-JKMN")]
        link = with_way(f"{url.rstrip('/')}/coupon/{_EXAMPLE}", "sms")
        return [line("coupon", language, title=title.rstrip(".。"), link=link)]
    if keyword.does == "places":
        return ["; ".join(filter(None, (one.name, one.address))) for one in keyword.places[:1]]
    if keyword.does == "balance":
        return [line("balance", language, points=120)]
    if keyword.does == "join":
        return [line("join_ask", language, words=consent_text("messages", "sms", language))]
    if keyword.does == "search":
        return [line("search_ask", language)]
    return [text]
