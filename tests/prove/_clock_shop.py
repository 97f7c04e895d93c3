"""A shop whose till has a clock that is wrong: the real hub and the real counter, and the true time beside them.

Nothing here decides anything. What is ours is the true time, what the till's machine shows instead of it, the line, and who is
switched off when.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from argon2 import PasswordHasher

from hub.app import create_api_app, open_store
from hub.client.clock import Clock
from hub.client.enrolling import enrol
from hub.client.link import Reply, WsgiLink
from hub.client.pins import Uptime
from hub.devices import hub_key, open_pairing
from hub.store.records import StaffMember
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.coupon import Issued
from hub.wire.snapshot import Campaign, Offer, Shop, Value
from kiosk.config import Config
from kiosk.counter import DB_FILE, Counter

START = 1_795_000_000.0
DAY_S = 86_400.0
Wrong = Literal["1970", "-3 days", "+2 years", "jumping"]
WRONGS: tuple[Wrong, ...] = ("1970", "-3 days", "+2 years", "jumping")

LONG, SHORT, LATER = 1, 2, 3
SHORT_S = 6 * 3_600

_QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
_OFF_S = (-3 * DAY_S, 2 * 365 * DAY_S, 0.0, 20 * 3_600.0, -1_800.0)


def campaigns(days: int) -> list[Campaign]:
    """One whose coupons last, one whose coupons are soon over, and one that begins in the middle."""
    start, end = int(START) - 60, int(START + (days + 40) * DAY_S)

    def offer(number: int, first: int, lasts_s: int) -> Campaign:
        value = Value("amount", 100 * number)
        return Campaign(
            number, Offer({"en": f"Offer {number}"}, {}, value), first, end, coupon_lasts_s=lasts_s
        )

    return [
        offer(LONG, start, 30 * int(DAY_S)),
        offer(SHORT, start, SHORT_S),
        offer(LATER, int(START + days * DAY_S / 2), 30 * int(DAY_S)),
    ]


class Wire:
    """The line between a till and its hub: there, or not."""

    def __init__(self, link: WsgiLink) -> None:
        self._link = link
        self.cut = False

    def post(self, path: str, body: bytes, headers: dict[str, str], timeout_s: float) -> Reply:
        """One question."""
        return Reply(0, b"no route") if self.cut else self._link.post(path, body, headers, timeout_s)


@dataclass(slots=True)
class Machine:
    """What a till's machine shows. A battery is missing (1970), somebody set it wrongly, or it jumps."""

    true: Callable[[], float]
    wrong: Wrong
    rnd: random.Random
    booted_at: float = START
    off_s: float = 0.0
    says_ntp: bool = False

    def boot(self) -> None:
        """Switched on again."""
        self.booted_at = self.true()
        self.jump()

    def jump(self) -> None:
        """The clock is set to something else, as its kind does it."""
        match self.wrong:
            case "1970":
                self.off_s = 5.0 - self.booted_at
            case "-3 days":
                self.off_s = -3 * DAY_S
            case "+2 years":
                self.off_s = 2 * 365 * DAY_S
            case "jumping":
                self.off_s = self.rnd.choice((*_OFF_S, 5.0 - self.booted_at))

    def wall(self) -> float:
        """What the clock of the machine shows."""
        return max(0.0, self.true() + self.off_s)

    def steady(self) -> float:
        """Seconds since the start, which nobody sets."""
        return self.true() - self.booted_at + 30.0


@dataclass(slots=True)
class ClockShop:
    """The hub, a till whose clock is wrong, one whose clock is right. `clock` makes the first one's, a mistake may be another."""

    folder: Path
    days: int
    wrong: Wrong
    rnd: random.Random
    make_clock: Callable[[Machine], Clock]
    forgets: bool = False
    now: float = START
    store: SqliteStore = field(init=False)
    wire: Wire = field(init=False)
    machine: Machine = field(init=False)
    till: Counter = field(init=False)
    good: Counter = field(init=False)

    def __post_init__(self) -> None:
        hub = self.folder / "hub"
        hub.mkdir(parents=True)
        store = SqliteStore(hub / FILE)
        store.shop.save(Shop(1, {"en": "Clocks"}), self.now)
        for campaign in campaigns(self.days):
            store.campaigns.save(campaign, "published", self.now, "proof")
        store.people.add_staff(StaffMember("s1", "Ada", _QUICK.hash("4711"), True, self.now))
        store.close()
        opened = open_store(hub)
        assert isinstance(opened, SqliteStore)
        self.store = opened
        key = hub_key(hub)
        app = create_api_app(self.store, key, Clock(wall=lambda: self.now, ntp=lambda: True))
        self.wire = Wire(WsgiLink(app))
        line = Wire(WsgiLink(app))
        for name, wire in (("till", self.wire), ("good", line)):
            code = open_pairing(self.store, key, "kiosk", self.now)
            enrol(self.folder / name, "http://hub", str(code), "kiosk", name, wire)
        self.machine = Machine(lambda: self.now, self.wrong, self.rnd)
        self.machine.boot()
        right = Clock(lambda: self.now, lambda: True, lambda: self.now)
        self.good = Counter(Config(dir=self.folder / "good"), link=line, clock=right, steady=self._uptime)
        self.good.exchange.drain()
        self.till = self._start()
        self.till.exchange.drain()

    def _uptime(self) -> Uptime:
        return Uptime("this start", self.now)

    def _start(self) -> Counter:
        return Counter(
            Config(dir=self.folder / "till"),
            link=self.wire,
            clock=self.make_clock(self.machine),
            steady=self._uptime,
        )

    def reboot(self) -> None:
        """The till is switched off and on again; its clock shows what its kind shows then."""
        self.till.stop()
        if self.forgets and self.wire.cut:
            (self.folder / "till" / DB_FILE).unlink()
        self.machine.boot()
        self.till = self._start()

    def exchange(self) -> None:
        """Both tills talk to the hub, as far as the line lets them."""
        self.good.exchange.drain()
        self.till.exchange.drain()

    def take(self, campaign: int, *, here: bool) -> Issued | None:
        """A shopper takes a coupon at one of the screens; None where it is not handed out."""
        counter = self.till if here else self.good
        taken = counter.desk.take(campaign, self.rnd.randbytes(16).hex(), counter.clock.now())
        return taken if isinstance(taken, Issued) else None

    def close(self) -> None:
        """Close every file."""
        self.till.stop()
        self.good.stop()
        self.store.close()
