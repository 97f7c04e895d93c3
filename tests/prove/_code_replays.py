"""Coupons that were used shown again, and pictures of codes that change shown after their time: at the hub, at a till that is cut
off, and with clocks that are wrong."""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter as Tally
from dataclasses import dataclass, field

from hub.client.clock import Clock
from hub.client.desk import NodeDesk
from hub.client.enrolling import enrol
from hub.code_keys import CodeKeys
from hub.devices import open_pairing
from hub.presenting import Beside
from hub.redeeming import redeem
from hub.wire.coupon import Issued
from hub.wire.digital_link import build
from hub.wire.rotating import STEP_S, show
from hub.wire.snapshot import Campaign, Offer, Value
from hub.wire.sync import RedeemReply, RedeemRequest
from kiosk.config import Config
from kiosk.counter import Counter
from kiosk.scans import ScannedCode, ScannedToken, read_scan
from kiosk.verdicts import Scan
from tests.prove._code_mutants import GTIN, NoLine
from tests.prove._site import ProofNode, ProofSite

PLAIN, CHANGING = 1, 5
COUPONS = 6
"""Of each kind: a till that is cut off accepts a few alone, and each is shown again as often as one likes."""

LATE_S = (95.0, 120.0, 300.0, 1_800.0, 7_200.0, 86_400.0)
"""How much later a picture is shown: from just beyond what a queue takes on."""


@dataclass(slots=True)
class Replayed:
    """What was shown how often, which of it was accepted and must not be, and what was good and was refused."""

    shown: Tally[str] = field(default_factory=Tally)
    accepted: list[str] = field(default_factory=list)
    controls: int = 0
    refused: list[str] = field(default_factory=list)

    def control(self, what: str, accepted: bool, why: object) -> None:
        """Something good was shown for the first time."""
        self.controls += 1
        if not accepted:
            self.refused.append(f"{what}: {why}")

    def again(self, what: str, accepted: bool) -> None:
        """Something was shown that is good no more."""
        self.shown[what] += 1
        if accepted:
            self.accepted.append(what)


class MovedClock:
    """A wall clock that is wrong by as much as one likes."""

    def __init__(self) -> None:
        self.by_s = 0.0

    def __call__(self) -> float:
        return time.time() + self.by_s


class Hub:
    """The hub's decision, written down as it is for a till, at any time."""

    def __init__(self, site: ProofSite, device: str) -> None:
        self._store = site.store
        found = site.store.devices.get(device)
        assert found is not None
        self._device = found
        codes = CodeKeys(site.store, site.key)
        self.keys = codes.keys
        self._beside = Beside(rotating_keys=codes.keys)
        self._numbers = itertools.count()

    def takes(self, text: str, now: float) -> bool:
        """Whether it accepts this scan, as an act of its own."""
        request = RedeemRequest(f"replay-{next(self._numbers):08}", text, "Till", "s1")
        with self._store.writing():
            reply = redeem(self._store, self._device, request, now, "ntp", self._beside)
        return isinstance(reply, RedeemReply) and reply.accepted


class Till:
    """A till on a disk of its own, that hears nobody."""

    def __init__(self, site: ProofSite, name: str, wall: MovedClock, *, ntp: bool) -> None:
        code = open_pairing(site.store, site.key, "kiosk", time.time())
        folder = site.folder / name
        enrol(folder, "http://hub", str(code), "kiosk", name, site.link)
        told = Counter(Config(dir=folder), link=site.link)
        told.exchange.drain()
        told.stop()
        # Started anew without a network: a clock that nobody has set since says so.
        self.counter = Counter(Config(dir=folder), link=NoLine(), clock=Clock(wall, lambda: ntp))
        self._numbers = itertools.count()

    def takes(self, text: str) -> bool:
        """Whether it accepts this scan, as an act of its own."""
        nonce = f"replay-{next(self._numbers):08}"
        return self.counter.redeemer.redeem(Scan(text, "s1", nonce)).accepted


def spellings(issued: Issued, rnd: random.Random) -> str:
    """The same coupon as a screenshot, typed, printed or linked."""
    token = issued.token
    return rnd.choice(
        (
            token,
            token.lower(),
            f"{token[:50]} {token[50:]}",
            f"https://shop.example/c/{token}",
            build("https://shop.example", GTIN, query={"token": token}),
            token + "R" + "7" * 15,
        )
    )


def run_replays(site: ProofSite, count: int, seed: int) -> Replayed:
    """A fourth of them each: used coupons at the hub and at a cut-off till, old pictures at the hub and at cut-off tills."""
    rnd = random.Random(seed)
    now = time.time()
    offer = Offer({"en": "Changing"}, {}, Value("amount", cents=300))
    # From yesterday on: a till whose clock is hours behind would say that it has not begun.
    campaign = Campaign(CHANGING, offer, int(now) - 86_400, int(now) + 30 * 86_400, rotating=True)
    site.store.campaigns.save(campaign, "published", now, "proof")
    screen = site.node("replay-screen")
    screen.exchange.drain()
    done = Replayed()
    quarter = max(COUPONS, count // 4)
    _used_at_hub(site, screen, quarter, rnd, done)
    _used_at_till(site, screen, quarter, rnd, done)
    _pictures_at_hub(site, screen, quarter, rnd, done)
    _pictures_at_tills(site, screen, quarter, rnd, done)
    return done


def _coupons(screen: ProofNode, campaign: int, what: str, count: int = COUPONS) -> list[Issued]:
    desk: NodeDesk = screen.desk
    found = [desk.take(campaign, f"{what}-{place}", time.time()) for place in range(count)]
    return [one for one in found if isinstance(one, Issued)]


def _used_at_hub(site: ProofSite, screen: ProofNode, count: int, rnd: random.Random, done: Replayed) -> None:
    coupons = _coupons(screen, PLAIN, "used-hub")
    screen.exchange.drain()
    tills = [Hub(site, screen.node.device), Hub(site, site.node("replay-other").node.device)]
    now = time.time()
    for one in coupons:
        done.control("hub", tills[0].takes(one.token, now), one.token)
    for turn in range(count):
        one = coupons[turn % len(coupons)]
        text = rnd.choice((one.code, one.code.lower(), spellings(one, rnd)))
        # What a till sends is what it has read.
        scanned = read_scan(text)
        asked = scanned.asked if isinstance(scanned, ScannedToken | ScannedCode) else text
        done.again("used, at the hub", rnd.choice(tills).takes(asked, now + rnd.choice((0.0, 60.0, 3_600.0))))


def _used_at_till(site: ProofSite, screen: ProofNode, count: int, rnd: random.Random, done: Replayed) -> None:
    coupons = _coupons(screen, PLAIN, "used-till")
    wall = MovedClock()
    till = Till(site, "replay-alone", wall, ntp=True)
    for one in coupons:
        done.control("till", till.takes(one.token), one.token)
    for turn in range(count):
        wall.by_s = rnd.choice((0.0, 60.0, -3_600.0, 86_400.0))
        done.again("used, at a till that is cut off", till.takes(spellings(coupons[turn % COUPONS], rnd)))
    till.counter.stop()


def _pictures_at_hub(
    site: ProofSite, screen: ProofNode, count: int, rnd: random.Random, done: Replayed
) -> None:
    hub = Hub(site, screen.node.device)
    now = float(int(time.time()))
    coupons = _coupons(screen, CHANGING, "picture-hub")
    screen.exchange.drain()
    kept = []
    for one in coupons:
        for clock_known in (True, False):
            shown = show(one.token, one.coupon.serial, hub.keys(), now, clock_known=clock_known)
            assert shown is not None
            kept += [shown.text, one.code + shown.digits] if clock_known else [shown.text]
    for turn in range(count):
        late_s = LATE_S[turn % len(LATE_S)] + turn * 0.001
        done.again("old picture, at the hub", hub.takes(kept[turn % len(kept)], now + late_s))
    later = now + 2 * 86_400
    for one in coupons[:2]:
        fresh = show(one.token, one.coupon.serial, hub.keys(), later)
        assert fresh is not None
        done.control("fresh picture at the hub", hub.takes(fresh.text, later + 20), one.token)
        # Used: not even this very picture is good again, nor the next one.
        done.again("used picture, at the hub", hub.takes(fresh.text, later + 21))
        following = show(one.token, one.coupon.serial, hub.keys(), later + STEP_S)
        assert following is not None
        done.again("used picture, at the hub", hub.takes(following.text, later + STEP_S + 5))


def _pictures_at_tills(
    site: ProofSite, screen: ProofNode, count: int, rnd: random.Random, done: Replayed
) -> None:
    """A till that knows the time, one whose clock is hours behind and was not set, and a node whose own clock is wrong."""
    keys = Hub(site, screen.node.device).keys()
    for name, ntp, by_s, clock_known in (
        ("clock right", True, 0.0, True),
        ("till's clock behind", False, -10_800.0, True),
        ("till's clock ahead", False, 7_200.0, True),
        ("node's clock behind", True, 0.0, False),
    ):
        coupons = _coupons(screen, CHANGING, name, 4)
        wall = MovedClock()
        wall.by_s = by_s
        till = Till(site, "replay-" + name.replace(" ", "-").replace("'", ""), wall, ntp=ntp)
        node_by_s = 0.0 if clock_known else -50_000.0
        told = float(int(time.time()))

        def page(one: Issued, at: float, off_s: float = node_by_s, known: bool = clock_known) -> str:
            shown = show(one.token, one.coupon.serial, keys, at + off_s, clock_known=known)
            assert shown is not None
            return shown.text

        old = [page(one, told) for one in coupons]
        passed_s = 0.0
        for turn in range(count // 4):
            passed_s += rnd.choice(LATE_S[:4])
            wall.by_s = by_s + passed_s
            done.again(f"old picture, {name}", till.takes(old[turn % len(old)]))
        # Now the page itself, and again half a minute later: by then each till has the pace of that node.
        passed_s += 500.0
        wall.by_s = by_s + passed_s
        first = till.takes(page(coupons[0], told + passed_s))
        wall.by_s = by_s + passed_s + STEP_S
        second = first or till.takes(page(coupons[0], told + passed_s + STEP_S))
        done.control(f"page, {name}", second, (first, second))
        done.again(f"old picture, {name}", till.takes(old[1]))
        till.counter.stop()
