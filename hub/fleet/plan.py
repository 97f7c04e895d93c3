"""What a node becomes that joins: its name, its group, or the node whose hardware it replaces.

Pure.
"""

from __future__ import annotations

import msgspec


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """Said by whoever lets the node in. `replaces`: the node that it is from now on; then nothing else here matters but `stolen`
    and `keep_rights`. `shop`: of a hub, the number of the shop below whose hub it becomes; 0: of the shop that it tells.

    `stolen`: what the old hardware signs is believed no more, unless the hub has heard of it. `keep_rights`: the old hardware has
    told everything, so what it had not spent is the new one's; otherwise it counts as spent, and no lot is ever oversold.
    """

    name: str = ""
    team: str = ""
    replaces: str = ""
    stolen: bool = False
    keep_rights: bool = False
    shop: int = 0


def write_plan(plan: Plan) -> str:
    """As it is kept."""
    return msgspec.json.encode(plan).decode()


def read_plan(text: str) -> Plan:
    """As it was kept; the empty one where nothing was said."""
    return msgspec.json.decode(text, type=Plan) if text else Plan()
