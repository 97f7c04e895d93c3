"""Many threads, one coupon, over HTTP, at the same moment."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path

import msgspec

from hub.client.link import HttpLink
from hub.wire.coupon import Issued
from hub.wire.sync import RedeemReply, RedeemRequest
from tests.prove import Verdict
from tests.prove._site import ProofNode, served, site_in

NAME = "one-spend"
PROMISE = "However many tills redeem one coupon at the same moment, one is accepted and all others hear where and when."
DEFAULT_SIZE = 16
CI_SIZE = 16

COUPONS = 5


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` threads on each of five coupons: by token and by code in turn."""
    outcomes: Counter[str] = Counter()
    wrong = 0
    with site_in(folder) as site, served(site) as address:
        till = site.node("till", link=HttpLink(address))
        till.exchange.drain()
        for place in range(COUPONS):
            issued = till.desk.take(1, f"proof-{seed}-{place}", time.time())
            if not isinstance(issued, Issued):
                return Verdict(False, f"No coupon could be taken: {issued}.")
            till.exchange.drain()
            replies = all_at_once(till, [issued.token if n % 2 else issued.code for n in range(size)], place)
            accepted = [reply for reply in replies if reply.accepted]
            told = [
                reply for reply in replies if reply.refusal == "already_redeemed" and reply.at and reply.till
            ]
            wrong += not (len(accepted) == 1 and len(told) == size - 1)
            outcomes.update("accepted" if reply.accepted else str(reply.refusal) for reply in replies)
        counted = site.store.ledger.redeemed(1)
    wrong += counted != COUPONS
    figures = {"coupons": COUPONS, "threads": size, "outcomes": dict(outcomes), "redeemed_in_ledger": counted}
    sentence = f"{COUPONS} coupons, {size} threads each: {dict(outcomes)}, and the ledger counts {counted}."
    return Verdict(wrong == 0, sentence, figures)


def all_at_once(till: ProofNode, texts: list[str], place: int) -> list[RedeemReply]:
    """Every text in a thread of its own, let go together."""
    gate = threading.Barrier(len(texts))
    replies: list[RedeemReply] = []

    def one(number: int, text: str) -> None:
        request = RedeemRequest(f"nonce-{place}-{number:04}", text, f"Till {number}", "s1")
        gate.wait(30)
        answer = till.signed.post("/v1/redeem", msgspec.json.encode(request), 30.0)
        if answer.status == 200:
            replies.append(msgspec.json.decode(answer.body, type=RedeemReply))
        else:
            replies.append(RedeemReply(False, f"status {answer.status}: {answer.body[:80]!r}"))

    threads = [threading.Thread(target=one, args=(number, text)) for number, text in enumerate(texts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return replies
