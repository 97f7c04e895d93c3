"""A rebuild as work: while it goes on a till redeems, and afterwards everything is the same to the byte."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import msgspec

from hub.config import Config
from hub.rebuild import rebuild, verify
from hub.store.records import Run
from hub.wire.events import Fact, VisitClosed, make_event, write_event
from hub.work import result_of, submit
from hub.working import Worker
from tests.hub_house import NOON, House
from tests.prove import Verdict

NAME = "rebuilding"
PROMISE = "Everything is made again from the journal while a till redeems: the same to the byte, and each coupon counts."
DEFAULT_SIZE = 300_000
CI_SIZE = 20_000
SIZE_NAME = "events"

RUN = 1_000
COUPONS = 400


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` facts of a door and of a till, then a rebuild with a till beside it that redeems one coupon after the other."""
    house = House(folder)
    try:
        _fill(house, size)
        before_s = time.monotonic()
        rebuild(house.store)
        at_once_s = time.monotonic() - before_s
        till = house.node(name="Till during")
        coupons = [till.mint() for _ in range(COUPONS)]
        till.report(*(fact for fact, _ in coupons))
        calm = [_redeem_s(till, coupons[place][1], place) for place in range(100)]
        made = submit(house.store, "rebuild", {}, "proof", NOON)
        worker = Worker(house.store, Config(folder), now=time.time)
        thread = threading.Thread(target=worker.once, args=(["rebuild"],))
        began = time.monotonic()
        thread.start()
        during: list[float] = []
        place = 100
        while thread.is_alive() and place < COUPONS:
            during.append(_redeem_s(till, coupons[place][1], place))
            place += 1
            time.sleep(0.01)
        thread.join()
        took_s = time.monotonic() - began
        work = house.store.work.get(made.id)
        compared = verify(house.store)
        left = sum(house.store.of_shop(7 + (1 << 20)).journal.kinds().values())
    finally:
        house.close()
    if work is None or work.state != "done":
        return Verdict(False, f"The work came to nothing: {work}", {})
    result = result_of(work)
    slowest = max(during, default=0.0)
    ok = not compared.differ and left == 0 and result["changed"] == 0
    figures = {
        "events": compared.events,
        "took_s": round(took_s, 2),
        "at_once_s": round(at_once_s, 2),
        "held_s": result["held_s"],
        "redeemed_meanwhile": len(during),
        "slowest_till_ms": round(slowest * 1_000, 1),
        "slowest_till_before_ms": round(max(calm) * 1_000, 1),
        "differ": compared.differ,
    }
    sentence = (
        f"{compared.events} events made again in {took_s:.1f} s while a till redeemed {len(during)} coupons: slowest answer "
        f"{slowest * 1_000:.0f} ms, the lock held {result['held_s']} s; {len(compared.differ)} projections differ."
    )
    return Verdict(ok, sentence, figures)


def _redeem_s(till: object, token: str, place: int) -> float:
    began = time.monotonic()
    reply = till.redeem(token, f"nonce-{place:05}")  # type: ignore[attr-defined]
    took = time.monotonic() - began
    assert reply.accepted, reply
    return took


def _fill(house: House, size: int) -> None:
    """A journal of visits, one coupon to five of them: put in as runs, as a door and a till would have told them."""
    door, till = house.node("edge", "Door"), house.node(name="Till full")
    position, seqs = house.store.journal.last_position() + 1, {door.device: 1, till.device: 1}
    while position <= size:
        for node, make in ((door, _visit), (till, lambda _: till.mint()[0])):
            count = RUN if node is door else RUN // 5
            texts = [
                write_event(
                    make_event(
                        node.device,
                        1,
                        seqs[node.device] + place,
                        make(position + place),
                        at=NOON,
                        clock="ntp",
                    )
                )
                for place in range(count)
            ]
            body = msgspec.json.encode([msgspec.Raw(text) for text in texts])
            with house.store.writing():
                house.store.journal.append(
                    [Run(position, node.device, 1, seqs[node.device], count, NOON, body)]
                )
            seqs[node.device] += count
            position += count


def _visit(number: int) -> Fact:
    at = NOON - 30 * 86_400 + number % (30 * 86_400)
    return VisitClosed(
        id=f"v{number}", zone=f"z{number % 7}", arrived_at=at, departed_at=at + 60, dwell_s=60.0, peak_dbm=-60
    )
