"""How far facts have come in: when the nodes behind figures were last heard, which of them are behind, since which day.

A node is behind where facts of its journal are missing, or where nothing that happened within the last hour is here of it: nodes
tell how they are every five minutes, so silence is a fact too. What a withdrawn node did not tell will never come, and is not
waited for. What a node that is behind may still tell happened on the day of the last fact that is surely here, or later.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from hub.figures.answer import Fresh
from hub.figures.definitions import Family
from hub.store.base import Store
from hub.store.figure_records import NodeHeard
from hub.store.local_days import EPOCH_DAY, QUARTER_S, place
from hub.upstream.below import BELOW

LATE_S = 3_600.0
"""Of a node of which nothing newer is here, something may still come."""

_EDGE, _KIOSK = "edge", "kiosk"
TOLD_BY: dict[Family, tuple[str, ...]] = {
    Family.FOOTFALL: (_EDGE,),
    Family.PRESENT: (_EDGE,),
    Family.STREET: (_EDGE,),
    Family.GUESTS: (_EDGE,),
    Family.OFFERS: (_EDGE, _KIOSK),
    Family.PURCHASES: (_KIOSK,),
    Family.MEMBERS: (_EDGE, _KIOSK),
}
"""Programs whose facts a family is made of."""


@dataclass(frozen=True, slots=True)
class Behind:
    """A node of which facts that happened from a day (an ordinal of its shop) on may be missing."""

    shop: int
    node: str
    program: str
    since: int


@dataclass(frozen=True, slots=True)
class Freshness:
    """What is known of all nodes of some shops."""

    nodes: tuple[NodeHeard, ...]
    behind: tuple[Behind, ...]

    def of(self, family: Family) -> Fresh:
        """How fresh a family's figures are."""
        told_by = (*TOLD_BY[family], BELOW)
        heard = [one.seen_at for one in self.nodes if one.program in told_by and one.seen_at is not None]
        return Fresh(
            max(heard, default=None),
            tuple(
                (one.node, date.fromordinal(one.since).isoformat())
                for one in self.behind
                if one.program in told_by
            ),
        )

    def open_from(self, family: Family, shops: Collection[int]) -> int | None:
        """The first day to which something may still be added; None where nothing is waited for."""
        told_by = (*TOLD_BY[family], BELOW)
        return min(
            (one.since for one in self.behind if one.program in told_by and one.shop in shops), default=None
        )


def look(store: Store, shops: Sequence[int], now: float) -> Freshness:
    """How far the nodes of these shops have told."""
    nodes = store.seen.nodes(tuple(shops))
    timezones: dict[int, str] = {}
    behind = []
    for node in nodes:
        since = _since(store, node, now)
        if since is not None:
            if node.shop not in timezones:
                timezones[node.shop] = store.of_shop(node.shop).rollups.timezone()
            day, _ = place(timezones[node.shop], int(since) // QUARTER_S)
            behind.append(Behind(node.shop, node.name or node.device, node.program, max(day, EPOCH_DAY)))
    return Freshness(tuple(nodes), tuple(behind))


def _since(store: Store, node: NodeHeard, now: float) -> float | None:
    """When the last fact happened that is surely here; None where the node is not behind."""
    if node.program == BELOW:
        # It tells in the order in which facts came to it; a quiet shop's hub is heard all the same.
        if node.missing > 0:
            return node.enrolled_at if node.latest_at is None else node.latest_at
        heard = node.enrolled_at if node.seen_at is None else node.seen_at
        return heard if heard < now - LATE_S else None
    if node.missing > 0:
        before = store.seen.gap(node.shop, node.device).since
        return node.enrolled_at if before is None else before
    latest = node.enrolled_at if node.latest_at is None else node.latest_at
    return latest if latest < now - LATE_S else None
