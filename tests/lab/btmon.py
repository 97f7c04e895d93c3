"""What BlueZ's own monitor heard: a recording of `btmon -w`, printed by `btmon -r`, read back into AD structures.

It reads octets with BlueZ's code, not ours. Its text is for people, so three things are undone here: it names a company and shows
only what follows, it names a service likewise, and it reads the numbers of an iBeacon from the wrong end.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import NamedTuple

from tests.lab.frames import MANUFACTURER, SERVICE_DATA
from tests.lab.kernel import LabError

PRINT_WITHIN_S = 60.0

_EVENT = re.compile(r"^> HCI Event: LE Meta Event .*\[(hci\d+)\] (\d+\.\d+)$")
_ADDRESS = re.compile(r"^ +Address: ([0-9A-F:]{17})")
_COMPANY = re.compile(r"^ +Company: .*\((\d+)\)$")
_SERVICE = re.compile(r"^ +Service Data: .*\(0x([0-9a-f]{4})\)$")
_OCTETS = re.compile(r"^ +Data(?:\[\d+\])?: ([0-9a-f]+)$")
_UUID = re.compile(r"^ +UUID: ([0-9a-f-]{36})$")
_VERSION = re.compile(r"^ +Version: (\d+)\.(\d+)$")
_POWER = re.compile(r"^ +TX power: (-?\d+) dB")


class Report(NamedTuple):
    """One advertising report: by which adapter, when (seconds of the recording), whose, and the structure that makes it."""

    adapter: str
    at: float
    address: str
    part: tuple[int, bytes]


async def read(recording: Path) -> list[Report]:
    """Every report in a recording that holds a manufacturer's or a service's data."""
    process = await asyncio.create_subprocess_exec(
        "btmon", "-r", str(recording), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(PRINT_WITHIN_S):
        said, _ = await process.communicate()
    if process.returncode:
        raise LabError(f"btmon cannot read {recording.name}: {said.decode(errors='replace')[:200]}")
    return reports(said.decode(errors="replace"))


def reports(text: str) -> list[Report]:
    """The reports in what btmon prints."""
    found: list[Report] = []
    adapter, at, address = "", 0.0, ""
    block: list[str] = []
    for line in [*text.splitlines(), "@ end"]:
        if line[:1] != " ":
            part = _part(block)
            if adapter and part is not None:
                found.append(Report(adapter, at, address, part))
            event = _EVENT.match(line)
            adapter, at = (event[1], float(event[2])) if event else ("", 0.0)
            address, block = "", []
            continue
        who = _ADDRESS.match(line)
        if who:
            address = who[1].lower()
        block.append(line)
    return found


def _part(block: list[str]) -> tuple[int, bytes] | None:
    """The AD structure in the lines of one report."""
    for number, line in enumerate(block):
        company, service = _COMPANY.match(line), _SERVICE.match(line)
        if not company and not service:
            continue
        rest = block[number + 1 :]
        octets = _first(_OCTETS, rest[:1])
        if company and octets is None:
            octets = _ibeacon(rest)
        if octets is None:
            continue
        if company:
            return MANUFACTURER, int(company[1]).to_bytes(2, "little") + octets
        if service:
            return SERVICE_DATA, int(service[1], 16).to_bytes(2, "little") + octets
    return None


def _first(pattern: re.Pattern[str], lines: list[str]) -> bytes | None:
    return next((bytes.fromhex(found[1]) for line in lines if (found := pattern.match(line))), None)


def _ibeacon(lines: list[str]) -> bytes | None:
    """An iBeacon behind its company number, turned the right way round again."""
    uuid = next((found[1] for line in lines if (found := _UUID.match(line))), None)
    version = next((found for line in lines if (found := _VERSION.match(line))), None)
    power = next((int(found[1]) for line in lines if (found := _POWER.match(line))), None)
    if uuid is None or version is None or power is None:
        return None
    numbers = b"".join(int(number).to_bytes(2, "little") for number in version.groups())
    turned = bytes.fromhex(uuid.replace("-", ""))[::-1]
    return b"\x02\x15" + turned + numbers + (power & 0xFF).to_bytes(1, "big")
