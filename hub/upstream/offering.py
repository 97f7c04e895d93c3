"""Head office makes an offer one of the chain: a draft like it, under a number that every shop can carry beside its own."""

from __future__ import annotations

import msgspec

from hub.changing import changed, turned
from hub.store.base import Store
from hub.store.records import CampaignRecord
from hub.wire.chain import is_of_chain
from hub.wire.snapshot import Campaign


def cannot_be_of_chain(campaign: Campaign) -> str | None:
    """Why every shop cannot carry this offer, as a code; None where it can. What needs a key or a count that only head office has
    does not work where it cannot be reached."""
    if campaign.rotating:
        return "rotating"
    if campaign.group_size is not None:
        return "group"
    if campaign.next_visit is not None:
        return "next_visit"
    return None


def for_the_chain(store: Store, record: CampaignRecord, now: float, who: str) -> CampaignRecord | str:
    """A draft of the chain's like this offer; a code where that cannot be (`cannot_be_of_chain`)."""
    against = cannot_be_of_chain(record.campaign)
    if against is not None:
        return against
    with store.writing():
        number = store.chain.free_offer()
        made = store.campaigns.save(
            msgspec.structs.replace(record.campaign, number=number, of_shop=None, stopped=False),
            "draft",
            now,
            who,
        )
        like = turned("like", None, record.number)
        store.people.note(changed(now, who, "campaign.for_chain", str(number), like))
    return "busy" if made is None else made


def chain_offers(store: Store) -> list[CampaignRecord]:
    """Head office's offers for the chain."""
    return [one for one in store.campaigns.all() if is_of_chain(one.number)]
