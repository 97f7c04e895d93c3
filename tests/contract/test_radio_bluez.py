"""The driver of real adapters over a real D-Bus, with a stand-in where BlueZ would be: what it asks for, what it makes of
the answers, and what it says when it is refused.
"""

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from dbus_fast import DBusError, Message, PropertyAccess, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property

from hardware.ble.beacon import IBeacon, decode_beacon
from hardware.ble.bluez import BlueZRadio
from hardware.ble.duty import Wishes
from hardware.ble.radio import Radio
from hardware.ble.raw import Monitor, RawRadio
from hardware.ble.repeats import NOBODY_SAYS
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
        self.begun = 0
        self.powered = True

    @dbus_method()
    def SetDiscoveryFilter(self, wishes: "a{sv}"):  # noqa: F722, N802
        # An empty wish ends the filter after the scan.
        self.asked = self.asked or {name: wish.value for name, wish in wishes.items()}

    @dbus_method()
    def StartDiscovery(self):  # noqa: N802
        if self.refusal:
            raise DBusError(self.refusal, "No")
        self.begun += 1
        self.scanning.set()

    @dbus_method()
    def StopDiscovery(self):  # noqa: N802
        self.scanning.clear()

    @dbus_property(access=PropertyAccess.READ)
    def Powered(self) -> "b":  # noqa: F821, N802
        return self.powered

    def switch_off(self) -> None:
        self.powered = False
        self.emit_properties_changed({"Powered": False})

    @dbus_property(access=PropertyAccess.READ)
    def Roles(self) -> "as":  # noqa: F722, N802
        return ["central"]


class Device(ServiceInterface):
    """A beacon as BlueZ shows it."""

    def __init__(self, address_type: str = "random") -> None:
        super().__init__("org.bluez.Device1")
        self.rssi = -70
        self.address_type = address_type

    def heard_again(self, rssi: int) -> None:
        self.rssi = rssi
        self.emit_properties_changed({"RSSI": rssi})

    @dbus_property(access=PropertyAccess.READ)
    def Address(self) -> "s":  # noqa: F821, N802
        return "C0:00:00:00:00:01"

    @dbus_property(access=PropertyAccess.READ)
    def AddressType(self) -> "s":  # noqa: F821, N802
        return self.address_type

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
            # The file is there before anybody listens at it.
            with socket.socket(socket.AF_UNIX) as trial:
                if trial.connect_ex(str(tmp_path / "bus")) == 0:
                    break
            time.sleep(0.02)
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        yield address
        process.terminate()


@asynccontextmanager
async def bluez(
    address: str, adapter: Adapter, device: Device, *besides: ServiceInterface
) -> AsyncIterator[None]:
    bus = await MessageBus(bus_address=address).connect()
    for interface in (adapter, *besides):
        bus.export("/org/bluez/hci0", interface)
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


class Monitors(ServiceInterface):
    """BlueZ's side of advertisement monitors: it asks the application for what it registers."""

    def __init__(self, bus: MessageBus) -> None:
        super().__init__("org.bluez.AdvertisementMonitorManager1")
        self.bus = bus
        self.registered: list[Any] = []
        self.gone: list[str] = []
        self.asking: list[asyncio.Task[None]] = []

    @dbus_method()
    def RegisterMonitor(self, application: "o"):  # noqa: F821, N802
        # As BlueZ does: it answers, then looks.
        self.asking.append(asyncio.create_task(self._look(application)))

    @dbus_method()
    def UnregisterMonitor(self, application: "o"):  # noqa: F821, N802
        self.gone.append(application)

    async def _look(self, application: str) -> None:
        names = await self.bus.call(Message("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "ListNames"))
        for name in [one for one in names.body[0] if one.startswith(":") and one != self.bus.unique_name]:
            reply = await self.bus.call(
                Message(name, application, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
            )
            if reply.body and isinstance(reply.body[0], dict):
                self.registered += reply.body[0].items()


def test_a_monitor_keeps_repeats_on_the_air_as_long_as_we_scan(bus: str) -> None:
    async def scenario() -> tuple[Monitors, bool]:
        adapter = Adapter()
        other = await MessageBus(bus_address=bus).connect()
        monitors = Monitors(other)
        radio = BlueZRadio("hci0")
        async with asyncio.timeout(20), bluez(bus, adapter, Device(), monitors):
            async for _ in radio.scan():
                await asyncio.gather(*monitors.asking)
                missing = radio.may_miss_repeats
                assert not monitors.gone
                await radio.close()
        other.disconnect()
        return monitors, missing

    monitors, missing = asyncio.run(scenario())
    assert not missing
    ((path, interfaces),) = monitors.registered
    patterns = interfaces["org.bluez.AdvertisementMonitor1"]["Patterns"].value
    assert [tuple(pattern) for pattern in patterns] == [(0, 0xFF, NOBODY_SAYS)]
    assert monitors.gone == [path.rpartition("/")[0]]


def test_without_monitors_the_radio_hears_on_and_says_that_it_may_miss_repeats(bus: str) -> None:
    async def scenario() -> bool:
        radio = BlueZRadio("hci0")
        async with asyncio.timeout(20), bluez(bus, Adapter(), Device()):
            async for _ in radio.scan():
                missing = radio.may_miss_repeats
                await radio.close()
        return missing

    # Here the kernel has no management socket for us either, or no adapter hci0 behind it.
    assert asyncio.run(scenario())


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


@pytest.mark.parametrize("kind", ["public", "random"])
def test_the_kind_of_an_address_is_known_with_every_report_also_where_only_the_strength_is_told(
    bus: str, kind: str
) -> None:
    async def scenario() -> set[str]:
        radio = open_device("ble:hci0")
        kinds = []
        async with asyncio.timeout(5), bluez(bus, Adapter(), Device(kind)):
            async for packets in radio.scan():
                kinds += [one.address_type for one in packets]
                if len(kinds) >= 20:
                    await radio.close()
        return set(kinds)

    assert asyncio.run(scenario()) == {kind}


@pytest.mark.parametrize("name", ["ble:hci0", "ble:raw:hci0"])
def test_bluez_that_ends_is_told_at_once_and_hears_again_when_it_is_back(bus: str, name: str) -> None:
    async def hears(adapter: Adapter) -> None:
        """Returns when the stand-in has been asked to scan and has ended; raises what the radio says."""
        radio = radio_of(name)
        async with asyncio.timeout(4):
            async for _ in radio.scan():
                pass

    async def ends(adapter: Adapter) -> DeviceError:
        async with bluez(bus, adapter, Device()):
            listening = asyncio.create_task(hears(adapter))
            await asyncio.wait_for(adapter.scanning.wait(), 4)
            await asyncio.sleep(0.2)
        with pytest.raises(DeviceError) as caught:
            await listening
        return caught.value

    async def scenario() -> list[DeviceError]:
        # One loop, as the edge has one: bleak keeps a connection and what it knows of BlueZ for as long as the loop lives.
        return [await ends(Adapter()), await ends(Adapter())]

    first, second = asyncio.run(scenario())
    assert first.reason is second.reason is Reason.NO_SERVICE
    assert "systemctl start bluetooth" in first.sentence


@pytest.mark.parametrize("name", ["ble:hci0", "ble:raw:hci0"])
def test_an_adapter_that_is_switched_off_is_told_at_once(bus: str, name: str) -> None:
    async def scenario() -> None:
        adapter = Adapter()
        async with asyncio.timeout(5), bluez(bus, adapter, Device()):
            asyncio.get_running_loop().call_later(0.5, adapter.switch_off)
            async for _ in radio_of(name).scan():
                pass

    with pytest.raises(DeviceError, match="hci0 is switched off") as caught:
        asyncio.run(scenario())
    assert caught.value.reason is Reason.SWITCHED_OFF


@pytest.mark.parametrize("name", ["ble:hci0:duty=0.5", "ble:raw:hci0:duty=0.5"])
def test_a_duty_cycle_begins_and_ends_the_scan_in_turns(bus: str, name: str) -> None:
    async def scenario() -> tuple[Adapter, list[bool], str]:
        adapter, states, radio = Adapter(), [], radio_of(name)

        async def listen() -> None:
            async for _ in radio.scan():
                pass

        async with bluez(bus, adapter, Device()):
            listening = asyncio.create_task(listen())
            await asyncio.wait_for(adapter.scanning.wait(), 4)
            for _ in range(2):
                await asyncio.sleep(1)
                states.append(adapter.scanning.is_set())
                await asyncio.sleep(1)
            await radio.close()
            await listening
        return adapter, states, radio.describe()

    adapter, states, says = asyncio.run(scenario())
    assert states == [True, False]
    assert adapter.begun in (1, 2)
    assert not adapter.scanning.is_set()
    assert "listening 50% of the time" in says


def test_a_scan_that_is_given_up_at_the_very_moment_of_a_packet_ends(bus: str) -> None:
    async def scenario(turns: int) -> bool:
        loop, asked = asyncio.get_running_loop(), 0

        def later(left: int) -> None:
            loop.call_soon(later, left - 1) if left else listening.cancel()

        def now() -> float:
            # Asked for each packet, just before it is put where the scan waits for it.
            nonlocal asked
            asked += 1
            if asked == 5:
                later(turns)
            return time.time()

        async def listen() -> None:
            async for _ in BlueZRadio("hci0", now).scan():
                pass

        async with bluez(bus, Adapter(), Device()):
            listening = asyncio.create_task(listen())
            done, _ = await asyncio.wait([listening], timeout=1)
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        return bool(done)

    assert [asyncio.run(scenario(turns)) for turns in range(4)] == [True] * 4


class SilentMonitor(Monitor):
    """There may be no Bluetooth in this kernel: a monitor on which nothing ever comes. BlueZ is asked all the same."""

    async def open(self) -> socket.socket:
        ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        ours.setblocking(False)
        return ours

    async def end(self, opened: socket.socket) -> None:
        await super().end(opened)
        self.theirs.close()


def radio_of(name: str) -> Radio:
    if not name.startswith("ble:raw"):
        radio: Radio = open_device(name)
        return radio
    return RawRadio("hci0", SilentMonitor("hci0", Wishes(duty=0.5 if "duty" in name else 1)))
