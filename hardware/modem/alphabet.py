"""The alphabets of text messages: GSM 7-bit with its extension, packed into octets, and UCS-2; texts cut into parts.

Pure. 3GPP TS 23.038: 6.1.2.1 packs septets, 6.2.1 has the default alphabet, 6.2.3 UCS-2. Which alphabet a text needs and how many
parts it makes is said by `text.weigh`; what is cut here comes to the same number.
"""

from __future__ import annotations

from hardware.modem.text import ALONE, GSM_BASIC, GSM_EXTENSION, JOINED, Alphabet, weigh

ESCAPE = 0x1B
_EXTENSION_CODES = b"\x0a\x14\x28\x29\x2f\x3c\x3d\x3e\x40\x65"
"""TS 23.038, 6.2.1.1: the codes of `GSM_EXTENSION`, in its order."""

_CODES = {sign: bytes([code]) for code, sign in enumerate(GSM_BASIC) if code != ESCAPE} | {
    sign: bytes([ESCAPE, code]) for sign, code in zip(GSM_EXTENSION, _EXTENSION_CODES, strict=True)
}
_EXTENSION = dict(zip(_EXTENSION_CODES, GSM_EXTENSION, strict=True))


def to_septets(text: str) -> bytes:
    """One octet for each septet; ValueError for a sign that the GSM alphabet has not."""
    try:
        return b"".join(_CODES[sign] for sign in text)
    except KeyError as wrong:
        raise ValueError(f"the GSM alphabet has no {wrong.args[0]!r}") from None


def from_septets(septets: bytes) -> str:
    """The text. An extension that is not known shows the sign of the basic table (6.2.1.1); an escape at the end is a space."""
    signs, escaped = [], False
    for septet in septets:
        code = septet & 0x7F
        if escaped:
            # Two escapes: a further table that is reserved; a receiver that has none shows a space (6.2.1.1, note 1).
            signs.append(" " if code == ESCAPE else _EXTENSION.get(code, GSM_BASIC[code]))
            escaped = False
        elif code == ESCAPE:
            escaped = True
        else:
            signs.append(GSM_BASIC[code])
    return "".join(signs) + (" " if escaped else "")


def pack(septets: bytes, fill_bits: int = 0) -> bytes:
    """Eight septets in seven octets, the lowest bits first. `fill_bits` of zero come first, behind a header."""
    held, bits, octets = 0, fill_bits, bytearray()
    for septet in septets:
        held |= (septet & 0x7F) << bits
        bits += 7
        while bits >= 8:
            octets.append(held & 0xFF)
            held >>= 8
            bits -= 8
    if bits:
        octets.append(held & 0xFF)
    return bytes(octets)


def unpack(octets: bytes, count: int, fill_bits: int = 0) -> bytes:
    """`count` septets; as many as there are where the octets end before."""
    held, bits, septets = 0, -fill_bits, bytearray()
    for octet in octets:
        # Fill bits are the lowest ones of the first octet.
        held |= octet << bits if bits >= 0 else octet >> -bits
        bits += 8
        while bits >= 7 and len(septets) < count:
            septets.append(held & 0x7F)
            held >>= 7
            bits -= 7
    return bytes(septets)


def fill_bits(header_octets: int) -> int:
    """Bits between a user data header of so many octets and the first septet."""
    return -8 * header_octets % 7


def to_ucs2(text: str) -> bytes:
    """UTF-16, the high octet first: what networks and phones call UCS-2. A lone half of a pair becomes a question mark."""
    return text.encode("utf-16-be", "replace")


def from_ucs2(octets: bytes) -> str:
    """The text, with halves of pairs as they are: other senders cut pairs in two, and `heal` joins them when the parts are."""
    return octets[: len(octets) & ~1].decode("utf-16-be", "surrogatepass")


def heal(text: str) -> str:
    """Halves of pairs put together; a half that stays alone is U+FFFD."""
    return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")


def cut(text: str) -> tuple[Alphabet, list[str]]:
    """The parts that a text is sent as; a sign of two units goes whole into one of them. At least one part."""
    alphabet = weigh(text).alphabet
    widths = [_width(sign, alphabet) for sign in text]
    if sum(widths) <= ALONE[alphabet]:
        return alphabet, [text]
    parts, begin, room = [], 0, JOINED[alphabet]
    for at, width in enumerate(widths):
        if width > room:
            parts.append(text[begin:at])
            begin, room = at, JOINED[alphabet]
        room -= width
    return alphabet, [*parts, text[begin:]]


def _width(sign: str, alphabet: Alphabet) -> int:
    return len(_CODES[sign]) if alphabet == "gsm-7" else len(to_ucs2(sign)) // 2
