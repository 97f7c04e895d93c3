"""Many threads at one coupon, one limit, one voucher, over HTTP, at the same moment."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path

import msgspec

from hub.client.link import HttpLink
from hub.rebuild import verify
from hub.wire.coupon import Issued
from hub.wire.snapshot import Campaign, Offer, Value
from hub.wire.sync import RedeemReply, RedeemRequest, ReserveReply, ReserveRequest
from tests.prove import Verdict
from tests.prove._site import ProofNode, ProofSite, served, site_in

NAME = "one-spend"
PROMISE = (
    "However many tills redeem at the same moment, one coupon is accepted once and all others hear where and when; and no "
    "limit of a lot, a day or a person is passed, no voucher overspent."
)
DEFAULT_SIZE = 16
CI_SIZE = 16

COUPONS = 5


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` threads on each of five coupons, by token and by code in turn; then as many at each limit, and at one voucher."""
    outcomes: Counter[str] = Counter()
    wrong: list[str] = []
    with site_in(folder) as site, served(site) as address:
        till = site.node("till", link=HttpLink(address))
        till.exchange.drain()
        for place in range(COUPONS):
            issued = a_coupon(till, 1, f"proof-{seed}-{place}")
            replies = all_at_once(
                till, [issued.token if n % 2 else issued.code for n in range(size)], f"one-{place}"
            )
            accepted = [reply for reply in replies if reply.accepted]
            told = [
                reply for reply in replies if reply.refusal == "already_redeemed" and reply.at and reply.till
            ]
            if not (len(accepted) == 1 and len(told) == size - 1):
                wrong.append(f"coupon {place}")
            outcomes.update(outcome(reply) for reply in replies)
        limits = {name: at_a_limit(site, till, name, size, seed) for name in LIMITS}
        wrong += [name for name, found in limits.items() if not found["ok"]]
        counted = site.store.ledger.redeemed(1)
        same = verify(site.store).differ
    if counted != COUPONS:
        wrong.append("ledger")
    wrong += [f"rebuild of {name}" for name in same]
    figures = {
        "coupons": COUPONS,
        "threads": size,
        "outcomes": dict(outcomes),
        "redeemed_in_ledger": counted,
        "limits": limits,
        "wrong": wrong,
    }
    sentence = f"{COUPONS} coupons, {size} threads each: {dict(outcomes)}, and the ledger counts {counted}."
    kept = ", ".join(f"{name} {found['accepted']} of {found['most']}" for name, found in limits.items())
    return Verdict(not wrong, f"{sentence} Limits, {size} threads each: {kept}.", figures)


LIMITS: dict[str, tuple[int, dict[str, object], str]] = {
    "lot": (11, {"redemption_limit": 5}, "limit_reached"),
    "day": (12, {"per_day_limit": 4}, "day_limit"),
    "person": (13, {"per_person_limit": 3}, "person_limit"),
    "voucher": (14, {}, "balance_too_small"),
    "held": (15, {"redemption_limit": 6}, "limit_reached"),
}
"""Name to the campaign's number, its limit, and what whoever comes too late is told."""

VOUCHER_CENTS, PART_CENTS = 2_000, 300


def at_a_limit(site: ProofSite, till: ProofNode, name: str, size: int, seed: int) -> dict[str, object]:
    """As many threads as `size` at one limit. Half of those at `held` hold a coupon, half redeem one."""
    number, limit, too_late = LIMITS[name]
    value = Value("voucher", VOUCHER_CENTS) if name == "voucher" else Value("amount", 100)
    now = time.time()
    made = Campaign(
        number,
        Offer({"en": name}, {}, value),
        int(now) - 60,
        int(now) + 86_400,
        offline="refuse",
        **limit,  # type: ignore[arg-type]  # a table of any
    )
    site.store.campaigns.save(made, "published", now, "proof")
    till.exchange.drain()
    first = a_coupon(till, number, f"{name}-{seed}")
    more = (
        {"amount_cents": PART_CENTS}
        if name == "voucher"
        else {"member": "mei-00000001"}
        if name == "person"
        else {}
    )
    texts = [
        first.token if name == "voucher" or not n else a_coupon(till, number, f"{name}-{seed}-{n}").token
        for n in range(size)
    ]
    replies = all_at_once(till, texts, name, hold=name == "held", **more)
    accepted = [reply for reply in replies if reply.accepted]
    most = {"lot": 5, "day": 4, "person": 3, "voucher": VOUCHER_CENTS // PART_CENTS, "held": 6}[name]
    spent = sum(reply.value_cents for reply in accepted)
    ledger = site.store.ledger
    in_ledger = ledger.redeemed(number) + ledger.count_held(number, time.time())
    ok = (
        len(accepted) == in_ledger == min(most, size)
        and all(reply.refusal == too_late for reply in replies if not reply.accepted)
        and (name != "voucher" or spent <= VOUCHER_CENTS)
    )
    told = dict(Counter(outcome(reply) for reply in replies))
    return {"ok": ok, "most": most, "accepted": len(accepted), "in_ledger": in_ledger, "outcomes": told}


def a_coupon(till: ProofNode, number: int, name: str) -> Issued:
    """A coupon whose issue the hub has heard of."""
    issued = till.desk.take(number, name, time.time())
    assert isinstance(issued, Issued), f"no coupon of {number} could be taken: {issued}"
    till.exchange.drain()
    return issued


def outcome(reply: RedeemReply) -> str:
    return "accepted" if reply.accepted else str(reply.refusal)


def all_at_once(
    till: ProofNode, texts: list[str], name: str, *, hold: bool = False, **more: object
) -> list[RedeemReply]:
    """Every text in a thread of its own, let go together. `hold`: every other one only reserves, and counts as accepted."""
    gate = threading.Barrier(len(texts))
    replies: list[RedeemReply] = []

    def one(number: int, text: str) -> None:
        nonce = f"nonce-{name}-{number:04}"
        holds = hold and number % 2 == 1
        request: msgspec.Struct = RedeemRequest(nonce, text, f"Till {number}", f"s{number}", **more)  # type: ignore[arg-type]  # fields by name
        if holds:
            request = ReserveRequest(nonce, text, f"Till {number}", f"s{number}")
        gate.wait(30)
        answer = till.signed.post(
            "/v1/reserve" if holds else "/v1/redeem", msgspec.json.encode(request), 30.0
        )
        if answer.status != 200:
            replies.append(RedeemReply(False, f"status {answer.status}: {answer.body[:80]!r}"))
        elif holds:
            held = msgspec.json.decode(answer.body, type=ReserveReply)
            replies.append(RedeemReply(held.held, held.refusal))
        else:
            replies.append(msgspec.json.decode(answer.body, type=RedeemReply))

    threads = [threading.Thread(target=one, args=(number, text)) for number, text in enumerate(texts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return replies
