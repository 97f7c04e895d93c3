"""Where the coupons of a limited offer lie: handed out, with nobody yet, in the hands of which device, out of reach."""

from __future__ import annotations

from dataclasses import dataclass

from hub.admin.nodes import state_of
from hub.admin.office import Office
from hub.escrow import hands, stranded
from hub.fleet.gone import with_gone
from hub.wire.snapshot import Campaign


@dataclass(frozen=True, slots=True)
class InHand:
    """What one device may still hand out; `silent`: it has not been heard of for a while."""

    name: str
    coupons: int
    silent: bool


@dataclass(frozen=True, slots=True)
class Lot:
    """A limited offer. `out_of_reach`: what lies with devices that are silent."""

    lot: int
    taken: int
    left: int
    in_hands: tuple[InHand, ...]

    @property
    def out_of_reach(self) -> int:
        return sum(one.coupons for one in self.in_hands if one.silent)


def lot_of(office: Office, campaign: Campaign) -> Lot | None:
    """How a limited offer stands; None where as many may be taken as people want."""
    if campaign.issue_limit is None:
        return None
    nodes = office.store.devices.all()
    tallies = with_gone(office.store, office.store.ledger.tallies_of(campaign.number))
    grants = [grant for grant in office.store.ledger.grants() if grant.campaign == campaign.number]
    found = stranded(campaign, hands(campaign, nodes, tallies, grants))
    now, devices = office.now(), {node.device: node for node in nodes}
    in_hands = [
        InHand(devices[name].name, coupons, state_of(devices[name], now) == "silent")
        for name, coupons in found.in_hands.items()
    ]
    return Lot(
        campaign.issue_limit,
        sum(tally.issued for tally in tallies),
        found.left,
        tuple(sorted(in_hands, key=lambda one: (-one.coupons, one.name))),
    )
