"""Tokens and codes that are nearly ours, by structure, and the whole way that a scan goes at a till and at a hub."""

from __future__ import annotations

import base64
import os
import random
import shutil
from collections import Counter as Tally
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.client.clock import Clock
from hub.client.link import Reply
from hub.code_keys import CodeKeys
from hub.devices import hub_key
from hub.gathering import Asked, decide_presented
from hub.presenting import Beside, present
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.coupon import PREFIX, TOKEN_CHARACTERS, BadToken, Coupon, mint_token, read_token, read_typed
from hub.wire.digital_link import build
from hub.wire.identity import CROCKFORD
from hub.wire.refusals import Refusal
from hub.wire.rules import Accepted, Decision, Refused, decide
from kiosk.config import Config
from kiosk.counter import Counter
from kiosk.facts import claim_of, facts_here, judge_picture
from kiosk.means import Means
from kiosk.scans import ScannedToken, Unreadable, read_scan
from kiosk.verdicts import Scan
from tests.prove._code_shop import CHANGING, PLAIN, Stock, load_stock

ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of the group of Ed25519 (RFC 8032, 5.1): a signature with S + ORDER in it holds for careless checkers."""

BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
ALNUM = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BATCH = 5_000
CONTROL_EVERY = 500
"""Among the mutants so many whole coupons are hidden: a way on which nothing is accepted would prove nothing."""

GTIN = "09506000134352"


@dataclass(slots=True)
class Outcome:
    """Of one batch: what was tried by kind, what was accepted that must not be, and good ones that were refused."""

    tried: Tally[str] = field(default_factory=Tally)
    accepted: list[str] = field(default_factory=list)
    controls: int = 0
    refused: list[str] = field(default_factory=list)


def whole_of(text: str) -> bytes:
    """The 84 octets of a token."""
    return base64.b32decode(text[len(PREFIX) : TOKEN_CHARACTERS] + "=")


def token_of(whole: bytes) -> str:
    """The spelling of 84 octets, whatever they are."""
    return PREFIX + base64.b32encode(whole).decode().rstrip("=")


def _bits(rnd: random.Random, stock: Stock) -> str:
    whole = bytearray(whole_of(rnd.choice(stock.good)))
    for _ in range(rnd.choice((1, 1, 1, 2, 3, 8))):
        place = rnd.randrange(len(whole) * 8)
        whole[place // 8] ^= 1 << place % 8
    return token_of(bytes(whole))


def _characters(rnd: random.Random, stock: Stock) -> str:
    text = list(rnd.choice(stock.good))
    for _ in range(rnd.choice((1, 1, 2, 4))):
        text[rnd.randrange(len(text))] = rnd.choice(ALNUM)
    return "".join(text)


def _spelled(rnd: random.Random, stock: Stock) -> str:
    """The same octets in a spelling that is not ours: spare bits, look-alikes, signs that mean the same to somebody."""
    text = rnd.choice(stock.good)
    match rnd.randrange(7):
        case 0:
            spare = BASE32.index(text[-1]) ^ rnd.randrange(1, 8)
            return text[:-1] + BASE32[spare]
        case 1:
            return text + "=" * rnd.randrange(1, 7)
        case 2:
            place = rnd.randrange(len(text))
            return text[:place] + chr(ord(text[place]) + 0xFEE0) + text[place + 1 :]
        case 3:
            return text.replace("O", "0", 1) if "O" in text else text.replace("I", "1", 1) + "0"
        case 4:
            place = rnd.randrange(1, len(text))
            return text[:place] + rnd.choice("-_.\u200b\ufeff\x00") + text[place:]
        case 5:
            return rnd.choice(("SB2", "SBI", "5B1", "BS1", "SB")) + text[3:]
        case _:
            return text[:3] + text[3:].translate(str.maketrans("S2Z5", "5Z2S"))


def _swapped(rnd: random.Random, stock: Stock) -> str:
    """Fields of one coupon in another, or a field of one's own wish, beneath a signature that was made for something else."""
    one, other = whole_of(rnd.choice(stock.good)), whole_of(rnd.choice(stock.good))
    fields = ((0, 1), (1, 2), (2, 4), (4, 8), (8, 16), (16, 20), (20, 52), (52, 84), (0, 20))
    first, end = rnd.choice(fields)
    if rnd.random() < 0.5:
        return token_of(one[:first] + other[first:end] + one[end:])
    wish = rnd.choice((rnd.randbytes(end - first), bytes(end - first), b"\xff" * (end - first)))
    return token_of(one[:first] + wish + one[end:])


def _foreign(rnd: random.Random, stock: Stock) -> str:
    """Signed well, by somebody who is not of this shop, under every number of a key."""
    seen = read_token(rnd.choice(stock.good))
    assert seen is not None
    coupon = seen.coupon
    serial = coupon.serial if rnd.random() < 0.5 else rnd.randbytes(8).hex()
    number = rnd.randrange(256)
    forged = Coupon(
        number, 1, rnd.choice((PLAIN, CHANGING, 77)), serial, int(stock.now) + rnd.randrange(10**6)
    )
    return mint_token(Ed25519PrivateKey.from_private_bytes(rnd.randbytes(32)), forged)


def _dead(rnd: random.Random, stock: Stock) -> str:
    """Signed well, by this shop, and no longer good: its key, device, campaign, time."""
    return rnd.choice(stock.dead[rnd.choice(sorted(stock.dead))])


def _length(rnd: random.Random, stock: Stock) -> str:
    text = rnd.choice(stock.good)
    match rnd.randrange(5):
        case 0:
            return text[: rnd.randrange(1, len(text))]
        case 1:
            return text + "".join(rnd.choice(ALNUM) for _ in range(rnd.randrange(1, 15)))
        case 2:
            return text + text
        case 3:
            return text + rnd.choice(stock.good)
        case _:
            cut = rnd.randrange(1, len(text))
            return text[:cut] + text[cut + 1 :] + rnd.choice(ALNUM)


def _malleable(rnd: random.Random, stock: Stock) -> str:
    """What careless checkers of Ed25519 take: S + L, nothing at all, points of small order."""
    whole = whole_of(rnd.choice(stock.good))
    payload, point, scalar = whole[:20], whole[20:52], int.from_bytes(whole[52:], "little")
    neutral = b"\x01" + bytes(31)
    match rnd.randrange(5):
        case 0:
            return token_of(payload + point + (scalar + ORDER).to_bytes(32, "little"))
        case 1:
            return token_of(payload + bytes(64))
        case 2:
            return token_of(payload + neutral + bytes(32))
        case 3:
            return token_of(payload + point + (ORDER - scalar).to_bytes(32, "little"))
        case _:
            return token_of(payload[:1] + rnd.randbytes(19) + rnd.choice((neutral, bytes(32))) + bytes(32))


def _changing(rnd: random.Random, stock: Stock) -> str:
    """A coupon whose code changes, without that part or with one that is made up."""
    text = rnd.choice(stock.changing)
    match rnd.randrange(4):
        case 0:
            return text
        case 1:
            return text + "R" + "".join(rnd.choice(CROCKFORD) for _ in range(15))
        case 2:
            return text + f"D{rnd.randrange(10**6):06}"
        case _:
            # The step of now, and a guess at its proof.
            step = int(stock.now // 30)
            head = rnd.randrange(4) << 28 | step
            shown = "".join(CROCKFORD[head >> 5 * place & 31] for place in range(5, -1, -1))
            return text + "R" + shown + "".join(rnd.choice(CROCKFORD) for _ in range(9))


def _typed(rnd: random.Random, stock: Stock) -> str:
    """Codes with a character wrong or two swapped, and made up ones; all of them typed as people type."""
    code = rnd.choice(stock.codes)
    match rnd.randrange(3):
        case 0:
            place = rnd.randrange(12)
            code = code[:place] + rnd.choice(CROCKFORD) + code[place + 1 :]
        case 1:
            place = rnd.randrange(11)
            code = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        case _:
            code = "".join(rnd.choice(CROCKFORD) for _ in range(12))
    return " ".join((code[:4], code[4:8], code[8:]))


def _linked(rnd: random.Random, stock: Stock) -> str:
    """Any of these inside a link, as a printed code may carry it."""
    inner = rnd.choice((_bits, _characters, _swapped, _foreign))(rnd, stock)
    if rnd.random() < 0.5:
        return build("https://shop.example", GTIN, query={"token": inner})
    return f"https://shop.example/c/{inner}"


MUTATIONS: dict[str, Callable[[random.Random, Stock], str]] = {
    "bits": _bits,
    "characters": _characters,
    "spelling": _spelled,
    "fields": _swapped,
    "foreign key": _foreign,
    "no longer good": _dead,
    "length": _length,
    "signature": _malleable,
    "changing code": _changing,
    "typed code": _typed,
    "link": _linked,
}


def _control(rnd: random.Random, stock: Stock) -> str:
    """A good coupon, spelled as scanners and people do."""
    text = rnd.choice(stock.good)
    match rnd.randrange(5):
        case 0:
            return text
        case 1:
            return text.lower()
        case 2:
            return "\n" + text[:60] + " " + text[60:] + "\r\n"
        case 3:
            return f"https://shop.example/c/{text}?from=paper"
        case _:
            return build("https://shop.example", GTIN, query={"token": text})


class Alone:
    """What a till decides by itself, as its redeemer does before it writes it down."""

    def __init__(self, counter: Counter) -> None:
        self._means = Means(
            counter.store,
            counter.node,
            counter.outbox,
            counter.shelf,
            counter.clock,
            counter.line,
            counter.desk,
            counter.exchange.once,
        )

    def decides(self, text: str) -> Decision:
        """The rule's decision for a scan."""
        scanned = read_scan(text)
        if isinstance(scanned, Unreadable):
            return Refused(scanned.refusal)
        claim = claim_of(self._means, scanned)
        if claim.coupon is None:
            return Refused(Refusal.CODE_NEEDS_HUB)
        conn = self._means.store.pool.here().conn
        assert conn is not None
        judged = judge_picture(conn, self._means, claim)
        scan = Scan(text, "s1", "nonce")
        return decide(claim.coupon, facts_here(conn, self._means, claim, claim.coupon, scan, judged))


class Ways:
    """The way of a scan at the hub and at a till that is cut off, on the disks of a real shop, up to the decision of the rule:
    only the writing down is left out. The time stands still at `now`."""

    def __init__(self, hub: Path, till: Path, now: float) -> None:
        self._store = SqliteStore(hub)
        self._counter = Counter(Config(dir=till), link=NoLine(), clock=Clock(lambda: now, lambda: True))
        self._alone = Alone(self._counter)
        codes = CodeKeys(self._store, hub_key(hub.parent))
        self._beside = Beside(rotating_keys=codes.keys)
        self._now = now

    def hub(self, text: str) -> Decision:
        """What the hub decides."""
        presented = present(self._store, text)
        asked = Asked(self._counter.node.device, "s1")
        return decide_presented(self._store, presented, asked, self._now, self._beside).decision

    def till(self, text: str) -> Decision:
        """What a till decides alone."""
        return self._alone.decides(text)

    def asked(self, text: str) -> str:
        """What a till sends to its hub for a scan."""
        scanned = read_scan(text)
        return text if isinstance(scanned, Unreadable) else scanned.asked

    def accepts(self, text: str) -> bool:
        """Whether anybody does: the hub by the very text or by what a till makes of it, or the till."""
        decisions = [self.hub(text), self.till(text)]
        asked = self.asked(text)
        if asked != text:
            decisions.append(self.hub(asked))
        return any(isinstance(decision, Accepted) for decision in decisions)

    def close(self) -> None:
        """Close all files."""
        self._store.close()
        self._counter.stop()


class NoLine:
    """A network that is not there."""

    def post(self, path: str, body: bytes, headers: dict[str, str], timeout_s: float) -> Reply:
        """Nobody answers."""
        return Reply(0, b"no route")


def _is_same(text: str, stock: Stock, whole: set[str]) -> bool:
    """Whether a mutation came out as a good coupon after all."""
    scanned = read_scan(text)
    if isinstance(scanned, ScannedToken):
        return scanned.text in whole
    try:
        token, typed = read_token(text), read_typed(text)
    except BadToken:
        return False
    return token is None and typed is not None and typed.code in stock.codes


@dataclass(frozen=True, slots=True)
class _Bench:
    """What one process works with."""

    stock: Stock
    whole: set[str]
    ways: Ways


_bench: list[_Bench] = []


def _set_up(folder: str) -> None:
    """Once in each process: a copy of the till's disk of its own."""
    place = Path(folder)
    stock = load_stock(place / "stock.json")
    own = place / f"till-{os.getpid()}"
    shutil.copytree(place / "till", own)
    _bench.append(_Bench(stock, set(stock.good), Ways(place / "hub" / FILE, own, stock.now)))


def run_batch(number: int, count: int, seed: int) -> Outcome:
    """One batch, in a process of its own."""
    rnd = random.Random(seed * 1_000_003 + number)
    stock, whole, ways = _bench[0].stock, _bench[0].whole, _bench[0].ways
    outcome = Outcome()
    kinds = sorted(MUTATIONS)
    for turn in range(count):
        kind = kinds[turn % len(kinds)]
        text = MUTATIONS[kind](rnd, stock)
        while _is_same(text, stock, whole):
            text = MUTATIONS[kind](rnd, stock)
        outcome.tried[kind] += 1
        if ways.accepts(text):
            outcome.accepted.append(f"{kind}: {text}")
        if turn % CONTROL_EVERY == 0:
            good = _control(rnd, stock)
            outcome.controls += 1
            for decision in (ways.hub(ways.asked(good)), ways.till(good)):
                if not isinstance(decision, Accepted):
                    outcome.refused.append(f"{decision.refusal}: {good}")
    return outcome


def run_mutants(folder: Path, size: int, seed: int, workers: int) -> Outcome:
    """All batches, on so many processors."""
    counts = [min(BATCH, size - begin) for begin in range(0, size, BATCH)]
    whole = Outcome()
    setting_up = {"initializer": _set_up, "initargs": (str(folder),)}
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), **setting_up) as pool:
        jobs = [pool.submit(run_batch, number, count, seed) for number, count in enumerate(counts)]
        for job in jobs:
            part = job.result()
            whole.tried += part.tried
            whole.accepted += part.accepted
            whole.controls += part.controls
            whole.refused += part.refused
    return whole
