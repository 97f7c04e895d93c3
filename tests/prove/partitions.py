"""A hub and four tills as real programs in namespaces of their own; their cables are cut and mended while people redeem."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from hub.app import create_app, open_store
from hub.client.clock import Clock
from hub.client.counters import Counters
from hub.client.db import Pool
from hub.client.desk import NodeDesk
from hub.client.enrolling import enrol
from hub.client.exchange import Exchange
from hub.client.link import SignedLink, WsgiLink
from hub.client.node import NODE_FILE
from hub.client.outbox import Outbox
from hub.client.schema import MIGRATIONS_CLIENT
from hub.client.shelf import Shelf
from hub.config import Config
from hub.devices import hub_key, open_pairing
from hub.rebuild import verify
from hub.store.records import StaffMember
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.coupon import Issued
from hub.wire.snapshot import Campaign, Offer, Shop, Value
from kiosk.counter import DB_FILE
from tests.prove import Verdict
from tests.prove._partition_check import Balance, Recorded, Shown, Told, compare
from tests.prove._partition_net import CUTS, HUB, HUB_PORT, ShopNetwork, missing

NAME = "partitions"
PROMISE = (
    "Cut and mend the tills' network while coupons are redeemed: nothing is lost or counted twice, nothing is given twice while "
    "the hub is there, and what is given twice without it is a conflict with its cost."
)
DEFAULT_SIZE = 20_000
CI_SIZE = 320
SIZE_NAME = "redemptions"

TILLS, HANDS = 4, 2
ACTS_FOR_CUT = 100
CUT_S, WELL_S = (4.0, 9.0), (6.0, 12.0)
"""How long a line is spoilt, and how long it is well in between."""

FRESH = 0.55
"""Of a hundred acts so many are with a coupon that nobody has used; the others are with one that is shown at several tills."""

NOTICED_AFTER_S = 20.0
"""A till that has its hub back knows it by then, on a busy machine, too."""

SYNCED_WITHIN_S = 90.0
FREE, HUB_ONLY = 1, 2
PIN = "4711"


@dataclass(frozen=True, slots=True)
class Cut:
    """One partition: of which till, how, from when to when (seconds after the beginning)."""

    till: int
    how: str
    begin_s: float
    end_s: float


def plan_cuts(count: int, rnd: random.Random) -> list[Cut]:
    """Each till's line is cut again and again, each at times of its own, in every way."""
    cuts = []
    ways = list(CUTS)
    for till in range(TILLS):
        at = rnd.uniform(1.0, 4.0)
        for number in range(count // TILLS + (till < count % TILLS)):
            lasts = rnd.uniform(*CUT_S)
            cuts.append(Cut(till, ways[(number + till) % len(ways)], at, at + lasts))
            at += lasts + rnd.uniform(*WELL_S)
    return cuts


def plan_scans(coupons: list[tuple[str, str]], size: int, rnd: random.Random) -> list[list[tuple[str, str]]]:
    """What each pair of hands scans, in order. A coupon that is shown at several tills is shown there at about the same time."""
    hands: list[list[tuple[str, str]]] = [[] for _ in range(TILLS * HANDS)]
    fresh = iter(coupons)
    while sum(map(len, hands)) < size:
        coupon = next(fresh)
        if rnd.random() < FRESH:
            min(hands, key=len).append(coupon)
        else:
            for hand in rnd.sample(hands, rnd.randint(2, TILLS)):
                hand.append(coupon)
    return hands


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` redemptions at four tills, a hundredth as many partitions."""
    why = missing()
    if why:
        raise RuntimeError(why)
    rnd = random.Random(seed)
    cuts = plan_cuts(max(TILLS, size // ACTS_FOR_CUT), rnd)
    coupons = make_shop(folder / "hub", size)
    scans = plan_scans(coupons, size, rnd)
    lasts_s = max(cut.end_s for cut in cuts) + WELL_S[0]
    network = ShopNetwork(folder / "net", TILLS)
    try:
        shop = Programs(folder, network)
        shown = shop.day(scans, cuts, lasts_s)
        shop.settle()
        shop.stop()
        devices, waiting = shop.devices(), shop.waiting()
    finally:
        network.close()
    balance, differ = look_back(folder / "hub", shown, shop.well_since, devices)
    return verdict(balance, cuts, waiting, differ, lasts_s)


def verdict(balance: Balance, cuts: list[Cut], waiting: int, differ: list[str], lasts_s: float) -> Verdict:
    """In words."""
    wrong, seen = balance.wrong, balance.figures
    # A run in which nobody was ever cut off, or nobody ever shown a used coupon, has tried nothing.
    tried = seen["tone_good"] > 0 and seen["tone_note"] > 0 and seen["tone_look"] > 0
    sentence = (
        f"{seen['acts']} redemptions at {TILLS} tills, {len(cuts)} partitions in {lasts_s:.0f} s: lost {wrong['lost']}, "
        f"duplicated {wrong['duplicated']}, doubles where the hub was reachable {wrong['double with the hub']}; "
        f"{seen['doubled_while_cut_off']} given twice by tills that were cut off, each a conflict with its cost "
        f"({seen['conflicts_cost_cents'] / 100:.2f} in all)."
    )
    figures = {
        **dict(seen),
        "partitions": len(cuts),
        "ways": dict(Counter(cut.how for cut in cuts)),
        "wrong": dict(wrong),
        "examples": balance.examples,
        "facts_still_waiting": waiting,
        "reports_differ_from_a_rebuild": differ,
    }
    return Verdict(not wrong and not waiting and not differ and tried, sentence, figures)


def make_shop(folder: Path, count: int) -> list[tuple[str, str]]:
    """A hub with two offers, one member of staff, its tills, and as many coupons as may be needed; serial and token of each."""
    folder.mkdir(parents=True)
    now = time.time()
    store = SqliteStore(folder / FILE)
    store.shop.save(Shop(1, {"en": "Partitions"}), now)
    for number, offline in ((FREE, "rights"), (HUB_ONLY, "refuse")):
        offer = Offer({"en": f"Offer {number}"}, {}, Value("amount", cents=100 + number))
        campaign = Campaign(number, offer, int(now) - 60, int(now) + 86_400, offline=offline)  # type: ignore[arg-type]  # one of both
        store.campaigns.save(campaign, "published", now, "proof")
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    store.people.add_staff(StaffMember("s1", "Ada", quick.hash(PIN), True, now))
    store.close()
    store = open_store(folder)
    key = hub_key(folder)
    link = WsgiLink(create_app(Config(dir=folder), store, key, admin=False))
    for number in range(TILLS):
        code = str(open_pairing(store, key, "kiosk", now))
        enrol(folder.parent / f"till{number + 1}", "http://hub", code, "kiosk", f"Till {number + 1}", link)
    screen = folder.parent / "screen"
    node = enrol(screen, "http://hub", str(open_pairing(store, key, "kiosk", now)), "kiosk", "Screen", link)
    pool = Pool(screen / "node.db", [MIGRATIONS_CLIENT])
    clock = Clock(ntp=lambda: True)
    shelf, outbox = Shelf(pool), Outbox(pool, node, clock)
    exchange = Exchange(node, outbox, shelf, SignedLink(link, node, Counters(pool)), clock)
    exchange.drain()
    desk = NodeDesk(pool, node, outbox, shelf, "kiosk")
    coupons = []
    for number in range(count):
        issued = desk.take(HUB_ONLY if number % 5 == 0 else FREE, f"coupon-{number:012}", time.time())
        if not isinstance(issued, Issued):
            raise TypeError(f"no coupon could be taken: {issued}")
        coupons.append((issued.coupon.serial, issued.token))
    while outbox.counts().pending:
        exchange.drain()
    pool.close()
    store.close()
    return coupons


class Programs:
    """`python -m hub serve` and four times `python -m kiosk serve`, each in its place."""

    def __init__(self, folder: Path, network: ShopNetwork) -> None:
        self._folder = folder
        self._network = network
        self.well_since: list[float] = []
        env = {
            "HUB_DIR": str(folder / "hub"),
            "HUB_HOST": "0.0.0.0",
            "HUB_PORT": str(HUB_PORT),
            "HUB_SITE": "no",
        }
        self._hub = network.hub.popen([sys.executable, "-m", "hub", "serve"], "hub.log", env)
        self._wait_for_hub()
        self._kiosks = [self._start(number) for number in range(TILLS)]
        for number in range(TILLS):
            self._wait(number, lambda health: health["snapshot_made_at"] is not None)

    def _wait_for_hub(self) -> None:
        until = time.monotonic() + 30
        ask = f"import socket; socket.create_connection(('{HUB}', {HUB_PORT}), 2)"
        while self._network.hub.run([sys.executable, "-c", ask], check=False).returncode:
            if time.monotonic() > until:
                raise RuntimeError(f"the hub does not start: {self._network.hub.said('hub.log')[-500:]}")

    def _start(self, number: int) -> subprocess.Popen[Any]:
        env = {
            "KIOSK_DIR": str(self._till(number)),
            "KIOSK_PORT": "8081",
            "KIOSK_HUB": self._network.url(number),
        }
        return self._network.tills[number].popen([sys.executable, "-m", "kiosk", "serve"], "kiosk.log", env)

    def _till(self, number: int) -> Path:
        return self._folder / f"till{number + 1}"

    def devices(self) -> list[str]:
        """The tills' names at the hub."""
        return [
            str(json.loads((self._till(number) / NODE_FILE).read_text())["device"]) for number in range(TILLS)
        ]

    def _health(self, number: int) -> dict[str, Any]:
        code = (
            "import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', 8081, timeout=5); "
            "c.request('GET', '/healthz'); sys.stdout.write(c.getresponse().read().decode())"
        )
        said = self._network.tills[number].run([sys.executable, "-c", code], check=False)
        health: dict[str, Any] = json.loads(said.stdout) if said.returncode == 0 else {}
        return health

    def _wait(self, number: int, until: Any, seconds: float = 60.0) -> bool:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            health = self._health(number)
            if health and until(health):
                return True
            time.sleep(0.2)
        return False

    def day(
        self, scans: list[list[tuple[str, str]]], cuts: list[Cut], lasts_s: float
    ) -> list[tuple[int, dict[str, Any]]]:
        """All scans and all cuts; what each till showed, by the till's number."""
        begin = time.monotonic() + 2.0
        shown: list[tuple[int, dict[str, Any]]] = []
        readers = []
        for number, plan in enumerate(scans):
            till = number // HANDS
            file = self._folder / f"plan{number}.json"
            file.write_text(json.dumps(plan))
            words = ["http://127.0.0.1:8081/", PIN, str(file), str(begin), str(lasts_s / len(plan))]
            hand = self._network.tills[till].popen(
                [sys.executable, "-m", "tests.prove._partition_hand", *words],
                stdout=subprocess.PIPE,
                text=True,
            )
            readers.append(threading.Thread(target=_read, args=(hand, till, shown)))
            readers[-1].start()
        steps = [(cut.begin_s, 1, cut) for cut in cuts] + [(cut.end_s, 0, cut) for cut in cuts]
        self.well_since = [begin] * TILLS
        for at, spoils, cut in sorted(steps, key=lambda step: step[:2]):
            time.sleep(max(0.0, begin + at - time.monotonic()))
            if spoils:
                self._network.cut(cut.till, cut.how)
            else:
                self._network.heal(cut.till)
                self.well_since[cut.till] = time.monotonic()
        for reader in readers:
            reader.join(lasts_s + 300)
        return shown

    def settle(self) -> None:
        """Wait until every till has its hub back and has told all."""
        for number in range(TILLS):
            self._wait(
                number,
                lambda health: health["pending"] == 0 and health["cut_off_since"] is None,
                SYNCED_WITHIN_S,
            )

    def waiting(self) -> int:
        """How many facts about coupons the hub has not got, when all has ended."""
        count = 0
        for number in range(TILLS):
            with closing(sqlite3.connect(self._till(number) / DB_FILE)) as conn:
                count += conn.execute("SELECT count(*) FROM outbox WHERE kind LIKE 'coupon.%'").fetchone()[0]
        return count

    def stop(self) -> None:
        """The tills, then the hub."""
        for kiosk in self._kiosks:
            kiosk.terminate()
        for kiosk in self._kiosks:
            kiosk.wait(60)
        self._hub.terminate()
        self._hub.wait(60)


def _read(hand: subprocess.Popen[Any], till: int, shown: list[tuple[int, dict[str, Any]]]) -> None:
    assert hand.stdout is not None
    shown.extend((till, json.loads(line)) for line in hand.stdout)
    hand.wait()


def look_back(
    folder: Path, shown: list[tuple[int, dict[str, Any]]], well_since: list[float], devices: list[str]
) -> tuple[Balance, list[str]]:
    """What the hub's file says when everything has stopped, against what the tills showed."""
    store = SqliteStore(folder / FILE)
    try:
        recorded = [
            Recorded(act.device, act.nonce, act.serial, act.campaign, act.offline, act.value_cents)
            for act in store.counter.acts(0, time.time() + 3_600, limit=10**7)
        ]
        told = [Told(one.serial, one.second_device, one.cost_cents) for one in store.counter.conflicts(10**7)]
        differ = list(verify(store).differ)
    finally:
        store.close()
    acts = [
        Shown(devices[till], act["serial"], act["tone"], act["began"], act["ended"]) for till, act in shown
    ]
    back_for = {devices[till]: since + NOTICED_AFTER_S for till, since in enumerate(well_since)}
    return compare(acts, recorded, told, frozenset({HUB_ONLY}), back_for), differ
