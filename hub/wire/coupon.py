"""A coupon, its token for the QR and its code for people.

Pure. `hub.client.issuing` mints with it, the till and the hub read with it.

    payload   version 1 | key number 1 | shop 2 | campaign 4 | serial 8 | expiry 4            20 bytes, big-endian
    token     "SB1" + base32(payload + Ed25519 signature 64), no padding                     138 characters
    code      11 random characters of Crockford base 32 and a check character                55 random bits

Behind the token of a coupon that changes stands what `hub.wire.rotating` adds, 16 characters; behind its code, six digits.

Every character of a token is a capital letter or a digit, so a QR holds it in alphanumeric mode (ISO/IEC 18004, 7.4.4):
version 6 at level M. Serial and expiry are inside the signature; the code is not: it is looked up, never believed.
"""

from __future__ import annotations

import base64
import re
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hub.wire.identity import CROCKFORD, crockford, fold_typed
from hub.wire.rotating import DIGITS, DIGITS_MARK, is_picture

PREFIX = "SB1"
VERSION = 1
TOKEN_CHARACTERS = 138
SHORTEST_TOKEN = 40
"""Whatever is shorter is no part of a token that a scanner could have read, but may be a code with its digits and dashes."""

CODE_CHARACTERS = 12
CODE_RANDOM_BYTES = 7
SERIAL_BYTES = 8

_PAYLOAD = struct.Struct(">BBHI8sI")
_SIGNATURE_BYTES = 64
_SPARE = 0b111
_BODY = re.compile(r"[A-Z2-7]+")
_AS_PYTHON = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789abcdefghijklmnopqrstuv")
"""Base 32 of RFC 4648 in the digits that `int` reads: several times as fast as the standard library's own decoder."""


class BadToken(ValueError):
    """The text begins like one of our tokens, but is broken; the message says how."""


@dataclass(frozen=True, slots=True)
class Coupon:
    """A claim on one offer. `serial` is 16 hexadecimal digits, `expires_at` seconds of UTC."""

    key_number: int
    shop: int
    campaign: int
    serial: str
    expires_at: int

    def payload(self) -> bytes:
        """The twenty bytes that are signed."""
        return _PAYLOAD.pack(
            VERSION, self.key_number, self.shop, self.campaign, bytes.fromhex(self.serial), self.expires_at
        )


@dataclass(frozen=True, slots=True)
class Issued:
    """A coupon as a shopper holds it: what the QR says, what a person types, when it was taken.

    `used_at` (seconds of UTC) where this node knows that it was redeemed.
    """

    coupon: Coupon
    token: str
    code: str
    issued_at: float
    used_at: float | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A token taken apart. Nothing in it may be believed before `is_signed_by` says so.

    `picture`: what stood behind it, for `hub.wire.rotating.judge`; empty for a coupon that does not change.
    """

    coupon: Coupon
    signature: bytes
    picture: str = ""

    def is_signed_by(self, public: Ed25519PublicKey) -> bool:
        """Whether the holder of this key minted the coupon."""
        try:
            public.verify(self.signature, self.coupon.payload())
        except InvalidSignature:
            return False
        return True


def mint_token(key: Ed25519PrivateKey, coupon: Coupon) -> str:
    """The signed text that goes into the coupon's QR."""
    payload = coupon.payload()
    return PREFIX + base64.b32encode(payload + key.sign(payload)).decode().rstrip("=")


def read_token(text: str) -> Token | None:
    """None where the text is no token of ours at all; BadToken where it is one, but broken."""
    folded = "".join(text.split()).upper()
    # One code in some thirty thousand begins as a token does, so what is as short as a code is left to `read_typed`.
    if not folded.startswith(PREFIX) or len(folded) < SHORTEST_TOKEN:
        return None
    folded, picture = folded[:TOKEN_CHARACTERS], folded[TOKEN_CHARACTERS:]
    if len(folded) != TOKEN_CHARACTERS:
        raise BadToken(f"a token has {TOKEN_CHARACTERS} characters, this one has {len(folded)}")
    if picture and not is_picture(picture):
        raise BadToken("what stands behind the token is nothing that belongs there")
    body = folded[len(PREFIX) :]
    if not _BODY.fullmatch(body):
        raise BadToken("the token has characters that do not belong in it")
    bits = int(body.translate(_AS_PYTHON), 32)
    # Base 32 leaves three spare bits here: only one spelling is ours, or a copy could be dressed as another coupon.
    if bits & _SPARE:
        raise BadToken("the token does not end as a token ends")
    whole = (bits >> 3).to_bytes(_PAYLOAD.size + _SIGNATURE_BYTES, "big")
    version, key_number, shop, campaign, serial, expires_at = _PAYLOAD.unpack_from(whole)
    if version != VERSION:
        raise BadToken(f"the token is of version {version}; this till reads version {VERSION}")
    coupon = Coupon(key_number, shop, campaign, serial.hex(), expires_at)
    return Token(coupon, whole[-_SIGNATURE_BYTES:], picture)


def _times_x(element: int) -> int:
    """Multiply by x in GF(32) with the primitive polynomial x^5 + x^2 + 1."""
    element <<= 1
    return element ^ 0b100101 if element & 32 else element


def check_character(body: str) -> str:
    """The last character of a code: a sum over GF(32) in which each place has its own weight.

    A weight is a power of a primitive element, so that every single wrong character and every swap of two, neighbours or
    not, is found.
    """
    total = 0
    for character in body:
        total = _times_x(total) ^ CROCKFORD.index(character)
    return CROCKFORD[_times_x(total)]


def make_code(random: bytes) -> str:
    """A code from seven random bytes."""
    if len(random) != CODE_RANDOM_BYTES:
        raise ValueError(f"a code is made of {CODE_RANDOM_BYTES} random bytes, not {len(random)}")
    body = crockford(random, CODE_CHARACTERS - 1)
    return body + check_character(body)


def read_code(text: str) -> str | None:
    """The code that was typed; None where it cannot be one. Case, dashes, spaces and look-alikes do not matter."""
    folded = fold_typed(text)
    if len(folded) != CODE_CHARACTERS or set(folded) - set(CROCKFORD):
        return None
    return folded if check_character(folded[:-1]) == folded[-1] else None


@dataclass(frozen=True, slots=True)
class TypedCode:
    """A code as it was typed. `picture`: "D" and the six digits behind it, for `hub.wire.rotating.judge`; empty without them."""

    code: str
    picture: str = ""


def read_typed(text: str) -> TypedCode | None:
    """A code, alone or with the six digits of a coupon that changes; None where it cannot be one."""
    folded = fold_typed(text)
    digits = folded[CODE_CHARACTERS:]
    code = read_code(folded[:CODE_CHARACTERS])
    if code is None or (digits and not (len(digits) == DIGITS and is_picture(DIGITS_MARK + digits))):
        return None
    return TypedCode(code, DIGITS_MARK + digits if digits else "")


def show_code(code: str) -> str:
    """A code as a person reads it: groups of four."""
    return " ".join(code[start : start + 4] for start in range(0, len(code), 4))
