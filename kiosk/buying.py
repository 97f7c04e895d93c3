"""What was paid at this till, told to the hub as a fact like any other: now where the line is whole, else once it is again."""

from __future__ import annotations

from dataclasses import dataclass

from hub.client.clock import Clock
from hub.client.db import Pool, writing
from hub.client.node import Node
from hub.client.outbox import Outbox
from hub.wire.events import PurchasePaid
from hub.wire.events_value import PurchaseReversed

MOST_CENTS = 10**10
MOST_ITEMS = 10_000
LONGEST_ID = 100


def purchase_of(device: str, name: str) -> str:
    """Names a purchase of this till: no two of a shop are called so. `name`: of a form, of a redemption, of a receipt."""
    return f"{device}/{name}"


@dataclass(frozen=True, slots=True)
class Bought:
    """Somebody paid. `name` names the purchase at this till: the same one again is the same purchase, and counts once. `cents`:
    what was paid for everything, after all discounts."""

    name: str
    staff: str
    cents: int
    items: int | None = None
    member: str = ""


@dataclass(frozen=True, slots=True)
class BroughtBack:
    """Something of a purchase of this till (`name`, as in `Bought`) was brought back. `act` names this time; `cents`: how much
    money was returned, None: all that is left."""

    name: str
    act: str
    staff: str
    cents: int | None = None
    reason: str = ""


class Purchases:
    """Writes purchases into the till's journal."""

    def __init__(self, pool: Pool, node: Node, outbox: Outbox, clock: Clock) -> None:
        self._pool = pool
        self._node = node
        self._outbox = outbox
        self._clock = clock

    def tell(self, bought: Bought) -> PurchasePaid:
        """On disk when it comes back. StorageError where the disk takes nothing."""
        fact = PurchasePaid(
            id=purchase_of(self._node.device, bought.name),
            till=self._node.name,
            staff=bought.staff,
            cents=bought.cents,
            member=bought.member,
            items=bought.items,
        )
        with writing(self._pool.here()) as conn:
            self._outbox.put(conn, fact, self._clock.now())
        return fact

    def bring_back(self, back: BroughtBack) -> PurchaseReversed:
        """On disk when it comes back. StorageError where the disk takes nothing."""
        fact = PurchaseReversed(
            of=purchase_of(self._node.device, back.name),
            act=purchase_of(self._node.device, back.act),
            till=self._node.name,
            staff=back.staff,
            cents=back.cents,
            reason=back.reason,
        )
        with writing(self._pool.here()) as conn:
            self._outbox.put(conn, fact, self._clock.now())
        return fact
