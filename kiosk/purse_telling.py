"""What the hub decided about purses for this till, told again to a hub that was set back to a backup (as `kiosk.retelling`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from hub.client.node import Node
from hub.wire.events import Fact
from hub.wire.events_value import ValueGranted, ValueReversed, ValueSpent
from kiosk.store_purse import OwnPurseAct, PurseUndo, acts_since, undos_since

MOST = 50_000
"""More than a till does in the days for which it is asked."""

Decided = Callable[[sqlite3.Connection, float], Sequence[Fact]]


def purses_decided_by_hub(node: Node) -> Decided:
    """Payments from purses, payments into them, and what was taken back of both, since a time (seconds of UTC)."""

    def tell(conn: sqlite3.Connection, since: float) -> Sequence[Fact]:
        told: list[tuple[float, Fact]] = [
            (act.at, _act(node, act)) for act in acts_since(conn, since, MOST) if act.decided_by == "hub"
        ]
        told += [
            (undo.at, _undo(node, undo)) for undo in undos_since(conn, since) if undo.decided_by == "hub"
        ]
        return [fact for _, fact in sorted(told, key=lambda one: one[0])]

    return tell


def both(first: Decided, second: Decided) -> Decided:
    """What either tells."""

    def tell(conn: sqlite3.Connection, since: float) -> Sequence[Fact]:
        return [*first(conn, since), *second(conn, since)]

    return tell


def _act(node: Node, act: OwnPurseAct) -> Fact:
    if act.kind == "topup":
        return ValueGranted(
            nonce=act.nonce,
            member=act.member,
            unit="stored",
            amount=act.amount,
            why="topup",
            till=node.name,
            staff=act.staff,
            cents=act.cents,
            decided_at=act.at,
        )
    return ValueSpent(
        nonce=act.nonce,
        member=act.member,
        unit=act.unit,
        amount=act.amount,
        cents=act.cents,
        till=node.name,
        staff=act.staff,
        card=act.card,
        purchase=act.purchase,
        decided_at=act.at,
    )


def _undo(node: Node, undo: PurseUndo) -> Fact:
    return ValueReversed(
        of=undo.of,
        acted=node.device,
        nonce=undo.nonce,
        till=node.name,
        staff=undo.staff,
        by="staff",
        reason=undo.reason,
        decided_at=undo.at,
    )
