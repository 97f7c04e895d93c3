"""What a text message weighs: which alphabet it needs, and how many parts it is sent (and paid) as.

Pure. 3GPP TS 23.038 has the alphabets, TS 23.040 (9.2.3.24.1) the joining of parts. One message carries 140 octets: 160 septets
of the GSM alphabet or 70 units of UCS-2. Parts that belong together each give six octets away for a header: 153 and 67.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Alphabet = Literal["gsm-7", "ucs-2"]

GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""TS 23.038, 6.2.1, in the order of the codes. Code 27 is the escape to the extension; alone it is no character."""

GSM_EXTENSION = "\f^{}\\[~]|€"
"""TS 23.038, 6.2.1.1: each is sent as two septets."""

ALONE = {"gsm-7": 160, "ucs-2": 70}
JOINED = {"gsm-7": 153, "ucs-2": 67}

_ONE = frozenset(GSM_BASIC) - {"\x1b"}
_TWO = frozenset(GSM_EXTENSION)


@dataclass(frozen=True, slots=True)
class Weight:
    """`units`: septets or UTF-16 units. `parts`: how many messages go out."""

    alphabet: Alphabet
    units: int
    parts: int


def weigh(text: str) -> Weight:
    """What sending `text` takes. An empty text is one message, too."""
    alphabet: Alphabet = "gsm-7" if all(sign in _ONE or sign in _TWO for sign in text) else "ucs-2"
    widths = [_width(sign, alphabet) for sign in text]
    units = sum(widths)
    if units <= ALONE[alphabet]:
        return Weight(alphabet, units, 1)
    # A character of two units goes whole into one part (TS 23.040): the part before may end with a unit to spare.
    parts, room = 1, JOINED[alphabet]
    for width in widths:
        if width > room:
            parts, room = parts + 1, JOINED[alphabet]
        room -= width
    return Weight(alphabet, units, parts)


def _width(sign: str, alphabet: Alphabet) -> int:
    if alphabet == "gsm-7":
        return 2 if sign in _TWO else 1
    return 2 if ord(sign) > 0xFFFF else 1
