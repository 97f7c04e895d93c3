"""From an offer to a PDF: what the QR says, which words stand beside it, which sheet they stand on."""

from __future__ import annotations

from collections.abc import Sequence

from babel import Locale

from hub.paper.labels import draw_labels
from hub.paper.order import Order, Told, accent_of
from hub.paper.pdf import write_pdf
from hub.paper.plan import GRIDS, Kind, Size, plain_link
from hub.paper.poster import draw_poster
from hub.paper.type import NoFont
from hub.sentences import Said
from hub.storefront.ways import with_way
from hub.wire.digital_link import build
from hub.wire.snapshot import Campaign, Shop, say

LOCALES = {"en": Locale("en", "GB"), "zh": Locale("zh", "CN", script="Hans")}
MOST_COPIES = 240
"""Labels of one offer in one file: ten sheets."""


def make_order(
    campaign: Campaign,
    shop: Shop,
    told: Sequence[Told],
    *,
    kind: Kind,
    size: Size,
    base: str,
    picture: bytes | None = None,
) -> Order:
    """An offer as it is to be printed. `base` is the address of the shop's pages, such as https://shop.example."""
    return Order(
        campaign,
        kind,
        size,
        base,
        code_text(base, campaign),
        accent_of(shop),
        tuple(told),
        picture,
    )


def code_text(base: str, campaign: Campaign) -> str:
    """What the QR says: a GS1 Digital Link where the offer is for a product, else the address behind the short number."""
    # Whoever scans it came by a printed code, and is counted so.
    if campaign.gtin:
        return with_way(build(base, campaign.gtin), "poster")
    return with_way(plain_link(base, campaign), "poster")


def make_pdf(orders: Sequence[Order], *, copies: int = 1) -> bytes | Said:
    """The file; a sentence where this machine cannot draw it."""
    try:
        labels = orders[0].kind in GRIDS
        pages = draw_labels(orders, copies) if labels else [draw_poster(order) for order in orders]
    except NoFont as wrong:
        return wrong.fault
    title = " / ".join(say(order.campaign.offer.title, "en") for order in orders)
    return write_pdf(pages, title)
