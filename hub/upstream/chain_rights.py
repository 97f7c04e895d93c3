"""What this shop may do of head office's offers on its own, and what of it is spent."""

from __future__ import annotations

from hub.ledger import HUB
from hub.store.base import Store
from hub.wire.snapshot import BadSnapshot, Right, read_section
from hub.wire.sync import Held


def rights_of_chain(store: Store) -> dict[int, Right]:
    """The rights of this shop that came down last, by offer."""
    body = store.chain.section("rights")
    try:
        rights = read_section(body, list[Right]) if body is not None else []
    except BadSnapshot:
        return {}
    return {right.campaign: right for right in rights}


def accepted_alone(store: Store, campaign: int) -> int:
    """How often this shop accepted a coupon of head office's without it, by its own ledger."""
    return sum(one.accepted_alone for one in store.ledger.tallies_of(campaign) if one.device != HUB)


def held_of_chain(store: Store) -> tuple[Held, ...]:
    """What this shop holds and has spent of each offer, as a node tells it (`SyncRequest.rights`)."""
    return tuple(
        Held(
            campaign,
            right.issue,
            right.accept,
            max(right.issued, store.ledger.taken(campaign)),
            max(right.accepted, accepted_alone(store, campaign)),
        )
        for campaign, right in sorted(rights_of_chain(store).items())
    )
