"""Takes advertising payloads apart and puts them together.

Pure, but for a bounded memory of outlines that only speed depends on: fed by the radios, the capture readers and the simulated
street.

Sources: Core Specification 5.4, Vol 3 Part C, 11 (the row of AD structures), and the Core Specification
Supplement 11, Part A, 1 (what is in each). Assigned Numbers 2.3 has the type numbers. Input is whatever somebody
sent: every length is checked before it is used as an index.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NoReturn

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
_EDDYSTONE = b"\xaa\xfe"
# First octets behind the company of what may be an iBeacon (sub-type 2, 21 octets) or an AltBeacon (its code).
BEACON_MARKS = (b"\x02\x15", b"\xbe\xac")
LARGEST_STRUCTURE_OCTETS = 255

# Shorter payloads have no outline worth learning; longer ones than a packet and its answer are rare.
_SHORTEST_OUTLINED, _LONGEST_OUTLINED = 8, 62
# A street has some dozens of outlines; a hostile one must not fill the memory with them. For each length:
_MOST_OUTLINES = 64


class BadPayload(ValueError):
    """The other side sent a payload, or a beacon frame in it, that its own specification forbids."""


# How a payload of some length is laid out that begins with some octets: its flags, power and UUIDs; where a name
# begins; where the last structure begins (there the name ends, too) and its first four octets, None where the octets
# that tell the outline hold them already; the company of that structure, or, when it is None, the service. A plain
# tuple: this is read for every packet not heard before. No name and no data: nothing here leads to a phone.
_Outline = tuple[int | None, int | None, tuple[str, ...], int, int, bytes | None, int | None, str]
_outlines: list[dict[bytes, _Outline]] = [{} for _ in range(_LONGEST_OUTLINED + 1)]
# Shared by all that have no such fields: read-only by type, and most advertisements have one of the two.
_NOTHING: Mapping[Any, bytes] = {}


@lru_cache(maxsize=512)
def uuid32(number: int) -> str:
    """The full UUID of a 16- or 32-bit one (Core Specification, Vol 3 Part B, 2.5.1)."""
    return f"{number:08x}{BASE_UUID}"


@lru_cache(maxsize=512)
def uuid128(octets: bytes) -> str:
    """The UUID of 16 octets in the order of the air (least significant first)."""
    return uuid_text(octets[::-1])


def uuid_text(octets: bytes) -> str:
    """A UUID as people write it, from 16 octets in that order."""
    return f"{octets[:4].hex()}-{octets[4:10].hex('-', 2)}-{octets[10:].hex()}"


def parse(payload: bytes) -> AdvertisementData:
    """The fields of a payload; raises BadPayload when a structure runs past the end.

    A length of zero ends the payload early, as the specification has it. A structure whose value has an impossible
    size (a TX power of two octets, half a UUID) is passed over; of several values for one field the last counts,
    but a whole name always wins over a shortened one. Names that are not UTF-8 keep what can be read.
    """
    length = len(payload)
    if not _SHORTEST_OUTLINED <= length <= _LONGEST_OUTLINED:
        return _parse_any(payload)
    # What _telling says, without the price of asking it.
    known = 4 if payload[1] != FLAGS else 7 if payload[4] == MANUFACTURER else 8
    outline = _outlines[length].get(payload[:known])
    if outline is None:
        return _parse_any(payload)
    flags, tx_power, uuids, name_at, begin, head, company, service = outline
    if head is not None and payload[begin : begin + 4] != head:
        return _parse_any(payload)
    name = None
    if name_at < begin:
        if payload[name_at - 1] != NAME_WHOLE:
            return _parse_any(payload)
        try:
            name = payload[name_at:begin].decode()
        except UnicodeDecodeError:
            name = payload[name_at:begin].decode("utf-8", "replace")
    value = payload[begin + 4 :]
    if company is None:
        frames = (payload[begin + 1 :],) if payload[begin + 2 : begin + 4] == _EDDYSTONE else ()
        return AdvertisementData(name, uuids, _NOTHING, {service: value}, tx_power, flags, frames)
    frames = (payload[begin + 1 :],) if value[:2] in BEACON_MARKS else ()
    return AdvertisementData(name, uuids, {company: value}, _NOTHING, tx_power, flags, frames)


def beacon_frames(payload: bytes) -> tuple[bytes, ...]:
    """The structures that look like beacons, without their length octets; raises BadPayload as `parse` does."""
    frames: tuple[bytes, ...] = ()
    at, end = 0, len(payload)
    while at < end:
        length = payload[at]
        if not length:
            break
        begin = at + 1
        at += length + 1
        if at > end:
            _broken(payload)
        kind = payload[begin]
        if kind == MANUFACTURER:
            if length > 4 and payload[begin + 3 : begin + 5] in BEACON_MARKS:
                frames += (payload[begin:at],)
        elif kind == SERVICE_DATA16 and length > 2 and payload[begin + 1 : begin + 3] == _EDDYSTONE:
            frames += (payload[begin:at],)
    return frames


def _broken(payload: bytes) -> NoReturn:
    """Say where a payload breaks off that is known to."""
    at = 0
    while (after := at + payload[at] + 1) <= len(payload):
        at = after
    raise BadPayload(
        f"The structure at octet {at} says it has {payload[at]} octets, but only {len(payload) - at - 1} are left."
    )


def _telling(payload: bytes) -> int:
    """How many first octets of a payload tell its outline. More would be data, which never repeat."""
    if payload[1] != FLAGS:
        # A manufacturer's head.
        return 4
    # Flags and a manufacturer's head; else flags, power or a list of UUIDs, and the next length and type.
    return 7 if payload[4] == MANUFACTURER else 8


def _text(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("utf-8", "replace")


def _parse_any(payload: bytes) -> AdvertisementData:  # noqa: C901 - one pass over the octets, the hot path of the door
    name: str | None = None
    flags: int | None = None
    tx_power: int | None = None
    manufacturer: dict[int, bytes] = {}
    service: dict[str, bytes] = {}
    frames: tuple[bytes, ...] = ()
    others: list[tuple[int, bytes]] = []
    name_at = name_end = at = begin = 0
    end = len(payload)
    while at < end:
        length = payload[at]
        if not length:
            break
        begin = at
        at += length + 1
        if at > end:
            _broken(payload)
        kind = payload[begin + 1]
        if kind == MANUFACTURER:
            if length > 2:
                value = payload[begin + 4 : at]
                manufacturer[payload[begin + 2] | payload[begin + 3] << 8] = value
                if value[:2] in BEACON_MARKS:
                    frames += (payload[begin + 1 : at],)
        elif kind == FLAGS:
            if length > 1:
                flags = payload[begin + 2]
        elif kind == TX_POWER:
            if length == 2:
                tx_power = (payload[begin + 2] ^ 0x80) - 0x80
        elif kind == NAME_WHOLE:
            if length > 1:
                name_at, name_end = begin + 2, at
                name = _text(payload[name_at:at])
        elif kind == SERVICE_DATA16:
            if length > 2:
                number = payload[begin + 2] | payload[begin + 3] << 8
                service[uuid32(number)] = payload[begin + 4 : at]
                if number == EDDYSTONE_UUID:
                    frames += (payload[begin + 1 : at],)
        else:
            others.append((kind, payload[begin + 2 : at]))
    uuids: tuple[str, ...] = ()
    if others:
        uuids, short = _rarer(others, service)
        name = name if name is not None else short
    fields = AdvertisementData(name, uuids, manufacturer, service, tx_power, flags, frames)
    if at == end and len(manufacturer) + len(service) == 1 and len(others) < 2:
        _learn(payload, fields, name_at, name_end, begin)
    return fields


def _rarer(others: list[tuple[int, bytes]], service: dict[str, bytes]) -> tuple[tuple[str, ...], str | None]:
    """The UUIDs and the shortened name among the rarer structures; long service data go into `service`."""
    uuids: list[str] = []
    short: str | None = None
    for kind, value in others:
        if UUID16_MORE <= kind <= UUID32_ALL:
            width = 2 if kind <= UUID16_ALL else 4
            whole = range(0, len(value) - width + 1, width)
            uuids += [uuid32(int.from_bytes(value[i : i + width], "little")) for i in whole]
        elif kind in (UUID128_MORE, UUID128_ALL):
            uuids += [uuid128(value[i : i + 16]) for i in range(0, len(value) - 15, 16)]
        elif kind == NAME_SHORT:
            short = short if short is not None or not value else _text(value)
        elif kind == SERVICE_DATA32 and len(value) >= 4:
            service[uuid32(int.from_bytes(value[:4], "little"))] = value[4:]
        elif kind == SERVICE_DATA128 and len(value) >= 16:
            service[uuid128(value[:16])] = value[16:]
    return tuple(uuids), short


def _learn(payload: bytes, fields: AdvertisementData, name_at: int, name_end: int, begin: int) -> None:
    """Remember the outline of a payload whose last structure, which begins at `begin`, is its only valued one.

    Worth it only when everything before the name (or that structure) is flags, power and one list of 16-bit UUIDs, as
    small as they can be and all within the first octets: the next payload that begins with the same octets, is as
    long and has the same heads there then has every structure in the same place, and those of the same value.
    """
    flagged, powered = fields.flags is not None, fields.tx_power is not None
    lists = 2 * len(fields.service_uuids) + 2 * bool(fields.service_uuids)
    before = 3 * flagged + 3 * powered + lists
    if not _SHORTEST_OUTLINED <= len(payload) <= _LONGEST_OUTLINED:
        return
    known = _telling(payload)
    if before > (known - 1 if name_end else known):
        return
    if (name_at, name_end) != (before + 2, begin) if name_end else begin != before:
        return
    head = payload[begin : begin + 4]
    company = next(iter(fields.manufacturer_data), None)
    if len(head) < 4 or head[1] != (SERVICE_DATA16 if company is None else MANUFACTURER):
        return
    outlines = _outlines[len(payload)]
    if len(outlines) >= _MOST_OUTLINES:
        outlines.clear()
    outlines[payload[:known]] = (
        fields.flags,
        fields.tx_power,
        fields.service_uuids,
        name_at or begin,
        begin,
        None if known == begin + 4 else head,
        company,
        next(iter(fields.service_data), ""),
    )


def build(fields: AdvertisementData) -> bytes:
    """A payload that parses to these fields; raises BadPayload when one does not fit into its structure.

    Its length is not limited to the 31 octets of legacy advertising: it may stand for an advertisement and its scan
    response together.
    """
    parts: list[bytes] = []
    if fields.flags is not None:
        parts.append(_structure(FLAGS, bytes((fields.flags,))))
    widths: dict[int, list[bytes]] = {2: [], 4: [], 16: []}
    for uuid in fields.service_uuids:
        octets = _uuid_octets(uuid)
        widths[len(octets)].append(octets)
    for width, kind in ((2, UUID16_ALL), (4, UUID32_ALL), (16, UUID128_ALL)):
        if widths[width]:
            parts.append(_structure(kind, b"".join(widths[width])))
    if fields.local_name is not None:
        parts.append(_structure(NAME_WHOLE, fields.local_name.encode()))
    if fields.tx_power is not None:
        parts.append(_structure(TX_POWER, bytes((fields.tx_power & 0xFF,))))
    for uuid, data in fields.service_data.items():
        octets = _uuid_octets(uuid)
        kind = {2: SERVICE_DATA16, 4: SERVICE_DATA32, 16: SERVICE_DATA128}[len(octets)]
        parts.append(_structure(kind, octets + data))
    for company, data in fields.manufacturer_data.items():
        parts.append(_structure(MANUFACTURER, company.to_bytes(2, "little") + data))
    return b"".join(parts)


def _structure(kind: int, value: bytes) -> bytes:
    if len(value) >= LARGEST_STRUCTURE_OCTETS:
        raise BadPayload(f"A structure of type {kind:#04x} holds at most 254 octets, not {len(value)}.")
    return bytes((len(value) + 1, kind)) + value


def _uuid_octets(uuid: str) -> bytes:
    """The shortest form of a UUID on the air."""
    octets = bytes.fromhex(uuid.replace("-", ""))[::-1]
    if len(octets) != 16:
        raise BadPayload(f"{uuid!r} is no UUID.")
    if not uuid.lower().endswith(BASE_UUID):
        return octets
    return octets[12:14] if octets[14:] == b"\0\0" else octets[12:]
