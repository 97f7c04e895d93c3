"""Which phone has which address, as the kernel has found out (ARP). Nothing of it is kept on disk or logged."""

from __future__ import annotations

import re
from pathlib import Path

ARP = Path("/proc/self/net/arp")
"""Of the network namespace that this process is in; there also where a unit hides everything in /proc but processes."""

_COMPLETE = 0x2
"""The kernel has an answer from that address (ATF_COM of if_arp.h)."""

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")


def neighbours(table: Path = ARP) -> dict[str, str]:
    """MAC by IPv4 address; empty where there is no table."""
    try:
        lines = table.read_text("ascii", "replace").splitlines()[1:]
    except OSError:
        return {}
    found = {}
    for line in lines:
        words = line.split()
        if len(words) >= 6 and _is_complete(words[2]) and _MAC.fullmatch(words[3].lower()):
            found[words[0]] = words[3].lower()
    return found


def _is_complete(flags: str) -> bool:
    try:
        return bool(int(flags, 16) & _COMPLETE)
    except ValueError:
        return False
