"""One node of the proof: a door that hears visitors, or a till that hands coupons out and redeems them, with the real exchange.

`python -m tests.prove._chain_node FOLDER COUNT LASTS_S SEED PLACE FIRST DAY_S`: COUNT facts in LASTS_S seconds from the first day
on; then it sends what is left until it reads the word `end`. It prints what it did as one line of JSON.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import msgspec

from hub.client.counters import Counters
from hub.client.db import Pool
from hub.client.desk import NodeDesk
from hub.client.exchange import Exchange, Syncer
from hub.client.link import HttpLink, SignedLink
from hub.client.node import Node
from hub.client.outbox import Outbox
from hub.client.schema import MIGRATIONS_CLIENT
from hub.client.shelf import Shelf
from hub.wire.coupon import Issued
from hub.wire.events import CouponRedeemed, Fact, OccupancyMeasured, VisitClosed
from hub.wire.sync import RedeemReply, RedeemRequest
from tests.prove._chain_days import DAY_S, Days

OFFER = 1
ASK_S = 3.0
ALONE_S = 5.0
"""After a question that was not answered a till decides alone for so long, as a kiosk does until its hub is back."""

REDEEM_EVERY = 8
"""One coupon is taken and redeemed for so many facts of a till."""

KICK_S = 1.0


class ChainNode:
    """The node's parts, as its own program has them."""

    def __init__(self, folder: Path, seed: int, days: Days) -> None:
        node = Node.load(folder)
        if node is None:
            raise RuntimeError(f"nobody was enrolled in {folder}")
        self.node = node
        self.days = days
        self.rnd = random.Random(seed)
        self.pool = Pool(folder / "node.db", [MIGRATIONS_CLIENT])
        clock = days.clock()
        self.shelf, self.outbox = Shelf(self.pool), Outbox(self.pool, node, clock)
        counters = Counters(self.pool)
        self.link = SignedLink(HttpLink(node.hub_url), node, counters)
        self.exchange = Exchange(node, self.outbox, self.shelf, self.link, clock)
        self.syncer = Syncer(self.exchange, self.outbox)
        self.desk = NodeDesk(self.pool, node, self.outbox, self.shelf, "kiosk", clock=clock)
        self.alone_until = 0.0
        self.sold: Counter[int] = Counter()
        self.alone = self.refused = 0

    def work(self, count: int, lasts_s: float) -> None:
        """All facts, spread over the time."""
        made = 0
        while made < count:
            due = min(count, int(self.days.lasted_s() / lasts_s * count))
            if made >= due:
                time.sleep(0.01)
                continue
            if self.node.program == "kiosk" and made % REDEEM_EVERY == 0:
                made += self._sell(made)
            else:
                self.outbox.record(self._heard(), self.days.now())
                made += 1

    def _heard(self) -> Fact:
        now = self.days.now()
        if self.rnd.random() < 0.7:
            stay_s = self.rnd.uniform(5, 1_800)
            return VisitClosed(
                id=f"{self.rnd.getrandbits(64):016x}",
                zone=self.rnd.choice(("door", "window", "till")),
                arrived_at=now - stay_s,
                departed_at=now,
                dwell_s=stay_s,
                peak_dbm=-self.rnd.randint(40, 90),
            )
        people = self.rnd.randint(0, 40)
        return OccupancyMeasured(
            zone="door", window_s=60, people=people, low=people * 0.8, high=people * 1.2, addresses=people * 2
        )

    def _sell(self, number: int) -> int:
        """A coupon is taken and redeemed: by the shop's hub, or alone where that does not answer. How many facts that is."""
        issued = self.desk.take(OFFER, f"{self.node.device}-{number:08}", self.days.now())
        if not isinstance(issued, Issued):
            self.refused += 1
            self.outbox.record(self._heard(), self.days.now())
            return 1
        nonce = f"{self.node.device}-{self.rnd.getrandbits(64):016x}"
        day = int((self.days.now() - self.days.first) // DAY_S)
        if time.monotonic() >= self.alone_until:
            asked = RedeemRequest(nonce, issued.token, self.node.name, "ann")
            reply = self.link.post("/v1/redeem", msgspec.json.encode(asked), ASK_S)
            if reply.status == 200:
                accepted = msgspec.json.decode(reply.body, type=RedeemReply).accepted
                self.sold[day] += accepted
                self.refused += not accepted
                return 2
            self.alone_until = time.monotonic() + ALONE_S
        self.alone += 1
        fact = CouponRedeemed(
            serial=issued.coupon.serial, campaign=OFFER, nonce=nonce, till=self.node.name, staff="ann",
            value_cents=100, offline=True,
        )  # fmt: skip
        self.outbox.record(fact, self.days.now())
        return 2


def main() -> None:
    """As above."""
    folder, count, lasts_s, seed = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    node = ChainNode(folder, seed, Days.read(sys.argv[5:8]))
    node.syncer.start()
    print("ready", flush=True)
    node.work(count, lasts_s)
    print(json.dumps({"worked": node.node.device}), flush=True)
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), ended.set()), daemon=True).start()
    while not ended.wait(KICK_S):
        # Whoever waits for the end of a proof does not wait out a minute's back-off.
        node.syncer.kick()
    node.syncer.stop()
    print(
        json.dumps(
            {
                "device": node.node.device,
                "sold_by_day": node.sold,
                "alone": node.alone,
                "refused": node.refused,
                "pending": node.outbox.counts().pending,
                "offers": {one.number: one.offer.title for one in node.shelf.campaigns()},
                "staff": sorted(one.id for one in node.shelf.staff()),
                "revoked": sorted(node.shelf.revoked()),
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
