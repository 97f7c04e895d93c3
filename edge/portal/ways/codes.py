"""Codes that people type: which of them one is, and by what it is kept.

Pure. A printed code and a coupon's code have twelve characters, a member's has sixteen; all end in a check character, so that a
slip of the finger is told from a wrong code and costs nobody a try.
"""

from __future__ import annotations

import hashlib

from hub.wire.coupon import check_character, read_code
from hub.wire.identity import CROCKFORD, crockford, fold_typed

MEMBER_CHARACTERS = 16
MEMBER_RANDOM_BYTES = 10
"""75 of its 80 bits are used: a code that is good for ever must be beyond guessing from its hash, too."""

LONGEST_TYPED = 200
"""A token has 138 characters; spaces and line ends come with what is pasted."""


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


def read_short_code(typed: str) -> str | None:
    """The printed or coupon's code that was typed; None where it cannot be one."""
    return read_code(typed[:LONGEST_TYPED])


def code_hash(code: str) -> bytes:
    """By what a code is found. No salt: it is random itself, 55 bits of a printed one and 75 of a member's."""
    return hashlib.sha256(b"shopbell way in " + code.encode()).digest()
