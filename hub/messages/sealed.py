"""What is kept of a letter to somebody: sealed under `people.key`, so that a copy of the database gives no number and no text
away.

Pure. AES-SIV (RFC 5297) with the letter's id beside it: what was closed for one letter opens as no other. A number is found again
by a keyed hash, cut to 20 octets.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

_HASH_OCTETS = 20


class BadLetter(ValueError):
    """It was sealed under another key, or changed."""


@dataclass(frozen=True, slots=True)
class Inside:
    """What only the hub may read. `number`: E.164 or a mail address, "" where the member's own is meant."""

    number: str
    text: str
    subject: str


def close_letter(key: bytes, letter: str, inside: Inside) -> bytes:
    """Seal it. `letter`: its id."""
    plain = msgspec.json.encode([inside.number, inside.text, inside.subject])
    return _cipher(key).encrypt(plain, [b"letter", letter.encode()])


def open_letter(key: bytes, letter: str, closed: bytes) -> Inside:
    """What was sealed; BadLetter where this key does not open it."""
    try:
        plain = _cipher(key).decrypt(closed, [b"letter", letter.encode()])
        return Inside(*msgspec.json.decode(plain, type=tuple[str, str, str]))
    except (InvalidTag, msgspec.MsgspecError, ValueError) as wrong:
        raise BadLetter(
            "A letter cannot be opened with this people.key. Was the file replaced? Restore it from its backup."
        ) from wrong


def address_hash(key: bytes, address: str) -> str:
    """How a number or a mail address stands in tables: the same for the same address however it is written, and no way back
    without the key."""
    plain = address.strip().casefold()
    if "@" not in plain:
        plain = re.sub(r"[^0-9]", "", plain)
    digest = hmac.digest(_part(key, b"address"), plain.encode(), hashlib.sha256)
    return digest[:_HASH_OCTETS].hex()


def _cipher(key: bytes) -> AESSIV:
    return AESSIV(_part(key, b"letters"))


def _part(key: bytes, what: bytes) -> bytes:
    # A key of its own for each use: what one closes, no other opens.
    return hmac.digest(key, b"shopbell messages " + what, hashlib.sha512)
