"""What head office's snapshot holds for the hub of a shop, and for no device: the chain's offers alone, and every shop's keys."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import msgspec

from hub.store.base import Store
from hub.store.records import CampaignRecord, PictureRecord
from hub.wire.snapshot import PICTURE_PREFIX, Campaign, Picture, ShopKeys, section_body

BELOW = "hub"
"""The program of a node that is a shop's hub."""

KEEP_ENDED_S = 30 * 86_400
"""Tills can say "expired" rather than "unknown" for this long."""


def shop_keys(store: Store) -> list[ShopKeys]:
    """The keys with which all shops of the chain sign coupons, head office's own included."""
    shops = {store.shop.number: store}
    shops.update((one.tenant, store.of_shop(one.tenant)) for one in store.chain.below())
    shops.update((number, store.of_shop(number)) for number in store.chain.housed())
    return [ShopKeys(number, tuple(one.devices.keys())) for number, one in sorted(shops.items())]


def picture_section(picture: PictureRecord) -> bytes:
    """A picture as it travels; its hash is the name that offers use."""
    return section_body(
        Picture(picture.type, base64.b64encode(picture.body).decode(), picture.width, picture.height)
    )


def travelling(records: Sequence[CampaignRecord], day_start: float) -> list[Campaign]:
    """What nodes must know: running campaigns, and stopped ones without any channel, so that what was taken can be used."""
    campaigns = []
    for record in sorted(records, key=lambda record: record.number):
        campaign = record.campaign
        if record.published_at is None or record.state == "draft":
            continue
        if campaign.ends_at + KEEP_ENDED_S < day_start:
            continue
        if record.state != "published":
            campaign = msgspec.structs.replace(campaign, channels=(), stopped=True)
        campaigns.append(campaign)
    return campaigns


def without_pictures_of_others(hashes: dict[str, str], offers: Sequence[Campaign]) -> dict[str, str]:
    """The sections without pictures of offers that are not among these."""
    wanted = {f"{PICTURE_PREFIX}{one.offer.picture}" for one in offers if one.offer.picture}
    return {
        name: digest
        for name, digest in hashes.items()
        if not name.startswith(PICTURE_PREFIX) or name in wanted
    }
