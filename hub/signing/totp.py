"""One-time codes of an authenticator app: six digits that change every half minute (RFC 6238 over RFC 4226).

Pure. HMAC-SHA-1 is what every app can do, and what the RFC names first; nothing here rests on SHA-1 being free of collisions.
"""

from __future__ import annotations

import base64
import hmac
from urllib.parse import quote, urlencode

from hub.wire.rotating import totp

SECRET_OCTETS = 20
"""160 bits, as RFC 4226 asks for (section 4, R6)."""

STEP_S = 30
DIGITS = 6
STEPS_EITHER_WAY = 1
"""Clocks differ, and typing takes a while (RFC 6238, section 5.2)."""


def step_at(now: float) -> int:
    """The time step, counted from 1970."""
    return int(now // STEP_S)


def code_at(secret: bytes, step: int) -> str:
    """The code of a time step."""
    return totp(secret, step, DIGITS, "sha1")


def fitting_step(secret: bytes, typed: str, now: float) -> int | None:
    """The time step of which this is the code, near enough to now; None where there is none. Blanks do not count."""
    digits = "".join(typed.split())
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    here = step_at(now)
    # Every candidate is compared, so that the time of the answer tells nothing.
    found = [
        step
        for step in range(here - STEPS_EITHER_WAY, here + STEPS_EITHER_WAY + 1)
        if step >= 0 and hmac.compare_digest(code_at(secret, step), digits)
    ]
    return max(found, default=None)


def secret_text(secret: bytes) -> str:
    """The secret as people type it into an app: base32 in groups of four."""
    text = base64.b32encode(secret).decode().rstrip("=")
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def key_uri(secret: bytes, manager: str, shop: str) -> str:
    """What the QR says, in the words that apps agree on (`otpauth`)."""
    # Apps part the two at the colon, so neither may have one of its own.
    shop, manager = shop.replace(":", ""), manager.replace(":", "")
    label = f"{quote(shop, safe='')}:{quote(manager, safe='')}"
    values = {
        "secret": base64.b32encode(secret).decode().rstrip("="),
        "issuer": shop,
        "algorithm": "SHA1",
        "digits": DIGITS,
        "period": STEP_S,
    }
    return f"otpauth://totp/{label}?{urlencode(values, quote_via=quote)}"
