"""The QR of a coupon against segno, with the same kind of picture on both sides."""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable
from typing import Any

import segno
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.storefront.qr import PNG_SCALE, qr_png, qr_svg
from hub.wire.coupon import Coupon, mint_token

GOAL = 4.0
COUPONS = 12


def _tokens() -> list[str]:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    return [mint_token(key, Coupon(1, 7, 42, f"{number:016x}", 1_800_000_000)) for number in range(COUPONS)]


def _segno_svg(token: str) -> str:
    return str(segno.make(token).svg_inline())


def _segno_png(token: str) -> bytes:
    out = io.BytesIO()
    segno.make(token).save(out, kind="png", scale=PNG_SCALE)
    return out.getvalue()


def _each_ms(draw: Callable[[str], object], tokens: list[str]) -> float:
    begun = time.perf_counter()
    for token in tokens:
        draw(token)
    return (time.perf_counter() - begun) / len(tokens) * 1_000


def measure(rounds: int = 7) -> list[dict[str, Any]]:
    """Milliseconds for one coupon's QR, ours and segno's by its defaults; the ratio is the median of the rounds' ratios."""
    tokens = _tokens()
    results = []
    pairs: list[tuple[str, Callable[[str], object], Callable[[str], object]]] = [
        ("QR of a coupon as SVG in the page", lambda token: qr_svg(token, "QR"), _segno_svg),
        ("QR of a coupon as PNG", qr_png, _segno_png),
    ]
    for name, ours, peer in pairs:
        ours(tokens[0]), peer(tokens[0])
        measured = [(_each_ms(ours, tokens), _each_ms(peer, tokens)) for _ in range(rounds)]
        results.append(
            {
                "name": name,
                "ours": statistics.median(one for one, _ in measured),
                "peer": statistics.median(other for _, other in measured),
                "ratio": statistics.median(other / one for one, other in measured),
                "goal": GOAL,
                "unit": "ms",
            }
        )
    return results
