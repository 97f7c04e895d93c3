"""A hub with the shops whose numbers are proved: two of a chain in two time zones, and a stranger in the same database.

Nodes tell by `/v1/sync`, and what they send is made here to the byte: late, twice, in any order, with gaps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.app import Hub, open_database
from hub.client.clock import Clock
from hub.client.link import Reply, WsgiLink
from hub.config import Config
from hub.devices import open_pairing
from hub.store.whole import HubStore
from hub.wire.coupon import Coupon, mint_token
from hub.wire.events import KIND_OF, ClockState, Event, Fact, write_event
from hub.wire.identity import public_text, sign_request, sign_text
from hub.wire.snapshot import Campaign, Offer, Shop, Value
from hub.wire.sync import EnrolReply, EnrolRequest, RedeemReply, RedeemRequest, SyncReply, SyncRequest

NOW = datetime(2026, 11, 30, 15, 20, tzinfo=UTC).timestamp()
"""When the numbers are looked at: a Monday, in the afternoon in Berlin and in the morning in New York."""

BEGUN = datetime(2025, 10, 1, tzinfo=UTC).timestamp()
HOME, SECOND, STRANGER = 7, 8, 9
TIMEZONES = {HOME: "Europe/Berlin", SECOND: "America/New_York", STRANGER: "Asia/Shanghai"}
VOUCHER = 3
CAMPAIGNS = (1, 2, VOUCHER, 4)
MOST_IN_A_BATCH = 200


@dataclass(slots=True)
class Telling:
    """A device of a shop: what it has made so far, in order, and how it tells it."""

    link: WsgiLink
    key: Ed25519PrivateKey
    place: EnrolReply
    shop: int
    counter: int = 0
    made: list[bytes] = field(default_factory=list)
    stamps: list[float] = field(default_factory=list)
    waiting: list[tuple[float, str, msgspec.Raw, ClockState]] = field(default_factory=list)

    def post(self, path: str, body: bytes) -> Reply:
        """One signed request."""
        self.counter += 1
        headers = sign_request(self.key, self.place.device, self.counter, "POST", path, body)
        return self.link.post(path, body, headers, 60)

    def make(self, fact: Fact, at: float, clock: ClockState = "ntp") -> None:
        """A fact that the device writes down when its time comes."""
        self.waiting.append((at, KIND_OF[type(fact)], msgspec.Raw(msgspec.json.encode(fact)), clock))

    def make_raw(self, kind: str, data: str, at: float) -> None:
        """The same with any text, as another release might write it."""
        self.waiting.append((at, kind, msgspec.Raw(data.encode()), "ntp"))

    def write_down(self) -> None:
        """Put what happened into the device's own journal, in the order of time: its clock never goes backwards."""
        for at, kind, data, clock in sorted(self.waiting, key=lambda one: one[0]):
            seq = len(self.made) + 1
            event = Event(self.place.device, self.place.epoch, seq, kind, at, clock, data)
            self.made.append(write_event(event))
            self.stamps.append(at)
        self.waiting.clear()

    def until(self, at: float) -> int:
        """How many of its facts happened before that."""
        return sum(stamp < at for stamp in self.stamps)

    def tell(self, rnd: Random, first: int, end: int) -> None:
        """Send what was made from `first` to before `end` in batches, out of order, some of them twice."""
        batches = []
        while first < end:
            size = rnd.choice((1, 3, 40, 120, MOST_IN_A_BATCH))
            batches.append(self.made[first : min(end, first + size)])
            first += size
        rnd.shuffle(batches)
        for batch in batches:
            for _ in range(rnd.choice((1, 1, 1, 2))):
                self.send(batch)
            if rnd.random() < 0.2:
                # A part of it once more, among others, in any order.
                self.send(rnd.sample(batch, min(len(batch), 5)))

    def send(self, texts: Iterable[bytes]) -> SyncReply:
        """One exchange."""
        request = SyncRequest(events=tuple(msgspec.Raw(text) for text in texts), have={})
        reply = self.post("/v1/sync", msgspec.json.encode(request))
        assert reply.status == 200, reply.body
        return msgspec.json.decode(reply.body, type=SyncReply)

    def mint(self, serial: str, campaign: int) -> str:
        """A coupon's token, signed by this device."""
        coupon = Coupon(self.place.key_number, self.place.shop, campaign, serial, int(NOW) + 86_400)
        return mint_token(self.key, coupon)

    def redeem(self, request: RedeemRequest) -> RedeemReply:
        """Ask the hub, which decides at once."""
        reply = self.post("/v1/redeem", msgspec.json.encode(request))
        assert reply.status == 200, reply.body
        return msgspec.json.decode(reply.body, type=RedeemReply)


class Shops:
    """The hub, with a clock that the proof turns; `second`: the pages of the other shop of the chain, in its own time zone."""

    def __init__(self, folder: Path, database: str = "") -> None:
        self.now = BEGUN
        store = open_database(folder, database)
        for number, timezone in TIMEZONES.items():
            name = {"en": f"Shop {number}", "zh": f"{number} 号店"}
            own = store if number == HOME else store.of_shop(number)
            own.shop.save(Shop(number, name, timezone=timezone), BEGUN)
            for one in CAMPAIGNS:
                own.campaigns.save(_campaign(one), "published", BEGUN, "proof")
        store.put_in_chain(SECOND)
        store.close()
        self.folder = folder
        clock = Clock(wall=lambda: self.now, ntp=lambda: True)
        self.hub, self.second = (
            Hub(Config(folder, database=database, worker=False, shop=one), clock=clock, with_site=False)
            for one in (HOME, SECOND)
        )
        self.store: HubStore = self.hub.store
        self.link = WsgiLink(self.hub.app)

    def of(self, shop: int) -> HubStore:
        """The store of one shop."""
        return self.store if shop == HOME else self.store.of_shop(shop)

    def device(self, shop: int, program: str, name: str) -> Telling:
        """A new device, paired."""
        code = open_pairing(self.of(shop), self.hub.key, program, self.now)
        key = Ed25519PrivateKey.generate()
        unsigned = EnrolRequest(code.secret, public_text(key), program, name, "")  # type: ignore[arg-type]  # a program's name
        signed = msgspec.structs.replace(unsigned, signature=sign_text(key, unsigned.signed_text()))
        reply = self.link.post("/v1/enrol", msgspec.json.encode(signed), {}, 5)
        assert reply.status == 200, reply.body
        return Telling(self.link, key, msgspec.json.decode(reply.body, type=EnrolReply), shop)

    def journal(self, shop: int) -> list[bytes]:
        """Every event of a shop's journal, in the hub's order."""
        question = "SELECT texts FROM journal WHERE shop = ? ORDER BY position"
        runs = [bytes(row[0]) for row in self.store.pool.read(question, shop)]
        return [bytes(text) for run in runs for text in msgspec.json.decode(run, type=list[msgspec.Raw])]

    def timezone(self, shop: int) -> str:
        """The timezone that a shop has now."""
        kept = self.of(shop).shop.get()
        assert kept is not None
        return kept.timezone

    def turn(self, to: float, then: Callable[[], None]) -> None:
        """Do something at another time, which is not before the one that was."""
        assert to >= self.now
        self.now = to
        then()

    def close(self) -> None:
        """Close every file."""
        self.hub.close()
        self.second.close()


def _campaign(number: int) -> Campaign:
    value = Value("voucher", 1_000) if number == VOUCHER else Value("amount", 100 * number)
    offer = Offer({"en": f"Offer {number}", "zh": f"优惠 {number}"}, {"en": "Proof"}, value)
    offline = "refuse" if number == VOUCHER else "rights"
    return Campaign(number, offer, int(BEGUN), int(NOW) + 60 * 86_400, offline=offline)
