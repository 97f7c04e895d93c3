"""A chip that leaves repeats out where the kernel asks for that, as it does in an active scan: we keep it from asking.

Through BlueZ's monitors, and where BlueZ offers none, through the kernel's own (in the guest, where its sockets are).
"""

from __future__ import annotations

from tests.lab.appliance import Lab
from tests.lab.frames import FRAMES
from tests.lab.hearing import LEAST_SHARE, LISTEN_S, SENT_EVERY_MS, heard_by, listed, put_on_air
from tests.lab.raw import all_at_once
from tests.lab.verdict import Row

GUEST_EVERY_MS = 200
"""As in the check of raw reports: an emulated CPU is to keep up."""

LEAST_SHARE_IN_GUEST = 0.5
"""A driver in an emulated CPU begins late; left out would be one packet in fifty."""


async def repeats(lab: Lab) -> list[Row]:
    """Nearly all packets of each beacon, where one in ten seconds would come otherwise."""
    chip = lab.air.chip(0)
    chip.obeys_filter = True
    try:
        await put_on_air(lab)
        last = await heard_by(lab, "ble:hci0", LISTEN_S)
        await lab.air.hush()
        await put_on_air(lab, GUEST_EVERY_MS)
        async with lab.all_in_guest(experimental=False):
            (plain,), _ = await all_at_once(lab, "ble:hci0")
    finally:
        chip.obeys_filter = False
        await lab.air.hush()
    return [
        _judged(
            "with BlueZ's monitor", last, SENT_EVERY_MS, LISTEN_S - (last["first_s"] or LISTEN_S), LEAST_SHARE
        ),
        _judged("with the kernel's, no --experimental", plain, GUEST_EVERY_MS, 12.0, LEAST_SHARE_IN_GUEST),
    ]


def _judged(what: str, heard: dict[str, object], every_ms: int, seconds: float, share: float) -> Row:
    due = 1000 / (every_ms + 5) * seconds
    senders = heard["senders"]
    assert isinstance(senders, dict)
    counts = [sender["count"] for sender in senders.values()]
    asked = f"at least {share * due:.0f} packets of each of {len(FRAMES)} beacons"
    enough = len(counts) == len(FRAMES) and min(counts) >= share * due
    return Row("repeats", what, asked, f"{listed(counts)} packets", enough)
