"""The first shop: `python -m hub.up.seeding DIR` makes what is missing, prints what is to be shown once, and pairing codes.

A child process of its own, since it draws pictures and hashes PINs, and that memory is not to stay with whoever watches the
shop. Nothing is made twice: a shop, campaigns or staff that are there are left alone.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

from hub.air import with_beacon
from hub.client.db import StorageError
from hub.devices import hub_key, open_pairing
from hub.people import NewStaff, add_staff
from hub.pepper import hub_pepper
from hub.pictures import prepare
from hub.sentences import Said
from hub.signing.joining import make_setup_code
from hub.store.sqlite import FILE, SqliteStore
from hub.up.drawing import draw
from hub.up.whereabouts import local_timezone
from hub.wire.snapshot import Air, Campaign, Offer, Shop, Text, Value

WHO = "first start"
STAFF_NAME = "Counter"
RUNS_S = 90 * 86_400
LOT = 200

OFFERS: tuple[dict[str, Text], ...] = (
    {
        "title": {"en": "A coffee on us", "zh": "请您喝杯咖啡"},
        "text": {
            "en": "Buy anything today and the coffee is yours: any size, hot or iced.",
            "zh": "今日购买任意商品，即可免费享用一杯咖啡，冷热大小任选。",
        },
        "picture_alt": {"en": "A cup of coffee with a heart of milk", "zh": "一杯带爱心拉花的咖啡"},
        "small_print": {"en": "One cup a visit.", "zh": "每次到店限一杯。"},
        "keywords": {
            "en": "coffee, espresso, latte, cappuccino, breakfast",
            "zh": "咖啡，拿铁，美式，饮品，早餐",
        },
    },
    {
        "title": {"en": "A fresh loaf for less", "zh": "现烤面包，今日更省"},
        "text": {
            "en": "Sourdough, rye or seeded, out of the oven at eight and again at four.",
            "zh": "酸种、黑麦或杂粮面包，每天八点和十六点新鲜出炉。",
        },
        "picture_alt": {"en": "A round loaf with one slice cut", "zh": "一个圆面包和切下的一片"},
        "small_print": {"en": "One loaf a coupon.", "zh": "每张优惠券限一个。"},
        "keywords": {"en": "bread, bakery, sourdough, rye, baguette", "zh": "面包，烘焙，酸种，黑麦，主食"},
    },
    {
        "title": {"en": "Any book for less", "zh": "任选一本书，立享优惠"},
        "text": {
            "en": "Novels, cookery, children's books: choose one from the shelf by the window.",
            "zh": "小说、美食、童书：窗边书架任选一本。",
        },
        "picture_alt": {"en": "Books on a table beside a plant", "zh": "桌上的书和一盆绿植"},
        "small_print": {"en": "The first 200 coupons; one book each.", "zh": "限前 200 张，每张限一本。"},
        "keywords": {"en": "books, reading, novel, gift, children", "zh": "图书，阅读，小说，礼物，童书"},
    },
)

WORTH: tuple[tuple[str, Value, int | None], ...] = (
    ("coffee", Value("gift", cents=120), None),
    ("bread", Value("amount", cents=150), None),
    ("books", Value("amount", cents=300), LOT),
)
"""In the order of the offers: picture, what the coupon is worth, how many there are."""

ON_AIR = "coffee"
AIR = Air(("ibeacon", "eddystone-url"), "https://shop.example")
"""What one of the first offers says on the air. The link leads nowhere (RFC 2606) until the manager gives their own."""


def seed(folder: Path, now: float, *, offers: bool, new_code: bool = False) -> dict[str, str]:
    """Make what is missing in the hub's folder; the PIN and the set-up code that were made, by name.

    `new_code`: the one before was lost unread, so make another while there is no manager.
    """
    store = SqliteStore(folder / FILE)
    try:
        if store.shop.get() is None:
            store.shop.save(with_beacon(first_shop(), os.urandom(16)), now)
        made: dict[str, str] = {}
        if offers and not store.campaigns.all():
            _first_offers(store, now)
        if offers and not store.people.staff():
            added = add_staff(store, STAFF_NAME, None, now, who=WHO, pepper=hub_pepper(folder))
            if isinstance(added, NewStaff):
                made["staff"] = added.member.name
                made["pin"] = added.pin
        if not store.people.managers() and (new_code or not store.entry.has_setup_code()):
            made["setup_code"] = make_setup_code(store, now)
        return made
    finally:
        store.close()


def pairing_codes(folder: Path, now: float, programs: list[str]) -> dict[str, str]:
    """A real pairing code for each node that has not joined yet: one use, ten minutes."""
    store = SqliteStore(folder / FILE)
    try:
        return {program: str(open_pairing(store, hub_key(folder), program, now)) for program in programs}
    finally:
        store.close()


def first_shop() -> Shop:
    """A corner shop on this machine's clock."""
    return Shop(
        1,
        {"en": "Corner Shop", "zh": "街角小店"},
        timezone=local_timezone(),
        greeting={"en": "Come in, something is waiting for you.", "zh": "欢迎光临，好礼等着您。"},
    )


def _first_offers(store: SqliteStore, now: float) -> None:
    for texts, (picture_name, value, lot) in zip(OFFERS, WORTH, strict=True):
        picture = prepare(draw(picture_name))
        if isinstance(picture, Said):
            raise TypeError(f"our own picture of {picture_name} was not taken: {picture}")
        offer = Offer(value=value, picture=picture.hash, **texts)
        with store.writing():
            store.campaigns.put_picture(picture, now)
            number = store.campaigns.free_number()
            air = AIR if picture_name == ON_AIR else None
            campaign = Campaign(number, offer, int(now) - 60, int(now) + RUNS_S, issue_limit=lot, air=air)
            store.campaigns.save(campaign, "published", now, WHO)


def main(arguments: list[str]) -> int:
    """Seed one folder; JSON on standard output, which goes through a pipe and into no log."""
    parser = argparse.ArgumentParser(prog="python -m hub.up.seeding")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--no-offers", action="store_true")
    parser.add_argument("--new-code", action="store_true")
    parser.add_argument("--pair", nargs="*", default=[], choices=("kiosk", "edge"))
    args = parser.parse_args(arguments)
    try:
        now = time.time()
        made = seed(args.folder, now, offers=not args.no_offers, new_code=args.new_code)
        codes = pairing_codes(args.folder, now, args.pair)
    except StorageError as wrong:
        print(wrong, file=sys.stderr)
        return 2
    print(json.dumps({"made": made, "codes": codes}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
