"""Rights that hardware held which is gone: they count as spent, so that a lot is never oversold by two machines of one name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hub.store.base import Store
from hub.store.records import Tally


def with_gone(store: Store, tallies: Sequence[Tally]) -> list[Tally]:
    """What nodes have spent, at least what their former hardware may have. See `hub.fleet.plan.Plan.keep_rights`."""
    gone = {(one.campaign, one.device): one for one in store.fleet.spent()}
    if not gone:
        return list(tallies)
    found = []
    for tally in tallies:
        floor = gone.pop((tally.campaign, tally.device), None)
        found.append(
            tally
            if floor is None
            else replace(
                tally,
                issued=max(tally.issued, floor.issued),
                accepted_alone=max(tally.accepted_alone, floor.accepted),
            )
        )
    return found + [Tally(one.campaign, one.device, one.issued, 0, one.accepted) for one in gone.values()]
