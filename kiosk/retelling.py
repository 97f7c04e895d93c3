"""What the hub decided for this till, told again to a hub that was set back to a backup (`hub.client.retelling`).

A fact of the hub's own is in the hub's journal alone, and that went with the disk. This till has kept every act, so it tells
those that the hub decided as facts of its own, with the time at which the hub decided them.

An undo whose answer was lost is told as well. The hub may have taken the act back and another till may have accepted the coupon
since; only that hub knew, and it has forgotten. Staff asked within their minute, so it is what they meant in any case.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from hub.client.node import Node
from hub.wire.events import CouponRedeemed, CouponReversed, Fact
from kiosk.buying import purchase_of
from kiosk.reversal import settle_as_meant
from kiosk.store_acts import OwnAct, act_of, acts_since
from kiosk.store_open import done_by_hub, open_undos
from kiosk.verdicts import Reversal

MOST_OPEN = 1_000
"""Undos without an answer: more than a till ever has."""


def decided_by_hub(node: Node) -> Callable[[sqlite3.Connection, float], Sequence[Fact]]:
    """Redemptions and reversals that the hub decided since a time (seconds of UTC), in their order."""

    def tell(conn: sqlite3.Connection, since: float) -> Sequence[Fact]:
        told: list[tuple[float, Fact]] = [
            (act.at, _redeemed(node, act)) for act in acts_since(conn, since) if act.decided_by == "hub"
        ]
        # Looked up before anything changes: what is settled below is told once.
        undos = done_by_hub(conn, since)
        for undo, act_nonce in open_undos(conn, MOST_OPEN):
            # Staff asked by this till's clock, which may have been wrong; the act has the hub's time, and came first.
            act = act_of(conn, act_nonce)
            at = max(undo.at, act.at) if act is not None else undo.at
            if at >= since:
                undos.append((settle_as_meant(conn, undo, act_nonce, at), act_nonce))
        told += [
            (undo.at, _reversed(node, undo, act)) for undo, act in undos if undo.serial and undo.campaign
        ]
        return [fact for _, fact in sorted(told, key=lambda one: one[0])]

    return tell


def _redeemed(node: Node, act: OwnAct) -> Fact:
    return CouponRedeemed(
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
        purchase=purchase_of(node.device, act.nonce),
    )


def _reversed(node: Node, undo: Reversal, act: str) -> Fact:
    return CouponReversed(
        serial=undo.serial or "",
        campaign=undo.campaign or 0,
        of=act,
        redeemed_by=node.device,
        nonce=undo.nonce,
        till=node.name,
        staff=undo.staff,
        by="staff",
        reason=undo.reason,
        value_cents=undo.value_cents,
        decided_at=undo.at,
    )
