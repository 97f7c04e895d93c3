"""What `python -m hub init` and `python -m hub shop` do: the first shop, one more in the same database, and which there are."""

from __future__ import annotations

import argparse
import os
import time
from contextlib import closing

import msgspec

from hub.air import with_beacon
from hub.app import open_database, open_store
from hub.changing import changed, turned
from hub.commands import WHO
from hub.config import Config
from hub.console import CommandError, show
from hub.devices import hub_key
from hub.store.whole import HubStore
from hub.wire.snapshot import Shop, say

LAST_NUMBER = 65_535


def init(config: Config, args: argparse.Namespace) -> int:
    """Make the shop and the hub's key."""
    shop = new_shop(args)
    hub_key(config.dir)
    with closing(open_database(config.dir, config.database)) as store:
        if store.shops():
            raise CommandError(
                f"There is a shop in {config.database or config.dir} already. Its name is changed at /manage; another shop "
                f"comes beside it with: python -m hub --dir {config.dir} shop add --name NAME"
            )
        keep_shop(store, shop, time.time())
    show(f"{args.name} is shop {args.number}. Start its hub: python -m hub --dir {config.dir} serve")
    return 0


def new_shop(args: argparse.Namespace) -> Shop:
    """A shop as it is typed; CommandError with what is wrong."""
    from hub.reports import shop_zone

    if not 1 <= args.number <= 65_535:
        raise CommandError("A shop's number is from 1 to 65535.")
    if shop_zone(args.timezone).key != args.timezone:
        raise CommandError(f"There is no timezone {args.timezone}. It looks like Europe/Berlin.")
    if not (len(args.currency) == 3 and args.currency.isalpha() and args.currency.isupper()):
        raise CommandError(f"{args.currency} is no currency. Give three capital letters such as EUR.")
    name = {"en": args.name} | ({"zh": args.name_zh} if args.name_zh else {})
    return Shop(args.number, name, timezone=args.timezone, currency=args.currency)


def keep_shop(store: HubStore, shop: Shop, now: float) -> None:
    """Keep a new shop, and write down that it was made."""
    with store.writing():
        store.shop.save(with_beacon(shop, os.urandom(16)), now)
        both = turned("name", None, shop.name)
        store.people.note(changed(now, WHO, "shop.made", str(shop.number), both))


def shop(config: Config, args: argparse.Namespace) -> int:
    """Add a shop, or list them."""
    with closing(open_store(config.dir, config.database, config.shop)) as store:
        return _list(store, as_json=args.json) if args.action == "list" else _add(store, config, args)


def _add(store: HubStore, config: Config, args: argparse.Namespace) -> int:
    taken = set(store.shops())
    if not args.number:
        args.number = next((n for n in range(1, LAST_NUMBER + 1) if n not in taken), 0)
    made = new_shop(args)
    own = store.of_shop(made.number)
    with own.writing():
        if own.shop.get() is not None:
            raise CommandError(
                f"There is a shop {made.number} already. Leave the number out, or take another."
            )
        keep_shop(own, made, time.time())
        if args.of_chain:
            store.put_in_chain(made.number)
    show(
        f"{args.name} is shop {made.number}. Its devices meet this hub; its pages: "
        f"HUB_SHOP={made.number} python -m hub --dir {config.dir} serve"
    )
    return 0


def _list(store: HubStore, *, as_json: bool) -> int:
    kept = [(number, store.of_shop(number).shop.get()) for number in store.shops()]
    if as_json:
        lines = [{"number": number, "name": made.name if made else {}} for number, made in kept]
        show(msgspec.json.format(msgspec.json.encode(lines), indent=2).decode())
        return 0
    for number, made in kept:
        here = "  (its pages are here)" if number == store.shop.number else ""
        show(f"{number:>5}  {say(made.name, 'en') if made else '?'}{here}")
    return 0
