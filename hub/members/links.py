"""Signed links of members: whoever holds one is taken for the member that it was made for, until its end.

Pure. `hub.members.pages` reads them; whoever sends a message or shows a QR makes them. A link holds the member, what it is for
and its end, closed with AES-SIV (RFC 5297) under a key of its own from `people.key`: nothing of it can be read, changed or made
by anybody else, and one that stands in a log names nobody. The same member, purpose and day give the same link.

    token   base64url(synthetic IV 16 | version 1 | purpose 1 | member 16 | end 4), without padding: 51 characters
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

LinkPurpose = Literal["page", "visit", "leave", "confirm"]
"""page: the member's own page, from a message or a QR. visit: the same, for somebody who typed a card's code. leave: nothing but
ending messages in one step. confirm: to say yes to what was asked by a message (joining by a keyword)."""

DAY_S = 86_400
LIVES_S: dict[LinkPurpose, int] = {
    "page": 30 * DAY_S,
    "visit": DAY_S // 24,
    "leave": 400 * DAY_S,
    "confirm": 2 * DAY_S,
}
"""How long a link is good. One to leave outlives every message in which it stands."""

ROOT = "/me"
"""Where the member's own pages are, on the hub's public site."""

_VERSION = 1
_PURPOSES: tuple[LinkPurpose, ...] = ("page", "visit", "leave", "confirm")
_ROUND_S = 3_600
_MEMBER = re.compile(r"[0-9a-f]{32}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{51}")
_WHAT = b"shopbell member link"


@dataclass(frozen=True, slots=True)
class Link:
    """What a link says: who holds it, what for, and until when (seconds of UTC)."""

    member: str
    purpose: LinkPurpose
    until: float


def member_link(
    key: bytes, member: str, purpose: LinkPurpose, now: float, *, lives_s: float | None = None
) -> str:
    """The path of a link (`/me/…`), good from now on for as long as its purpose says, or for `lives_s`.

    `key`: the octets of `people.key`. The end is rounded up to a whole hour where the link lives for days, so that asking twice
    gives the same link. ValueError where `member` is no member's id.
    """
    return f"{ROOT}/{member_token(key, member, purpose, now, lives_s=lives_s)}"


def member_token(
    key: bytes, member: str, purpose: LinkPurpose, now: float, *, lives_s: float | None = None
) -> str:
    """The same without the path before it."""
    if not _MEMBER.fullmatch(member):
        raise ValueError("a member's id has 32 hexadecimal digits")
    end = int(now + (LIVES_S[purpose] if lives_s is None else lives_s))
    if lives_s is None and LIVES_S[purpose] > DAY_S:
        end = -(-end // _ROUND_S) * _ROUND_S
    plain = bytes([_VERSION, _PURPOSES.index(purpose)]) + bytes.fromhex(member) + end.to_bytes(4, "big")
    closed = _cipher(key).encrypt(plain, [_WHAT])
    return base64.urlsafe_b64encode(closed).decode().rstrip("=")


def read_link(key: bytes, text: str, now: float) -> Link | None:
    """What a link or its token says; None where it was not made here, was changed, or is over."""
    token = text.strip().rstrip("/").rpartition("/")[2]
    if not _TOKEN.fullmatch(token):
        return None
    try:
        plain = _cipher(key).decrypt(base64.urlsafe_b64decode(token + "="), [_WHAT])
    except (InvalidTag, binascii.Error, ValueError):
        return None
    until = float(int.from_bytes(plain[18:22], "big"))
    if plain[0] != _VERSION or plain[1] >= len(_PURPOSES) or now >= until:
        return None
    return Link(plain[2:18].hex(), _PURPOSES[plain[1]], until)


def _cipher(key: bytes) -> AESSIV:
    # A key of its own: what is closed here can be opened as nothing else that `people.key` closes.
    return AESSIV(hmac.digest(key, b"shopbell member links", hashlib.sha512))
