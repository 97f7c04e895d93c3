"""Whatever comes in over `/v1`, the hub answers with a sentence and goes on."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

from hub.wire.events import OfferSeen, make_event, write_event
from hub.wire.sync import Problem
from tests.prove import Verdict
from tests.prove._site import ProofNode, site_in

NAME = "random-bodies"
PROMISE = "No body of a request, signed or not, makes the hub fail: never a status of 500 or above, always a sentence."
DEFAULT_SIZE = 10_000
CI_SIZE = 10_000

PATHS = (
    *("/v1/sync", "/v1/sync", "/v1/sync", "/v1/redeem", "/v1/enrol", "/v1/renew"),
    *("/v1/reserve", "/v1/release", "/v1/reverse", "/v1/look"),
)
WORDS = (
    "version",
    "events",
    "have",
    "clock",
    "device",
    "epoch",
    "seq",
    "kind",
    "at",
    "data",
    "nonce",
    "text",
    "till",
    "staff",
    "of",
    "reason",
    "lasts_s",
    "member",
    "products",
    "amount_cents",
    "basket_cents",
    "reservation",
)


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` bodies: noise, random JSON, good requests with one thing broken; most of them properly signed."""
    rnd = random.Random(seed)
    statuses: Counter[int] = Counter()
    speechless = 0
    worst: str | None = None
    with site_in(folder) as site:
        door, till = site.node("door", "edge"), site.node("till", "kiosk")
        for number in range(size):
            path = rnd.choice(PATHS)
            # Most is asked by a till: a door is told at once that it is none.
            node = door if path == "/v1/sync" or rnd.random() < 0.1 else till
            body = a_question(rnd, path, number) if rnd.random() < 0.3 else None
            body = body or a_body(rnd, door.node.device, number)
            status, answer = send(site.app, node, path, body, rnd)
            statuses[status] += 1
            if status >= 500 and worst is None:
                worst = f"{path} {body[:200]!r}"
            if status >= 400:
                speechless += not says_something(answer)
        door.outbox.record(OfferSeen(campaign=1, channel="portal"), time.time())
        alive = door.exchange.drain().retry is None and not door.outbox.pending(1)
        parked = len(site.store.journal.parked(limit=size))
    failed = sum(count for status, count in statuses.items() if status >= 500 or status == 0)
    figures: dict[str, Any] = {
        "bodies": size,
        "statuses": {str(status): count for status, count in sorted(statuses.items())},
        "failed": failed,
        "speechless": speechless,
        "parked": parked,
        "first_failure": worst,
    }
    ok = failed == 0 and speechless == 0 and alive
    after = "goes on" if alive else "is dead"
    sentence = f"{size} bodies: {failed} failures, {speechless} answers without a sentence; the hub {after}."
    return Verdict(ok, sentence, figures)


def send(app: Any, door: ProofNode, path: str, body: bytes, rnd: random.Random) -> tuple[int, bytes]:
    """Nine in ten properly signed, so that it is the body that is looked at."""
    if rnd.random() < 0.9:
        reply = door.signed.post(path, body, 10.0)
        return reply.status, reply.body
    response = app.test_client().post(
        path, data=body, headers={"Content-Type": rnd.choice(("application/json", "text/x"))}
    )
    return response.status_code, response.data


def says_something(answer: bytes) -> bool:
    try:
        problem = Problem(
            **{k: v for k, v in json.loads(answer).items() if k in ("code", "sentence", "highest")}
        )
    except (ValueError, TypeError, AttributeError):
        return False
    return len(problem.sentence) > 5


def a_body(rnd: random.Random, device: str, number: int) -> bytes:
    match rnd.randrange(5):
        case 0:
            return rnd.randbytes(rnd.randrange(0, 300))
        case 1:
            return json.dumps(anything(rnd, 4)).encode()
        case 2:
            return json.dumps({rnd.choice(WORDS): anything(rnd, 3) for _ in range(rnd.randrange(8))}).encode()
        case 3:
            events = [broken_event(rnd, device, number * 10 + place) for place in range(rnd.randrange(6))]
            return b'{"version":1,"events":[' + b",".join(events) + b'],"have":{},"clock":"ntp"}'
    whole = bytearray(good_request(device, number))
    for _ in range(rnd.randrange(1, 4)):
        whole[rnd.randrange(len(whole))] = rnd.randrange(256)
    return bytes(whole[: rnd.randrange(len(whole))] if rnd.random() < 0.2 else whole)


def a_question(rnd: random.Random, path: str, number: int) -> bytes | None:
    """A till's question, good but for some of its fields; None where the path is no till's."""
    some = rnd.choice(("nonce-0001", f"nonce-{number:06}", "back-0001"))
    text = rnd.choice(
        ("hello", "0000 0000 0000", "SB1" + "A" * 135, "mei-00000001", "SB1" + "A" * 135 + "R" + "0" * 15)
    )
    plain: dict[str, Any] = {
        "/v1/redeem": {
            "nonce": some,
            "text": text,
            "till": "Till",
            "staff": "s1",
            "amount_cents": 5,
            "member": "m",
        },
        "/v1/reserve": {
            "nonce": some,
            "text": text,
            "till": "Till",
            "staff": "s1",
            "lasts_s": rnd.choice((5, 900, 4)),
        },
        "/v1/release": {"nonce": some},
        "/v1/reverse": {"nonce": some, "of": "nonce-0001", "till": "Till", "staff": "s1", "reason": "a slip"},
        "/v1/look": {"text": text},
    }.get(path, {})
    if not plain:
        return None
    if rnd.random() < 0.5:
        plain[rnd.choice(WORDS)] = anything(rnd, 2)
    return json.dumps(plain).encode()


def good_request(device: str, number: int) -> bytes:
    fact = OfferSeen(campaign=1, channel="portal")
    event = write_event(make_event(device, 9, number + 1, fact, at=time.time(), clock="ntp"))
    return b'{"version":1,"events":[' + event + b'],"have":{"shop":"0"},"clock":"ntp"}'


def broken_event(rnd: random.Random, device: str, seq: int) -> bytes:
    """An event with some of its fields replaced by anything."""
    event: dict[str, Any] = {
        "device": device,
        "epoch": 7,
        "seq": seq + 1,
        "kind": rnd.choice(
            (
                "visit.closed",
                "coupon.redeemed",
                "coupon.issued",
                "device.health",
                "new.kind",
                "occupancy.measured",
                "offer.shown",
                "coupon.reversed",
                "coupon.reserved",
                "coupon.released",
                "redemption.flagged",
            )
        ),
        "at": time.time(),
        "clock": "ntp",
        "data": {rnd.choice(FIELDS): anything(rnd, 2) for _ in range(rnd.randrange(9))},
    }
    for field in list(event):
        if rnd.random() < 0.08:
            event[field] = anything(rnd, 2)
    return json.dumps(event).encode()


FIELDS = (
    *(
        "id",
        "zone",
        "arrived_at",
        "departed_at",
        "dwell_s",
        "peak_dbm",
        "serial",
        "campaign",
        "nonce",
        "till",
        "staff",
    ),
    *(
        "value_cents",
        "code",
        "key_number",
        "expires_at",
        "channel",
        "people",
        "low",
        "high",
        "window_s",
        "addresses",
    ),
    *("program", "warnings", "counts", "texts", "simulated", "offline"),
    *(
        "of",
        "redeemed_by",
        "by",
        "reason",
        "until",
        "member",
        "balance_cents",
        "times",
        "shown_s",
        "asked_by",
    ),
)


NASTY: tuple[Any, ...] = (
    *(None, True, -1, 0, 2**53, 2**63, 2**70, -(2**70), 1e308, -0.0),
    *("", "\x00", "\ud800", "9" * 400, [], {}),
)


def anything(rnd: random.Random, depth: int) -> Any:
    """Any JSON value, the nasty ones more often than chance would have them."""
    if depth == 0 or rnd.random() < 0.5:
        return rnd.choice(NASTY)
    match rnd.randrange(4):
        case 0:
            return [anything(rnd, depth - 1) for _ in range(rnd.randrange(5))]
        case 1:
            return {rnd.choice(WORDS): anything(rnd, depth - 1) for _ in range(rnd.randrange(5))}
        case 2:
            return rnd.random() * 10 ** rnd.randrange(-5, 20)
    return "".join(
        chr(rnd.choice((0x20, 0x41, 0x4E2D, 0x202E, 0x1F600, 0x0A))) for _ in range(rnd.randrange(40))
    )
