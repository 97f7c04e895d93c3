"""Sixteen tills at one hub over HTTP, as real programs: the hub as `python -m hub serve`, the tills in processes of their own.

`python -m tests.bench._sixteen FOLDER ADDRESS FIRST COUNT BEGIN SECONDS` is COUNT of the tills, in threads: each asks again as
soon as it has its answer, with the client that a kiosk uses, a connection for each question.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import msgspec

from hub.app import create_app, open_store
from hub.client.counters import Counters
from hub.client.db import Pool
from hub.client.enrolling import enrol
from hub.client.link import HttpLink, SignedLink, WsgiLink
from hub.client.node import Node
from hub.client.schema import MIGRATIONS_CLIENT
from hub.config import Config
from hub.devices import hub_key, open_pairing
from hub.folding import fold
from hub.ingest import append_own
from hub.ledger import write_fact
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.coupon import make_code
from hub.wire.events import CouponIssued
from hub.wire.snapshot import Campaign, Offer, Shop, Value
from hub.wire.sync import RedeemReply, RedeemRequest

TILLS, PROCESSES = 16, 2
START_WITHIN_S = 30.0


def prepare(folder: Path, coupons: int) -> None:
    """A hub with sixteen tills and so many coupons for each; their codes in a file for each till."""
    hub = folder / "hub"
    hub.mkdir(parents=True)
    now = time.time()
    store = SqliteStore(hub / FILE)
    store.shop.save(Shop(1, {"en": "Bench"}), now)
    offer = Offer({"en": "Coffee"}, {}, Value("amount", 500))
    store.campaigns.save(Campaign(1, offer, 0, 2_000_000_000), "published", now, "bench")
    store.close()
    store = open_store(hub)
    key = hub_key(hub)
    link = WsgiLink(create_app(Config(dir=hub), store, key, admin=False))
    for number in range(TILLS):
        place = folder / f"till{number}"
        enrol(
            place, "http://hub", str(open_pairing(store, key, "kiosk", now)), "kiosk", f"Till {number}", link
        )
        codes = [make_code(os.urandom(7)) for _ in range(coupons)]
        (place / "codes.json").write_text(json.dumps(codes))
        with store.writing():
            for code in codes:
                fact = CouponIssued(
                    serial=os.urandom(8).hex(),
                    campaign=1,
                    code=code,
                    key_number=0,
                    expires_at=1_900_000_000,
                    channel="link",
                )
                fold(store.ledger, [append_own(store, "coupon.issued", write_fact(fact), now, "ntp")])
    store.close()


def measure(folder: Path, seconds: float, port: int) -> dict[str, Any]:
    """Redemptions a second, each on disk before its answer, and how long a till waits for one."""
    address = f"http://127.0.0.1:{port}"
    env = {
        **os.environ,
        "HUB_DIR": str(folder / "hub"),
        "HUB_PORT": str(port),
        "HUB_SITE": "no",
        "HUB_THREADS": str(TILLS),
    }
    hub = subprocess.Popen(
        [sys.executable, "-m", "hub", "serve"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(address)
        begin = time.monotonic() + 3.0
        share = TILLS // PROCESSES
        tills = [
            subprocess.Popen(
                [
                    *(sys.executable, "-m", "tests.bench._sixteen", str(folder), address),
                    *map(str, (number * share, share, begin, seconds)),
                ],
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(PROCESSES)
        ]
        waits: list[float] = []
        for till in tills:
            said, _ = till.communicate(timeout=seconds + 60)
            if till.returncode:
                raise RuntimeError("a till failed; it says why above")
            waits += json.loads(said)
    finally:
        hub.terminate()
        hub.wait(20)
    store = SqliteStore(folder / "hub" / FILE)
    try:
        if store.ledger.redeemed(1) < len(waits):
            raise RuntimeError(f"{len(waits)} were answered, and {store.ledger.redeemed(1)} are on disk")
    finally:
        store.close()
    return {"a_second": len(waits) / seconds, "waits": sorted(waits)}


def _wait_for(address: str) -> None:
    until = time.monotonic() + START_WITHIN_S
    while not HttpLink(address).post("/v1/sync", b"{}", {}, 2.0).status:
        if time.monotonic() > until:
            raise RuntimeError("the hub does not start")
        time.sleep(0.1)


def _ask(place: Path, address: str, begin: float, seconds: float, waits: list[float]) -> None:
    node = Node.load(place)
    assert node is not None
    pool = Pool(place / "node.db", [MIGRATIONS_CLIENT])
    link = SignedLink(HttpLink(address), node, Counters(pool))
    time.sleep(max(0.0, begin - time.monotonic()))
    for code in json.loads((place / "codes.json").read_text()):
        asked = time.monotonic()
        if asked > begin + seconds:
            break
        request = RedeemRequest(os.urandom(8).hex(), code, node.name, "ann")
        answer = link.post("/v1/redeem", msgspec.json.encode(request), 30.0)
        reply = msgspec.json.decode(answer.body, type=RedeemReply) if answer.status == 200 else None
        if reply is None or not reply.accepted:
            raise RuntimeError(f"a good coupon was not taken: {answer.status} {answer.body[:200]!r}")
        if time.monotonic() <= begin + seconds:
            waits.append(time.monotonic() - asked)
    else:
        raise RuntimeError("there were too few coupons")
    pool.close()


def main() -> int:
    """This process's tills."""
    folder, address = Path(sys.argv[1]), sys.argv[2]
    first, count = int(sys.argv[3]), int(sys.argv[4])
    begin, seconds = float(sys.argv[5]), float(sys.argv[6])
    waits: list[float] = []
    wrong: list[BaseException] = []

    def one(number: int) -> None:
        try:
            _ask(folder / f"till{number}", address, begin, seconds, waits)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(first, first + count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in wrong:
        print(error, file=sys.stderr)
    print(json.dumps(waits))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
