"""A real Bluetooth adapter through BlueZ: `ble:hci0`, or `ble:hci0:duty=0.5` to listen half of the time.

Active scanning with a discovery filter: only then does BlueZ pass on every report (its passive mode tells of strength
only when it moves by 8 dB). BlueZ gives fields, not octets, and merges what it has heard before; `payload` is built
again from those fields in a fixed order, so it parses to the same fields, but is not what was on the air octet by octet.
`at` is wall time of arrival in this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Any

from hardware.ble.adapter import check_adapter, device_error
from hardware.ble.advertisement import UNKNOWN_RSSI_DBM, Advertisement, AdvertisementData
from hardware.ble.codec import build
from hardware.ble.discovery import Discovery
from hardware.ble.duty import Wishes, read_wishes
from hardware.ble.radio import Clock
from hardware.device import DeviceError, Reason

if TYPE_CHECKING:
    from bleak import BleakScanner
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData as BleakData

QUEUE_LENGTH = 4096
"""About five seconds of a very busy street; beyond that, old packets only push out new ones."""

LARGEST_BATCH = 256
"""So many packets are handed over together at most: more, and nothing else gets a turn for milliseconds."""

SILENCE_S = 10.0
"""An adapter that is pulled out may just fall silent: after this much silence we look whether it is still there."""


class BlueZRadio:
    """Hears through one adapter until closed."""

    simulated = False
    clock: Clock = "wall"
    speed = 1.0

    def __init__(
        self, adapter: str, now: Callable[[], float] = time.time, wishes: Wishes | None = None
    ) -> None:
        self.adapter = adapter
        self.dropped = 0
        self._wishes = wishes or Wishes()
        self._now = now
        self._heard: asyncio.Queue[Advertisement | None] = asyncio.Queue(QUEUE_LENGTH)
        self._lost: DeviceError | None = None
        self._watch: Discovery | None = None
        self._closed = False

    @property
    def may_miss_repeats(self) -> bool:
        """Whether a chip that obeys may report each sender only once in ten seconds (`hardware.ble.repeats`)."""
        return self._watch is not None and bool(self._watch.repeats.why_not)

    async def scan(self) -> AsyncIterator[Sequence[Advertisement]]:
        """Scan until closed; raises DeviceError when the adapter cannot be used or goes away."""
        watch = self._watch = Discovery(self.adapter, self._on_lost)
        scanner = _scanner(self.adapter, self._on_report)
        slices: asyncio.Task[None] | None = None
        try:
            await watch.open()
            await watch.repeats.keep()
            await self._started(scanner)
            if self._wishes.duty < 1:
                slices = asyncio.create_task(self._in_slices(scanner, watch))
            async for packets in self._batches():
                yield packets
        finally:
            if slices is not None:
                slices.cancel()
                await asyncio.gather(slices, return_exceptions=True)
            await _stopped(scanner)
            await watch.close()

    async def close(self) -> None:
        """Stop scanning; may be called twice."""
        if not self._closed:
            self._closed = True
            self._wake()
        await asyncio.sleep(0)

    def describe(self) -> str:
        """One line for screens."""
        part = "" if self._wishes.duty == 1 else f", listening {self._wishes.duty:.0%} of the time"
        return f"Bluetooth adapter {self.adapter}{part}"

    async def _batches(self) -> AsyncIterator[Sequence[Advertisement]]:
        while not self._closed:
            try:
                # Not wait_for: until Python 3.12 it loses a cancellation that comes together with a packet.
                async with asyncio.timeout(SILENCE_S):
                    heard = await self._heard.get()
            except TimeoutError:
                check_adapter(self.adapter)
                continue
            together = [heard]
            while len(together) < LARGEST_BATCH and not self._heard.empty():
                together.append(self._heard.get_nowait())
            if packets := [one for one in together if one is not None]:
                yield packets
            if self._lost is not None:
                raise self._lost

    async def _started(self, scanner: BleakScanner) -> None:
        try:
            await scanner.start()
        except Exception as problem:
            raise device_error(self.adapter, problem) from problem

    async def _in_slices(self, scanner: BleakScanner, watch: Discovery) -> None:
        """Scan and rest in turns; what goes wrong ends the scan as a loss of the adapter does."""
        on_s, off_s = self._wishes.slices
        try:
            while True:
                await asyncio.sleep(on_s)
                await _stopped(scanner)
                await watch.repeats.let_go()
                await asyncio.sleep(off_s)
                await watch.repeats.keep()
                await self._started(scanner)
        except DeviceError as problem:
            self._on_lost(problem)

    def _on_report(self, device: BLEDevice, report: BleakData) -> None:
        properties = report.platform_data[1] if len(report.platform_data) > 1 else {}
        try:
            self._heard.put_nowait(advertisement_of(device.address, report, properties, self._now()))
        except asyncio.QueueFull:
            self.dropped += 1

    def _on_lost(self, problem: DeviceError) -> None:
        self._lost = self._lost or problem
        self._wake()

    def _wake(self) -> None:
        # A full queue wakes whoever waits by itself.
        with contextlib.suppress(asyncio.QueueFull):
            self._heard.put_nowait(None)


def open_radio(argument: str, speed: float = 1.0) -> BlueZRadio:
    """The radio of `ble:hciN[:duty=SHARE]`; that the adapter is there, awake and reachable is found out now."""
    adapter, _, rest = argument.partition(":")
    if speed != 1:
        raise DeviceError(
            Reason.BAD_NAME, f"ble:{adapter} hears the real air, which has no speed but its own."
        )
    wishes = read_wishes(f"ble:{adapter}", rest, may_be_alone=False)
    check_adapter(adapter)
    return BlueZRadio(adapter, wishes=wishes)


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
    return Advertisement(
        address.lower(),
        "public" if properties.get("AddressType") == "public" else "random",
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
