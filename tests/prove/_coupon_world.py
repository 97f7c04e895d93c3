"""A whole shop in one thread: the real hub, tills and a door on real files, over wires that a schedule cuts, loses and doubles.

Nothing here decides anything: the hub is `hub.app`, a till is `kiosk.counter.Counter`, a door is `hub.client` as the portal
puts it together. What is ours is the air between them, the clocks, and who is switched off when.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from argon2 import PasswordHasher

from hub.app import create_api_app, open_store
from hub.client.clock import Clock
from hub.client.counters import Counters
from hub.client.db import Pool
from hub.client.desk import NodeDesk
from hub.client.enrolling import enrol
from hub.client.exchange import Exchange
from hub.client.link import Reply, SignedLink, WsgiLink
from hub.client.node import Node
from hub.client.outbox import Outbox
from hub.client.schema import MIGRATIONS_CLIENT
from hub.client.shelf import Shelf
from hub.devices import hub_key, open_pairing
from hub.store.records import StaffMember
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.conditions import Spends
from hub.wire.snapshot import Campaign, Offer, Shop, Value
from kiosk.config import Config
from kiosk.counter import Counter
from tests.prove._coupon_breaks import BrokenOff, Crash, Other, power_goes

START = 1_795_000_000.0
TILLS = ("till-a", "till-b", "till-c")
DOOR = "door"
LOT = 4
FIRST_N = 5
A_DAY = 3

COFFEE, WINE, LOTTERY, FIRST, DAILY, ONCE, VOUCHER, LARGE = 1, 2, 3, 4, 5, 6, 7, 8
VOUCHER_CENTS = 3_000

_QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def campaigns() -> list[Campaign]:
    """One offer for each kind of limit."""
    start, end = int(START) - 86_400, int(START) + 40 * 86_400

    def offer(number: int, value: Value, **more: object) -> Campaign:
        return Campaign(number, Offer({"en": f"Offer {number}"}, {}, value), start, end, **more)  # type: ignore[arg-type]

    return [
        offer(COFFEE, Value("amount", 250)),
        offer(WINE, Value("amount", 3_000), offline="refuse"),
        offer(LOTTERY, Value("gift", 800), issue_limit=LOT),
        offer(FIRST, Value("amount", 500), redemption_limit=FIRST_N),
        offer(DAILY, Value("amount", 400), per_day_limit=A_DAY),
        offer(ONCE, Value("amount", 700), per_person_limit=1, offline="refuse"),
        offer(VOUCHER, Value("voucher", VOUCHER_CENTS), offline="refuse"),
        offer(LARGE, Value("percent", percent=10), condition=Spends(2_000)),
    ]


@dataclass(slots=True)
class Weather:
    """How one node's wire behaves. Each is a chance from 0 to 1 for one message."""

    cut: bool = False
    lose_request: float = 0.0
    lose_reply: float = 0.0
    twice: float = 0.0


class Wire:
    """One node's way to the hub. Messages that a crash was planned for break off before or after the hub."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._name = name
        self.weather = Weather()
        self.late: list[tuple[str, bytes, dict[str, str]]] = []
        self.crash_before: int | None = None
        self.crash_after: int | None = None
        self.hub_answered = False

    def post(self, path: str, body: bytes, headers: dict[str, str], timeout_s: float) -> Reply:
        """Send one request as the weather has it."""
        draw = self._world.random.random
        if self._count_down("crash_before"):
            raise Crash
        weather = self.weather
        if weather.cut or draw() < weather.lose_request:
            if draw() < 0.2:
                self.late.append((path, body, headers))
            return Reply(0, b"no answer")
        reply = self._world.hub.answer(path, body, headers)
        if draw() < weather.twice:
            self._world.hub.answer(path, body, headers)
        if self._count_down("crash_after"):
            raise Crash
        if draw() < weather.lose_reply:
            return Reply(0, b"the answer was lost")
        if reply.status and reply.status < 500:
            self.hub_answered = True
        return reply

    def deliver_late(self) -> int:
        """What was on its way for long arrives now; its sender has given up on it."""
        late, self.late = self.late, []
        for path, body, headers in late:
            self._world.hub.answer(path, body, headers)
        return len(late)

    def _count_down(self, name: str) -> bool:
        left: int | None = getattr(self, name)
        if left is None:
            return False
        setattr(self, name, left - 1 if left else None)
        return left == 0


@dataclass(slots=True)
class Machine:
    """A machine's clock: how far from the true time, and whether it knows."""

    off_s: float = 0.0
    ntp: bool = True

    def clock(self, world: World) -> Clock:
        """As a program of this machine sees it. The time since its start passes rightly, whatever the wall clock says."""
        return Clock(lambda: world.now + self.off_s, lambda: self.ntp, lambda: world.now)


class HubMachine:
    """The hub's machine: its files, and the program where it runs."""

    def __init__(self, world: World, folder: Path) -> None:
        self._world = world
        self.folder = folder
        self.machine = Machine()
        self.up = False
        self.crash_in: int | None = None
        self._other: Other | None = None
        self.open: Callable[[Path], SqliteStore] = open_store
        self._backup = folder.parent / "backup.db"

    def start(self) -> None:
        """Switch it on."""
        self.store = self.open(self.folder)
        clock = self.machine.clock(self._world)
        self._link = WsgiLink(create_api_app(self.store, hub_key(self.folder), clock))
        self.up = True

    def stop(self) -> None:
        """The power goes: what was synced stays."""
        if self.up:
            self.up = False
            power_goes(self.store.pool, self._world.random, self.store.close)

    def back_up(self) -> None:
        """What `hub backup` does."""
        self._backup.unlink(missing_ok=True)
        self.store.copy_to(self._backup, kept_at=self._world.now)

    def restore(self) -> bool:
        """Put the latest backup in the place of the database, as an installer would, and switch it on; False without one."""
        if not self._backup.exists():
            return False
        self.stop()
        for name in (FILE, f"{FILE}-wal", f"{FILE}-shm"):
            (self.folder / name).unlink(missing_ok=True)
        shutil.copy(self._backup, self.folder / FILE)
        self.start()
        return True

    def meanwhile(self, act: Callable[[], None], *, after: int) -> None:
        """Have somebody else do something while the next request is being answered, after so many steps of SQLite's machine.

        They go on at the same time only if this hub lets them: where it has locked its file, they wait until it is done.
        """
        self._other = Other(act, after)

    def met(self) -> bool:
        """Whether that came about: its act is over then."""
        other, self._other = self._other, None
        return other is not None and other.joined()

    def answer(self, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        """One request as the network brings it; no answer from a hub that is off, or that dies over it."""
        if not self.up:
            return Reply(0, b"the hub is off")
        other = self._other
        if other is not None and other.waits and path in ("/v1/redeem", "/v1/spend"):
            with other.beside(self.store.pool.conn()):
                return self._link.post(path, body, headers, 3.0)
        planned, self.crash_in = self.crash_in, None
        if planned is None:
            return self._link.post(path, body, headers, 3.0)
        with BrokenOff(self.store.pool.conn(), planned):
            self._link.post(path, body, headers, 3.0)
        self.stop()
        self.start()
        return Reply(0, b"the hub went off")


@dataclass(slots=True)
class Till:
    """A till's machine: its files, its wire, its clock, and the program where it runs."""

    name: str
    folder: Path
    wire: Wire
    machine: Machine = field(default_factory=Machine)
    counter: Counter | None = None


class Door:
    """A door's machine, as far as it hands out coupons."""

    def __init__(self, folder: Path, wire: Wire) -> None:
        self.folder = folder
        self.wire = wire
        self.machine = Machine()
        self.desk: NodeDesk | None = None
        self.shelf_of: Callable[[Pool], Shelf] = Shelf

    def start(self, world: World) -> None:
        """Switch it on."""
        node = Node.load(self.folder)
        assert node is not None
        clock = self.machine.clock(world)
        self.pool = Pool(self.folder / "door.db", [MIGRATIONS_CLIENT])
        self.outbox = Outbox(self.pool, node, clock)
        self.shelf = self.shelf_of(self.pool)
        signed = SignedLink(self.wire, node, Counters(self.pool))
        self.exchange = Exchange(node, self.outbox, self.shelf, signed, clock, jitter=lambda: 0.5)
        self.desk = NodeDesk(
            self.pool, node, self.outbox, self.shelf, "portal", clock=clock, random=world.random.randbytes
        )

    def stop(self) -> None:
        """Switch it off."""
        if self.desk is not None:
            self.desk = None
            power_goes(self.pool, random.Random(0), self.pool.close)


class World:
    """The shop. `now` is the true time; every random draw comes from `random`."""

    def __init__(self, folder: Path, seed: int | str) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.now = START
        self.hub = HubMachine(self, folder / "hub")
        self.tills = [Till(name, folder / name, Wire(self, name)) for name in TILLS]
        self.door = Door(folder / DOOR, Wire(self, DOOR))
        self.backup: Path | None = None

    def start(self) -> None:
        """Switch everything on."""
        self.hub.start()
        for till in self.tills:
            self.start_till(till)
        self.door.start(self)

    def start_till(self, till: Till) -> Counter:
        """Switch a till on."""
        till.counter = Counter(
            Config(dir=till.folder),
            link=till.wire,
            clock=till.machine.clock(self),
            ask_timeout_s=60.0,
            random=self.random.randbytes,
        )
        return till.counter

    def stop_till(self, till: Till) -> None:
        """The till's power goes: nothing is sent any more, the files stay as they are."""
        counter, till.counter = till.counter, None
        if counter is not None:
            counter.line.close()
            power_goes(counter.pool, self.random, counter.pool.close)

    def stop(self) -> None:
        """Switch everything off."""
        for till in self.tills:
            self.stop_till(till)
        self.door.stop()
        self.hub.stop()


def build(folder: Path) -> None:
    """The shop as every schedule finds it in the morning: enrolled nodes with a first snapshot."""
    world = World(folder, "template")
    (folder / "hub").mkdir(parents=True)
    store = SqliteStore(folder / "hub" / FILE)
    store.shop.save(Shop(1, {"en": "Corner"}, timezone="Europe/Vienna"), START)
    for campaign in campaigns():
        store.campaigns.save(campaign, "published", START, "proof")
    for name in ("s1", "s2"):
        store.people.add_staff(StaffMember(name, name, _QUICK.hash("4711"), True, START))
    key = hub_key(folder / "hub")
    store.close()
    world.hub.start()
    for program, name, wire in (
        *(("kiosk", till.name, till.wire) for till in world.tills),
        ("edge", DOOR, world.door.wire),
    ):
        code = open_pairing(world.hub.store, key, program, START)
        enrol(folder / name, "http://hub", str(code), program, name, wire)
    for till in world.tills:
        world.start_till(till).exchange.drain()
    world.door.start(world)
    world.door.exchange.drain()
    world.stop()
    for path in folder.glob("*/*.db"):
        # Everything into the file itself: what a power cut takes later is of that day.
        with closing(sqlite3.connect(path)) as conn:
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def copy_of(template: Path, folder: Path) -> Path:
    """A fresh copy of the shop for one schedule."""
    shutil.copytree(template, folder)
    return folder
