"""How many phones a radio carries at once, where that was tried: on the chips that sit on a Raspberry Pi.

Pure. Their firmware keeps a table of its own in the chip's memory, and refuses the next phone whatever hostapd thinks. So hostapd
is told the same figure, and a phone is told at once that there is no room, instead of being left to try again and again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DRIVER = "brcmfmac"
SMALL_FIRMWARE = "-minimal.bin"
"""How Raspberry Pi OS calls the 43455's firmware that leaves features out for the sake of more phones."""


@dataclass(frozen=True, slots=True)
class Tested:
    """`stations` phones at once with this chip and firmware; `found` says where the figure comes from."""

    chip: str
    stations: int
    found: str


CHIPS = (
    (r"Raspberry Pi (3 Model B Plus|3 Model A Plus|4|400|5|500|Compute Module [45])", "43455"),
    (r"Raspberry Pi (3 Model B|Zero W)", "43430"),
    (r"Raspberry Pi Zero 2", "43436"),
)
FIGURES = {
    ("43455", False): Tested("43455", 8, "raspberrypi/linux#3010: eight on a 3B+ and a 4, no more"),
    ("43455", True): Tested(
        "43455", 19, "raspberrypi/documentation#2520, iiab/iiab#2853: nineteen with this firmware"
    ),
    ("43430", False): Tested("43430", 10, "iiab/iiab#823: ten on a 3B; 24 to 28 with firmware of 2018"),
}
UNTRIED = 7
"""The least that anybody found with a chip of this family (raspberrypi/documentation#2520: seven to ten)."""


def carries(model: str, driver: str, firmware: str) -> Tested | None:
    """What this machine's radio carries; None for other makes, whose firmware sets no such limit or is not known.

    `model` is the device tree's, `firmware` the name of the file that the driver loads, where it is known.
    """
    if driver != DRIVER:
        return None
    chip = next((chip for pattern, chip in CHIPS if re.match(pattern + r"\b", model)), "")
    small = firmware.endswith(SMALL_FIRMWARE)
    return FIGURES.get((chip, small)) or Tested(
        chip or "a Broadcom chip", UNTRIED, "not tried with this chip"
    )
