"""A member's card: the signed text of its QR, and the code that a person can type.

Pure. Whoever lets somebody join makes one with it; tills, kiosks, doors and the hub read it.

    payload   version 1 | key number 1 | shop 2 | member 16 | issued 4                          24 octets, big-endian
    token     "SBM1" + base32(payload + Ed25519 signature 64), no padding                     145 characters
    code      15 random characters of Crockford base 32 and a check character                  75 random bits

Version 1 is signed by the node with that key number (`snapshot.Key`), version 2 by the hub's own key; its key number is 0.
What is signed is "shopbell1 card" and the payload, so that nothing else that a key signs can be dressed as a card. Every
character of a token is a capital letter or a digit: a QR holds it in alphanumeric mode (ISO/IEC 18004, 7.4.4), version 6 at
level M. The code is not in the token: it is looked up, by its hash, and never believed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hub.wire.coupon import check_character
from hub.wire.identity import CROCKFORD, crockford, fold_typed

CARD_PREFIX = "SBM1"
CARD_CHARACTERS = 145
BY_NODE, BY_HUB = 1, 2
MEMBER_BYTES = 16

MEMBER_CHARACTERS = 16
MEMBER_RANDOM_BYTES = 10
"""75 of its 80 bits are used: a code that is good for ever must be beyond guessing from its hash, too."""

LONGEST_TYPED = 200
"""A token has 145 characters; spaces and line ends come with what is pasted."""

_PAYLOAD = struct.Struct(">BBH16sI")
_SIGNATURE_BYTES = 64
_SIGNED = b"shopbell1 card\n"


@dataclass(frozen=True, slots=True)
class Card:
    """Whose card, made when (seconds of UTC) and by which key: a node's number, or None for the hub's own key.

    `member`: 32 lower-case hexadecimal digits.
    """

    key_number: int | None
    shop: int
    member: str
    issued_at: int

    def payload(self) -> bytes:
        """The 24 octets that are signed; ValueError where the member's id has another form."""
        member = bytes.fromhex(self.member)
        if len(member) != MEMBER_BYTES:
            raise ValueError(f"a member's id has {MEMBER_BYTES} octets, not {len(member)}")
        version = BY_HUB if self.key_number is None else BY_NODE
        return _PAYLOAD.pack(version, self.key_number or 0, self.shop, member, self.issued_at)


@dataclass(frozen=True, slots=True)
class CardToken:
    """A card's token taken apart. Nothing in it may be believed before `is_signed_by` says so."""

    card: Card
    signature: bytes

    @property
    def member(self) -> str:
        """The member's id that it claims."""
        return self.card.member

    def is_signed_by(self, public: Ed25519PublicKey) -> bool:
        """Whether the holder of this key made the card."""
        try:
            public.verify(self.signature, _SIGNED + self.card.payload())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class CardCode:
    """A card's code that was typed or scanned: 16 characters, its check character right. Only the hub, or the node that made
    it, knows whose it is (`card_hash`)."""

    code: str


def make_card(key: Ed25519PrivateKey, card: Card) -> str:
    """The signed text that goes into the card's QR. `key`: the node's own key for coupons, or the hub's (`key_number` None)."""
    payload = card.payload()
    whole = payload + key.sign(_SIGNED + payload)
    return CARD_PREFIX + base64.b32encode(whole).decode().rstrip("=")


def read_card(text: str) -> CardToken | CardCode | None:
    """What was scanned or typed as a card; None where it is none of ours, or broken.

    Case, spaces, dashes and look-alikes of a code do not matter; case and spaces of a token do not, either.
    """
    folded = "".join(text[:LONGEST_TYPED].split()).upper()
    if folded.startswith(CARD_PREFIX) and len(folded) == CARD_CHARACTERS:
        return _read_token(folded[len(CARD_PREFIX) :])
    code = read_member_code(text)
    return CardCode(code) if code is not None else None


def _read_token(body: str) -> CardToken | None:
    try:
        whole = base64.b32decode(body + "=" * (-len(body) % 8))
    except (binascii.Error, ValueError):
        return None
    # The last character has a spare bit: only one spelling is ours.
    if base64.b32encode(whole).decode().rstrip("=") != body or len(whole) != _PAYLOAD.size + _SIGNATURE_BYTES:
        return None
    version, number, shop, member, issued_at = _PAYLOAD.unpack_from(whole)
    if version not in (BY_NODE, BY_HUB) or (version == BY_HUB and number != 0):
        return None
    card = Card(number if version == BY_NODE else None, shop, member.hex(), issued_at)
    return CardToken(card, whole[-_SIGNATURE_BYTES:])


def make_member_code(random: bytes) -> str:
    """A member's code from ten random bytes."""
    body = crockford(random, MEMBER_CHARACTERS - 1)
    return body + check_character(body)


def read_member_code(typed: str) -> str | None:
    """The member's code that was typed; None where it cannot be one."""
    folded = fold_typed(typed[:LONGEST_TYPED])
    if len(folded) != MEMBER_CHARACTERS or set(folded) - set(CROCKFORD):
        return None
    return folded if check_character(folded[:-1]) == folded[-1] else None


def card_hash(code: str) -> str:
    """By what a code is known beyond the node that made it, 64 hexadecimal digits. No salt: it is random itself, 75 bits. The hub
    keeps it under a key of its own once more."""
    return hashlib.sha256(b"shopbell way in " + code.encode()).hexdigest()


def show_member_code(code: str) -> str:
    """A code as a person reads it: groups of four."""
    return " ".join(code[start : start + 4] for start in range(0, len(code), 4))
