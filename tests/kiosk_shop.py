"""A shop for the counter's tests: the real hub in process, real tills on real disks, and a line that tests can cut."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from argon2 import PasswordHasher

from hub.app import create_app, open_store
from hub.client.clock import Clock
from hub.client.enrolling import enrol
from hub.client.link import Link, Reply, WsgiLink
from hub.client.pins import Uptime
from hub.config import Config as HubConfig
from hub.devices import hub_key, open_pairing
from hub.store.records import StaffMember
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.coupon import Issued
from hub.wire.snapshot import Campaign, Offer, Shop, Value
from kiosk.config import Config
from kiosk.counter import Counter

PIN = "4711"
QUICK_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

COFFEE, LOCKED, TENTH, SMALL = 1, 2, 3, 4


class Line:
    """The network between one till and its hub. `mode`: good, cut, silent (no answer in time), deaf (the reply is lost).

    `deaf_to`, `blind_to`: paths of which the reply, or the question itself, is lost, while all else goes on.
    """

    def __init__(self, app: object, link: Link | None = None) -> None:
        self._link: Link = link or WsgiLink(app)  # type: ignore[arg-type]
        self.deaf_to: set[str] = set()
        self.blind_to: set[str] = set()
        self.mode = "good"
        self.asked = 0
        self.silence_s = 0.5

    def post(self, path: str, body: bytes, headers: dict[str, str], timeout_s: float) -> Reply:
        if path == "/v1/redeem":
            self.asked += 1
        if path in self.deaf_to:
            self._link.post(path, body, headers, timeout_s)
            return Reply(0, b"lost on the way back")
        if path in self.blind_to:
            return Reply(0, b"lost on the way there")
        match self.mode:
            case "cut":
                return Reply(0, b"no route")
            case "silent":
                time.sleep(self.silence_s)
                return Reply(0, b"timed out")
            case "broken":
                return Reply(0, b"the hub answers with 500")
        reply = self._link.post(path, body, headers, timeout_s)
        return Reply(0, b"lost on the way back") if self.mode == "deaf" else reply


class TillShop:
    """One hub with four offers and two people at the tills. Time can be moved by `later`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._moved_s = 0.0
        self.clock_state_known = True
        self._tills: list[Counter] = []
        hub_folder = folder / "hub"
        hub_folder.mkdir(parents=True)
        now = time.time()
        store = SqliteStore(hub_folder / FILE)
        store.shop.save(Shop(1, {"en": "Corner Shop", "zh": "街角小店"}, timezone="Europe/Vienna"), now)
        coffee = Offer({"en": "A coffee with your cake", "zh": "买蛋糕送咖啡"}, {}, Value("amount", 250))
        locked = Offer({"en": "Half a case of wine", "zh": "半箱红酒"}, {}, Value("amount", 3000))
        tenth = Offer({"en": "A tenth off", "zh": "九折"}, {}, Value("percent", percent=10))
        small = Offer({"en": "Gift from 20 euros", "zh": "满二十欧送礼"}, {}, Value("gift", 400))
        start, end = int(now) - 60, int(now) + 30 * 86_400
        for campaign in (
            Campaign(COFFEE, coffee, start, end),
            Campaign(LOCKED, locked, start, end, offline="refuse"),
            Campaign(TENTH, tenth, start, end),
            Campaign(SMALL, small, start, end, basket_min_cents=2000),
        ):
            store.campaigns.save(campaign, "published", now, "test")
        for name, who in (("s1", "Ada"), ("s2", "Bo")):
            store.people.add_staff(StaffMember(name, who, QUICK_HASH.hash(PIN), True, now))
        store.close()
        self.store = open_store(hub_folder)
        self.key = hub_key(hub_folder)
        clock = Clock(wall=self.now, ntp=lambda: True)
        config = HubConfig(dir=hub_folder)
        self.app = create_app(config, self.store, self.key, clock=clock, admin=False)

    def now(self) -> float:
        return time.time() + self._moved_s

    def later(self, seconds: float) -> None:
        self._moved_s += seconds

    def clock(self) -> Clock:
        return Clock(wall=self.now, ntp=lambda: self.clock_state_known)

    def till(
        self,
        name: str = "Till 1",
        *,
        ask_timeout_s: float = 3.0,
        notice: str = "",
        mode: str = "good",
        link: Link | None = None,
        **settings: Any,
    ) -> tuple[Counter, Line]:
        """A till with a first snapshot, over a line of its own. The same name again is the same till, started anew. More settings
        go to its `Config`."""
        folder = self.folder / name.replace(" ", "-").lower()
        line = Line(self.app, link)
        if not folder.exists():
            code = open_pairing(self.store, self.key, "kiosk", time.time())
            enrol(folder, "http://hub", str(code), "kiosk", name, line)
        counter = Counter(
            Config(dir=folder, notice={"en": notice} if notice else {}, **settings),
            link=line,
            clock=self.clock(),
            ask_timeout_s=ask_timeout_s,
            steady=lambda: Uptime("this start", 1_000_000.0 + self._moved_s),
        )
        line.mode = mode
        counter.exchange.drain()
        self._tills.append(counter)
        return counter, line

    def publish(self, number: int, value: Value, **terms: object) -> Campaign:
        """Another offer that runs now. Tills hear of it with their next exchange."""
        now = self.now()
        offer = Offer({"en": f"Offer {number}", "zh": f"优惠{number}"}, {}, value)
        plain = Campaign(number, offer, int(now) - 60, int(now) + 30 * 86_400)
        campaign = msgspec.structs.replace(plain, **terms)
        self.store.campaigns.save(campaign, "published", now, "test")
        for till in self._tills:
            till.exchange.once()
        return campaign

    def take(self, counter: Counter, campaign: int = COFFEE, tell_hub: bool = True) -> Issued:
        """A coupon that a shopper takes at this kiosk's screen."""
        issued = counter.desk.take(campaign, counter.random(16).hex(), counter.clock.now())
        assert isinstance(issued, Issued), issued
        if tell_hub:
            counter.exchange.drain()
        return issued

    def close(self) -> None:
        for till in self._tills:
            till.stop()
        self.store.close()


@contextmanager
def shop_in(folder: Path) -> Iterator[TillShop]:
    """A shop that is closed in the end."""
    shop = TillShop(folder)
    try:
        yield shop
    finally:
        shop.close()


def together(*acts: object) -> list[object]:
    """Run every act in a thread of its own, let go at the same moment; what each gave."""
    gate = threading.Barrier(len(acts))
    results: list[object] = [None] * len(acts)

    def run(place: int) -> None:
        gate.wait(20)
        results[place] = acts[place]()  # type: ignore[operator]

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results
