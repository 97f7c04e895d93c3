"""What head office's snapshot holds for the hub of a shop, and for no device: the chain's offers alone, and every shop's keys."""

from __future__ import annotations

from collections.abc import Sequence

from hub.store.base import Store
from hub.wire.snapshot import PICTURE_PREFIX, Campaign, ShopKeys

BELOW = "hub"
"""The program of a node that is a shop's hub."""


def shop_keys(store: Store) -> list[ShopKeys]:
    """The keys with which all shops of the chain sign coupons, head office's own included."""
    shops = {store.shop.number: store}
    shops.update((one.tenant, store.of_shop(one.tenant)) for one in store.chain.below())
    return [ShopKeys(number, tuple(one.devices.keys())) for number, one in sorted(shops.items())]


def without_pictures_of_others(hashes: dict[str, str], offers: Sequence[Campaign]) -> dict[str, str]:
    """The sections without pictures of offers that are not among these."""
    wanted = {f"{PICTURE_PREFIX}{one.offer.picture}" for one in offers if one.offer.picture}
    return {
        name: digest
        for name, digest in hashes.items()
        if not name.startswith(PICTURE_PREFIX) or name in wanted
    }
