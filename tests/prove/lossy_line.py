"""Facts over a line that loses half of the exchanges."""

from __future__ import annotations

import random
import time
from pathlib import Path

from hub.wire.events import CouponRefused, Fact, OfferSeen, VisitClosed, read_event
from tests.prove import Verdict
from tests.prove._site import BadLine, ProofNode, site_in

NAME = "lossy-line"
PROMISE = "Over a line that loses half of the exchanges, every fact arrives once, unchanged."
DEFAULT_SIZE = 500
CI_SIZE = 500

LOST = 0.5
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
    figures = {
        "facts": size,
        "arrived": len(arrived),
        "missing": missing,
        "twice": twice,
        "changed": changed,
        "waiting": waiting,
        "exchanges": tries,
        "lost": sum(line.lost for line in lines),
    }
    ok = not (missing or twice or changed or waiting) and len(arrived) == size
    sentence = f"{size} facts, {tries} exchanges of which {figures['lost']} were lost: {len(arrived)} arrived"
    return Verdict(ok, f"{sentence}, {missing} missing, {twice} twice, {changed} changed.", figures)


def a_fact(rnd: random.Random, number: int) -> Fact:
    """One of several kinds."""
    at = time.time()
    match rnd.randrange(3):
        case 0:
            return OfferSeen(campaign=1 + number % 2, channel="kiosk")
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
