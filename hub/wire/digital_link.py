"""GS1 Digital Link: the address of a page that is a product's number at the same time.

Pure. On paper one QR serves both: a phone opens the page, a till reads the product, and of a single coupon its code too.

    https://shop.example/01/09506000134352                        an offer for a product, on a poster or a shelf
    https://shop.example/01/09506000134352/21/7K4TQ9XW2M5H        one coupon: its code is the serial number, AI 21
    https://shop.example/01/09506000134352?token=SB1...           the same with the whole token, which is too long for AI 21

After the GS1 Digital Link Standard, URI Syntax: the primary key 01 (GTIN) and its qualifiers 22, 10, 21 in this order; a GTIN
always has 14 digits there, filled up with zeros. Parameters whose name is a number are further data of GS1; ours have words.
The compressed form is not read. Check digits after the GS1 General Specifications, 7.9.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

GTIN_LENGTHS = (8, 12, 13, 14)
LONGEST = 2_000
TOKEN_PARAMETER = "token"  # noqa: S105 - a name, no secret
CODE_PARAMETER = "code"

_QUALIFIERS = ("22", "10", "21")
"""Consumer product variant, batch, serial number: at most one each, in this order."""

_CHARACTERS = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}")
"""What a batch or a serial number may be made of: GS1 AI encodable character set 82."""

_OUR_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")
_STEM = re.compile(r"https?://[^/?#\s]+(?:/[^?#\s]*)?")


@dataclass(frozen=True, slots=True)
class DigitalLink:
    """A product with what else its address says. `gtin` has 14 digits; `query` holds all parameters, ours and those of GS1."""

    gtin: str
    serial: str = ""
    batch: str = ""
    variant: str = ""
    query: Mapping[str, str] = field(default_factory=dict)

    def carried(self) -> str | None:
        """The token or code of ours that it carries; None where it names a product only."""
        return self.query.get(TOKEN_PARAMETER) or self.query.get(CODE_PARAMETER) or self.serial or None


def check_digit(digits: str) -> str:
    """The last digit of a GTIN, from those before it: weights of 3 and 1 from the right."""
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"{digits!r} has more than digits in it")
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def read_gtin(text: str) -> str | None:
    """A GTIN-8, -12, -13 or -14 as 14 digits; None where it is none, or its check digit is wrong. Spaces do not matter."""
    plain = "".join(text.split())
    if len(plain) not in GTIN_LENGTHS or not (plain.isascii() and plain.isdigit()):
        return None
    return plain.zfill(14) if check_digit(plain[:-1]) == plain[-1] else None


def build(stem: str, gtin: str, *, serial: str = "", query: Mapping[str, str] | None = None) -> str:
    """The address for a product beneath `stem`, such as "https://shop.example".

    ValueError where the stem is no address, the GTIN no GTIN, or a serial number or a parameter's name cannot stand in it.
    """
    number = read_gtin(gtin)
    if number is None:
        raise ValueError(f"{gtin!r} is no GTIN, or its check digit is wrong")
    if not _STEM.fullmatch(stem):
        raise ValueError(f"{stem!r} is no address to put a product's number beneath")
    if serial and not _CHARACTERS.fullmatch(serial):
        raise ValueError("a serial number has at most 20 letters, digits and signs")
    for name in query or {}:
        if not _OUR_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name for a parameter of ours: those in numbers belong to GS1")
    path = f"{stem.rstrip('/')}/01/{number}" + (f"/21/{quote(serial, safe='')}" if serial else "")
    return path + (f"?{urlencode(query)}" if query else "")


def parse(text: str) -> DigitalLink | None:
    """What an address says; None where it is no GS1 Digital Link with a GTIN in it, or one that the standard does not allow."""
    if len(text) > LONGEST or not text[:8].lower().startswith(("http://", "https://")):
        return None
    try:
        split = urlsplit(text)
        parameters = parse_qsl(split.query, max_num_fields=50)
    except ValueError:
        return None
    segments = split.path.strip("/").split("/")
    for place in range(len(segments) - 1):
        if segments[place] == "01" and len(segments[place:]) % 2 == 0:
            return _read(segments[place:], parameters)
    return None


def _read(segments: list[str], parameters: list[tuple[str, str]]) -> DigitalLink | None:
    gtin = read_gtin(segments[1])
    found: dict[str, str] = {}
    least = 0
    for name, value in zip(segments[2::2], segments[3::2], strict=True):
        if name not in _QUALIFIERS[least:]:
            return None
        least = _QUALIFIERS.index(name) + 1
        found[name] = unquote(value)
        if not _CHARACTERS.fullmatch(found[name]):
            return None
    names = [name for name, _ in parameters]
    if gtin is None or len(set(names)) != len(names):
        return None
    return DigitalLink(gtin, found.get("21", ""), found.get("10", ""), found.get("22", ""), dict(parameters))
