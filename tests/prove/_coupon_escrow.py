"""A limited lot over nodes that reach their hub half of the time: how much of it lies where nobody asks for it.

Three tills and a door hand out one lot. How many shoppers each sees differs tenfold, and each node's wire is up and down in
spells of its own. Shoppers come until more have asked than there are coupons; what nodes then still hold is stranded.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from hub.wire.coupon import Issued
from tests.prove._coupon_world import LOTTERY, START, World, campaigns

LOT_SIZE = 600
ASKED = 1.6
"""Shoppers for each coupon of the lot."""

DEMAND = (10, 3, 1, 5)
SPELL_S = 900.0
BETWEEN_S = 30.0
EXCHANGE_S = 5.0


@dataclass(frozen=True, slots=True)
class Sold:
    """How the lot went."""

    lot: int
    handed_out: int
    reached: float
    """Share of the time, over all nodes, in which the hub could be reached."""

    @property
    def stranded(self) -> float:
        """What nobody got although somebody wanted it, as a share of the lot."""
        return (self.lot - self.handed_out) / self.lot


def sell(folder: Path, seed: str) -> Sold:
    """One day with one lot, in a copy of the shop."""
    world = World(folder, seed)
    world.start()
    try:
        return _sell(world)
    finally:
        world.stop()


def _sell(world: World) -> Sold:
    lottery = next(campaign for campaign in campaigns() if campaign.number == LOTTERY)
    large = msgspec.structs.replace(lottery, issue_limit=LOT_SIZE, coupon_lasts_s=86_400)
    world.hub.store.campaigns.save(large, "published", world.now, "proof")
    counters = [till.counter for till in world.tills]
    desks = [*(counter.desk for counter in counters if counter), world.door.desk]
    exchanges = [*(counter.exchange for counter in counters if counter), world.door.exchange]
    wires = [*(till.wire for till in world.tills), world.door.wire]
    for exchange in exchanges:
        exchange.drain()
    draw = world.random
    until = [0.0] * len(wires)
    up_s = 0.0
    for wire in wires:
        wire.weather.cut = draw.random() < 0.5
    handed_out = 0
    for _ in range(int(LOT_SIZE * ASKED)):
        passed = draw.expovariate(1 / BETWEEN_S)
        world.now += passed
        for place, wire in enumerate(wires):
            if world.now >= until[place]:
                wire.weather.cut = not wire.weather.cut
                until[place] = world.now + draw.expovariate(1 / SPELL_S)
            up_s += passed * (not wire.weather.cut)
            if not wire.weather.cut and passed >= EXCHANGE_S * draw.random():
                exchanges[place].once()
        (place,) = draw.choices(range(len(wires)), DEMAND)
        desk = desks[place]
        assert desk is not None
        answer = desk.take(LOTTERY, draw.randbytes(16).hex(), world.now)
        handed_out += isinstance(answer, Issued)
        if not wires[place].weather.cut:
            # The node exchanges soon after it has written a fact.
            exchanges[place].once()
    total_s = (world.now - START) * len(wires)
    return Sold(LOT_SIZE, handed_out, up_s / total_s)
