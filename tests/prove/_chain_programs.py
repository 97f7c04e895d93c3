"""The programs of the proof in their places, and what is done to them while the days go by."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.app import open_store
from hub.store.records import StaffMember
from hub.store.whole import HubStore
from hub.wire.chain import CHAIN_FIRST
from hub.wire.snapshot import Campaign, Offer, Value
from tests.prove._chain_days import DAY_S, Days
from tests.prove._chain_net import PORT, ChainNetwork

SHOPS, NODES, TILLS = 2, 4, 2
DAYS, CUT_FROM, CUT_UNTIL = 60.0, 15.0, 45.0
"""Of the days that are played the first shop is cut off from head office for these thirty."""

DRAIN_EVENTS = 10_000
START_S, SETTLE_S = 60.0, 120.0
CHANGES = 6


@dataclass(frozen=True, slots=True)
class Cut:
    """One cable that is cut. `shop`, `node`: whose; node None: the shop's own to head office. Times are days."""

    shop: int
    node: int | None
    way: str
    begin: float
    end: float


@dataclass(slots=True)
class Seen:
    """What was measured while it ran. `waiting`: events of the first shop that head office did not have after the thirty days."""

    waiting: int = 0
    drained: int = 0
    drain_s: float = 0.0
    changes: int = 0
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)


def node_place(folder: Path, shop: int, node: int) -> Path:
    return folder / f"shop{shop + 1}-node{node + 1}"


def offer_of(number: int, title: str, now: float) -> Campaign:
    return Campaign(
        number,
        Offer({"en": title}, {}, Value("amount", cents=100)),
        int(now) - 60,
        int(now) + int(400 * DAY_S),
    )


def change_above(head: HubStore, number: int, now: float) -> None:
    """One change at head office that all have to hear: the offer says something else, somebody new, one coupon called back."""
    with head.writing():
        head.campaigns.save(offer_of(CHAIN_FIRST, f"For all, {number}", now), "published", now, "proof")
        head.people.add_staff(StaffMember(f"chain-{number}", f"Person {number}", "p", True, now))
        head.campaigns.revoke(f"{number:016x}", now, "proof", "")


class Programs:
    """Three times `python -m hub serve` and eight nodes, each in its place, with one clock."""

    def __init__(
        self, folder: Path, network: ChainNetwork, size: int, seed: int, lasts_s: float, first: float
    ) -> None:
        self._folder = folder
        self._network = network
        self.days = Days(folder / "began", first, lasts_s / DAYS)
        self._hubs = [self._hub(network.head, folder / "head")]
        self._hubs += [
            self._hub(place, folder / f"shop{shop + 1}") for shop, place in enumerate(network.shops)
        ]
        self._nodes: list[subprocess.Popen[Any]] = []
        self._places: list[Any] = []
        for shop, places in enumerate(network.nodes):
            for number, place in enumerate(places):
                count = size // (SHOPS * NODES)
                words = [node_place(folder, shop, number), count, lasts_s, seed * 100 + shop * 10 + number]
                self._places.append(place)
                self._nodes.append(
                    place.popen(
                        [
                            sys.executable,
                            "-m",
                            "tests.prove._chain_node",
                            *map(str, words),
                            *self.days.words(),
                        ],
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        text=True,
                    )
                )

    def _hub(self, place: Any, folder: Path) -> subprocess.Popen[Any]:
        env = {
            "HUB_DIR": str(folder),
            "HUB_HOST": "0.0.0.0",
            "HUB_PORT": str(PORT),
            "HUB_SITE": "no",
            "HUB_WORKER": "no",
        }
        words = [sys.executable, "-m", "tests.prove._chain_hub", *self.days.words()]
        started: subprocess.Popen[Any] = place.popen(words, "hub.log", env)
        return started

    def begin(self) -> None:
        """Wait until every program is there; then the first day begins."""
        self._wait()
        self.days.begin()

    def _wait(self) -> None:
        for node in self._nodes:
            assert node.stdout is not None
            if node.stdout.readline() != "ready\n":
                raise RuntimeError("a node does not start")
        until = time.monotonic() + START_S
        for place in (self._network.head, *self._network.shops):
            while "The hub answers" not in place.said("hub.log"):
                if time.monotonic() > until:
                    raise RuntimeError(f"a hub does not start: {place.said('hub.log')[-500:]}")
                time.sleep(0.1)

    def play(self, cuts: list[Cut], rnd: random.Random, seen: Seen) -> None:
        """All days: cables are cut and mended, head office changes its mind, the long cut ends and is measured."""
        steps: list[tuple[float, int, Any]] = []
        for cut in cuts:
            steps += [(cut.begin, 1, cut), (cut.end, 0, cut)]
        steps += [(rnd.uniform(3, DAYS - 1), 2, number + 1) for number in range(CHANGES)]
        measuring: threading.Thread | None = None
        with closing(open_store(self._folder / "head")) as head:
            for at, what, subject in sorted(steps, key=lambda step: step[:2]):
                time.sleep(max(0.0, at * self.days.day_s - self.days.lasted_s()))
                if what == 2:
                    change_above(head, subject, self.days.now())
                    seen.changes += 1
                    continue
                place = self._place(subject)
                if what == 1:
                    self._network.cut(place, subject.way)
                    continue
                self._network.heal(place)
                if (subject.shop, subject.node, subject.end) == (0, None, CUT_UNTIL):
                    measuring = threading.Thread(target=self._measure, args=(seen,))
                    measuring.start()
        if measuring is not None:
            measuring.join(60)

    def _place(self, cut: Cut) -> Any:
        return self._network.shops[cut.shop] if cut.node is None else self._network.nodes[cut.shop][cut.node]

    def _measure(self, seen: Seen) -> None:
        """How long head office takes to hear what waited in the first shop, from the moment at which the cable is whole."""
        began = time.monotonic()
        with (
            closing(open_store(self._folder / "head")) as head,
            closing(open_store(self._folder / "shop1")) as shop,
        ):
            books = head.of_shop(1)
            before = books.journal.last_position()
            seen.waiting = shop.journal.last_position() - before
            wanted = min(seen.waiting, DRAIN_EVENTS)
            while time.monotonic() - began < 60:
                seen.drained = books.journal.last_position() - before
                seen.drain_s = time.monotonic() - began
                if seen.drained >= wanted:
                    return
                time.sleep(0.02)

    def settle(self) -> bool:
        """Mend everything, and wait until every node and both shops have told all; whether they have."""
        for place in (*self._network.shops, *(node for nodes in self._network.nodes for node in nodes)):
            self._network.heal(place)
        for node in self._nodes:
            assert node.stdout is not None
            node.stdout.readline()
        until = time.monotonic() + SETTLE_S
        with closing(open_store(self._folder / "head")) as head:
            while time.monotonic() < until:
                if all(self._told(head, shop) for shop in range(SHOPS)):
                    return True
                time.sleep(0.3)
        return False

    def _told(self, head: HubStore, shop: int) -> bool:
        """Whether nothing waits in the nodes of a shop, nor in the shop, and all have heard what head office said last."""
        record = head.campaigns.get(CHAIN_FIRST)
        title = "" if record is None else record.campaign.offer.title["en"]
        for number in range(NODES):
            with closing(sqlite3.connect(node_place(self._folder, shop, number) / "node.db")) as conn:
                (waiting,) = conn.execute("SELECT count(*) FROM outbox").fetchone()
                offers = conn.execute("SELECT body FROM section WHERE name = 'campaigns'").fetchone()
                if waiting or offers is None or f'"{title}"'.encode() not in bytes(offers[0]):
                    return False
        with closing(open_store(self._folder / f"shop{shop + 1}")) as store:
            return store.journal.last_position() == head.of_shop(shop + 1).journal.last_position()

    def end(self, seen: Seen) -> None:
        """The nodes, then the hubs; what each node says of itself."""
        for place, node in zip(self._places, self._nodes, strict=True):
            said, _ = node.communicate("end\n", timeout=60)
            seen.nodes[place.name] = json.loads(said.splitlines()[-1])
        for hub in reversed(self._hubs):
            hub.terminate()
        for hub in self._hubs:
            hub.wait(60)
