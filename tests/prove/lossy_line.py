"""Facts, and what a till asks, over a line that loses half of the exchanges."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import TypeVar

import msgspec

from hub.wire.coupon import Issued
from hub.wire.events import CouponRefused, Fact, OfferSeen, OfferShown, VisitClosed, read_event
from hub.wire.sync import (
    RedeemReply,
    RedeemRequest,
    ReserveReply,
    ReserveRequest,
    ReverseReply,
    ReverseRequest,
)
from tests.prove import Verdict
from tests.prove._site import BadLine, ProofNode, ProofSite, site_in

NAME = "lossy-line"
PROMISE = (
    "Over a line that loses half of the exchanges, every fact arrives once, unchanged; and whatever a till asks again until "
    "it is answered (redeem, hold, take back) is done once."
)
DEFAULT_SIZE = 500
CI_SIZE = 500

LOST = 0.5
ACTS_SHARE = 5
"""One coupon for so many facts."""

T = TypeVar("T")
MOST_TRIES = 200_000


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` facts from two nodes, sent in small batches that differ in length."""
    rnd = random.Random(seed)
    with site_in(folder) as site:
        lines = [BadLine(site.link, random.Random(seed + place), LOST) for place in (1, 2)]
        nodes = [site.node("door", "edge", lines[0]), site.node("till", "kiosk", lines[1])]
        written: dict[tuple[str, int, int], bytes] = {}
        for number in range(size):
            node = rnd.choice(nodes)
            event = node.outbox.record(a_fact(rnd, number), time.time())
            written[event.device, event.epoch, event.seq] = bytes(event.data)
        tries = sum(send_all(node, rnd) for node in nodes)
        arrived: list[tuple[str, int, int]] = []
        changed = 0
        for chunk in site.store.journal.chunks():
            for _, _, text in chunk:
                event = read_event(text)
                arrived.append((event.device, event.epoch, event.seq))
                changed += written.get(arrived[-1]) != bytes(event.data)
        missing = len(set(written) - set(arrived))
        twice = len(arrived) - len(set(arrived))
        waiting = sum(node.outbox.counts().pending for node in nodes)
        lost = sum(line.lost for line in lines)
        asked = ask_much(site, nodes[1], rnd, max(1, size // ACTS_SHARE))
    figures = {
        "facts": size,
        "arrived": len(arrived),
        "missing": missing,
        "twice": twice,
        "changed": changed,
        "waiting": waiting,
        "exchanges": tries,
        "lost": lost,
        "asked": asked,
    }
    ok = not (missing or twice or changed or waiting) and len(arrived) == size and asked["wrong"] == 0
    sentence = f"{size} facts, {tries} exchanges of which {figures['lost']} were lost: {len(arrived)} arrived"
    sentence += f", {missing} missing, {twice} twice, {changed} changed."
    done = f" {asked['redeemed']} redemptions, {asked['reversed']} of them taken back: {asked['wrong']} wrong in the ledger."
    return Verdict(ok, sentence + done, figures)


def ask_much(site: ProofSite, till: ProofNode, rnd: random.Random, count: int) -> dict[str, int]:
    """So many coupons, each redeemed, some held before, some taken back and redeemed anew; asked until it is answered."""
    redeemed = reversed_ = wrong = questions = 0

    def ask(path: str, request: msgspec.Struct, kind: type[T]) -> T:
        nonlocal questions
        for _ in range(MOST_TRIES):
            questions += 1
            answer = till.signed.post(path, msgspec.json.encode(request), 10.0)
            if answer.status:
                assert answer.status == 200, answer.body
                return msgspec.json.decode(answer.body, type=kind)
        raise AssertionError("no answer ever came")

    for number in range(count):
        issued = till.desk.take(1, f"lossy-{number}", time.time())
        assert isinstance(issued, Issued)
        questions += send_all(till, rnd)
        hold = f"hold-{number:06}" if rnd.random() < 0.3 else ""
        if hold:
            held = ask("/v1/reserve", ReserveRequest(hold, issued.token, "Till", "s1"), ReserveReply)
            wrong += not held.held
        for turn in (1, 2):
            nonce = f"ask-{number:06}-{turn}"
            request = RedeemRequest(nonce, issued.token, "Till", "s1", reservation=hold if turn == 1 else "")
            wrong += not ask("/v1/redeem", request, RedeemReply).accepted
            redeemed += 1
            if turn == 2 or rnd.random() < 0.6:
                break
            back = ReverseRequest(f"back-{number:06}", nonce, "Till", "s1", "a slip")
            wrong += not ask("/v1/reverse", back, ReverseReply).reversed
            reversed_ += 1
    acts = site.store.counter.acts(0, 3e9, limit=10 * count)
    wrong += abs(len(acts) - redeemed) + abs(site.store.ledger.redeemed(1) - (redeemed - reversed_))
    wrong += len(site.store.reports.conflicts(0, 3e9)) + len(site.store.counter.held(time.time()))
    return {"questions": questions, "redeemed": redeemed, "reversed": reversed_, "wrong": wrong}


def a_fact(rnd: random.Random, number: int) -> Fact:
    """One of several kinds."""
    at = time.time()
    match rnd.randrange(4):
        case 0:
            return OfferSeen(campaign=1 + number % 2, channel="kiosk")
        case 2:
            return OfferShown(
                campaign=1 + number % 2, channel="kiosk", times=number % 9, shown_s=rnd.random()
            )
        case 1:
            return CouponRefused(refusal="expired", nonce=f"proof-{number}", till="Till", staff="s1")
    return VisitClosed(
        id=f"v{number}",
        zone="door",
        arrived_at=at - 60,
        departed_at=at,
        dwell_s=60.0,
        peak_dbm=-rnd.randrange(30, 90),
    )


def send_all(node: ProofNode, rnd: random.Random) -> int:
    """Exchange until nothing waits; how many exchanges that took."""
    tries = 0
    while node.outbox.pending(1) and tries < MOST_TRIES:
        node.exchange.once(limit=rnd.randrange(1, 20))
        tries += 1
    return tries
