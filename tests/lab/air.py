"""The air between virtual radios: who sends what, how strong it arrives, and what an independent listener hears.

Senders and the listener are whole bumble devices, host and controller, so what they put on the air and what they make of
it owes nothing to our codec. Everything runs in one event loop; no packet leaves this process but over a line to the kernel.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from bumble import hci
from bumble.device import Advertisement, AdvertisingType, Device
from bumble.host import Host
from bumble.transport.common import StreamPacketSink, StreamPacketSource

from tests.lab.controller import Kind, Packet, VirtualController

USUAL_RSSI_DBM = -60

_TYPES: dict[Kind, AdvertisingType] = {
    "ADV_IND": AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE,
    "ADV_SCAN_IND": AdvertisingType.UNDIRECTED_SCANNABLE,
    "ADV_NONCONN_IND": AdvertisingType.UNDIRECTED,
}


@dataclass(frozen=True, slots=True)
class HeardOnce:
    """One packet as the listener got it: `at` in seconds of the event loop, `parts` the AD structures as bumble reads them."""

    address: str
    data: bytes
    rssi_dbm: int
    at: float
    parts: tuple[tuple[int, bytes], ...]


class Air:
    """Carries every packet to every other radio; `sent` counts packets by sender's address."""

    def __init__(self) -> None:
        self.controllers: set[VirtualController] = set()
        self.sent: Counter[str] = Counter()
        self._spoken: Counter[tuple[str, bytes]] = Counter()
        self._strengths: dict[str, Callable[[], int | None]] = {}
        self._adapters: dict[int, tuple[VirtualController, asyncio.Transport]] = {}
        self._devices: list[Device] = []
        self._loads: list[asyncio.TimerHandle] = []

    def send(self, packet: Packet, sender: VirtualController | None = None) -> None:
        """Let everybody but the sender hear a packet. A strength of None means that it is lost on the way."""
        who = _text(packet.address)
        strength = self._strengths.get(who)
        for controller in self.controllers:
            if controller is not sender:
                rssi_dbm = strength() if strength else USUAL_RSSI_DBM
                if rssi_dbm is not None:
                    controller.hear(packet, rssi_dbm)
        self.sent[who] += 1
        if sender is not None:
            self._spoken[sender.name, packet.data] += 1

    def spoken(self, adapter: str, octets: bytes) -> int:
        """How many packets this adapter has sent with these octets in them."""
        return sum(
            count for (name, data), count in self._spoken.items() if name == adapter and octets in data
        )

    def strength(self, address: str, rssi_dbm: Callable[[], int | None]) -> None:
        """How strong this sender arrives from now on."""
        self._strengths[address.lower()] = rssi_dbm

    async def plug(self, number: int, line: Path, *, extended: bool) -> VirtualController:
        """A chip at the end of a line to the kernel, which makes adapter `hci{number}` of it when it attaches the line."""
        source = StreamPacketSource()
        transport, _ = await asyncio.get_running_loop().create_unix_connection(lambda: source, str(line))

        class Line:
            """Both directions, as a controller takes them."""

        ends = Line()
        ends.source, ends.sink = source, StreamPacketSink(transport)  # type: ignore[attr-defined]
        chip = VirtualController(
            f"hci{number}", self, f"00:AA:01:00:00:{number:02X}", extended=extended, line=ends
        )
        self._adapters[number] = (chip, transport)
        return chip

    def unplug(self, number: int) -> None:
        """Pull an adapter out: no power, nothing sent, nothing remembered."""
        chip, transport = self._adapters.pop(number)
        chip.silence()
        chip.host = None
        self.controllers.discard(chip)
        transport.close()

    def chip(self, number: int) -> VirtualController:
        """The chip behind an adapter that is plugged in."""
        return self._adapters[number][0]

    async def beacon(
        self,
        address: str,
        payload: bytes,
        *,
        interval_ms: int = 100,
        kind: Kind = "ADV_NONCONN_IND",
        rssi_dbm: int | Callable[[], int | None] = USUAL_RSSI_DBM,
        public: bool = False,
    ) -> Device:
        """Put a bumble device on the air that says this payload until `hush`."""
        chip = VirtualController(address, self, address if public else "00:00:00:00:00:00", extended=False)
        host = Host()
        host.controller = chip  # type: ignore[assignment]
        device = Device(address, address=hci.Address(address), host=host)
        self.strength(address, rssi_dbm if callable(rssi_dbm) else lambda: rssi_dbm)
        await device.power_on()
        await device.start_advertising(
            advertising_type=_TYPES[kind],
            own_address_type=hci.OwnAddressType.PUBLIC if public else hci.OwnAddressType.RANDOM,
            advertising_data=payload,
            scan_response_data=b"",
            advertising_interval_min=interval_ms,
            advertising_interval_max=interval_ms,
        )
        self._devices.append(device)
        return device

    async def hush(self) -> None:
        """Take every beacon and all load off the air."""
        for device in self._devices:
            await device.stop_advertising()
            self.controllers = {c for c in self.controllers if c.name != device.name}
        self._devices.clear()
        for load in self._loads:
            load.cancel()
        self._loads.clear()

    def load(self, count: int, payload: bytes, interval_ms: int = 100) -> None:
        """Cheap senders for a crowd: a timer each, no device behind it."""
        loop = asyncio.get_running_loop()
        for number in range(count):
            who = hci.Address(f"C1:00:00:00:{number >> 8:02X}:{number & 255:02X}")
            packet = Packet(who, payload, "ADV_NONCONN_IND")

            def fire(packet: Packet = packet, place: int = len(self._loads)) -> None:
                self.send(packet)
                self._loads[place] = loop.call_later(
                    interval_ms / 1000 - 0.005 + random.random() * 0.010, fire, packet, place
                )

            self._loads.append(loop.call_later(random.random() * interval_ms / 1000, fire))

    async def listen(self, seconds: float) -> list[HeardOnce]:
        """What an independent Bluetooth stack hears in this time, scanning passively."""
        chip = VirtualController("listener", self, "00:BB:00:00:00:01", extended=False)
        host = Host()
        host.controller = chip  # type: ignore[assignment]
        device = Device("listener", address=hci.Address("F0:F1:F2:F3:F4:F5"), host=host)
        heard: list[HeardOnce] = []
        clock = asyncio.get_running_loop().time

        def on_advertisement(said: Advertisement) -> None:
            parts = tuple((int(kind), bytes(value)) for kind, value in said.data.ad_structures)
            heard.append(HeardOnce(_text(said.address), bytes(said.data_bytes), said.rssi, clock(), parts))

        device.on("advertisement", on_advertisement)
        await device.power_on()
        await device.start_scanning(legacy=True, active=False)
        await asyncio.sleep(seconds)
        await device.stop_scanning(legacy=True)
        self.controllers.discard(chip)
        return heard


def interval_ms(times: list[float]) -> float | None:
    """The usual pause between packets, in milliseconds; None where fewer than three were heard.

    The median: a packet that came late on a busy machine, or was missed, moves the mean of a short listening, not this.
    """
    if len(times) < 3:
        return None
    return median(b - a for a, b in pairwise(times)) * 1000


def _text(address: hci.Address) -> str:
    return str(address).split("/")[0].lower()
