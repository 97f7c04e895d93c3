"""Codes that people type: which of them one is, and by what it is kept.

Pure. A printed code and a coupon's code have twelve characters, a member's has sixteen; all end in a check character, so that a
slip of the finger is told from a wrong code and costs nobody a try.
"""

from __future__ import annotations

from hub.wire.card import LONGEST_TYPED, MEMBER_RANDOM_BYTES, card_hash, make_member_code, read_member_code
from hub.wire.coupon import read_code

__all__ = [
    "LONGEST_TYPED",
    "MEMBER_RANDOM_BYTES",
    "card_hash",
    "code_hash",
    "make_member_code",
    "read_member_code",
    "read_short_code",
]


def read_short_code(typed: str) -> str | None:
    """The printed or coupon's code that was typed; None where it cannot be one."""
    return read_code(typed[:LONGEST_TYPED])


def code_hash(code: str) -> bytes:
    """By what a code is found. No salt: it is random itself, 55 bits of a printed one and 75 of a member's."""
    return bytes.fromhex(card_hash(code))
