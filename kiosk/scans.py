"""What came out of a scanner, a keyboard or a picture: one of our tokens, one of our codes, or neither.

Pure. `kiosk.redemption` feeds it what was scanned.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass

from hub.wire.coupon import TOKEN_CHARACTERS, BadToken, Token, read_token, read_typed
from hub.wire.digital_link import parse as parse_link
from hub.wire.refusals import Refusal

LONGEST = 400
"""What the hub takes; a token has 138 characters, so there is room for a scanner's own prefixes."""


@dataclass(frozen=True, slots=True)
class ScannedToken:
    """A token, not yet believed. `text` is the token alone, `asked` what the hub is asked with: with what stood behind it."""

    token: Token
    text: str

    @property
    def asked(self) -> str:
        """The token with its changing part."""
        return self.text + self.token.picture


@dataclass(frozen=True, slots=True)
class ScannedCode:
    """A code with its check character right. `picture`: "D" and the six digits that were typed behind it, or empty."""

    text: str
    picture: str = ""

    @property
    def asked(self) -> str:
        """What the hub is asked with: the code with its six digits."""
        return self.text + self.picture[1:]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Neither; refused without asking anybody."""

    refusal: Refusal


Scanned = ScannedToken | ScannedCode | Unreadable


def read_scan(text: str) -> Scanned:
    """Take a scan apart. A link that ends in a token or a code, as a printed QR may carry, is read as what it ends in; a GS1
    Digital Link as what it carries beside its product."""
    text = text.strip()
    if len(text) > LONGEST:
        return Unreadable(Refusal.UNKNOWN_COUPON)
    link = parse_link(text)
    carried = link.carried() if link is not None else None
    if carried is not None:
        text = carried
    elif "/" in text:
        text = text.split("?")[0].split("#")[0].rstrip("/").rsplit("/", 1)[-1]
    try:
        token = read_token(text)
    except BadToken:
        return Unreadable(Refusal.UNKNOWN_COUPON)
    if token is not None:
        return ScannedToken(token, "".join(text.split()).upper()[:TOKEN_CHARACTERS])
    typed = read_typed(text)
    return ScannedCode(typed.code, typed.picture) if typed else Unreadable(Refusal.BAD_CODE)


_AMOUNT = re.compile(r"(\d{1,7})(?:[.,](\d{1,2}))?")


def read_amount(text: str) -> int | None:
    """A sum of money as it is typed, in cents: 12.50, 12,5, ¥30. None where nothing was typed; ValueError where it is no sum."""
    plain = unicodedata.normalize("NFKC", text).strip().strip("€$£¥元 ").strip()
    if not plain:
        return None
    found = _AMOUNT.fullmatch(plain)
    if found is None:
        raise ValueError(f"{text[:20]!r} is no amount of money")
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def act_of(form: str, text: str, basket_cents: int | None) -> str:
    """The nonce of one act: the same form with the same coupon and amount, sent twice, is the same act.

    A form that was gone back to and used for another coupon is another act, so the form's own mark is not enough.
    """
    return hashlib.blake2b(f"{form}\n{text.strip()}\n{basket_cents}".encode(), digest_size=16).hexdigest()
