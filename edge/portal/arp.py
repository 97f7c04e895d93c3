"""Which phone has which address, as the kernel has found out (ARP). Nothing of it is kept on disk or logged."""

from __future__ import annotations

import re
from pathlib import Path

ARP = Path("/proc/self/net/arp")
"""Of the network namespace that this process is in; there also where a unit hides everything in /proc but processes."""

_LINE = re.compile(
    rb"^(\d+\.\d+\.\d+\.\d+) +0x\w+ +0x([0-9a-f]+) +([0-9a-f]{2}(?::[0-9a-f]{2}){5}) ",
    re.MULTILINE | re.IGNORECASE,
)
"""Address, kind of hardware, flags, MAC: arp(7) and proc(5)."""

_COMPLETE = 0x2
"""The kernel has an answer from that address (ATF_COM of if_arp.h)."""


def neighbours(table: Path = ARP) -> dict[str, str]:
    """MAC by IPv4 address; empty where there is no table."""
    try:
        text = table.read_bytes()
    except OSError:
        return {}
    return {
        ip.decode(): mac.decode().lower()
        for ip, flags, mac in _LINE.findall(text)
        if int(flags, 16) & _COMPLETE
    }
