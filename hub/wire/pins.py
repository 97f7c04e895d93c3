"""How the PIN of somebody who redeems is kept: argon2id over a keyed hash, so that no database alone lets anybody guess.

Pure. The hub makes the hashes with it, a node checks with it. Six digits are a million guesses, and whoever carries a
database away has all the time that they want. So argon2id (RFC 9106) does not see the PIN but HMAC-SHA256 (RFC 2104) of it
under a *pepper* of 32 random bytes, which stands in a file beside the hub's database and travels to each node sealed to its
key (`hub.wire.sealing`), in the snapshot's section `pepper`.

    kept      "p1." + 8 hexadecimal digits that name the pepper + argon2id's own text, which begins with "$argon2id$"

A text that begins with "$argon2id$" at once is of the time before there was a pepper: argon2id over the PIN itself. It goes
on being right until the PIN is changed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

PEPPER_BYTES = 32
_PREFIX = "p1."
_KEPT = re.compile(r"p1[.](?P<name>[0-9a-f]{8})(?P<hashed>[$].+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class KeptPin:
    """A kept PIN taken apart: what argon2id wrote, and the name of the pepper beneath it; "" where there is none."""

    hashed: str
    pepper: str = ""


def pepper_name(pepper: bytes) -> str:
    """By which a hash says which pepper is beneath it. It tells nothing of the 256 random bits themselves."""
    return hashlib.sha256(b"shopbell1 pepper\n" + _whole(pepper)).hexdigest()[:8]


def pepper_pin(pepper: bytes, pin: str) -> str:
    """The text that argon2id is given instead of the PIN: 64 hexadecimal digits. ValueError where that is no pepper."""
    return hmac.new(_whole(pepper), pin.encode(), hashlib.sha256).hexdigest()


def write_pin(hashed: str, pepper: bytes) -> str:
    """How a hash over `pepper_pin` is kept in a database and in the snapshot's section `staff`."""
    return f"{_PREFIX}{pepper_name(pepper)}{hashed}"


def read_pin(kept: str) -> KeptPin:
    """A kept PIN taken apart. What is no text of ours comes back as it is; argon2id will say that it is none of its own."""
    found = _KEPT.fullmatch(kept)
    return KeptPin(found["hashed"], found["name"]) if found else KeptPin(kept)


def argon2_input(kept: KeptPin, pepper: bytes | None, pin: str) -> str | None:
    """What to give to argon2id together with `kept.hashed`; None where the pepper that it takes is not the one at hand."""
    if not kept.pepper:
        return pin
    if pepper is None or not hmac.compare_digest(pepper_name(pepper), kept.pepper):
        return None
    return pepper_pin(pepper, pin)


def _whole(pepper: bytes) -> bytes:
    if len(pepper) != PEPPER_BYTES:
        raise ValueError(f"a pepper has {PEPPER_BYTES} bytes, not {len(pepper)}")
    return pepper
