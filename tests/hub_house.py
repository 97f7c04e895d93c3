"""A whole hub in one process for tests: the real application and store, nodes that meet it over WSGI, a clock that we turn."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.app import create_api_app, open_database
from hub.client.clock import Clock
from hub.client.link import Reply, WsgiLink
from hub.devices import hub_key, open_pairing
from hub.members.people_key import KeptPeopleKey
from hub.store.sqlite import FILE
from hub.store.whole import HubStore
from hub.wire.coupon import Coupon, make_code, mint_token
from hub.wire.events import (
    ClockState,
    CouponIssued,
    CouponRedeemed,
    Event,
    Fact,
    VisitClosed,
    make_event,
    write_event,
)
from hub.wire.identity import public_text, sign_request, sign_text
from hub.wire.snapshot import Campaign, Offer, Shop, Value
from hub.wire.sync import (
    EnrolReply,
    EnrolRequest,
    LookReply,
    LookRequest,
    Problem,
    RedeemReply,
    RedeemRequest,
    Released,
    ReleaseRequest,
    ReserveReply,
    ReserveRequest,
    ReverseReply,
    ReverseRequest,
    SyncReply,
    SyncRequest,
)

NOON = 1_795_000_000.0
T = TypeVar("T")


def campaign(number: int = 1, **changes: object) -> Campaign:
    """A running campaign: five off, no limits."""
    plain = Campaign(
        number, Offer({"en": f"Offer {number}"}, {}, Value("amount", 500)), int(NOON) - 60, int(NOON) + 86_400
    )
    return msgspec.structs.replace(plain, **changes)


@cache
def _new_file() -> bytes:
    """A hub's file as its first start leaves it."""
    with TemporaryDirectory() as folder:
        open_database(Path(folder)).close()
        return (Path(folder) / FILE).read_bytes()


class House:
    """The hub of one shop with campaign 1. Its file is a copy of one that was made once: thousands of tests have one."""

    def __init__(self, folder: Path, database: str = "", number: int = 7) -> None:
        self.now = NOON
        self.folder = folder
        if not database and not (folder / FILE).exists():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / FILE).write_bytes(_new_file())
        self.store: HubStore = open_database(folder, database)
        self.store.shop.save(Shop(number, {"en": "Corner", "zh": "街角"}, timezone="Europe/Berlin"), NOON)
        self.publish(campaign())
        self.key = hub_key(folder)
        self.clock = Clock(wall=lambda: self.now, ntp=lambda: True)
        self.app = create_api_app(self.store, self.key, self.clock, people=KeptPeopleKey(folder))
        self.link = WsgiLink(self.app)

    def publish(self, what: Campaign) -> None:
        self.store.campaigns.save(what, "published", NOON, "test")

    def node(self, program: str = "kiosk", name: str = "Till 1") -> HouseNode:
        code = open_pairing(self.store, self.key, program, self.now)
        key = Ed25519PrivateKey.generate()
        reply = self.enrol(key, code.secret, program, name)
        assert reply.status == 200, reply.body
        return HouseNode(self, key, msgspec.json.decode(reply.body, type=EnrolReply))

    def enrol(
        self, key: Ed25519PrivateKey, secret: str, program: str = "kiosk", name: str = "Till 1"
    ) -> Reply:
        unsigned = EnrolRequest(secret, public_text(key), program, name, "")  # type: ignore[arg-type]
        signed = msgspec.structs.replace(unsigned, signature=sign_text(key, unsigned.signed_text()))
        return self.link.post("/v1/enrol", msgspec.json.encode(signed), {}, 1)

    def close(self) -> None:
        self.store.close()


class HouseNode:
    """A node that keeps its own numbers. What it sends can be anything."""

    def __init__(self, house: House, key: Ed25519PrivateKey, place: EnrolReply) -> None:
        self.house = house
        self.key = key
        self.device = place.device
        self.place = place
        self.counter = 0
        self.seq = 0

    def post(self, path: str, body: bytes, counter: int | None = None) -> Reply:
        if counter is None:
            self.counter += 1
            counter = self.counter
        headers = sign_request(self.key, self.device, counter, "POST", path, body)
        return self.house.link.post(path, body, headers, 30)

    def event(self, fact: Fact, at: float | None = None, clock: ClockState = "ntp") -> Event:
        self.seq += 1
        return make_event(
            self.device,
            self.place.epoch,
            self.seq,
            fact,
            at=self.house.now if at is None else at,
            clock=clock,
        )

    def send(self, *texts: bytes, have: dict[str, str] | None = None) -> SyncReply:
        request = SyncRequest(events=tuple(msgspec.Raw(text) for text in texts), have=have or {})
        return read(self.post("/v1/sync", msgspec.json.encode(request)), SyncReply)

    def report(self, *facts: Fact, at: float | None = None) -> SyncReply:
        return self.send(*(write_event(self.event(fact, at)) for fact in facts))

    def mint(
        self, number: int = 1, expires_at: int = int(NOON) + 3_600, member: str = ""
    ) -> tuple[CouponIssued, str]:
        """A coupon's issue, and its token."""
        coupon = Coupon(self.place.key_number, self.place.shop, number, os.urandom(8).hex(), expires_at)
        fact = CouponIssued(
            serial=coupon.serial,
            campaign=number,
            code=make_code(os.urandom(7)),
            key_number=coupon.key_number,
            expires_at=expires_at,
            channel="kiosk",
            member=member,
        )
        return fact, mint_token(self.key, coupon)

    def redeem(
        self, text: str, nonce: str | None = None, basket_cents: int | None = None, **more: object
    ) -> RedeemReply:
        return read(self.ask(text, nonce, basket_cents, **more), RedeemReply)

    def ask(
        self, text: str, nonce: str | None = None, basket_cents: int | None = None, **more: object
    ) -> Reply:
        plain = RedeemRequest(nonce or os.urandom(8).hex(), text, self.device, "ann", basket_cents)
        return self.post("/v1/redeem", msgspec.json.encode(msgspec.structs.replace(plain, **more)))

    def reserve(self, text: str, nonce: str, lasts_s: int = 120, **more: object) -> ReserveReply:
        plain = ReserveRequest(nonce, text, self.device, "ann", lasts_s)
        return self.told("reserve", msgspec.structs.replace(plain, **more), ReserveReply)

    def release(self, nonce: str) -> Released:
        return self.told("release", ReleaseRequest(nonce), Released)

    def reverse(self, of: str, nonce: str, staff: str = "ann") -> ReverseReply:
        return self.told("reverse", ReverseRequest(nonce, of, self.device, staff, "a slip"), ReverseReply)

    def look(self, text: str) -> LookReply:
        return self.told("look", LookRequest(text), LookReply)

    def told(self, path: str, request: msgspec.Struct, kind: type[T]) -> T:
        return read(self.post(f"/v1/{path}", msgspec.json.encode(request)), kind)


def read(reply: Reply, kind: type[T]) -> T:
    assert reply.status == 200, (reply.status, reply.body)
    return msgspec.json.decode(reply.body, type=kind)


def problem(reply: Reply) -> Problem:
    assert reply.status != 200, reply.body
    return msgspec.json.decode(reply.body, type=Problem)


def visit(
    arrived_at: float = NOON, dwell_s: float = 60.0, zone: str = "door", *, simulated: bool = False
) -> VisitClosed:
    return VisitClosed(
        id="v",
        zone=zone,
        arrived_at=arrived_at,
        departed_at=arrived_at + dwell_s,
        dwell_s=dwell_s,
        peak_dbm=-60,
        simulated=simulated,
    )


def alone(
    fact: CouponIssued, nonce: str = "alone-001", value_cents: int = 500, **changes: object
) -> CouponRedeemed:
    """An acceptance by a till that was cut off."""
    plain = CouponRedeemed(
        serial=fact.serial,
        campaign=fact.campaign,
        nonce=nonce,
        till="Till",
        staff="ann",
        value_cents=value_cents,
        offline=True,
    )
    return msgspec.structs.replace(plain, **changes)


def outcomes(reply: SyncReply) -> list[str]:
    return [verdict.outcome for verdict in reply.verdicts]


def each(count: int, make: Callable[[int], T]) -> Sequence[T]:
    return [make(place) for place in range(count)]
