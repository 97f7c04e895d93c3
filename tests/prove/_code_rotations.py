"""Nodes that change their keys while shoppers take coupons and tills take them in: over HTTP, with threads, on real disks."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from hub.client.enrolling import enrol
from hub.client.exchange import Syncer
from hub.client.link import HttpLink
from hub.client.node import Node
from hub.devices import open_pairing
from hub.keys import KeyPolicy, ask_new_key, set_key_policy
from hub.wire.coupon import Issued
from hub.wire.refusals import Refusal
from hub.wire.rules import Accepted
from hub.wire.sync import RedeemReply, RedeemRequest
from kiosk.config import Config
from kiosk.counter import Counter
from tests.prove._code_mutants import Alone
from tests.prove._site import ProofNode, ProofSite, served

PLAIN = 1
NODES = 3
LEAD_S = 3
AFTER_S = 2
"""As short as may be: a new key is known for three seconds before it is used, an old one ends two seconds after."""

KICK_S = 0.2
WAIT_S = 60.0
KEPT = 4
"""Coupons of each key that are held back until it has ended."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One coupon shown once. Times are those of the machine, before and after; `made_at`: of the till's snapshot."""

    where: str
    key_number: int
    before: float
    after: float
    refusal: str | None
    made_at: float


@dataclass(slots=True)
class Rotated:
    """What came of it. `excused`: shown at a till that could not know of a new key or an old one's end, because it had heard
    nothing from its hub since."""

    rotations: int = 0
    shown: int = 0
    after_end: int = 0
    refused: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    excused: int = 0
    unasked: int = 0


class Traffic:
    """Shoppers who take coupons at every node, and show them at once at the hub or at a till that decides alone."""

    def __init__(self, site: ProofSite, address: str) -> None:
        self.nodes = [site.node(f"screen-{place}", link=HttpLink(address)) for place in range(NODES)]
        code = open_pairing(site.store, site.key, "kiosk", time.time())
        enrol(site.folder / "alone", "http://hub", str(code), "kiosk", "alone", site.link)
        self.counter = Counter(Config(dir=site.folder / "alone"), link=HttpLink(address))
        self._alone = Alone(self.counter)
        self.syncers = [Syncer(node.exchange, node.outbox) for node in self.nodes]
        self.syncers.append(Syncer(self.counter.exchange, self.counter.outbox))
        self.shown: deque[Shown] = deque()
        self.kept: dict[int, list[Issued]] = {}
        self._numbers = itertools.count()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._kick, daemon=True)]
        self._threads += [
            threading.Thread(target=self._shop, args=(node,), daemon=True) for node in self.nodes
        ]

    def begin(self) -> None:
        """Everybody hears the hub once; then shoppers come."""
        for node in self.nodes:
            node.exchange.drain()
        self.counter.exchange.drain()
        for one in (*self.syncers, *self._threads):
            one.start()

    def end(self) -> None:
        """Nobody comes any more."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(WAIT_S)
        for syncer in self.syncers:
            syncer.stop()
        self.counter.stop()

    def _kick(self) -> None:
        while not self._stopping.wait(KICK_S):
            for syncer in self.syncers:
                syncer.kick()

    def _shop(self, node: ProofNode) -> None:
        while not self._stopping.wait(0.01):
            issued = self.take(node)
            number = issued.coupon.key_number
            kept = self.kept.setdefault(number, [])
            if len(kept) < KEPT:
                kept.append(issued)
            elif next(self._numbers) % 2:
                self.at_hub(node, issued)
            else:
                self.at_till(issued)

    def take(self, node: ProofNode) -> Issued:
        """A coupon of this node."""
        issued = node.desk.take(PLAIN, f"rotation-{next(self._numbers)}", time.time())
        assert isinstance(issued, Issued), issued
        return issued

    def at_hub(self, node: ProofNode, issued: Issued) -> str | None:
        """Show it at the hub, over HTTP; why it was refused."""
        request = RedeemRequest(f"rotation-{next(self._numbers):08}", issued.token, "Till", "s1")
        before = time.time()
        answer = node.signed.post("/v1/redeem", msgspec.json.encode(request), 20.0)
        refusal: str | None = f"status {answer.status}"
        if answer.status == 200:
            reply = msgspec.json.decode(answer.body, type=RedeemReply)
            refusal = None if reply.accepted else reply.refusal
        self._note("hub", issued, before, refusal)
        return refusal

    def at_till(self, issued: Issued) -> str | None:
        """Show it at a till that decides alone with what it last heard; why it was refused."""
        before = time.time()
        decision = self._alone.decides(issued.token)
        refusal = None if isinstance(decision, Accepted) else decision.refusal.value
        self._note("till", issued, before, refusal)
        return refusal

    def _note(self, where: str, issued: Issued, before: float, refusal: str | None) -> None:
        made_at = self.counter.shelf.made_at() or 0.0
        self.shown.append(Shown(where, issued.coupon.key_number, before, time.time(), refusal, made_at))


def run_rotations(site: ProofSite, rotations: int) -> Rotated:
    """So many changes of keys in all, three nodes at a time."""
    set_key_policy(site.store, KeyPolicy(old="after", after_s=AFTER_S, lead_s=LEAD_S), time.time(), "proof")
    done = Rotated()
    with served(site) as address:
        traffic = Traffic(site, address)
        traffic.begin()
        try:
            while done.rotations < rotations:
                _round(site, traffic, traffic.nodes[: rotations - done.rotations], done)
        finally:
            traffic.end()
        _judge(site, traffic, done)
    return done


def _round(site: ProofSite, traffic: Traffic, nodes: list[ProofNode], done: Rotated) -> None:
    old = {node.node.device: site.store.devices.get(node.node.device) for node in nodes}
    numbers = [device.key_number for device in old.values() if device is not None]
    for node in nodes:
        done.unasked += not ask_new_key(site.store, node.node.device, time.time(), "proof")
    _until(lambda: all(_ends(site, number) is not None for number in numbers), "every old key has an end")
    ends = max(_ends(site, number) or 0.0 for number in numbers)
    for node in nodes:
        # What was written down is what a node would begin with after a power cut.
        again = Node.load(node.node.folder)
        assert again is not None
        assert again.signer(time.time())[0] == node.node.signer(time.time())[0]
    _until(lambda: time.time() > ends + 0.2, "the old keys have ended")
    _until(lambda: all(_heard_end(traffic, number) for number in numbers), "the till has heard of their ends")
    for number in numbers:
        for place, issued in enumerate(traffic.kept[number]):
            if place % 2:
                traffic.at_hub(nodes[0], issued)
            else:
                traffic.at_till(issued)
    done.rotations += len(nodes)


def _heard_end(traffic: Traffic, number: int) -> bool:
    key = traffic.counter.shelf.key(number)
    return key is not None and key.ends_at is not None


def _ends(site: ProofSite, number: int) -> float | None:
    key = site.store.keys.get(number)
    return key.ends_at if key is not None else None


def _until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + WAIT_S
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"it did not come to this within {WAIT_S:g} s: {what}")
        time.sleep(0.05)


def _judge(site: ProofSite, traffic: Traffic, done: Rotated) -> None:
    """By the ends of the keys: whatever was shown before must have been accepted, whatever was shown after refused."""
    keys = {key.number: key for key in site.store.keys.all()}
    for one in traffic.shown:
        key = keys[one.key_number]
        # As it travels: in whole seconds, never later.
        ends_at = None if key.ends_at is None else float(int(key.ends_at))
        done.shown += 1
        if ends_at is None or one.after < ends_at:
            if one.refusal == Refusal.HUB_UNREACHABLE and one.where == "till" and one.made_at < key.made_at:
                done.excused += 1
            elif one.refusal is not None:
                done.refused.append(f"{one.where}, key {one.key_number}: {one.refusal}")
        elif one.before >= ends_at:
            done.after_end += 1
            if one.where == "till" and one.made_at < ends_at - AFTER_S:
                done.excused += 1
            elif one.refusal is None:
                done.accepted.append(f"{one.where}, key {one.key_number}")
