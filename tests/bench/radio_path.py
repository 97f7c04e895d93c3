"""The whole path of a packet, from radio to tracker: raw HCI reports and our door, against D-Bus, bleak and habluetooth.

The same street is sent to both sides in turns, by a process of its own and at the hard limit of a radio, so that each side is
woken as often as it would be in a shop. What is counted is the CPU time of the receiving thread, the loop's turns, the reading of
the socket and the system's share in it included.

- ours: the kernel's monitor frames through a socket, the driver's own reading (`hardware.ble.raw`), `HciReports`, and the whole
  `edge.door` (pseudonyms, visits, people present);
- the peer: PropertiesChanged signals of a stand-in BlueZ over a real dbus-daemon, dbus-fast, bleak's scanner, habluetooth's own
  callback (`HaScanner`) and its manager (history, sources, intervals). What bluetoothd and dbus-daemon spend is not even counted.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from edge.door import Door
from hardware.ble.duty import Wishes
from hardware.ble.hci import HciReports
from hardware.ble.raw import GATHER_S, Monitor, RawRadio
from hardware.device import DeviceError
from tests.bench._radio_senders import PHONES, frames

RATE = 2660.0
"""Packets a second that one radio can hear at the very most."""
PACKETS = 10_000
WARM = 2000
"""Not counted: addresses that are new, memories that are empty."""
BEFORE_S = 40.0
"""So long the door has heard the same street when the sender begins, or nobody would be a visitor within the round."""
GOAL_RATIO = 3
GOAL_PERCENT = 1.0
ROOT = Path(__file__).resolve().parents[2]


def measure(rounds: int = 7) -> list[dict[str, Any]]:
    """Microseconds of CPU for one packet, medians; the ratio is taken pair by pair."""
    ours_us: list[float] = []
    peer_us: list[float] = []
    in_hand_us: list[float] = []
    with _bus() as address:
        for number in range(rounds):
            ours_us.append(_ours(number))
            peer_us.append(_peer(number, address))
            in_hand_us.append(_in_hand(number))
    ratio = median(theirs / mine for mine, theirs in zip(ours_us, peer_us, strict=True))
    percent = median(ours_us) * 1e-6 * RATE * 100
    return [
        {
            "name": "raw HCI report to updated tracker, against D-Bus signal, bleak and habluetooth",
            "ours": round(median(ours_us), 2),
            "peer": round(median(peer_us), 2),
            "ratio": round(ratio, 1),
            "goal": GOAL_RATIO,
            "unit": "us of CPU a packet",
        },
        {
            "name": f"the door's own share of a core at {RATE:,.0f} packets/s",
            "ours": round(percent, 2),
            "peer": round(median(peer_us) * 1e-6 * RATE * 100, 1),
            "ratio": None,
            "goal": GOAL_PERCENT,
            "limit": True,
            "unit": "percent",
        },
        {
            "name": f"of this, from a report in hand to the tracker, without the socket, at {RATE:,.0f} packets/s",
            "ours": round(median(in_hand_us) * 1e-6 * RATE * 100, 2),
            "peer": None,
            "ratio": None,
            "goal": GOAL_PERCENT,
            "limit": True,
            "unit": "percent",
        },
    ]


class _Frames(Monitor):
    """The monitor over a socket of ours: the kernel's own would ask for a radio."""

    def __init__(self, end: socket.socket) -> None:
        super().__init__("hci0", Wishes())
        self._given = end

    async def open(self) -> socket.socket:
        return self._given

    async def begin(self, opened: socket.socket, lost: Callable[[DeviceError], None]) -> None:
        return


def _ours(seed: int) -> float:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    here.setblocking(False)
    there.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
    with there, _sender("hci", str(there.fileno()), seed, there.fileno()):
        there.close()
        return asyncio.run(_through_the_door(RawRadio("hci0", _Frames(here)), seed))


async def _through_the_door(radio: RawRadio, seed: int) -> float:
    door = _warm_door(seed)
    watch = _Watch()
    async for packets in radio.scan():
        door.hear(packets)
        if watch.saw(len(packets)):
            await radio.close()
    if door.visitors < PHONES / 2:
        raise AssertionError(f"only {door.visitors} of {PHONES} phones are visitors: little was tracked")
    return watch.us_each


def _in_hand(seed: int) -> float:
    """The same without a socket: what a wake-up brings, taken apart and heard; as cold as after a pause in between."""
    door, reports = _warm_door(seed), HciReports()
    given, portion = list(frames(WARM + PACKETS, seed)), round(RATE * GATHER_S)
    spent = counted = 0
    for first in range(0, len(given), portion):
        packets = given[first : first + portion]
        time.sleep(GATHER_S)
        begin = time.thread_time_ns()
        door.hear(reports.feed_all(packets, time.time(), Monitor.before))
        if first >= WARM:
            spent += time.thread_time_ns() - begin
            counted += len(packets)
    return spent / counted / 1000


def _warm_door(seed: int) -> Door:
    """A door that has heard the street for some time."""
    door, reports = Door("door", Random(seed).randbytes), HciReports()
    heard, portion = list(frames(round(BEFORE_S * RATE), seed)), round(RATE / 20)
    begin = time.time() - BEFORE_S
    for first in range(0, len(heard), portion):
        door.hear(reports.feed_all(heard[first : first + portion], begin + first / RATE, Monitor.before))
    return door


def _peer(seed: int, address: str) -> float:
    with _sender("dbus", address, seed):
        return asyncio.run(_through_habluetooth())


async def _through_habluetooth() -> float:
    from bleak import BleakScanner
    from habluetooth import BluetoothManager, BluetoothScanningMode, HaScanner, set_manager

    logging.getLogger("habluetooth").setLevel(logging.CRITICAL)

    class Manager(BluetoothManager):  # type: ignore[misc]
        def _discover_service_info(self, service_info: Any) -> None:
            """What is new comes here; nobody wants it."""

    set_manager(Manager())
    scanner = HaScanner(BluetoothScanningMode.ACTIVE, "hci0", "00:AA:01:00:00:00")
    received = scanner._async_detection_callback
    watch, done = _Watch(), asyncio.Event()

    def on_report(device: Any, report: Any) -> None:
        received(device, report)
        if watch.saw(1):
            done.set()

    bleak = BleakScanner(
        on_report, scanning_mode="active", bluez={"adapter": "hci0", "filters": {"DuplicateData": True}}
    )
    for attempt in range(100):
        try:
            await bleak.start()
            break
        except Exception:
            if attempt == 99:
                raise
            await asyncio.sleep(0.1)
    async with asyncio.timeout(60):
        await done.wait()
    await bleak.stop()
    return watch.us_each


class _Watch:
    """Begins to count CPU time when WARM packets have been seen, and ends at the last but a few."""

    def __init__(self) -> None:
        self._seen = 0
        self._begun: tuple[int, float] | None = None
        self.us_each = 0.0

    def saw(self, packets: int) -> bool:
        """Whether enough have been seen."""
        self._seen += packets
        if self._begun is None:
            if self._seen >= WARM:
                gc.collect()
                self._begun = self._seen, time.thread_time()
            return False
        # A last batch may be under way when the sender ends.
        if self._seen < PACKETS - 10:
            return False
        seen, began = self._begun
        self.us_each = self.us_each or (time.thread_time() - began) * 1e6 / (self._seen - seen)
        return True


@contextmanager
def _sender(kind: str, where: str, seed: int, *keep: int) -> Iterator[None]:
    command = [
        sys.executable,
        "-m",
        "tests.bench._radio_senders",
        kind,
        where,
        str(PACKETS),
        str(RATE),
        str(seed),
    ]
    with subprocess.Popen(command, cwd=ROOT, pass_fds=keep) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(10)


@contextmanager
def _bus() -> Iterator[str]:
    daemon = shutil.which("dbus-daemon")
    if daemon is None:
        raise RuntimeError("the peer needs dbus-daemon (on Debian: apt install dbus-daemon)")
    before = os.environ.get("DBUS_SYSTEM_BUS_ADDRESS")
    with tempfile.TemporaryDirectory() as folder:
        address = f"unix:path={folder}/bus"
        command = [daemon, "--session", f"--address={address}", "--nofork", "--nopidfile"]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            try:
                for _ in range(200):
                    # The file is there before anybody listens at it.
                    with socket.socket(socket.AF_UNIX) as trial:
                        if trial.connect_ex(f"{folder}/bus") == 0:
                            break
                    time.sleep(0.02)
                os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = address
                yield address
            finally:
                os.environ.pop("DBUS_SYSTEM_BUS_ADDRESS", None)
                if before is not None:
                    os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = before
                process.terminate()
                process.wait(10)


if __name__ == "__main__":
    for row in measure():
        print(json.dumps(row))
