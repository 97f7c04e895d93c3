"""Passwords and random codes: what they must be, and how they are kept.

Passwords are kept as argon2id, codes and tokens as SHA-256. argon2id is imported where it is used: a hub at rest need not
carry it.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from hub.sentences import Said, said

if TYPE_CHECKING:
    from argon2 import PasswordHasher

ARGON2_MEMORY_KIB, ARGON2_PASSES, ARGON2_LANES = 19_456, 2, 1
"""OWASP's first choice for argon2id: some 40 ms on a Raspberry Pi 4."""

PASSWORD_SHORTEST, PASSWORD_LONGEST = 10, 200
NAME_LONGEST = 40
_DIGEST_CHARACTERS = 10


def hasher() -> PasswordHasher:
    """argon2id with our costs."""
    from argon2 import PasswordHasher

    return PasswordHasher(ARGON2_PASSES, ARGON2_MEMORY_KIB, ARGON2_LANES)


def hash_secret(text: str) -> str:
    """A password as it is kept: argon2id (RFC 9106) with a salt of its own."""
    return hasher().hash(text)


def secret_fits(kept: str, text: str) -> bool:
    """Whether this is the password that is kept."""
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        return hasher().verify(kept, text)
    except (Argon2Error, InvalidHashError):
        return False


def token_hash(token: str) -> str:
    """A random token or code as it is kept. It has enough bits of its own, so one round of SHA-256 hides it."""
    return hashlib.sha256(token.encode()).hexdigest()


def slow_hash(code: str, salt: str) -> str:
    """A code that has fewer bits, as it is kept: argon2id with a salt (32 hexadecimal digits) that codes of one set share."""
    from argon2.low_level import Type, hash_secret_raw

    raw = hash_secret_raw(
        code.encode(), bytes.fromhex(salt), ARGON2_PASSES, ARGON2_MEMORY_KIB, ARGON2_LANES, 32, Type.ID
    )
    return f"{salt}:{raw.hex()}"


def form_token(token: str) -> str:
    """What a form must send back to show that it came from our own page. It tells nothing of the cookie."""
    return hmac.new(token.encode(), b"shopbell form", hashlib.sha256).hexdigest()


def in_groups(code: str) -> str:
    """A code in groups of four, as people read it."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def name_fault(name: str) -> Said | None:
    """What is wrong with somebody's name."""
    if not name:
        return said("Give a name.")
    if len(name) > NAME_LONGEST:
        return said("A name has at most %(count)s characters.", count=NAME_LONGEST)
    if any(ord(character) < 32 for character in name):
        return said("A name is one line of text.")
    return None


def password_fault(password: str, name: str) -> Said | None:
    """What is wrong with a password. Its composition is nobody's business; only what is guessed first is refused."""
    if len(password) < PASSWORD_SHORTEST:
        return said("A password has at least %(count)s characters.", count=PASSWORD_SHORTEST)
    if len(password) > PASSWORD_LONGEST:
        return said("A password has at most %(count)s characters.", count=PASSWORD_LONGEST)
    folded = password.casefold()
    if is_common(folded) or len(set(folded)) < 4 or (name and folded.replace(" ", "") == name.casefold() * 2):
        return said("This password is one of the first that anybody would try. Take another.")
    return None


def is_common(password: str) -> bool:
    """Whether it is among the 6,000 most used passwords that are long enough for us, or begins as one of this shop's software."""
    folded = password.casefold()
    return folded.startswith("shopbell") or _digest(folded) in common_passwords()


@cache
def common_passwords() -> frozenset[str]:
    """The beginnings of the SHA-256 of the most used passwords of ten characters and more, in small letters."""
    text = (files("hub.signing") / "data" / "common_passwords.txt").read_text(encoding="ascii")
    return frozenset(text.split())


def _digest(folded: str) -> str:
    return hashlib.sha256(folded.encode()).hexdigest()[:_DIGEST_CHARACTERS]
