"""The fields of a text message's octets: addresses, time stamps, validity, which alphabet, the header before the text.

Pure. 3GPP TS 23.040: addresses 9.1.2.5, time stamps 9.2.3.11, validity 9.2.3.12, header 9.2.3.24; TS 23.038, 4: coding scheme.
What octets from the air say may be anything: readers raise `BadPdu`, or give None where a message without the field is still one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal

from hardware.modem.alphabet import from_septets, pack, to_septets, unpack

INTERNATIONAL, UNKNOWN, ALPHANUMERIC = 0x91, 0x81, 0xD0
_DIGITS = "0123456789*#abc"
MOST_DIGITS, MOST_SIGNS = 20, 11

Coding = Literal["gsm-7", "ucs-2", "data"]


class BadPdu(ValueError):
    """These octets are no message. The text says where they stop being one; it holds nothing of what was written."""


class Octets:
    """Octets read from the front."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def take(self, count: int) -> bytes:
        """The next `count`; BadPdu where there are fewer."""
        piece = self._octets[self._at : self._at + count]
        if len(piece) < count:
            raise BadPdu(f"the message ends after {len(self._octets)} octets, in the middle of a field")
        self._at += count
        return piece

    def one(self) -> int:
        """The next."""
        return self.take(1)[0]

    def rest(self) -> bytes:
        """All that is left."""
        piece, self._at = self._octets[self._at :], len(self._octets)
        return piece


# Addresses


def write_address(number: str) -> bytes:
    """An address with its length, in semi-octets, before it. `+...` is international; what is no number is alphanumeric."""
    digits = number.removeprefix("+")
    if digits and all(sign in _DIGITS for sign in digits):
        if len(digits) > MOST_DIGITS:
            raise ValueError(f"an address has at most {MOST_DIGITS} digits")
        kind = INTERNATIONAL if number.startswith("+") else UNKNOWN
        return bytes([len(digits), kind]) + _semi_octets(digits)
    septets = to_septets(number)
    if not 1 <= len(septets) <= MOST_SIGNS:
        raise ValueError(f"a name as address has 1 to {MOST_SIGNS} signs of the GSM alphabet")
    packed = pack(septets)
    # The length counts the semi-octets that are used, so that a reader knows eight septets from seven (9.1.2.5).
    return bytes([(len(septets) * 7 + 3) // 4, ALPHANUMERIC]) + packed


def read_address(octets: Octets) -> str:
    """`+4366012345678`, `0660...`, `12345`, or a name such as `Shop`."""
    length, kind = octets.one(), octets.one()
    if length > 2 * MOST_DIGITS:
        raise BadPdu(f"an address of {length} digits")
    packed = octets.take((length + 1) // 2)
    if kind & 0x70 == 0x50:
        return from_septets(unpack(packed, length * 4 // 7))
    nibbles = [half for octet in packed for half in (octet & 15, octet >> 4)][:length]
    digits = "".join(_DIGITS[half] for half in nibbles if half < len(_DIGITS))
    return ("+" if kind & 0x70 == 0x10 and digits else "") + digits


def _semi_octets(digits: str) -> bytes:
    halves = [_DIGITS.index(sign) for sign in digits] + [15] * (len(digits) % 2)
    return bytes(low | high << 4 for low, high in zip(halves[::2], halves[1::2], strict=True))


# Time


def write_time(at: datetime) -> bytes:
    """Seven octets: local time, and its distance from UTC in quarters of an hour."""
    away = at.utcoffset()
    if away is None:
        raise ValueError("a time stamp needs a zone")
    quarters = round(away / timedelta(minutes=15))
    fields = (at.year % 100, at.month, at.day, at.hour, at.minute, at.second, abs(quarters))
    octets = bytearray(value // 10 | value % 10 << 4 for value in fields)
    octets[6] |= 0x08 if quarters < 0 else 0
    return bytes(octets)


def read_time(octets: bytes) -> datetime | None:
    """With its zone; None for what is no time, as some networks send."""
    fields = [(octet & 15) * 10 + (octet >> 4) for octet in octets[:6]]
    if any(octet & 15 > 9 or octet >> 4 > 9 for octet in octets[:6]) or octets[6] >> 4 > 9:
        return None
    quarters = (octets[6] & 0x07) * 10 + (octets[6] >> 4)
    zone = timezone(timedelta(minutes=15 * (-quarters if octets[6] & 0x08 else quarters)))
    year = fields[0] + (1900 if fields[0] >= 90 else 2000)
    try:
        return datetime(year, *fields[1:], tzinfo=zone)  # type: ignore[arg-type, misc]
    except ValueError:
        return None


def write_validity(seconds: float) -> int:
    """How long the network tries, as one octet (9.2.3.12.1): the next longer time that it can say; 5 minutes to 63 weeks."""
    minutes = max(0.0, seconds) / 60
    if minutes <= 12 * 60:
        return max(0, _up(minutes / 5) - 1)
    if minutes <= 24 * 60:
        return _up((minutes - 12 * 60) / 30) + 143
    if minutes <= 30 * 1440:
        return _up(minutes / 1440) + 166
    return min(255, _up(minutes / (7 * 1440)) + 192)


def read_validity(octet: int) -> int:
    """The seconds of a relative validity."""
    if octet <= 143:
        return (octet + 1) * 300
    if octet <= 167:
        return 12 * 3600 + (octet - 143) * 1800
    if octet <= 196:
        return (octet - 166) * 86_400
    return (octet - 192) * 7 * 86_400


def _up(value: float) -> int:
    return -int(-value // 1)


# Coding scheme


def read_coding(octet: int) -> Coding:
    """Which alphabet the text is in (TS 23.038, 4). What is packed or not known is data: nobody can read it as text."""
    if octet & 0x80 == 0:
        if octet & 0x20:
            return "data"
        return ("gsm-7", "data", "ucs-2", "gsm-7")[octet >> 2 & 3]
    if octet & 0xF0 == 0xE0:
        return "ucs-2"
    if octet & 0xF0 == 0xF0:
        return "data" if octet & 0x04 else "gsm-7"
    return "gsm-7"


CODING: dict[Coding, int] = {"gsm-7": 0x00, "data": 0x04, "ucs-2": 0x08}


# Header


@dataclass(frozen=True, slots=True)
class Piece:
    """Which part of a long message this is: the `number`th of `of`, of the one with this reference. `wide`: of 16 bits."""

    reference: int
    of: int
    number: int
    wide: bool = False


def write_header(piece: Piece | None) -> bytes:
    """The header with its length octet; nothing where the message stands alone."""
    if piece is None:
        return b""
    tail = bytes([piece.of, piece.number])
    if piece.wide:
        return b"\x06\x08\x04" + piece.reference.to_bytes(2, "big") + tail
    return b"\x05\x00\x03" + bytes([piece.reference]) + tail


def read_header(header: bytes) -> Piece | None:
    """What is said about parts (IE 00 and 08); ports, national tables and all else are passed over. `header` without its length.

    The last one counts (9.2.3.24); one that makes no sense does not (9.2.3.24.1).
    """
    piece, at = None, 0
    while at + 2 <= len(header):
        kind, length = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + length]
        at += 2 + length
        if kind == 0x00 and len(value) == 3:
            found = Piece(value[0], value[1], value[2])
        elif kind == 0x08 and len(value) == 4:
            found = Piece(int.from_bytes(value[:2], "big"), value[2], value[3], wide=True)
        else:
            continue
        if 1 <= found.number <= found.of:
            piece = found
    return piece
