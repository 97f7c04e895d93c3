"""What the hub decided for this till, told again to a hub that was set back to a backup (`hub.client.retelling`).

A fact of the hub's own is in the hub's journal alone, and that went with the disk. This till has kept every act, so it tells
those that the hub decided as facts of its own, with the time at which the hub decided them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from hub.client.node import Node
from hub.wire.events import CouponRedeemed, CouponReversed, Fact
from kiosk.store_acts import acts_since
from kiosk.store_open import done_by_hub


def decided_by_hub(node: Node) -> Callable[[sqlite3.Connection, float], Sequence[Fact]]:
    """Redemptions and reversals that the hub decided since a time (seconds of UTC), in their order."""

    def tell(conn: sqlite3.Connection, since: float) -> Sequence[Fact]:
        told: list[tuple[float, Fact]] = []
        for act in acts_since(conn, since):
            if act.decided_by != "hub":
                continue
            fact = CouponRedeemed(
                serial=act.serial,
                campaign=act.campaign,
                nonce=act.nonce,
                till=node.name,
                staff=act.staff,
                value_cents=act.value_cents,
                basket_cents=act.basket_cents,
                member=act.member,
                balance_cents=act.balance_cents,
                decided_at=act.at,
            )
            told.append((act.at, fact))
        for undo, act_nonce in done_by_hub(conn, since):
            if undo.serial is None or undo.campaign is None:
                continue
            fact_back = CouponReversed(
                serial=undo.serial,
                campaign=undo.campaign,
                of=act_nonce,
                redeemed_by=node.device,
                nonce=undo.nonce,
                till=node.name,
                staff=undo.staff,
                by="staff",
                reason=undo.reason,
                value_cents=undo.value_cents,
                decided_at=undo.at,
            )
            told.append((undo.at, fact_back))
        return [fact for _, fact in sorted(told, key=lambda one: one[0])]

    return tell
