"""Takes advertising payloads apart and puts them together. Pure: fed by the radios, the capture readers and the
simulated street; opens nothing, reads no clock.

Sources: Core Specification 5.4, Vol 3 Part C, 11 (the row of AD structures), and the Core Specification Supplement 11,
Part A, 1 (what is in each). Assigned Numbers 2.3 has the type numbers. Input is whatever somebody sent: every length
is checked before it is used as an index.
"""

from __future__ import annotations

from functools import lru_cache

from hardware.ble.advertisement import AdvertisementData

FLAGS = 0x01
UUID16_MORE, UUID16_ALL = 0x02, 0x03
UUID32_MORE, UUID32_ALL = 0x04, 0x05
UUID128_MORE, UUID128_ALL = 0x06, 0x07
NAME_SHORT, NAME_WHOLE = 0x08, 0x09
TX_POWER = 0x0A
SERVICE_DATA16, SERVICE_DATA32, SERVICE_DATA128 = 0x16, 0x20, 0x21
MANUFACTURER = 0xFF

BASE_UUID = "-0000-1000-8000-00805f9b34fb"
EDDYSTONE_UUID = 0xFEAA
# First octets, after the company, of what may be an iBeacon (sub-type 2, 21 octets) or an AltBeacon (its code).
BEACON_MARKS = (b"\x02\x15", b"\xbe\xac")
# A packed shop hears some hundreds of different payloads a minute; 2,048 keep every one for longer than it lives and
# cost about 2 MB when full.
REMEMBERED_PAYLOADS = 2048

_NO_UUIDS: list[str] = []
_NO_MANUFACTURER: dict[int, bytes] = {}
_NO_SERVICE: dict[str, bytes] = {}


class BadPayload(ValueError):
    """The other side sent a payload, or a beacon frame in it, that its own specification forbids."""


@lru_cache(maxsize=512)
def uuid16(number: int) -> str:
    """The full UUID of a 16- or 32-bit one (Core Specification, Vol 3 Part B, 2.5.1)."""
    return f"{number:08x}{BASE_UUID}"


def uuid128(octets: bytes) -> str:
    """The UUID of 16 octets in the order of the air (least significant first)."""
    h = octets[::-1].hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def parse(payload: bytes) -> AdvertisementData:
    """The fields of a payload; raises BadPayload when a structure runs past the end.

    A length of zero ends the payload early, as the specification has it. A structure whose value has an impossible
    size (a TX power of two octets, half a UUID) is passed over; of several values for one field the last counts,
    but a whole name always wins over a shortened one. Names that are not UTF-8 keep what can be read.
    """
    name: str | None = None
    flags: int | None = None
    tx_power: int | None = None
    uuids = _NO_UUIDS
    manufacturer = _NO_MANUFACTURER
    service = _NO_SERVICE
    frames: tuple[bytes, ...] = ()
    at = 0
    end = len(payload)
    while at < end:
        length = payload[at]
        if not length:
            break
        begin = at + 2
        after = at + 1 + length
        if after > end:
            raise BadPayload(_past_the_end(at, length, end))
        kind = payload[at + 1]
        if kind == MANUFACTURER:
            if length > 2:
                value = payload[at + 4 : after]
                if manufacturer is _NO_MANUFACTURER:
                    manufacturer = {payload[begin] | payload[at + 3] << 8: value}
                else:
                    manufacturer[payload[begin] | payload[at + 3] << 8] = value
                if value.startswith(BEACON_MARKS):
                    frames += (payload[at + 1 : after],)
        elif kind == FLAGS:
            if length > 1:
                flags = payload[begin]
        elif kind == TX_POWER:
            if length == 2:
                tx_power = (payload[begin] ^ 0x80) - 0x80
        elif kind == NAME_WHOLE:
            if length > 1:
                name = payload[begin:after].decode("utf-8", "replace")
        elif UUID16_MORE <= kind <= UUID128_ALL:
            uuids = uuids + _uuids(payload[begin:after], 2 << ((kind - 2) >> 1))
        elif kind == SERVICE_DATA16:
            if length > 2:
                number = payload[begin] | payload[at + 3] << 8
                service = {**service, uuid16(number): payload[at + 4 : after]}
                if number == EDDYSTONE_UUID:
                    frames += (payload[at + 1 : after],)
        elif kind == NAME_SHORT:
            if name is None and length > 1:
                name = payload[begin:after].decode("utf-8", "replace")
        elif kind == SERVICE_DATA128:
            if length > 16:
                service = {**service, uuid128(payload[begin : begin + 16]): payload[begin + 16 : after]}
        elif kind == SERVICE_DATA32 and length > 4:
            number = int.from_bytes(payload[begin : begin + 4], "little")
            service = {**service, uuid16(number): payload[begin + 4 : after]}
        at = after
    return AdvertisementData(name, uuids, manufacturer, service, tx_power, flags, frames)


def _uuids(value: bytes, size: int) -> list[str]:
    """A list of UUIDs of `size` octets each; half a UUID at the end is passed over."""
    whole = range(0, len(value) - size + 1, size)
    if size == 16:
        return [uuid128(value[i : i + 16]) for i in whole]
    return [uuid16(int.from_bytes(value[i : i + size], "little")) for i in whole]


def _past_the_end(at: int, length: int, end: int) -> str:
    return f"The structure at octet {at} says {length} octets, but {end - at - 1} are left."
