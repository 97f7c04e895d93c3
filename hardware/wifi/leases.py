"""How many phones have an address, from dnsmasq's own file of leases; of each line only the first field is read: when it ends."""

from __future__ import annotations

from pathlib import Path

LEASES = "leases"
LONGEST_FILE = 8_388_608
"""Octets: 65,000 leases of some 80 and room to spare."""


def ends(folder: Path) -> list[int]:
    """When each lease ends, in seconds of UTC; none where there is no file yet."""
    try:
        with (folder / LEASES).open("rb") as file:
            lines = file.read(LONGEST_FILE).splitlines()
    except OSError:
        return []
    firsts = (line.split(b" ", 1)[0] for line in lines)
    return [int(first) for first in firsts if first.isdigit()]


def held(folder: Path, now: float) -> int:
    """How many of them have not ended."""
    return sum(end > now for end in ends(folder))
