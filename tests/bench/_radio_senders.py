"""Processes that send one street to `radio_path`, twice: as the kernel's monitor frames, and as BlueZ's D-Bus signals.

Both send the same packets at the same pace (the bus, where it cannot keep up, at its own), so that the receiver is woken as
often as it would be. Run by `radio_path`:

    python -m tests.bench._radio_senders hci FD PACKETS RATE SEED
    python -m tests.bench._radio_senders dbus ADDRESS PACKETS RATE SEED
"""

import asyncio
import socket
import sys
import time
from collections.abc import Iterator
from random import Random
from typing import Any

from dbus_fast import Message, MessageType, PropertyAccess, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property

PHONES = 500
COMPANY = 0x004C
NEW_CONTENTS_EVERY = 50
"""A recording of a conference room has 164 payloads in 12,919 reports: one in 79 is new. We take a livelier street than that."""
ADAPTER = "/org/bluez/hci0"


def street(packets: int, seed: int) -> Iterator[tuple[int, bytes, bytes, int]]:
    """Packets in their order: phone, address (in the order of the air), manufacturer's data behind the company, strength."""
    rnd = Random(seed)
    addresses = [rnd.randbytes(5) + bytes((rnd.randrange(0x40, 0x80),)) for _ in range(PHONES)]
    contents = [b"\x10\x05" + rnd.randbytes(5) for _ in range(PHONES)]
    levels = [rnd.uniform(-78, -50) for _ in range(PHONES)]
    for _ in range(packets):
        phone = rnd.randrange(PHONES)
        if rnd.randrange(NEW_CONTENTS_EVERY) == 0:
            contents[phone] = b"\x10\x05" + rnd.randbytes(5)
        yield phone, addresses[phone], contents[phone], min(-30, round(rnd.gauss(levels[phone], 3)))


def frames(packets: int, seed: int) -> Iterator[bytes]:
    """The street as the monitor shows it: legacy advertising reports of hci0."""
    for _, address, contents, rssi in street(packets, seed):
        payload = (
            b"\x02\x01\x1a" + bytes((len(contents) + 3, 0xFF)) + COMPANY.to_bytes(2, "little") + contents
        )
        body = b"\x02\x01\x00\x01" + address + bytes((len(payload),)) + payload + bytes((rssi & 0xFF,))
        event = b"\x3e" + bytes((len(body),)) + body
        yield b"\x03\x00\x00\x00" + len(event).to_bytes(2, "little") + event


def send_hci(number: int, packets: int, rate: float, seed: int) -> None:
    """Into a socket of messages, at the pace of the air."""
    with socket.socket(fileno=number) as to:
        ready = list(frames(packets, seed))
        begin = time.monotonic()
        for count, frame in enumerate(ready):
            early = begin + count / rate - time.monotonic()
            if early > 0.002:
                time.sleep(early)
            to.send(frame)
        # What is not read yet must stay: the reader hangs up.
        to.settimeout(30)
        try:
            to.recv(1)
        except OSError:
            return


class Adapter(ServiceInterface):
    """As much of org.bluez.Adapter1 as a scan needs."""

    def __init__(self) -> None:
        super().__init__("org.bluez.Adapter1")
        self.begun = asyncio.Event()

    @dbus_method()
    def SetDiscoveryFilter(self, wishes: "a{sv}"):  # noqa: F722, N802
        return

    @dbus_method()
    def StartDiscovery(self):  # noqa: N802
        self.begun.set()

    @dbus_method()
    def StopDiscovery(self):  # noqa: N802
        return

    @dbus_property(access=PropertyAccess.READ)
    def Powered(self) -> "b":  # noqa: F821, N802
        return True

    @dbus_property(access=PropertyAccess.READ)
    def Roles(self) -> "as":  # noqa: F722, N802
        return ["central"]


def signal(path: str, interface: str, member: str, signature: str, body: list[Any]) -> Message:
    return Message(
        message_type=MessageType.SIGNAL, path=path, interface=interface, member=member, signature=signature, body=body
    )  # fmt: skip


def contents_of(contents: bytes) -> Variant:
    return Variant("a{qv}", {COMPANY: Variant("ay", contents)})


def appeared(path: str, text: str) -> Message:
    """A device that BlueZ hears for the first time."""
    first = {
        "Address": Variant("s", text),
        "AddressType": Variant("s", "random"),
        "Alias": Variant("s", text.replace(":", "-")),
        "Adapter": Variant("o", ADAPTER),
        "RSSI": Variant("n", -60),
        "ManufacturerData": contents_of(b"\x10\x05"),
        "AdvertisingFlags": Variant("ay", b"\x1a"),
    }
    body = [path, {"org.bluez.Device1": first}]
    return signal("/", "org.freedesktop.DBus.ObjectManager", "InterfacesAdded", "oa{sa{sv}}", body)


def heard_again(path: str, contents: bytes, rssi: int) -> Message:
    """One report, as BlueZ passes it on with duplicates: the strength and the manufacturer's data."""
    changed = {"RSSI": Variant("n", rssi), "ManufacturerData": contents_of(contents)}
    body = ["org.bluez.Device1", changed, []]
    return signal(path, "org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as", body)


async def send_dbus(address: str, packets: int, rate: float, seed: int) -> None:
    """As BlueZ does with duplicates, once somebody has asked it to scan."""
    bus = await MessageBus(bus_address=address).connect()
    adapter = Adapter()
    bus.export(ADAPTER, adapter)
    await bus.request_name("org.bluez")

    async def taken() -> None:
        # Faster than the bus can take them, and the connection ends: its answer says that it has taken all before.
        await bus.call(
            Message("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId")
        )

    rows = list(street(packets, seed))
    texts = {phone: octets[::-1].hex(":").upper() for phone, octets, _, _ in rows}
    paths = {phone: f"{ADAPTER}/dev_{text.replace(':', '_')}" for phone, text in texts.items()}
    await adapter.begun.wait()
    for phone, text in texts.items():
        await bus.send(appeared(paths[phone], text))
        await taken()
    begin = time.monotonic()
    for count, (phone, _, contents, rssi) in enumerate(rows):
        early = begin + count / rate - time.monotonic()
        if early > 0.002:
            await asyncio.sleep(early)
        if count % 32 == 0:
            await taken()
        await bus.send(heard_again(paths[phone], contents, rssi))
    await bus.wait_for_disconnect()


if __name__ == "__main__":
    kind, where, packets, rate, seed = sys.argv[1:]
    if kind == "hci":
        send_hci(int(where), int(packets), float(rate), int(seed))
    else:
        asyncio.run(send_dbus(where, int(packets), float(rate), int(seed)))
