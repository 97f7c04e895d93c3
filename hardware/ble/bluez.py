"""A real Bluetooth adapter through BlueZ: `ble:hci0`.

Active scanning with a discovery filter: only then does BlueZ pass on every report (its passive mode tells of strength
only when it moves by 8 dB). BlueZ gives fields, not octets, and merges what it has heard before; `payload` is built
again from those fields in a fixed order, so it parses to the same fields, but is not what was on the air octet by octet.
`at` is wall time of arrival in this process.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hardware.ble.advertisement import UNKNOWN_RSSI_DBM, Advertisement, AdvertisementData
from hardware.ble.codec import build
from hardware.ble.radio import Clock
from hardware.device import DeviceError, Reason

if TYPE_CHECKING:
    from bleak import BleakScanner
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData as BleakData

SYSFS = Path("/sys/class/bluetooth")
SYSTEM_BUS = Path("/run/dbus/system_bus_socket")
# About five seconds of a very busy street; beyond that, old packets only push out new ones.
QUEUE_LENGTH = 4096
# So many packets are handed over together at most: more, and nothing else gets a turn for milliseconds.
LARGEST_BATCH = 256
# An adapter that is pulled out just falls silent: after this much silence we look whether it is still there.
SILENCE_S = 10.0

# What BlueZ and D-Bus answer -> the reason and what a person can do.
_DBUS_ERRORS: dict[str, tuple[Reason, str]] = {
    "org.bluez.Error.NotReady": (
        Reason.SWITCHED_OFF,
        "is switched off. Switch it on: bluetoothctl power on.",
    ),
    "org.bluez.Error.InProgress": (
        Reason.BUSY,
        "is busy with another scan. Stop the other program, then try again.",
    ),
    "org.bluez.Error.NotAuthorized": (
        Reason.NO_PERMISSION,
        "may not be used by this user. Add the user to the group bluetooth.",
    ),
    "org.freedesktop.DBus.Error.AccessDenied": (
        Reason.NO_PERMISSION,
        "may not be used by this user. Add the user to the group bluetooth.",
    ),
    "org.freedesktop.DBus.Error.ServiceUnknown": (
        Reason.NO_SERVICE,
        "cannot be reached: BlueZ is not running. Start it: systemctl start bluetooth.",
    ),
    "org.freedesktop.DBus.Error.UnknownObject": (
        Reason.NOT_FOUND,
        "is not there. Is the adapter plugged in?",
    ),
}


class BlueZRadio:
    """Hears through one adapter until closed."""

    simulated = False
    clock: Clock = "wall"
    speed = 1.0

    def __init__(self, adapter: str, now: Callable[[], float] = time.time) -> None:
        self.adapter = adapter
        self.dropped = 0
        self._now = now
        self._heard: asyncio.Queue[Advertisement | None] = asyncio.Queue(QUEUE_LENGTH)
        self._closed = False

    async def scan(self) -> AsyncIterator[Sequence[Advertisement]]:
        """Scan until closed; raises DeviceError when the adapter cannot be used or goes away."""
        scanner = _scanner(self.adapter, self._on_report)
        try:
            await scanner.start()
        except Exception as problem:
            raise device_error(self.adapter, problem) from problem
        try:
            while not self._closed:
                try:
                    heard = await asyncio.wait_for(self._heard.get(), SILENCE_S)
                except TimeoutError:
                    check_adapter(self.adapter)
                    continue
                together = [heard]
                while len(together) < LARGEST_BATCH and not self._heard.empty():
                    together.append(self._heard.get_nowait())
                ended = None in together
                if packets := [one for one in together if one is not None]:
                    yield packets
                if ended:
                    return
        finally:
            await _stopped(scanner)

    async def close(self) -> None:
        """Stop scanning; may be called twice."""
        if not self._closed:
            self._closed = True
            if not self._heard.full():
                self._heard.put_nowait(None)
        await asyncio.sleep(0)

    def describe(self) -> str:
        """One line for screens."""
        return f"Bluetooth adapter {self.adapter}"

    def _on_report(self, device: BLEDevice, report: BleakData) -> None:
        properties = report.platform_data[1] if len(report.platform_data) > 1 else {}
        try:
            self._heard.put_nowait(advertisement_of(device.address, report, properties, self._now()))
        except asyncio.QueueFull:
            self.dropped += 1


def open_radio(adapter: str, speed: float = 1.0) -> BlueZRadio:
    """The radio of `ble:hciN`; that the adapter is there, awake and reachable is found out now, not at the first scan."""
    if speed != 1:
        raise DeviceError(
            Reason.BAD_NAME, f"ble:{adapter} hears the real air, which has no speed but its own."
        )
    check_adapter(adapter)
    return BlueZRadio(adapter)


def check_adapter(adapter: str, sysfs: Path = SYSFS, bus: Path = SYSTEM_BUS) -> None:
    """Raise DeviceError when the kernel or the system says that this adapter cannot work."""
    if os.environ.get("DBUS_SYSTEM_BUS_ADDRESS"):
        # BlueZ is somewhere else (a test bench, a container): this kernel knows nothing of its adapters.
        return
    place = sysfs / adapter
    if not place.exists():
        there = (
            ", ".join(sorted(p.name for p in sysfs.glob("hci*") if ":" not in p.name))
            if sysfs.exists()
            else ""
        )
        raise DeviceError(
            Reason.NOT_FOUND,
            f"There is no Bluetooth adapter {adapter} ({f'there is {there}' if there else 'there is none at all'}). "
            "Is it plugged in? Without one, ble:sim gives a simulated street.",
        )
    for switch in place.glob("rfkill*"):
        if _reads(switch / "hard") == "1":
            raise DeviceError(
                Reason.SWITCHED_OFF, f"{adapter} is switched off by a switch or key on the machine."
            )
        if _reads(switch / "soft") == "1":
            raise DeviceError(
                Reason.SWITCHED_OFF, f"{adapter} is blocked. Unblock it: rfkill unblock bluetooth."
            )
    if not bus.exists():
        raise DeviceError(
            Reason.NO_SERVICE,
            f"{adapter} cannot be reached: D-Bus is not running. Start it: systemctl start dbus.",
        )


def device_error(adapter: str, problem: Exception) -> DeviceError:
    """What bleak, D-Bus or the system said, as a reason and a sentence with a remedy."""
    name = str(getattr(problem, "dbus_error", ""))
    if name in _DBUS_ERRORS:
        reason, what = _DBUS_ERRORS[name]
        return DeviceError(reason, f"{adapter} {what}")
    if isinstance(problem, DeviceError):
        return problem
    if isinstance(problem, PermissionError) or "AuthError" in type(problem).__name__:
        return DeviceError(Reason.NO_PERMISSION, f"{adapter}: this user may not speak to the system's D-Bus.")
    if isinstance(problem, (FileNotFoundError, ConnectionError)):
        return DeviceError(
            Reason.NO_SERVICE,
            f"{adapter} cannot be reached: D-Bus is not running. Start it: systemctl start dbus.",
        )
    if "not found" in str(problem):
        return DeviceError(Reason.NOT_FOUND, f"{adapter} is not there. Is the adapter plugged in?")
    unavailable = getattr(getattr(problem, "reason", None), "name", "")
    if unavailable == "DENIED_BY_SYSTEM":
        return DeviceError(
            Reason.NO_SERVICE, f"{adapter} cannot be reached: BlueZ is not running or not allowed."
        )
    if unavailable == "POWERED_OFF":
        return DeviceError(
            Reason.SWITCHED_OFF, f"{adapter} is switched off. Switch it on: bluetoothctl power on."
        )
    return DeviceError(
        Reason.BROKEN,
        f"{adapter} failed: {str(problem) or type(problem).__name__}. Unplug it, wait ten seconds, plug it in.",
    )


def advertisement_of(address: str, report: BleakData, properties: dict[str, Any], at: float) -> Advertisement:
    """One report of BlueZ with a payload built from its fields."""
    flags = bytes(properties.get("AdvertisingFlags") or b"")
    fields = AdvertisementData(
        local_name=report.local_name,
        service_uuids=tuple(report.service_uuids),
        manufacturer_data=report.manufacturer_data,
        service_data=report.service_data,
        tx_power=report.tx_power,
        flags=flags[0] if flags else None,
    )
    kind = "public" if properties.get("AddressType") == "public" else "random"
    return Advertisement(
        address.lower(),
        "public" if kind == "public" else "random",
        report.rssi or UNKNOWN_RSSI_DBM,
        build(fields),
        at,
    )


def _scanner(adapter: str, on_report: Callable[[BLEDevice, BleakData], None]) -> BleakScanner:
    from bleak import BleakScanner

    # DuplicateData: a beacon that repeats itself is exactly what presence is made of.
    return BleakScanner(
        on_report, scanning_mode="active", bluez={"adapter": adapter, "filters": {"DuplicateData": True}}
    )


async def _stopped(scanner: BleakScanner) -> None:
    """Stop; an adapter that is gone, or a bus that has hung up, has stopped already."""
    from bleak.exc import BleakError

    try:
        async with asyncio.timeout(5):
            await scanner.stop()
    except (BleakError, OSError, EOFError, TimeoutError):
        return


def _reads(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
