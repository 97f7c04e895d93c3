"""`python -m hub paper`: a poster or shelf labels into a PDF file."""

from __future__ import annotations

import argparse
import time
from contextlib import closing
from typing import cast

from flask import Flask
from flask_babel import force_locale  # type: ignore[import-untyped]

from hub.app import open_store
from hub.config import Config
from hub.console import CommandError, show
from hub.paper.making import LOCALES, MOST_COPIES, make_order, make_pdf
from hub.paper.order import Order, Told, tell
from hub.paper.plan import GRIDS, Kind, Size, read_from_m
from hub.sentences import Said
from hub.store.records import CampaignRecord
from hub.store.whole import HubStore
from hub.storefront.languages import speak
from hub.storefront.pages import TRANSLATIONS
from hub.wire.short_number import show_short_number
from hub.wire.snapshot import Campaign, Shop


def paper(config: Config, args: argparse.Namespace) -> int:
    """Make the file and say what is on it."""
    if args.file.exists():
        raise CommandError(f"{args.file} is there already. Give another name.")
    kind, size = cast("Kind", args.kind), cast("Size", args.size)
    base = args.address or config.url
    if not base:
        raise CommandError(
            "Say at which address phones reach the shop's pages: --address https://shop.example, or HUB_URL."
        )
    if not 1 <= args.copies <= MOST_COPIES:
        raise CommandError(f"Between 1 and {MOST_COPIES} copies.")
    with closing(open_store(config.dir, config.database, config.shop)) as store:
        shop = store.shop.get() or Shop(0, {})
        orders = [_order(store, shop, number, kind, size, base, args.language) for number in args.offers]
    made = make_pdf(orders, copies=args.copies)
    if isinstance(made, Said):
        raise CommandError(str(made))
    try:
        args.file.write_bytes(made)
    except OSError as wrong:
        raise CommandError(f"{args.file} cannot be written: {wrong.strerror}.") from None
    numbers = ", ".join(show_short_number(order.campaign.number) for order in orders)
    place = "arm's length" if kind in GRIDS else f"{read_from_m(kind, size):.1f} m"
    show(f"{args.file} is ready: short number {numbers}, read from {place}.")
    return 0


def put_into_words(
    campaign: Campaign, shop: Shop, languages: tuple[str, ...], now: float
) -> tuple[Told, ...]:
    """The words of an offer in each language, outside of any request."""
    app = Flask("paper", static_folder=None)
    speak(app, TRANSLATIONS)
    told = []
    with app.test_request_context():
        for language in languages:
            with force_locale(language):
                told.append(tell(campaign, shop, language, LOCALES[language], now))
    return tuple(told)


def _order(
    store: HubStore, shop: Shop, number: int, kind: Kind, size: Size, base: str, language: str | None
) -> Order:
    record = store.campaigns.get(number)
    if record is None:
        raise CommandError(f"There is no offer {number}. See: python -m hub campaign list")
    languages = (language,) if language else tuple(code for code in shop.languages if code in LOCALES)
    told = put_into_words(record.campaign, shop, languages or ("en",), time.time())
    return make_order(
        record.campaign, shop, told, kind=kind, size=size, base=base, picture=_picture(store, record)
    )


def _picture(store: HubStore, record: CampaignRecord) -> bytes | None:
    digest = record.campaign.offer.picture
    found = store.campaigns.picture(digest) if digest else None
    return found.body if found else None
