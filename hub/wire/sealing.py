"""Closes a few octets so that one holder of a key can open them: what only a single node, or only the hub, may read.

Pure: whoever closes passes the random octets in. The hub seals the keys of tags to itself where it keeps them, and to each
door where it sends them (`snapshot.Tag.sealed`); `edge` opens them.

Everybody in the shop has one Ed25519 key, so no second key is made or enrolled: the key of the same curve in its other form
does the agreement. A public key (y) becomes u = (1 + y) / (1 - y) mod 2**255 - 19 (RFC 7748, 4.1), a private one the first
half of SHA-512 of its seed (RFC 8032, 5.1.5). The sealer makes an X25519 key for this one text and agrees on a secret with the
holder's; HKDF-SHA256 (RFC 5869) over it, bound to both public keys, gives a key of ChaCha20-Poly1305 (RFC 8439).

    text   "SBS1" + base64url(public key made for this text 32 | content | tag 16), without padding
"""

from __future__ import annotations

import base64
import binascii
import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = "SBS1"
"""The first characters of each text; another way to seal gets another number."""

KEY_OCTETS = 32
TAG_OCTETS = 16

LONGEST_CONTENT = 4_096
"""A key with what belongs to it has some hundred octets. Whatever is longer was not made by us, and is not worked on."""

_PRIME = 2**255 - 19
# Each text has a key of its own, so the number that must never repeat under one key is always the first.
_NONCE = bytes(12)


class BadSeal(ValueError):
    """What came was not sealed to this key, or was changed on the way; the message says which can be told."""


def agreement_public(public: bytes) -> bytes:
    """The X25519 form of an Ed25519 public key, 32 octets each; ValueError where it has none."""
    if len(public) != KEY_OCTETS:
        raise ValueError(f"A public key has {KEY_OCTETS} octets, not {len(public)}.")
    # The highest bit is the sign of x, which u does not depend on.
    y = int.from_bytes(public, "little") & (2**255 - 1)
    if y >= _PRIME or y == 1:
        raise ValueError("These octets are no public key: nobody can have its private half.")
    u = (1 + y) * pow(1 - y, -1, _PRIME) % _PRIME
    return u.to_bytes(KEY_OCTETS, "little")


def agreement_private(private: Ed25519PrivateKey) -> X25519PrivateKey:
    """The X25519 form of an Ed25519 private key."""
    # X25519 itself sets the bits of the scalar that RFC 8032 asks to be set.
    return X25519PrivateKey.from_private_bytes(hashlib.sha512(private.private_bytes_raw()).digest()[:32])


def seal(public: bytes, content: bytes, random32: bytes) -> str:
    """A text that only the holder of this Ed25519 public key (32 octets) can open.

    `random32`: 32 octets that nobody can guess, never used for another content. ValueError where `public` is no key, or the
    content is longer than 4,096 octets.
    """
    if len(content) > LONGEST_CONTENT:
        raise ValueError(f"At most {LONGEST_CONTENT} octets are sealed, not {len(content)}.")
    holder = agreement_public(public)
    once = X25519PrivateKey.from_private_bytes(random32)
    shown = once.public_key().public_bytes_raw()
    secret = once.exchange(X25519PublicKey.from_public_bytes(holder))
    closed = _cipher(secret, shown, holder).encrypt(_NONCE, content, VERSION.encode())
    return VERSION + base64.urlsafe_b64encode(shown + closed).decode().rstrip("=")


def unseal(private: Ed25519PrivateKey, sealed: str) -> bytes:
    """The content of a text that was sealed to this key; BadSeal says why it cannot be opened."""
    shown, closed = _take_apart(sealed)
    own = agreement_private(private)
    try:
        secret = own.exchange(X25519PublicKey.from_public_bytes(shown))
    except ValueError:
        raise BadSeal("The sealed text names a key with which nobody can agree on a secret.") from None
    try:
        holder = own.public_key().public_bytes_raw()
        return _cipher(secret, shown, holder).decrypt(_NONCE, closed, VERSION.encode())
    except InvalidTag:
        raise BadSeal("This was sealed to another key, or was changed on the way.") from None


def _take_apart(sealed: str) -> tuple[bytes, bytes]:
    if not sealed.startswith(VERSION):
        raise BadSeal(f"A sealed text begins with {VERSION}; this one is of another kind or a later release.")
    body = sealed[len(VERSION) :]
    least, most = KEY_OCTETS + TAG_OCTETS, KEY_OCTETS + TAG_OCTETS + LONGEST_CONTENT
    if not least <= len(body) * 3 // 4 <= most:
        raise BadSeal(f"A sealed text holds {least} to {most} octets, not {len(body) * 3 // 4}.")
    try:
        octets = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadSeal("A sealed text is written in base 64; this one is not.") from None
    # The last character may carry bits that mean nothing; one text has one spelling.
    if base64.urlsafe_b64encode(octets).decode().rstrip("=") != body:
        raise BadSeal("A sealed text is written in base 64; this one is not.")
    return octets[:KEY_OCTETS], octets[KEY_OCTETS:]


def _cipher(secret: bytes, shown: bytes, holder: bytes) -> ChaCha20Poly1305:
    kdf = HKDF(SHA256(), KEY_OCTETS, salt=None, info=b"shopbell1 seal\n" + shown + holder)
    return ChaCha20Poly1305(kdf.derive(secret))
