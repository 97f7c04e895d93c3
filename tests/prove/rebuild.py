"""Projections are derived: thrown away and made again from the journal, they are the same to the byte."""

from __future__ import annotations

import random
import time
from pathlib import Path

import msgspec

from hub.rebuild import rebuild, verify
from hub.wire.coupon import Issued
from hub.wire.events import (
    ConsentGiven,
    ConsentWithdrawn,
    CouponRedeemed,
    CouponRefused,
    DeviceHealth,
    Fact,
    OccupancyMeasured,
    OfferSeen,
    PortalJoined,
    StreetCounted,
    VisitClosed,
)
from hub.wire.sync import RedeemRequest
from tests.prove import Verdict
from tests.prove._site import ProofNode, ProofSite, site_in

NAME = "rebuild"
PROMISE = "Everything that reports show can be made again from the journal, equal to the byte."
DEFAULT_SIZE = 3_000
CI_SIZE = 2_000


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` acts of three nodes that exchange late, out of step, and contradict each other while cut off."""
    rnd = random.Random(seed)
    with site_in(folder) as site:
        nodes = [site.node("door", "edge"), site.node("till-a"), site.node("till-b")]
        for node in nodes:
            node.exchange.drain()
        coupons: list[Issued] = []
        for number in range(size):
            act(rnd, site, rnd.choice(nodes), coupons, number)
        for node in nodes:
            node.exchange.drain(most=1_000)
        before = site.store.ledger.digest()
        compared = verify(site.store)
        events = rebuild(site.store)
        after = site.store.ledger.digest()
        again = rebuild(site.store)
        third = site.store.ledger.digest()
    differ = sorted(name for name in before if not before[name] == after[name] == third[name])
    ok = not differ and not compared.differ and events == again == compared.events and events > 0
    figures = {
        "acts": size,
        "events": events,
        "projections": len(before),
        "differ": differ,
        "verify_says": list(compared.differ),
        "digest": before,
    }
    sentence = f"{events} events, {len(before)} projections, twice made again: {len(differ)} differ."
    return Verdict(ok, sentence, figures)


def act(rnd: random.Random, site: ProofSite, node: ProofNode, coupons: list[Issued], number: int) -> None:
    """One thing that happens somewhere."""
    now = time.time() - rnd.randrange(0, 5 * 86_400)
    match rnd.randrange(10):
        case 0 | 1:
            taken = node.desk.take(rnd.choice((1, 1, 2)), f"proof-{number}", time.time())
            if isinstance(taken, Issued):
                coupons.append(taken)
        case 2 | 3 if coupons:
            node.outbox.record(alone(rnd, node, rnd.choice(coupons), number), now)
        case 4 if coupons:
            asked = RedeemRequest(f"hub-{number:06}", rnd.choice(coupons).token, node.node.name, "s1")
            node.signed.post("/v1/redeem", msgspec.json.encode(asked), 10.0)
        case 5:
            node.exchange.once(limit=rnd.randrange(1, 60))
        case _:
            node.outbox.record(a_fact(rnd, now, number), now)


def alone(rnd: random.Random, node: ProofNode, issued: Issued, number: int) -> Fact:
    """A till that is cut off accepts; sometimes the same act as one that the hub has seen."""
    return CouponRedeemed(
        serial=issued.coupon.serial,
        campaign=issued.coupon.campaign,
        nonce=f"alone-{rnd.randrange(number + 1):06}",
        till=node.node.name,
        staff="s1",
        value_cents=rnd.choice((100, 200)),
        offline=True,
    )


def consent(rnd: random.Random, member: str, *, simulated: bool) -> Fact:
    """Somebody agrees to something, or takes it back."""
    if rnd.random() < 0.4:
        purpose = rnd.choice(("recognise", "messages", "all"))
        return ConsentWithdrawn(member=member, purpose=purpose, place="portal", simulated=simulated)
    return ConsentGiven(
        member=member,
        purpose=rnd.choice(("recognise", "messages")),
        text="Remember me by a code that I keep.",
        text_version="1",
        language="en",
        place="portal",
        simulated=simulated,
    )


def a_fact(rnd: random.Random, now: float, number: int) -> Fact:
    """Something else that nodes report, sometimes from a simulator."""
    simulated = rnd.random() < 0.3
    match rnd.randrange(8):
        case 0:
            return OfferSeen(campaign=rnd.choice((1, 2, 99)), channel="portal", simulated=simulated)
        case 1:
            low = rnd.random() * 5
            return OccupancyMeasured(
                zone="door",
                window_s=60.0,
                people=low + 1,
                low=low,
                high=low + 3,
                addresses=7,
                simulated=simulated,
            )
        case 2:
            refusal = rnd.choice(("expired", "already_redeemed", "no_such_reason"))
            return CouponRefused(
                refusal=refusal, nonce=f"no-{number}", till="Till", staff="s1", offline=rnd.random() < 0.5
            )
        case 3:
            return DeviceHealth(program="edge", warnings=("radio-deaf",), counts={"heard": float(number)})
        case 4:
            return StreetCounted(
                zone=rnd.choice(("door", "back")),
                window_s=rnd.choice((900.0, 137.5)),
                passers=rnd.randrange(90),
                entrants=rnd.randrange(30),
                simulated=simulated,
            )
        case 5:
            return PortalJoined(
                way=rnd.choice(("click", "sms", "code", "coupon", "member")),
                seconds=3_600,
                member=rnd.choice(("", "", "4F7K9QX2M0TB5WZH")),
                simulated=simulated,
            )
        case 6:
            return consent(rnd, f"guest-{number:06}", simulated=simulated)
    dwell_s = rnd.random() * 3_000
    return VisitClosed(
        id=f"v{number}",
        zone=rnd.choice(("door", "back")),
        arrived_at=now - dwell_s,
        departed_at=now,
        dwell_s=dwell_s,
        peak_dbm=-rnd.randrange(30, 90),
        known=rnd.choice(("", "", "4F7K9QX2M0TB5WZH")),
        simulated=simulated,
    )
