"""How a message to another program is signed: Standard Webhooks 1.0, with HMAC-SHA256.

    webhook-id           the same each time that a message is sent, so that the receiver can tell what it has had
    webhook-timestamp    whole seconds of UTC of this try; a receiver refuses what is minutes old
    webhook-signature    "v1,<base64>" over "<id>.<timestamp>.<body>", one for each secret that is good, with a space between

Pure.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

ID_HEADER = "webhook-id"
TIME_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"
SECRET_PREFIX = "whsec_"  # noqa: S105 - the standard's own mark of a secret, not one
SECRET_BYTES = 32
"""The standard asks for 24 to 64."""
TOLERANCE_S = 300
"""How far a receiver lets the two clocks be apart."""


def secret_text(octets: bytes) -> str:
    """A secret as people copy it."""
    return SECRET_PREFIX + base64.b64encode(octets).decode()


def read_secret(text: str) -> bytes:
    """The octets of a secret; ValueError where it is none."""
    try:
        octets = base64.b64decode(text.removeprefix(SECRET_PREFIX).encode(), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        octets = b""
    if not 24 <= len(octets) <= 64:
        raise ValueError("A secret is whsec_ and 24 to 64 octets in base64.")
    return octets


def sign(secrets: Sequence[bytes], message: str, at: int, body: bytes) -> dict[str, str]:
    """The three headers."""
    return {
        ID_HEADER: message,
        TIME_HEADER: str(at),
        SIGNATURE_HEADER: " ".join(f"v1,{_mac(secret, message, at, body)}" for secret in secrets),
    }


def is_signed(secret: bytes, message: str, at: str, signature: str, body: bytes, now: float) -> bool:
    """Whether a receiver may believe it."""
    if not at.isascii() or not at.isdigit() or len(at) > 12 or abs(now - int(at)) > TOLERANCE_S:
        return False
    right = _mac(secret, message, int(at), body).encode()
    versions = (one.partition(",") for one in signature.split(" "))
    return any(name == "v1" and hmac.compare_digest(text.encode(), right) for name, _, text in versions)


def _mac(secret: bytes, message: str, at: int, body: bytes) -> str:
    return base64.b64encode(hmac.digest(secret, f"{message}.{at}.".encode() + body, hashlib.sha256)).decode()
