"""What a till is told of the purses, for when it is cut off: the rules, and how much it may accept alone.

Its right is a total that only rises: what it is known to have accepted, and as much again as the shop lets one till have unheard.
So a till that is gone for good, or that somebody took, costs that much at most.
"""

from __future__ import annotations

from hub.purse.balances import rules_now
from hub.store.base import Store
from hub.store.records import Device
from hub.wire.purse_rules import PurseSection
from hub.wire.snapshot import section_body

TILL = "kiosk"


def purse_section(store: Store, device: Device, now: float) -> dict[str, bytes]:
    """The section for this node; none for one that is no till, and where the shop keeps no purses."""
    if device.program != TILL:
        return {}
    rules = rules_now(store, now)
    if rules is None:
        return {}
    alone = store.purse.alone_cents(device.device)
    return {"purse": section_body(PurseSection(rules, alone + rules.offline_cents, alone))}
