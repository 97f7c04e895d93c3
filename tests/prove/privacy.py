"""After a day at the door nothing is left that leads to a phone: not on disk, not at the hub, not in the memory of the process.

A real edge, joined to a real hub, hears a simulated day of so many addresses. When it is over, every file of the node, of the
hub and of both programs' logs is searched, and all memory of the still running edge: for every address, every hash of it under
every salt that was used, and every salt that was renewed. The same search must find addresses while the day goes on, one that
the process keeps on purpose at its end, and each form of one that is planted: a search that cannot find proves nothing.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from pathlib import Path
from random import Random
from typing import Any

from edge.subjects import SALT_BYTES, SALT_LIFE_S
from hardware.ble.advertisement import AddressType, Advertisement
from hub.up.plan import Plan
from hub.up.seeding import pairing_codes
from hub.up.seeding import seed as seed_shop
from tests.prove import Verdict
from tests.prove._memory import Needles, forms, memory_of
from tests.prove._street import free_ports, wait_for

NAME = "privacy"
PROMISE = "After a day nothing that leads to a phone is in any file of the node or the hub, nor in the memory of the edge."
DEFAULT_SIZE = 10_000
CI_SIZE = 2_000

DAY_S = 86_400.0
START = 1_790_000_000.0
ROOT = Path(__file__).resolve().parents[2]
SPEED = 8_640
"""The day passes in ten seconds or somewhat longer, so that its noon can be looked at."""

HCI_WITH_H4 = 1002
BTSNOOP_EPOCH_US = 0x00DCDDB30F2F8000
PLANTED = "42:07:5e:ed:c0:de"
PATIENCE_S = 300.0
Maps = list[tuple[str, bytes]]
SEARCHED = ("edge", "hub", "logs")


def run(size: int, seed: int, folder: Path) -> Verdict:
    """A day of `size` addresses."""
    phones = [_Phone(Random(f"{seed}:{number}"), all_noon=number == 0) for number in range(size)]
    recording = folder / "air" / "day.btsnoop"
    recording.parent.mkdir()
    packets = _record(phones, recording)
    shop = _Shop(folder, recording)
    try:
        noon = shop.memory_when(lambda status: status["heard"] > packets / 2)
        shop.wait_until(lambda status: status["state"] == "ended" and not status["pending"])
        # What the last turns of the loops have in hand: a status, an exchange.
        time.sleep(3)
        status = shop.status()
        evening = shop.memory()
        salts = shop.salts()
    finally:
        shop.stop()
    # The last salt is alive, and nobody was heard under it.
    needles = Needles([phone.address for phone in phones], salts[:-1])
    files = [path for part in SEARCHED for path in sorted((folder / part).rglob("*")) if path.is_file()]
    in_files = _sum(needles.found(path.read_bytes()) for path in files)
    in_memory = _sum(_named(name, needles.found(octets)) for name, octets in evening)
    at_noon = _sum(needles.found(octets) for _, octets in noon)
    blind = [f"{form} while the day goes on" for form in ("address in letters", "hash") if not at_noon[form]]
    blind += _blind(evening, salts[0])
    figures = {
        "addresses": size,
        "packets": packets,
        "heard": status["heard"],
        "visits": status["visits_closed"],
        "salts": len(salts),
        "hashes": len(needles.hashes),
        "files": len(files),
        "file_octets": sum(path.stat().st_size for path in files),
        "memory_octets": sum(len(octets) for _, octets in evening),
        "at_noon": dict(at_noon),
        "left_in_files": dict(in_files),
        "left_in_memory": dict(in_memory),
        "not_found_though_there": blind,
    }
    whole = status["heard"] == packets and len(salts) > DAY_S / SALT_LIFE_S / 2
    said = f"{size} addresses in {packets} packets under {len(salts)} salts"
    left = f"{in_files.total()} traces in {len(files)} files, {in_memory.total()} in {figures['memory_octets']} octets of memory"
    if blind or not whole:
        left += f"; but not searched rightly: {', '.join(blind) or 'the day was not heard to its end'}"
    return Verdict(whole and not (in_files or in_memory or blind), f"{said}: {left}.", figures)


def _blind(evening: Maps, salt: bytes) -> list[str]:
    """What the search does not find although it is there."""
    planted = Needles([PLANTED], [salt])
    blind = (
        []
        if _sum(planted.found(octets) for _, octets in evening)["address in letters"]
        else ["what the process keeps on purpose"]
    )
    return blind + [
        f"{form} at {before}"
        for form, octets in forms(PLANTED, salt).items()
        for before in (1, 2, 3, 4)
        if not planted.found(bytes(before) + octets + bytes(13))[form]
    ]


def _named(name: str, found: Counter[str]) -> Counter[str]:
    return Counter({f"{form} in {name}": times for form, times in found.items()})


def _sum(counts: Iterable[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for one in counts:
        total += one
    return total


class _Phone:
    """One address: a phone, a watch, a thing; its stay and its strength. One is there `all_noon`, so that somebody is."""

    def __init__(self, rnd: Random, *, all_noon: bool) -> None:
        kind: AddressType = "public" if rnd.random() < 0.1 else "random"
        octets = bytearray(rnd.randbytes(6))
        if kind == "random":
            octets[0] = octets[0] & 0x3F | rnd.choice((0x40, 0x40, 0x40, 0xC0, 0x00))
        self.address = bytes(octets).hex(":")
        self.kind = kind
        self.begins = START + rnd.uniform(0, DAY_S - 1_800)
        self.stays_s = rnd.choice((8.0, 20.0, 60.0, 300.0, 900.0))
        self.every_s = rnd.choice((1.0, 2.0, 5.0)) * (1 + self.stays_s / 300)
        self.level_dbm = rnd.gauss(-70, 8)
        if all_noon:
            self.begins, self.stays_s, self.every_s, self.level_dbm = (
                START + DAY_S / 4,
                DAY_S / 2,
                10.0,
                -55.0,
            )
        self.rnd = rnd
        # Some say their own address, as some tags do, at the end of what they say, which has any length.
        said = rnd.randbytes(rnd.randrange(18)) + (bytes(octets) if rnd.random() < 0.2 else rnd.randbytes(6))
        self.payload = b"\x02\x01\x1a" + bytes((len(said) + 3,)) + b"\xff\x4c\x00" + said

    def packets(self) -> Iterator[Advertisement]:
        at = self.begins
        while at < self.begins + self.stays_s:
            rssi_dbm = min(-30, round(self.rnd.gauss(self.level_dbm, 4)))
            yield Advertisement(self.address, self.kind, rssi_dbm, self.payload, round(at, 3))
            at += self.every_s


def _record(phones: list[_Phone], recording: Path) -> int:
    """All packets in the order of their times, as the events of a controller; how many."""
    packets = 0
    with recording.open("wb") as file:
        file.write(b"btsnoop\0" + struct.pack(">II", 1, HCI_WITH_H4))
        for one in merge(*(phone.packets() for phone in phones), key=lambda one: one.at):
            address = bytes.fromhex(one.address.replace(":", ""))[::-1]
            said = bytes((len(one.payload),)) + one.payload + bytes((one.rssi_dbm & 0xFF,))
            body = bytes((2, 1, 0, one.address_type == "random")) + address + said
            event = bytes((0x04, 0x3E, len(body))) + body
            at_us = round(one.at * 1e6) + BTSNOOP_EPOCH_US
            file.write(struct.pack(">IIIIq", len(event), len(event), 3, 0, at_us) + event)
            packets += 1
    return packets


class _Shop:
    """A hub and an edge as processes, their logs in files."""

    def __init__(self, folder: Path, recording: Path) -> None:
        self.folder = folder
        self._salts = folder / "salts"
        (folder / "logs").mkdir()
        plan = Plan(
            str(folder), "127.0.0.1", "127.0.0.1", free_ports(3), f"ble:replay:{recording}", speed=SPEED
        )
        seed_shop(folder / "hub", time.time(), offers=True)
        (code,) = pairing_codes(folder / "hub", time.time(), ["edge"]).values()
        self._processes = [self._start("hub", "-m", *plan.command("hub"), env=plan.env("hub"))]
        wait_for(plan.ports["hub"])
        enrol = self._start("enrol", "-m", "edge", "enrol", code, "--hub", plan.hub_url, env=plan.env("edge"))
        if enrol.wait(60):
            raise RuntimeError((folder / "logs" / "enrol.log").read_text())
        wishes = {"SALTS": str(self._salts), "PLANTED": PLANTED}
        self.edge = self._start("edge", "-m", "tests.prove._salted_edge", env=plan.env("edge") | wishes)
        self._processes.append(self.edge)

    def _start(self, name: str, *command: str, env: dict[str, str]) -> subprocess.Popen[bytes]:
        usual = {name: value for name, value in os.environ.items() if not name.startswith(("EDGE_", "HUB_"))}
        with (self.folder / "logs" / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, env=usual | env, stdout=log, stderr=log
            )

    def status(self) -> dict[str, Any]:
        """What the edge says of itself."""
        try:
            status: dict[str, Any] = json.loads((self.folder / "edge" / "status.json").read_bytes())
        except (FileNotFoundError, ValueError):
            return {"heard": 0, "state": "", "pending": 1}
        return status

    def wait_until(self, done: Callable[[dict[str, Any]], bool]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not done(self.status()):
            if self.edge.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self.folder / "logs" / "edge.log").read_text()[-2_000:])
            time.sleep(0.1)

    def memory_when(self, done: Callable[[dict[str, Any]], bool]) -> Maps:
        """The edge's memory, as soon as something is so."""
        self.wait_until(done)
        return self.memory()

    def memory(self) -> Maps:
        """The edge's memory, map by map, while the process stands still."""
        self.edge.send_signal(signal.SIGSTOP)
        try:
            return list(memory_of(self.edge.pid))
        finally:
            self.edge.send_signal(signal.SIGCONT)

    def salts(self) -> list[bytes]:
        """Every salt that was drawn, in order."""
        drawn = self._salts.read_bytes()
        return [drawn[begin : begin + SALT_BYTES] for begin in range(0, len(drawn), SALT_BYTES)]

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
