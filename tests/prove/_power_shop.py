"""A shop in one folder, hub and till in one process on their real files, for proofs of what a disk does to them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from argon2 import PasswordHasher

from hub.app import create_app, open_store
from hub.client.clock import Clock
from hub.client.db import open_db, writing
from hub.client.enrolling import enrol
from hub.client.link import Reply, WsgiLink
from hub.client.node import Node
from hub.client.pins import Uptime
from hub.client.schema import MIGRATIONS_CLIENT
from hub.config import Config as HubConfig
from hub.devices import hub_key, open_pairing
from hub.store.records import StaffMember
from hub.store.schema import MIGRATIONS_HUB
from hub.store.sqlite import FILE
from kiosk.config import Config
from kiosk.counter import DB_FILE, Counter
from kiosk.store import MIGRATIONS_KIOSK

PIN = "4711"
COFFEE, HUB_ONLY = 1, 2
OLD_USE = "00000000000000aa"
"""A coupon that was used, at the till alone, with the oldest release."""

_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def make_old_hub(folder: Path, now: float) -> None:
    """A hub's folder as the first release left it: first tables, a shop, two offers, one visit in its journal."""
    folder.mkdir(parents=True)
    db = open_db(folder / FILE)
    with writing(db):
        MIGRATIONS_HUB.apply(db, stop_before=MIGRATIONS_HUB.pending(db)[1].name)
    db.execute(
        "INSERT INTO shop (number, body, made_at) VALUES (1, ?, ?)",
        ('{"number":1,"name":{"en":"Proof"}}', now),
    )
    for number, offline in ((COFFEE, "rights"), (HUB_ONLY, "refuse")):
        value = {"kind": "amount", "cents": 100 * number}
        offer = {
            "number": number,
            "offer": {"title": {"en": f"Offer {number}"}, "text": {}, "value": value},
            "starts_at": int(now) - 60,
            "ends_at": int(now) + 86_400,
            "offline": offline,
        }
        body = msgspec.json.encode(offer).decode()
        db.execute(
            "INSERT INTO campaign VALUES (1, ?, 'published', ?, 1, ?, ?, ?)", (number, body, now, now, now)
        )
        db.execute(
            "INSERT INTO campaign_version VALUES (1, ?, 1, 'published', ?, ?, 'proof')", (number, body, now)
        )
    db.close()


def make_old_till(folder: Path, now: float) -> None:
    """An enrolled till's file as the first release left it, with one coupon that it accepted alone."""
    db = open_db(folder / DB_FILE)
    with writing(db) as conn:
        for step in (MIGRATIONS_CLIENT, MIGRATIONS_KIOSK):
            later = step.pending(db)[1:]
            step.apply(db, stop_before=[one.name for one in later])
        conn.execute(
            """INSERT INTO redemption (serial, campaign, nonce, at, till, staff, value_cents, basket_cents, decided_by)
               VALUES (?, 1, 'nonce-of-old', ?, 'Till', 's1', 100, NULL, 'till')""",
            (OLD_USE, now),
        )
        conn.execute("INSERT INTO spent_right VALUES (1, 'accept', 1)")
    db.close()


class Wire:
    """The line between till and hub. `there` False: nobody answers. `before` is called in the thread that asks."""

    def __init__(self, app: Callable[..., object], before: Callable[[], None]) -> None:
        self._link = WsgiLink(app)  # type: ignore[arg-type]  # Flask's own type says less than it keeps
        self._before = before
        self.there = True

    def post(self, path: str, body: bytes, headers: dict[str, str], timeout_s: float) -> Reply:
        """One request."""
        self._before()
        return self._link.post(path, body, headers, timeout_s) if self.there else Reply(0, b"no route")


class PowerShop:
    """The shop that is in a folder, opened as its programs open it. `sync`: the PRAGMA synchronous of every connection."""

    def __init__(self, folder: Path, *, sync: str = "FULL") -> None:
        self.folder = folder
        self._sync = sync
        self._up_s = 0.0
        self.store = open_store(folder / "hub")
        self._counter: Counter | None = None
        try:
            self.key = hub_key(folder / "hub")
            self.app = create_app(HubConfig(dir=folder / "hub"), self.store, self.key, admin=False)
            self.wire = Wire(self.app, self.tune)
            self.tune()
        except BaseException:
            self.close()
            raise

    def tune(self) -> None:
        """Set this thread's connections to the kind of sync that is tried."""
        if self._sync == "FULL":
            return
        self.store.pool.here().execute(f"PRAGMA synchronous = {self._sync}")
        if self._counter is not None:
            self._counter.pool.here().execute(f"PRAGMA synchronous = {self._sync}")

    def add_staff(self, now: float) -> None:
        """Somebody who may redeem."""
        self.store.people.add_staff(StaffMember("s1", "Ada", _HASH.hash(PIN), True, now))

    def enrol_till(self) -> None:
        """Pair the till, with files of its own."""
        code = open_pairing(self.store, self.key, "kiosk", time.time())
        enrol(self.folder / "till", "http://hub", str(code), "kiosk", "Till", self.wire)

    def is_enrolled(self) -> bool:
        """Whether the till has an identity on its disk."""
        return Node.load(self.folder / "till") is not None

    @property
    def till(self) -> Counter:
        """The till, opened at first need."""
        if self._counter is None:
            self._counter = Counter(
                Config(dir=self.folder / "till", printer="sim:"),
                link=self.wire,
                clock=Clock(ntp=lambda: True),
                steady=lambda: Uptime("proof", self._up_s),
            )
            self.tune()
        return self._counter

    def guess(self, pin: str, number: int) -> None:
        """Somebody tries a PIN; each time some hours later, so that no wait keeps it from being counted."""
        self._up_s = 10_000.0 * number
        self.till.pins.check(next(iter(self.till.shelf.staff()), None), pin)

    def reach(self) -> None:
        """Let the till hear of its hub."""
        self.till.exchange.drain()
        self.till.redeemer.settle()

    def close(self) -> None:
        """Close every file. May be called twice."""
        if self._counter is not None:
            self._counter.line.close()
            self._counter.pool.close()
            self._counter = None
        self.store.close()
