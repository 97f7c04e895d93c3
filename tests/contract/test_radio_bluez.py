"""The driver of real adapters over a real D-Bus, with a stand-in where BlueZ would be: what it asks for, what it makes of
the answers, and what it says when it is refused.
"""

import asyncio
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from dbus_fast import DBusError, PropertyAccess, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property

from hardware.ble.beacon import IBeacon, decode_beacon
from hardware.device import DeviceError, Reason, open_device

TAG = IBeacon("2f234454-cf6d-4a0f-adf2-f4911ba9ffa6", 1, 2, -59)
PATH = "/org/bluez/hci0/dev_C0_00_00_00_00_01"


class Adapter(ServiceInterface):
    """As much of org.bluez.Adapter1 as a scan needs."""

    def __init__(self, refusal: str = "") -> None:
        super().__init__("org.bluez.Adapter1")
        self.refusal = refusal
        self.asked: dict[str, Any] = {}
        self.scanning = asyncio.Event()

    @dbus_method()
    def SetDiscoveryFilter(self, wishes: "a{sv}"):  # noqa: F722, N802
        # An empty wish ends the filter after the scan.
        self.asked = self.asked or {name: wish.value for name, wish in wishes.items()}

    @dbus_method()
    def StartDiscovery(self):  # noqa: N802
        if self.refusal:
            raise DBusError(self.refusal, "No")
        self.scanning.set()

    @dbus_method()
    def StopDiscovery(self):  # noqa: N802
        self.scanning.clear()

    @dbus_property(access=PropertyAccess.READ)
    def Powered(self) -> "b":  # noqa: F821, N802
        return True

    @dbus_property(access=PropertyAccess.READ)
    def Roles(self) -> "as":  # noqa: F722, N802
        return ["central"]


class Device(ServiceInterface):
    """A beacon as BlueZ shows it."""

    def __init__(self) -> None:
        super().__init__("org.bluez.Device1")
        self.rssi = -70

    def heard_again(self, rssi: int) -> None:
        self.rssi = rssi
        self.emit_properties_changed({"RSSI": rssi})

    @dbus_property(access=PropertyAccess.READ)
    def Address(self) -> "s":  # noqa: F821, N802
        return "C0:00:00:00:00:01"

    @dbus_property(access=PropertyAccess.READ)
    def AddressType(self) -> "s":  # noqa: F821, N802
        return "random"

    @dbus_property(access=PropertyAccess.READ)
    def Alias(self) -> "s":  # noqa: F821, N802
        return "C0-00"

    @dbus_property(access=PropertyAccess.READ)
    def Adapter(self) -> "o":  # noqa: F821, N802
        return "/org/bluez/hci0"

    @dbus_property(access=PropertyAccess.READ)
    def RSSI(self) -> "n":  # noqa: F821, N802
        return self.rssi

    @dbus_property(access=PropertyAccess.READ)
    def ManufacturerData(self) -> "a{qv}":  # noqa: F722, N802
        return {0x4C: Variant("ay", TAG.encode()[4:])}


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    daemon = shutil.which("dbus-daemon")
    if daemon is None:
        pytest.skip("needs dbus-daemon (on Debian: apt install dbus-daemon)")
    address = f"unix:path={tmp_path}/bus"
    with subprocess.Popen(
        [daemon, "--session", f"--address={address}", "--nofork", "--nopidfile"]
    ) as process:
        for _ in range(200):
            if (tmp_path / "bus").exists():
                break
            time.sleep(0.02)
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        yield address
        process.terminate()


@asynccontextmanager
async def bluez(address: str, adapter: Adapter, device: Device) -> AsyncIterator[None]:
    bus = await MessageBus(bus_address=address).connect()
    bus.export("/org/bluez/hci0", adapter)
    await bus.request_name("org.bluez")

    async def beacon() -> None:
        await adapter.scanning.wait()
        bus.export(PATH, device)
        for count in range(200):
            await asyncio.sleep(0.02)
            device.heard_again(-70 - count % 2)

    sending = asyncio.create_task(beacon())
    try:
        yield
    finally:
        sending.cancel()
        bus.disconnect()


def test_every_report_of_bluez_becomes_an_advertisement_and_the_scan_is_stopped_at_the_end(bus: str) -> None:
    async def scenario() -> tuple[list[Any], Adapter]:
        adapter = Adapter()
        radio = open_device("ble:hci0")
        heard: list[Any] = []
        async with asyncio.timeout(20), bluez(bus, adapter, Device()):
            async for packets in radio.scan():
                heard += packets
                if len(heard) >= 20:
                    await radio.close()
            await radio.close()
            assert not adapter.scanning.is_set()
        return heard, adapter

    heard, adapter = asyncio.run(scenario())
    assert len(heard) >= 20
    assert {one.address for one in heard} == {"c0:00:00:00:00:01"}
    assert {one.rssi_dbm for one in heard} == {-70, -71}
    assert {decode_beacon(one.payload) for one in heard} == {TAG}
    assert abs(heard[-1].at - time.time()) < 30
    assert adapter.asked == {"Transport": "le", "DuplicateData": True}


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        ("org.bluez.Error.NotReady", Reason.SWITCHED_OFF),
        ("org.bluez.Error.InProgress", Reason.BUSY),
        ("org.freedesktop.DBus.Error.AccessDenied", Reason.NO_PERMISSION),
        ("org.bluez.Error.Failed", Reason.BROKEN),
    ],
)
def test_what_bluez_refuses_is_a_device_error_with_its_reason(bus: str, refusal: str, reason: Reason) -> None:
    async def scenario() -> None:
        async with asyncio.timeout(20), bluez(bus, Adapter(refusal), Device()):
            async for _ in open_device("ble:hci0").scan():
                pass

    with pytest.raises(DeviceError) as caught:
        asyncio.run(scenario())
    assert caught.value.reason is reason


def test_a_bus_without_bluez_is_a_device_error(bus: str) -> None:
    async def scenario() -> None:
        async with asyncio.timeout(20):
            async for _ in open_device("ble:hci0").scan():
                pass

    with pytest.raises(DeviceError) as caught:
        asyncio.run(scenario())
    assert caught.value.reason in (Reason.NO_SERVICE, Reason.NOT_FOUND)
    assert bus
