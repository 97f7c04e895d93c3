"""A full shop in which phones come and go: every one gets in, and none of the others is thrown out by it.

The guest network is made of namespaces (`tests/guest_network.py`); DHCP and DNS, the firewall, the gate and the portal are the
real programs. Each of the 250 phones has a hardware address, a lease and sockets of its own. Three in ten stay from beginning to
end with a pulse over the internet; the others come in by the page, fetch, leave by the button, and come again.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tests.prove import Verdict

NAME = "churn"
PROMISE = "250 guests at once, coming and going, meet no error, and nobody who stays is dropped."
DEFAULT_SIZE = 60
CI_SIZE = 15
SIZE_NAME = "seconds"

GUESTS = 250
BITS = 23
"""A /24 keeps too few addresses for them beside those that are kept free."""

COMING_S = 25.0
"""They come in over this time: ten in a second is a coach party. When all are in, they begin to come and go."""


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` seconds with everybody there."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import guest_network
    from guest_shop import GuestShop

    from tests.prove import _street_guests as street

    why = guest_network.missing()
    if why:
        return Verdict(False, f"It cannot be proved here: {why}")
    with (
        guest_network.GuestNetwork(phones=1, folder=folder, bits=BITS) as network,
        GuestShop(network) as shop,
    ):
        crowd = network.phones[0]
        crowd.call(street.build, GUESTS, guest_network.RADIO, timeout=60)
        told: dict[str, Any] = crowd.call(
            street.live, GUESTS, size, seed, COMING_S, timeout=size + COMING_S + 180
        )
        restarts = {name: program.starts - 1 for name, program in shop.programs.items()}
    figures = {**told, "restarts": restarts}
    ok = (
        not told["wrong"]
        and not told["dropped"]
        and told["most inside"] == GUESTS
        and not any(restarts.values())
    )
    sentence = (
        f"{told.get('came in', 0)} ways in by {GUESTS} phones in {told['seconds']:g} s, {told['most inside']} inside at once: "
        f"{told['wrong']} errors, {told['dropped']} dropped, "
        f"{told.get('lost pulses', 0)} of {told.get('pulses', 0)} pulses lost; "
        f"the slowest way in took {told['slowest way in, s']:g} s."
    )
    return Verdict(ok, sentence, figures)
