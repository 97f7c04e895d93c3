"""How long a durable redemption takes, and how many of them one hub does in a second, against the disk's own syncs.

Ours is the commit with `synchronous=FULL` of what a redemption changes (journal, ledger, tallies: some nine pages), which is
what the limit is about; and, as a second line, everything that the hub does for a till from the lock to the disk: the coupon
looked up, some twenty questions to the store, the one rule, the records, that commit. The peer appends 200 bytes to a file and
calls fdatasync. They take turns, one by one, so that both meet the same moments of the same disk.

Then sixteen tills ask one hub over HTTP, all as real programs on this machine, as fast as they are answered; the disk's own
appends and syncs, just before and just after, are what a hub could do that had nothing else to do and shared no sync.
"""

from __future__ import annotations

import gc
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from hub.folding import fold
from hub.ingest import append_own
from hub.jobs import CHECKPOINT_OCTETS
from hub.ledger import write_fact
from hub.redeeming import redeem
from hub.serving import settle
from hub.store.records import Device
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.coupon import make_code
from hub.wire.events import CouponIssued
from hub.wire.snapshot import Campaign, Offer, Shop, Value
from hub.wire.sync import RedeemReply, RedeemRequest
from tests.bench import _sixteen
from tests.prove._street import free_ports

PER_ROUND = 400
NOW = 1_795_000_000.0
LOOK_EVERY = 20
"""The serving hub looks every two seconds whether its log is to be moved into the file, in a thread of its own; here that is done
between requests."""

MOST_TIMES_A_SYNC = 1.5
AT_LEAST_A_SECOND = 300
TILLS_S = 6.0
MOST_FOR_TILL = 800
"""Coupons for each till: more than it can redeem in that time."""

SYNCS = 500


def _prepare(store: SqliteStore, count: int) -> list[str]:
    """As many coupons; their codes."""
    offer = Offer({"en": "Coffee"}, {}, Value("amount", 500))
    store.shop.save(Shop(1, {"en": "Bench"}), NOW)
    store.campaigns.save(Campaign(1, offer, 0, 2_000_000_000), "published", NOW, "bench")
    codes = []
    with store.writing():
        for _ in range(count):
            code = make_code(os.urandom(7))
            fact = CouponIssued(
                serial=os.urandom(8).hex(),
                campaign=1,
                code=code,
                key_number=0,
                expires_at=1_900_000_000,
                channel="link",
            )
            fold(store.ledger, [append_own(store, "coupon.issued", write_fact(fact), NOW, "ntp")])
            codes.append(code)
    return codes


def _redeem(store: SqliteStore, till: Device, code: str) -> tuple[float, float]:
    """Seconds of the commit, and of all of it."""
    request = RedeemRequest(os.urandom(8).hex(), code, "Till 1", "ann")
    start = time.perf_counter()
    with store.writing():
        reply = redeem(store, till, request, NOW, "ntp")
        decided = time.perf_counter()
    end = time.perf_counter()
    assert isinstance(reply, RedeemReply)
    assert reply.accepted
    return end - decided, end - start


def _append(handle: int) -> float:
    body = os.urandom(200)
    start = time.perf_counter()
    os.write(handle, body)
    os.fdatasync(handle)
    return time.perf_counter() - start


def _percentile_99(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98]


def _syncs_a_second(folder: Path) -> float:
    handle = os.open(folder / "syncs", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        seconds = [_append(handle) for _ in range(SYNCS)]
    finally:
        os.close(handle)
    return len(seconds) / sum(seconds)


def _sixteen_tills(rounds: int) -> list[dict[str, Any]]:
    rates, waits, syncs = [], [], []
    for _ in range(max(1, rounds // 2)):
        with tempfile.TemporaryDirectory() as text:
            folder = Path(text)
            _sixteen.prepare(folder, MOST_FOR_TILL)
            syncs.append(_syncs_a_second(folder))
            figures = _sixteen.measure(folder, TILLS_S, free_ports(1))
            syncs.append(_syncs_a_second(folder))
            rates.append(figures["a_second"])
            waits.append(_percentile_99(figures["waits"]))
    rate, disk = statistics.median(rates), statistics.median(syncs)
    return [
        {
            "name": "durable redemptions a second, 16 tills over HTTP",
            "ours": rate,
            "peer": float(AT_LEAST_A_SECOND),
            "ratio": rate / AT_LEAST_A_SECOND,
            "goal": 1.0,
            "unit": "1/s",
        },
        {
            "name": "the same, against the disk's own syncs",
            "ours": rate,
            "peer": disk,
            "ratio": rate / disk,
            "goal": None,
            "unit": "1/s",
        },
        {
            "name": "a till's wait with 15 others, p99",
            "ours": statistics.median(waits) * 1000,
            "peer": None,
            "ratio": None,
            "goal": None,
            "unit": "ms",
        },
    ]


def measure(rounds: int = 7) -> list[dict[str, Any]]:
    """Milliseconds at the 99th percentile; `ratio` says how many times faster we are, and 0.5 is twice as long."""
    return [*_commit(rounds), *_sixteen_tills(rounds)]


def _commit(rounds: int) -> list[dict[str, Any]]:
    commits: list[float] = []
    wholes: list[float] = []
    peer: list[float] = []
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        store = SqliteStore(folder / FILE)
        codes = iter(_prepare(store, (rounds + 1) * PER_ROUND))
        before = gc.get_threshold()
        settle()
        till = store.devices.enrol("kiosk", "Till 1", "00" * 32, NOW)
        assert till is not None
        handle = os.open(folder / "peer", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for number in range(rounds + 1):
            commit, whole, other = [], [], []
            for place in range(PER_ROUND):
                one_commit, one_whole = _redeem(store, till, next(codes))
                commit.append(one_commit)
                whole.append(one_whole)
                other.append(_append(handle))
                if place % LOOK_EVERY == 0:
                    store.checkpoint(CHECKPOINT_OCTETS)
            if number:
                commits.append(_percentile_99(commit))
                wholes.append(_percentile_99(whole))
                peer.append(_percentile_99(other))
        os.close(handle)
        store.close()
        gc.unfreeze()
        gc.set_threshold(*before)
    return [
        _against_a_sync("redemption commit, p99", commits, peer, 1 / MOST_TIMES_A_SYNC),
        _against_a_sync("a redemption from lock to disk, p99", wholes, peer, None),
    ]


def _against_a_sync(name: str, ours: list[float], peer: list[float], goal: float | None) -> dict[str, Any]:
    return {
        "name": name,
        "ours": statistics.median(ours) * 1000,
        "peer": statistics.median(peer) * 1000,
        "ratio": statistics.median(b / a for a, b in zip(ours, peer, strict=True)),
        "goal": goal,
        "unit": "ms",
    }
