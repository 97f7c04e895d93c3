"""Head office and its stores in one new database, as `init`, `shop add --of-chain` and `api-key add` make them: a key for each
shop with which everything else is done over the network.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from hub.app import open_database
from hub.devices import hub_key
from hub.outside.keys import end_key, key_named, make_key
from hub.replay.journey import CURRENCY, HEAD_OFFICE, TIMEZONE, Journey
from hub.replay.notebook import Notebook
from hub.shop_commands import keep_shop
from hub.store.base import Store
from hub.wire.snapshot import Shop

WHO = "replay"
OFFICE_RIGHTS = ("read", "campaign_edit", "campaign_publish", "device")
STORE_RIGHTS = ("device",)


class CannotPlay(Exception):
    """The journey ends here; the text says why and what to do."""


def make_shops(
    folder: Path, journey: Journey, notebook: Notebook, now: float, told: Callable[[int, int], None]
) -> None:
    """Make what is not there yet. `told` hears how many of how many."""
    hub_key(folder)
    shops = {HEAD_OFFICE: "Journey"} | {journey.shop_of(store): f"Store {store}" for store in journey.stores}
    with closing(open_database(folder)) as store:
        there = store.shops()
        if there and not set(there) <= set(shops):
            raise CannotPlay(f"{folder} holds other shops. Give another folder with --dir.")
        for place, (number, name) in enumerate(shops.items(), 1):
            own = store.of_shop(number)
            if own.shop.get() is None:
                keep_shop(own, Shop(number, {"en": name}, timezone=TIMEZONE, currency=CURRENCY), now)
            if number != HEAD_OFFICE:
                store.of_shop(HEAD_OFFICE).put_in_chain(number)
            if notebook.told("key", str(number)) is None:
                rights = OFFICE_RIGHTS if number == HEAD_OFFICE else STORE_RIGHTS
                notebook.note("key", str(number), _key(own, rights, now))
            told(place, len(shops))


def end_keys(folder: Path, notebook: Notebook, now: float) -> None:
    """Everything is played: nobody needs the keys any more."""
    with closing(open_database(folder)) as store:
        for number, text in notebook.all("key").items():
            named = key_named(text)
            if named is not None:
                end_key(store.of_shop(int(number)), named[0], WHO, now)


def _key(store: Store, rights: tuple[str, ...], now: float) -> str:
    made = make_key(store, "Journey", rights, WHO, now, os.urandom)
    if isinstance(made, dict):
        raise CannotPlay("; ".join(str(fault) for fault in made.values()))
    return made[1]
