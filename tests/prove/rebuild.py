"""Projections are derived: thrown away and made again from the journal, they are the same to the byte."""

from __future__ import annotations

import random
import time
from pathlib import Path

import msgspec

from hub.rebuild import rebuild, verify
from hub.reversing import reverse_as_manager
from hub.wire.coupon import Issued
from hub.wire.events import (
    ConsentGiven,
    ConsentWithdrawn,
    CouponRedeemed,
    CouponRefused,
    CouponReversed,
    DeviceHealth,
    Fact,
    OccupancyMeasured,
    OfferSeen,
    OfferShown,
    PortalJoined,
    StreetCounted,
    VisitClosed,
)
from hub.wire.snapshot import Campaign, Offer, Value
from hub.wire.sync import RedeemRequest, ReleaseRequest, ReserveRequest, ReverseRequest
from tests.prove import Verdict
from tests.prove._site import ProofNode, ProofSite, site_in

NAME = "rebuild"
PROMISE = "Everything that reports show can be made again from the journal, equal to the byte."
DEFAULT_SIZE = 3_000
CI_SIZE = 2_000

VOUCHER = 3
"""A campaign of vouchers; 1 and 2 are those of every proof."""


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` acts of three nodes that exchange late, out of step, and contradict each other while cut off."""
    rnd = random.Random(seed)
    with site_in(folder) as site:
        nodes = [site.node("door", "edge"), site.node("till-a"), site.node("till-b")]
        now = time.time()
        offer = Offer({"en": "Voucher"}, {"en": "Proof"}, Value("voucher", 1_000))
        voucher = Campaign(VOUCHER, offer, int(now) - 60, int(now) + 86_400, offline="refuse")
        site.store.campaigns.save(voucher, "published", now, "proof")
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
        there = {name: rows(site, name) for name in MUST_BE_THERE}
    differ = sorted(name for name in before if not before[name] == after[name] == third[name])
    ok = not differ and not compared.differ and events == again == compared.events and events > 0
    ok = ok and (size < CI_SIZE or all(there.values()))
    figures = {
        "acts": size,
        "events": events,
        "projections": len(before),
        "differ": differ,
        "verify_says": list(compared.differ),
        "digest": before,
        "rows": there,
    }
    sentence = f"{events} events, {len(before)} projections, twice made again: {len(differ)} differ."
    return Verdict(ok, sentence, figures)


MUST_BE_THERE = ("redemption", "reversal", "reservation", "voucher", "conflict", "use_by_member", "exposure")
"""A proof over empty tables proves nothing."""


def rows(site: ProofSite, table: str) -> int:
    """How many rows a projection has."""
    question = {name: f"SELECT count(*) FROM {name}" for name in MUST_BE_THERE}[table]
    return int(site.store.pool.read(question)[0][0])


def act(rnd: random.Random, site: ProofSite, node: ProofNode, coupons: list[Issued], number: int) -> None:
    """One thing that happens somewhere."""
    now = time.time() - rnd.randrange(0, 5 * 86_400)
    match rnd.randrange(13):
        case 0 | 1:
            taken = node.desk.take(rnd.choice((1, 1, 2, VOUCHER)), f"proof-{number}", time.time())
            if isinstance(taken, Issued):
                coupons.append(taken)
        case 2 | 3 if coupons:
            node.outbox.record(alone(rnd, node, rnd.choice(coupons), number), now)
        case 4 | 5 if coupons:
            asked = question(rnd, node, rnd.choice(coupons), number)
            node.signed.post(asked[0], msgspec.json.encode(asked[1]), 10.0)
        case 6:
            node.exchange.once(limit=rnd.randrange(1, 60))
        case 7:
            node.outbox.record(taken_back_alone(rnd, site, node, number), now)
        case 8:
            taken_back_in_the_office(rnd, site, number)
        case _:
            node.outbox.record(a_fact(rnd, now, number), now)


def question(rnd: random.Random, node: ProofNode, issued: Issued, number: int) -> tuple[str, msgspec.Struct]:
    """Something that a till asks of the hub about a coupon, or about what it did before."""
    nonce, text, till = f"hub-{number:06}", issued.token, node.node.name
    earlier = f"hub-{rnd.randrange(max(0, number - 40), number + 1):06}"
    amount = rnd.choice((100, 400)) if issued.coupon.campaign == VOUCHER else None
    member = rnd.choice(("", f"member-{rnd.randrange(9):08}"))
    staff = f"s{rnd.randrange(3)}"
    match rnd.randrange(6):
        case 0:
            return "/v1/reserve", ReserveRequest(
                nonce, text, till, staff, rnd.choice((5, 900)), amount_cents=amount, member=member
            )
        case 1:
            return "/v1/release", ReleaseRequest(earlier)
        case 2:
            return "/v1/reverse", ReverseRequest(nonce, earlier, till, staff, "a slip")
    return "/v1/redeem", RedeemRequest(
        nonce, text, till, staff, amount_cents=amount, member=member, reservation=rnd.choice(("", earlier))
    )


def taken_back_alone(rnd: random.Random, site: ProofSite, node: ProofNode, number: int) -> Fact:
    """A till that is cut off takes back what it or somebody else did, or something that nobody has heard of yet."""
    acts = site.store.counter.acts(0, 3e9, limit=20)
    act = rnd.choice(acts) if acts and rnd.random() < 0.8 else None
    return CouponReversed(
        serial=act.serial if act else "00" * 8,
        campaign=act.campaign if act else 1,
        of=act.nonce if act else f"alone-{rnd.randrange(number + 1):06}",
        redeemed_by=rnd.choice((act.device, node.node.device)) if act else node.node.device,
        nonce=f"back-{number:06}",
        till=node.node.name,
        staff="s1",
        by="staff",
        reason="a slip",
        value_cents=act.value_cents if act else 100,
        offline=True,
    )


def taken_back_in_the_office(rnd: random.Random, site: ProofSite, number: int) -> None:
    """A manager takes one of the latest acts back."""
    acts = site.store.counter.acts(0, 3e9, limit=20)
    if not acts:
        return
    act = rnd.choice(acts)
    reverse_as_manager(
        site.store,
        act.device,
        act.nonce,
        manager="Ines",
        reason="goods came back",
        act_id=f"form-{number:06}",
        now=time.time(),
        clock="ntp",
    )


def alone(rnd: random.Random, node: ProofNode, issued: Issued, number: int) -> Fact:
    """A till that is cut off accepts; sometimes the same act as one that the hub has seen, sometimes what only the hub may."""
    voucher = issued.coupon.campaign == VOUCHER
    return CouponRedeemed(
        serial=issued.coupon.serial,
        campaign=issued.coupon.campaign,
        nonce=rnd.choice((f"alone-{rnd.randrange(number + 1):06}", f"hub-{rnd.randrange(number + 1):06}")),
        till=node.node.name,
        staff="s1",
        value_cents=rnd.choice((100, 200)),
        offline=True,
        member=rnd.choice(("", f"member-{rnd.randrange(9):08}")),
        balance_cents=rnd.choice((0, 800)) if voucher else None,
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
    match rnd.randrange(9):
        case 7:
            return OfferShown(
                campaign=rnd.choice((1, 2)),
                channel=rnd.choice(("kiosk", "portal")),
                times=rnd.randrange(9),
                shown_s=rnd.random() * 60,
                simulated=simulated,
            )
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
