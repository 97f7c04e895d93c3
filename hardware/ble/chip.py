"""Finds out what the machine has for radios: its model, where Bluetooth sits, its Wi-Fi interfaces and their channels."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from hardware.ble.adapter import SYSFS
from hardware.ble.plan import Chip, Wlan
from hardware.ble.recovery import place_of

MODEL = Path("/proc/device-tree/model")
NETWORK = Path("/sys/class/net")
_BUSES = {"mmc": "sdio", "sdio": "sdio", "usb": "usb", "pci": "pci"}


def chip_of(
    adapter: str, model: Path = MODEL, bluetooth: Path = SYSFS, network: Path = NETWORK, iw: str | None = None
) -> Chip:
    """What stands around this adapter. `iw` is what `iw dev` prints, asked here where it is None; the rest stays None."""
    told = _iw_dev() if iw is None else iw
    known = {wlan.name: wlan for wlan in read_iw(told)}
    wlans = []
    for place in sorted(network.glob("*/wireless")) or sorted(network.glob("wlan*/")):
        name = place.parent.name if place.name == "wireless" else place.name
        said = known.get(name)
        bus = _bus_of(network / name / "device")
        wlans.append(Wlan(name, bus, said.channel if said else None, said.is_access_point if said else None))
    return Chip(_read(model), adapter, place_of(adapter, bluetooth).kind, tuple(wlans))


def read_iw(text: str) -> list[Wlan]:
    """The interfaces in what `iw dev` prints."""
    found = []
    for part in re.split(r"^\s*Interface ", text, flags=re.MULTILINE)[1:]:
        channel, kind = re.search(r"channel (\d+)", part), re.search(r"type (\S+)", part)
        found.append(
            Wlan(
                part.split()[0],
                "",
                int(channel[1]) if channel else None,
                kind[1] == "AP" if kind else None,
            )
        )
    return found


def _iw_dev() -> str:
    tool = shutil.which("iw")
    if tool is None:
        return ""
    try:
        ran = subprocess.run(  # noqa: S603 - a fixed command
            [tool, "dev"], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout


def _bus_of(device: Path) -> str:
    subsystem = device / "subsystem"
    if not subsystem.exists():
        return ""
    return _BUSES.get(subsystem.resolve().name, subsystem.resolve().name)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0\n ")
    except OSError:
        return ""
