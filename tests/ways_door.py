"""One door for tests of the ways in: a real node's disk, the real keeper before a gate in memory, a clock that a test moves."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask

from edge.gate.protocol import (
    Answer,
    Ask,
    AskHealth,
    Done,
    End,
    Guests,
    Health,
    Inside,
    LetIn,
    Limits,
    ListGuests,
    Phone,
    Refused,
    SetLimits,
)
from edge.portal.gatekeeper import GateKeeper
from edge.portal.ways.desk import WaysDesk, WaySettings
from edge.portal.ways.entry import Admitted, Entry
from edge.portal.ways.staff.entrance import StaffEntrance
from edge.portal.ways.staff.pages import Staff as Pages
from edge.portal.ways.staff.pages import create_staff
from edge.portal.ways.store import WaysStore
from edge.portal.ways.vouchers import Vouchers
from edge.store import open_pool
from hardware.modem.modem import Modem
from hub.client.clock import Clock
from hub.client.db import writing
from hub.client.desk import NodeDesk
from hub.client.node import Node, NodeRecord
from hub.client.outbox import Outbox
from hub.client.pins import Uptime
from hub.client.shelf import Shelf
from hub.wire.events import Fact, read_event, read_fact
from hub.wire.identity import public_text
from hub.wire.snapshot import (
    Campaign,
    Key,
    Manifest,
    Offer,
    Shop,
    Snapshot,
    Staff,
    Value,
    content_hash,
    section_body,
)

NOW = 1_796_040_000.0
"""Monday 30 November 2026, 12:00 in London."""

PIN = "4711"
SHOP = Shop(1, {"en": "Corner Shop", "zh": "街角小店"}, timezone="Europe/London")
STAFF = [
    Staff(id_, name, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PIN))
    for id_, name in (("s1", "Ada"), ("s2", "Bo"))
]
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
"""Of another node of the same shop."""


@dataclass
class _Stay:
    until: float
    limits: Limits
    used: int = 0


class MemoryGate:
    """What the gate's helper would do in the kernel, with a clock of its own. `broken`: it does not answer."""

    def __init__(self) -> None:
        self.now = NOW
        self.stays: dict[Phone, _Stay] = {}
        self.broken = False

    def ask(self, message: Ask) -> Answer:
        if self.broken:
            return Refused("broken", "nftables does not answer. Look at the helper's log.")
        match message:
            case LetIn():
                for stay in message.stays:
                    before = self.stays.get(stay.phone)
                    used = before.used if before is not None and before.until > self.now else 0
                    self.stays[stay.phone] = _Stay(self.now + stay.seconds, stay.limits, used)
                return Done(len(message.stays))
            case End():
                return Done(sum(self.stays.pop(phone, None) is not None for phone in message.phones))
            case SetLimits():
                self.stays[message.phone].limits = message.limits
                return Done(1)
            case ListGuests():
                return Guests(
                    tuple(
                        Inside(phone, max(0.0, stay.until - self.now), stay.used, stay.limits)
                        for phone, stay in self.stays.items()
                    )
                )
            case AskHealth():
                return Health(True, True, "honest", len(self.stays), "r1")
        return Done()

    def inside(self) -> list[str]:
        return sorted(phone.ip for phone, stay in self.stays.items() if stay.until > self.now)


class Door:
    """A door that joined a shop. `restart()` is what a crash of the portal and a new start leave; the gate lives on."""

    def __init__(self, folder: Path, *, modem: Modem | None = None, **settings: Any) -> None:
        self.folder = folder
        self.settings = WaySettings(**settings)
        self.modem = modem
        self.chance = random.Random(11).randbytes
        self.gate = MemoryGate()
        self.key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
        record = NodeRecord(
            "edge-1", "edge", "Front door", 1, 3, 0, public_text(self.key), "http://127.0.0.1:1"
        )
        Node.save(folder, record, self.key)
        self.start()
        self.adopt()

    def start(self) -> None:
        node = Node.load(self.folder)
        assert node is not None
        self.node = node
        self.pool = open_pool(self.folder)
        self.clock = Clock(wall=lambda: self.now, ntp=lambda: True)
        self.outbox = Outbox(self.pool, node, self.clock)
        self.shelf = Shelf(self.pool)
        self.keeper = GateKeeper(self.gate.ask, self.macs)
        self.keeper.refresh(self.now)
        self.store = WaysStore(self.pool)
        self.vouchers = Vouchers(self.store, self.chance)
        self.desk = WaysDesk(
            self.store,
            self.outbox,
            self.shelf,
            self.settings,
            node=node,
            keeper=self.keeper,
            vouchers=self.vouchers,
            modem=self.modem,
            random=self.chance,
        )

    def close(self) -> None:
        self.desk.close()
        self.pool.close()

    def restart(self) -> None:
        self.close()
        self.start()

    @property
    def now(self) -> float:
        return self.gate.now

    def later(self, seconds: float) -> None:
        self.gate.now += seconds
        self.keeper.refresh(self.now)

    def macs(self) -> dict[str, str]:
        return {f"10.77.0.{n}": f"02:00:00:00:00:{n:02x}" for n in range(2, 254)}

    def adopt(self, *campaigns: Campaign, staff: list[Staff] | None = None) -> None:
        keys = [Key(3, "edge-1", public_text(self.key)), Key(4, "kiosk-1", public_text(OTHER_KEY))]
        bodies = {
            "shop": section_body(SHOP),
            "campaigns": section_body(list(campaigns)),
            "keys": section_body(keys),
            "revoked": section_body([]),
            "staff": section_body(STAFF if staff is None else staff),
        }
        hashes = {name: content_hash(body) for name, body in bodies.items()}
        sections = {name: msgspec.Raw(body) for name, body in bodies.items()}
        manifest = Manifest(1, "edge-1", self.now, hashes)
        with writing(self.pool.here()) as conn:
            assert self.shelf.adopt(conn, manifest, Snapshot("", "", sections), self.now)

    def staff_app(self, notice: dict[str, str] | None = None) -> Flask:
        """The staff's pages as an application of their own."""
        staff = Pages(
            self.keeper,
            self.vouchers,
            StaffEntrance(
                self.pool,
                self.shelf.staff,
                lambda: self.now,
                self.chance,
                steady=lambda: Uptime("door", self.now),
            ),
            lambda: SHOP,
            lambda: self.now,
            self.chance,
            lambda: notice or {},
            self.modem,
        )
        app = Flask(__name__, static_folder=None)
        app.register_blueprint(create_staff(staff), url_prefix="/staff")
        return app

    def shopper(self) -> NodeDesk:
        """The storefront's desk of the same node."""
        return NodeDesk(
            self.pool, self.node, self.outbox, self.shelf, "portal", clock=self.clock, random=self.chance
        )

    def facts(self) -> list[Fact]:
        """What this door has to tell the hub so far."""
        return [fact for _, _, text in self.outbox.pending(10_000) if (fact := read_fact(read_event(text)))]

    def come_in(self, entry: Entry) -> str:
        """The whole way, as the pop-up goes it; the answer is a new member's code, or ""."""
        answer = self.desk.enter(entry, self.now)
        assert isinstance(answer, Admitted), answer
        self.keeper.let_in(entry.place, answer.grant, self.now)
        return self.desk.opened(entry, answer, self.now)


def at(n: int, way: str = "click", typed: str = "", **more: Any) -> Entry:
    """A form from the phone at 10.77.0.n."""
    return Entry(way, f"10.77.0.{n}", more.pop("language", "en"), typed, **more)  # type: ignore[arg-type]


def campaign(
    number: int = 4, *, starts: float = NOW - 10, ends: float = NOW + 86_400, **more: Any
) -> Campaign:
    """A coffee."""
    return Campaign(number, Offer({"en": "Coffee"}, {}, Value("amount", 250)), int(starts), int(ends), **more)
