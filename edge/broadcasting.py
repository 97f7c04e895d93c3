"""Keeps on the air what the campaigns want there: the shell around a broadcaster, as `edge.scan` is around a radio.

Every two seconds it looks whether the snapshot, the time or this machine say something else. It never fails: a device that
cannot be opened is tried again, and what is wrong is told (`trouble`, `on_air`, `unsaid`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

import msgspec

from edge.advertise import Machine, Unsaid, frames_on_air, packets_in, powers_read, wants_eid
from edge.air_health import own_pace, recovered, silent
from hardware.ble.broadcast import Broadcaster, Frame, OnAir, Outage
from hardware.ble.eid import KEY_OCTETS, LARGEST_EXPONENT, LAST_SECOND, EidBeacon, EidClock
from hardware.device import DeviceError, open_device
from hub.client.clock import Clock
from hub.client.db import StorageError
from hub.client.files import write_whole
from hub.client.shelf import Shelf
from hub.wire.snapshot import Campaign, Shop, Text

logger = logging.getLogger(__name__)

POLL_S = 2.0
"""A campaign that is paused leaves the air so long after the exchange has told of it, and one that ends so long after its end. A
look costs one question to SQLite."""

TELEMETRY_S = 10.0
"""Telemetry is told anew so often: each time the frame gets a new random address, and who listens for a second wants to hear it
twice under the same one."""

OPEN_AGAIN_S = 15.0
"""As the broadcaster's longest wait."""

BEACON_FILE = "beacon.json"
"""The key of this door's changing name, and how far its clock has come; mode 0600."""

THERMAL = Path("/sys/class/thermal/thermal_zone0/temp")
"""The processor's warmth on a Raspberry Pi, in thousandths of a degree (kernel documentation, sysfs-api of thermal)."""


class Broadcasting:
    """What this door says on Bluetooth. `name` None: nothing, ever."""

    def __init__(
        self,
        name: str | None,
        shelf: Shelf,
        clock: Clock,
        folder: Path,
        executor: Executor,
        *,
        open_broadcaster: Callable[[str], Broadcaster] = open_device,
        random_bytes: Callable[[int], bytes] = os.urandom,
        thermal: Path = THERMAL,
    ) -> None:
        self.name = name
        self.trouble = ""
        self.unsaid: list[Unsaid] = []
        self._shelf = shelf
        self._clock = clock
        self._folder = folder
        self._executor = executor
        self._open = open_broadcaster
        self._random_bytes = random_bytes
        self._thermal = thermal
        self._broadcaster: Broadcaster | None = None
        self._wanted: list[Frame] = []
        self._machine = Machine()
        self._told_at = float("-inf")
        self._counted_at = 0.0
        self._packets = 0.0
        self._eid: EidClock | None = None

    @property
    def simulated(self) -> bool:
        """Whether what is said is said into a simulated air."""
        return self._broadcaster is not None and self._broadcaster.simulated

    @property
    def outages(self) -> tuple[Outage, ...]:
        """The last times in which wanted frames were off the air."""
        return self._broadcaster.outages if self._broadcaster is not None else ()

    def on_air(self) -> list[OnAir]:
        """What became of each wanted frame."""
        return self._broadcaster.on_air() if self._broadcaster is not None else []

    def look(self, say: Callable[[str, bool, float, str | Text], None], now: float) -> None:
        """Tell what is wrong to `Watch.say`."""
        on_air = self.on_air()
        missing = silent(on_air, self.unsaid, self.trouble)
        say("air-silent", missing is not None, now, missing or "")
        pace = own_pace(on_air)
        say("air-interval", pace is not None, now, pace or "")
        # Outages carry the machine's own time, whatever the hub says that it is.
        back = recovered(self.outages, time.time())
        say("air-recovered", back is not None, now, back or "")

    async def run(self) -> None:
        """Work until cancelled."""
        if self.name is None:
            return
        while True:
            try:
                self._broadcaster = broadcaster = self._open(self.name)
            except DeviceError as wrong:
                self.trouble = wrong.sentence
                logger.warning("beacons=%s cannot be opened: %s", self.name, wrong.sentence)
                await asyncio.sleep(OPEN_AGAIN_S)
                continue
            self.trouble = ""
            try:
                await self._together(broadcaster)
            except Exception:
                # Visits are counted by the same process: no fault here may end it.
                logger.exception("beacons=%s failed and are begun anew", self.name)
            await asyncio.sleep(OPEN_AGAIN_S)

    async def _together(self, broadcaster: Broadcaster) -> None:
        """The broadcaster and what it is told, until one of them ends."""
        keeping = asyncio.create_task(broadcaster.run())
        try:
            while not keeping.done():
                await self._follow(broadcaster)
                await asyncio.wait([keeping], timeout=POLL_S)
            keeping.result()
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            self._wanted = []
            with contextlib.suppress(DeviceError):
                await broadcaster.close()

    async def _follow(self, broadcaster: Broadcaster) -> None:
        """Tell the broadcaster what is wanted now, where that has changed."""
        loop, now = asyncio.get_running_loop(), self._clock.now()
        try:
            shop, campaigns = await loop.run_in_executor(self._executor, self._read)
        except (StorageError, sqlite3.Error) as wrong:
            # What is on the air stays as it is: the disk's trouble is told elsewhere.
            logger.debug("snapshot not read: %s", wrong)
            return
        on_air = broadcaster.on_air()
        await self._look_at_machine(on_air)
        name = await self._eid_now() if wants_eid(campaigns, now) else None
        machine = msgspec.structs.replace(self._machine, eid=name, powers_dbm=powers_read(on_air))
        frames, self.unsaid = frames_on_air(shop, campaigns, now, machine)
        if frames != self._wanted:
            self._wanted = frames
            await broadcaster.set(frames)

    def _read(self) -> tuple[Shop | None, list[Campaign]]:
        return self._shelf.shop(), self._shelf.campaigns()

    async def _look_at_machine(self, on_air: list[OnAir]) -> None:
        """Count what went out, and look at this machine when it is time to tell of it."""
        # Since the machine was switched on, sleep included.
        uptime_s = time.clock_gettime(time.CLOCK_BOOTTIME)
        if self._counted_at:
            self._packets += packets_in(on_air, uptime_s - self._counted_at)
        self._counted_at = uptime_s
        if uptime_s - self._told_at < TELEMETRY_S:
            return
        self._told_at = uptime_s
        warmth = await asyncio.get_running_loop().run_in_executor(self._executor, self._warmth)
        self._machine = Machine(uptime_s=uptime_s, packets_sent=int(self._packets), temperature_c=warmth)

    def _warmth(self) -> float | None:
        """Degrees Celsius; None where nothing measures them, or nonsense."""
        try:
            celsius = int(self._thermal.read_text(encoding="ascii")) / 1000
        except (OSError, ValueError):
            return None
        # The frame has a signed octet for whole degrees.
        return celsius if -128 < celsius < 128 else None

    async def _eid_now(self) -> str | None:
        """This door's changing name; None where its key can neither be read nor made."""
        loop, elapsed_s = asyncio.get_running_loop(), time.clock_gettime(time.CLOCK_BOOTTIME)
        now = self._clock.now() if self._clock.state() in ("ntp", "lan") else None
        try:
            if self._eid is None:
                kept = await loop.run_in_executor(self._executor, self._kept, now)
                self._eid = EidClock(kept, elapsed_s, now)
            said = self._eid.eid(elapsed_s, now)
            keep = self._eid.to_keep()
            if keep is not None:
                await loop.run_in_executor(self._executor, self._keep, keep)
                self._eid.kept()
        except (OSError, ValueError, msgspec.MsgspecError) as wrong:
            logger.debug("%s: %s", BEACON_FILE, wrong)
            # A name beyond what was written down would be said again after a power cut.
            return None
        return said

    def _kept(self, now: float | None) -> EidBeacon:
        """The beacon that we are, from its file; made at first need. A damaged file is left alone: its key may be in use."""
        path = self._folder / BEACON_FILE
        if not path.exists():
            self._keep(EidBeacon(self._random_bytes(KEY_OCTETS).hex(), zero=now))
        kept = msgspec.json.decode(path.read_bytes(), type=EidBeacon)
        well = len(bytes.fromhex(kept.key)) == KEY_OCTETS and 0 <= kept.exponent <= LARGEST_EXPONENT
        if not well or not 0 <= kept.said_s <= LAST_SECOND:
            raise ValueError("It holds no key and clock of a beacon.")
        return kept

    def _keep(self, beacon: EidBeacon) -> None:
        write_whole(self._folder / BEACON_FILE, msgspec.json.encode(beacon), mode=0o600)
