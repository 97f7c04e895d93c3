"""As much of BlueZ as advertising needs, on a real D-Bus, by the rules that the real one was seen to follow (5.66).

It makes its octets from the properties by itself, so that what a test compares has not been through our codec.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

ADAPTER_PATH = "/org/bluez/hci0"
BASE_UUID = "-0000-1000-8000-00805f9b34fb"
PROPERTIES = "org.freedesktop.DBus.Properties"
MANAGER = "org.bluez.LEAdvertisingManager1"
POWERS_DBM = (-20, 10)


class OnTheAir(NamedTuple):
    payload: bytes
    address: str
    interval_ms: int
    power_dbm: int


@contextmanager
def private_bus(folder: Path) -> Iterator[str]:
    """A D-Bus of our own; its address."""
    daemon = shutil.which("dbus-daemon")
    if daemon is None:
        pytest.skip("needs dbus-daemon (on Debian: apt install dbus-daemon)")
    address = f"unix:path={folder}/bus"
    command = [daemon, "--session", f"--address={address}", "--nofork", "--nopidfile", "--print-address"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        # It says its address once it listens; the file is there before.
        assert process.stdout.readline().startswith(address.encode())
        yield address
        process.terminate()


class BlueZ:
    """One adapter, hci0, and its advertising manager."""

    def __init__(self, address: str, places: int, *, legacy: bool, experimental: bool) -> None:
        self.address = address
        self.places = places
        self.legacy = legacy
        self.experimental = experimental
        self.registrations = 0
        self.others = 0
        self.plugged = self.powered = True
        self.clients: dict[tuple[str, str], dict[str, Variant]] = {}
        self.air: dict[tuple[str, str], OnTheAir] = {}
        self.bus: MessageBus | None = None
        self.tasks: set[asyncio.Task[None]] = set()

    # What somebody does to it.

    async def start_service(self) -> None:
        self.bus = await MessageBus(bus_address=self.address).connect()
        self.bus.add_message_handler(self.on_message)
        for rule in (
            "type='signal',interface='org.freedesktop.DBus.Properties',arg0='org.bluez.LEAdvertisement1'",
            "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged'",
        ):
            await self.call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "AddMatch", "s", rule)
        await self.bus.request_name("org.bluez")

    async def stop_service(self) -> None:
        self.clients, self.air = {}, {}
        if self.bus is not None and self.bus.connected:
            self.bus.disconnect()
            await self.bus.wait_for_disconnect()

    async def switch_off(self) -> None:
        self.powered = False
        self.air = {}
        await self.signal(ADAPTER_PATH, PROPERTIES, "PropertiesChanged", "sa{sv}as", *self.power())

    async def switch_on(self) -> None:
        self.powered = True
        await self.signal(ADAPTER_PATH, PROPERTIES, "PropertiesChanged", "sa{sv}as", *self.power())

    async def unplug(self) -> None:
        await self.switch_off()
        self.plugged = False
        await self.release()
        gone = ["org.bluez.Adapter1", MANAGER]
        await self.signal(
            "/", "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved", "oas", ADAPTER_PATH, gone
        )

    async def plug(self) -> None:
        self.plugged = self.powered = True
        here: dict[str, Any] = {MANAGER: {}}
        await self.signal(
            "/", "org.freedesktop.DBus.ObjectManager", "InterfacesAdded", "oa{sa{sv}}", ADAPTER_PATH, here
        )

    async def release(self) -> None:
        """Let go of every advertisement, and tell."""
        clients, self.clients, self.air = list(self.clients), {}, {}
        for sender, path in clients:
            await self.call(sender, path, "org.bluez.LEAdvertisement1", "Release", "")

    async def forget(self) -> None:
        """Lose every advertisement, and tell nobody."""
        self.clients, self.air = {}, {}

    async def occupy(self, instances: int) -> None:
        self.others = instances

    def heard(self) -> list[OnTheAir]:
        return list(self.air.values())

    # What it is.

    def power(self) -> tuple[Any, ...]:
        return "org.bluez.Adapter1", {"Powered": Variant("b", self.powered)}, []

    async def signal(self, path: str, interface: str, member: str, signature: str, *body: Any) -> None:
        assert self.bus is not None
        await self.bus.send(Message.new_signal(path, interface, member, signature, list(body)))

    async def call(self, to: str, path: str, interface: str, member: str, signature: str, *body: Any) -> Any:
        assert self.bus is not None
        reply = await self.bus.call(
            Message(
                destination=to,
                path=path,
                interface=interface,
                member=member,
                signature=signature,
                body=list(body),
            )
        )
        assert reply is not None
        return reply.body

    def on_message(self, message: Message) -> Message | bool | None:
        if message.message_type is MessageType.SIGNAL:
            self.on_signal(message)
            return None
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        if not self.plugged or message.path != ADAPTER_PATH:
            return Message.new_error(message, "org.freedesktop.DBus.Error.UnknownObject", "No such object")
        if message.member == "GetAll":
            about = self.manager() if message.body[0] == MANAGER else {"Powered": Variant("b", self.powered)}
            return Message.new_method_return(message, "a{sv}", [about])
        key = (message.sender, message.body[0])
        if message.member == "RegisterAdvertisement":
            task = asyncio.get_running_loop().create_task(self.register(message, key))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
            return True
        if message.member == "UnregisterAdvertisement":
            self.air.pop(key, None)
            if self.clients.pop(key, None) is None:
                return Message.new_error(message, "org.bluez.Error.DoesNotExist", "Does Not Exist")
            return Message.new_method_return(message)
        return None

    def on_signal(self, message: Message) -> None:
        key = (message.sender, message.path)
        if message.member == "NameOwnerChanged" and not message.body[2]:
            for client in [client for client in self.clients if client[0] == message.body[0]]:
                self.clients.pop(client)
                self.air.pop(client, None)
        elif message.member == "PropertiesChanged" and key in self.clients:
            self.clients[key] = self.clients[key] | message.body[1]
            if key in self.air:
                self.air[key] = self.sent(self.clients[key])

    def manager(self) -> dict[str, Variant]:
        used = len(self.clients) + self.others
        about = {
            "ActiveInstances": Variant("y", used),
            "SupportedInstances": Variant("y", self.places - used),
            "SupportedIncludes": Variant("as", ["tx-power", "appearance", "local-name"]),
        }
        if not self.legacy:
            about["SupportedSecondaryChannels"] = Variant("as", ["1M", "2M", "Coded"])
        if self.experimental:
            features = [] if self.legacy else ["CanSetTxPower", "HardwareOffload"]
            about["SupportedFeatures"] = Variant("as", features)
        return about

    async def register(self, message: Message, key: tuple[str, str]) -> None:
        assert self.bus is not None
        await self.bus.send(await self.registered(message, key))

    async def registered(self, message: Message, key: tuple[str, str]) -> Message:
        if key in self.clients:
            return Message.new_error(message, "org.bluez.Error.AlreadyExists", "Already Exists")
        if len(self.clients) + self.others >= self.places:
            return Message.new_error(
                message, "org.bluez.Error.NotPermitted", "Maximum advertisements reached"
            )
        objects = await self.call(*key, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", "")
        properties = objects[0][key[1]]["org.bluez.LEAdvertisement1"]
        sent = self.sent(properties)
        if len(sent.payload) > 31 or properties["Type"].value != "broadcast":
            return Message.new_error(message, "org.bluez.Error.Failed", "Failed to parse advertisement.")
        if not self.powered:
            return Message.new_error(message, "org.bluez.Error.Failed", "Failed to register advertisement")
        if not self.legacy:
            body = ("org.bluez.LEAdvertisement1", "TxPower", Variant("n", sent.power_dbm))
            await self.call(*key, PROPERTIES, "Set", "ssv", *body)
        self.clients[key] = properties
        self.air[key] = sent
        self.registrations += 1
        return Message.new_method_return(message)

    def sent(self, properties: dict[str, Variant]) -> OnTheAir:
        octets = b"\x02\x01\x04"
        if "ServiceUUIDs" in properties:
            numbers = b"".join(short(uuid) for uuid in properties["ServiceUUIDs"].value)
            octets += bytes((len(numbers) + 1, 0x03)) + numbers
        for company, data in properties.get("ManufacturerData", Variant("a{qv}", {})).value.items():
            octets += bytes((len(data.value) + 3, 0xFF)) + company.to_bytes(2, "little") + data.value
        for uuid, data in properties.get("ServiceData", Variant("a{sv}", {})).value.items():
            octets += bytes((len(data.value) + 3, 0x16)) + short(uuid) + data.value
        interval_ms, power_dbm = 1280, 0
        if self.experimental:
            assert properties["MinInterval"].value == properties["MaxInterval"].value
            interval_ms = properties["MinInterval"].value
            if "TxPower" in properties and not self.legacy:
                power_dbm = min(max(properties["TxPower"].value, POWERS_DBM[0]), POWERS_DBM[1])
        number = bytearray(os.urandom(6))
        number[0] &= 0x3F
        return OnTheAir(octets, number.hex(":"), 125 if self.legacy else interval_ms, power_dbm)


def short(uuid: str) -> bytes:
    assert uuid.endswith(BASE_UUID)
    return int(uuid[:8], 16).to_bytes(2, "little")
