"""Web push as octets: a browser's subscription, the message sealed for it, and who we are for its push service.

Pure. RFC 8291 (message encryption: ECDH on P-256, HKDF-SHA256, AES-128-GCM as in RFC 8188), RFC 8292 (VAPID: a JWT signed with
ES256). Whoever calls passes the random octets in. Endpoints are kept sealed under `people.key`: one names a person's browser.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.store.mailing_records import PushRow

MOST_CONTENT = 3_993
"""Octets of a message: a push service takes 4,096 with the header and the tag (RFC 8291, 4)."""

TOKEN_LIVES_S = 12 * 3_600
"""RFC 8292, 2: not more than 24 hours."""

RECORD = 4_096
_POINT_OCTETS, _AUTH_OCTETS, _SALT_OCTETS = 65, 16, 16
MOST_ENDPOINT = 1_000


class BadSubscription(ValueError):
    """What a browser sent is no subscription; the message says why."""


class Subscription(msgspec.Struct, frozen=True):
    """Where a browser is told, and its keys: `p256dh` (a point, 65 octets) and `auth` (16), both in base64url."""

    endpoint: str
    p256dh: str
    auth: str


@dataclass(frozen=True, slots=True)
class Request:
    """What is posted to the endpoint."""

    headers: dict[str, str]
    body: bytes


def read_subscription(endpoint: str, p256dh: str, auth: str) -> Subscription:
    """A subscription as `PushSubscription.toJSON()` gives it; BadSubscription where it is none."""
    if len(endpoint) > MOST_ENDPOINT or urlsplit(endpoint).scheme != "https":
        raise BadSubscription("The endpoint has to be an https address of at most 1,000 characters.")
    if len(_octets(auth)) != _AUTH_OCTETS or len(_octets(p256dh)) != _POINT_OCTETS:
        raise BadSubscription("The keys of a browser have 65 and 16 octets.")
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _octets(p256dh))
    except ValueError as wrong:
        raise BadSubscription("This is no point on the curve P-256.") from wrong
    return Subscription(endpoint, p256dh, auth)


def seal_push(
    subscription: Subscription, content: bytes, own: ec.EllipticCurvePrivateKey, salt: bytes
) -> bytes:
    """The body for a browser (RFC 8188 with one record). `own`: a key made for this one message; `salt`: 16 random octets."""
    if len(content) > MOST_CONTENT:
        raise ValueError(f"a push message has at most {MOST_CONTENT} octets")
    theirs = _octets(subscription.p256dh)
    point = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))
    secret = HKDF(SHA256(), 32, _octets(subscription.auth), b"WebPush: info\x00" + theirs + point).derive(
        shared
    )
    key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\x00").derive(secret)
    nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\x00").derive(secret)
    # The octet 2 ends the last record.
    closed = AESGCM(key).encrypt(nonce, content + b"\x02", None)
    return salt + RECORD.to_bytes(4, "big") + bytes([len(point)]) + point + closed


def vapid(endpoint: str, key: ec.EllipticCurvePrivateKey, contact: str, now: float) -> str:
    """The header Authorization for the push service of this endpoint. `contact`: a mail address or a web address of the shop."""
    parts = urlsplit(endpoint)
    subject = f"mailto:{contact}" if "@" in contact and ":" not in contact else contact
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": int(now) + TOKEN_LIVES_S, "sub": subject}
    head = _text(msgspec.json.encode({"typ": "JWT", "alg": "ES256"}))
    signed = f"{head}.{_text(msgspec.json.encode(claims))}"
    # JWS wants the two numbers side by side, 32 octets each (RFC 7518, 3.4).
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(SHA256())))
    return f"vapid t={signed}.{_text(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}, k={public_text(key)}"


def public_text(key: ec.EllipticCurvePrivateKey) -> str:
    """The shop's public key as a browser takes it (`applicationServerKey`)."""
    return _text(key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def close_push(key: bytes, member: str, subscription: Subscription, now: float) -> PushRow:
    """A subscription as it is kept."""
    hashed = hmac.digest(_part(key, b"endpoint"), subscription.endpoint.encode(), hashlib.sha256)[:20].hex()
    plain = msgspec.json.encode(subscription)
    return PushRow(member, hashed, AESSIV(_part(key, b"push")).encrypt(plain, [hashed.encode()]), now)


def open_push(key: bytes, row: PushRow) -> Subscription | None:
    """What was kept; None where this key does not open it."""
    try:
        plain = AESSIV(_part(key, b"push")).decrypt(row.closed, [row.endpoint_hash.encode()])
        return msgspec.json.decode(plain, type=Subscription)
    except (InvalidTag, msgspec.MsgspecError, ValueError):
        return None


def _part(key: bytes, what: bytes) -> bytes:
    return hmac.digest(key, b"shopbell messages " + what, hashlib.sha512)


def _octets(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.strip().rstrip("=") + "=" * (-len(text.strip().rstrip("=")) % 4))
    except (binascii.Error, ValueError) as wrong:
        raise BadSubscription("The keys of a browser are written in base64url.") from wrong


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")
