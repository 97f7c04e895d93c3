"""How long it takes to know whether a scanned token is good, against the bare check of its signature.

Ours: the text taken apart, the key found in the snapshot on disk, the signature, revocations, and the one rule. The peer is
Ed25519 (RFC 8032) of the same library over the same twenty octets, with a key that is read already. They take turns, and are
measured in time of one processor: what else the machine does is no part of it.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.client.db import Pool, writing
from hub.client.schema import MIGRATIONS_CLIENT
from hub.client.shelf import Shelf
from hub.wire.coupon import Coupon, mint_token, read_token
from hub.wire.identity import public_text, read_public
from hub.wire.rules import Accepted, CutOff, Facts, decide
from hub.wire.snapshot import (
    Campaign,
    Key,
    Manifest,
    Offer,
    Shop,
    Snapshot,
    Value,
    content_hash,
    section_body,
)
from kiosk.scans import ScannedToken, read_scan

PER_ROUND = 2_000
NOW = 1_795_000_000
LONGEST_MS = 0.2
"""Five thousand a second."""

KEYS = 40


def _shelf(folder: Path, key: Ed25519PrivateKey) -> Shelf:
    """The snapshot of a large shop: forty keys, a thousand coupons called back."""
    strangers = [
        Key(number, f"kiosk-{number}", public_text(Ed25519PrivateKey.generate())) for number in range(KEYS)
    ]
    sections = {
        "shop": section_body(Shop(1, {"en": "Bench"})),
        "campaigns": section_body(
            [
                Campaign(number, Offer({"en": "Coffee"}, {}, Value("amount", 500)), 0, 2_000_000_000)
                for number in range(1, 21)
            ]
        ),
        "keys": section_body([*strangers, Key(200, "kiosk-200", public_text(key))]),
        "revoked": section_body([f"{number:016x}" for number in range(1_000)]),
    }
    manifest = Manifest(1, "kiosk-1", NOW, {name: content_hash(body) for name, body in sections.items()})
    signed = Snapshot(
        msgspec.json.encode(manifest).decode(),
        "",
        {name: msgspec.Raw(body) for name, body in sections.items()},
    )
    pool = Pool(folder / "node.db", [MIGRATIONS_CLIENT])
    shelf = Shelf(pool)
    with writing(pool.here()) as conn:
        shelf.adopt(conn, manifest, signed, NOW)
    return shelf


def _is_good(text: str, shelf: Shelf) -> bool:
    scanned = read_scan(text)
    if not isinstance(scanned, ScannedToken):
        return False
    coupon = scanned.token.coupon
    key = shelf.key(coupon.key_number)
    if key is None or not scanned.token.is_signed_by(read_public(key.public)):
        return False
    facts = Facts(
        now=NOW,
        shop=1,
        campaign=shelf.campaign(coupon.campaign),
        key=key,
        revoked=shelf.is_revoked(coupon),
        cut_off=CutOff(rights_left=1, clock_known=True),
    )
    return isinstance(decide(coupon, facts), Accepted)


def measure(rounds: int = 7) -> list[dict[str, Any]]:
    """Milliseconds a token, ours and the bare signature's; `ratio`: how many times faster we are; 0.5 is twice as long."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key()
    coupons = [Coupon(200, 1, 1 + number % 20, f"{number:016x}", NOW + 999) for number in range(5_000, 7_000)]
    texts = [mint_token(key, coupon) for coupon in coupons]
    bare = [(token.signature, token.coupon.payload()) for text in texts if (token := read_token(text))]
    ours, peer = [], []
    with tempfile.TemporaryDirectory() as folder:
        shelf = _shelf(Path(folder), key)
        for number in range(rounds + 1):
            begun = time.process_time()
            good = sum(_is_good(text, shelf) for text in texts)
            between = time.process_time()
            for signature, payload in bare:
                public.verify(signature, payload)
            ended = time.process_time()
            assert good == PER_ROUND == len(bare)
            if number:
                ours.append((between - begun) / PER_ROUND * 1_000)
                peer.append((ended - between) / PER_ROUND * 1_000)
    ours_ms, peer_ms = statistics.median(ours), statistics.median(peer)
    return [
        {
            "name": "a scanned token, good or not",
            "ours": ours_ms,
            "peer": peer_ms,
            "ratio": statistics.median(b / a for a, b in zip(ours, peer, strict=True)),
            "goal": 0.5,
            "unit": "ms",
        },
        {
            "name": "the same, 5,000 a second <=",
            "ours": ours_ms,
            "peer": None,
            "ratio": None,
            "goal": LONGEST_MS,
            "limit": True,
            "unit": "ms",
        },
    ]
