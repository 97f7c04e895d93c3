"""Escrow: rights of a limited lot move to a node before it may spend them, so that a lot is never oversold.

Pure. `hub.snapshots` gathers what the store says and what nodes told of themselves; `hub.redeeming` asks `room_for`.

A right is a total that only rises: what a node may have handed out (`issue`) or accepted alone (`accept`) since its beginning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.store.records import Device, Grant, Tally
from hub.wire.snapshot import Campaign


@dataclass(frozen=True, slots=True)
class Room:
    """How a campaign's limits on redemptions stand for one till that asks the hub.

    `with_others`: redemptions that other tills may still make on their own: they count as if they had been made. `own`: those
    that the asking till may still make on its own. An acceptance by the hub uses up one of `own` where there is one
    (`RedeemReply.right_spent`), so that the sum never grows beyond the limit.
    """

    with_others: int
    own: int


def room_for(
    campaign: Campaign,
    device: str,
    nodes: Sequence[Device],
    tallies: Sequence[Tally],
    grants: Sequence[Grant],
    spent: Mapping[str, int] | None = None,
) -> Room:
    """Room under the limits of a campaign; all zero where it has none. Tallies and grants are those of this campaign.

    `spent`: what each till last said it had accepted on its own, where it said so.
    """
    raise NotImplementedError
