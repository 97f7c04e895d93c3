"""What a beacon says, and how to say it.

Pure, but for a bounded memory that only speed depends on: fed with payloads by whoever heard them.

`decode_beacon` answers None for a payload that is no beacon of ours, and raises BadPayload for one that claims to be
and is broken. Sources: Apple, Proximity Beacon Specification (2015); AltBeacon Protocol Specification 1.0;
Eddystone Protocol Specification (frame types UID, URL, TLM and EID). Powers are in dBm: of iBeacon and AltBeacon as
measured at 1 m, of Eddystone at 0 m.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct

import msgspec

from hardware.ble.advertisement import AdvertisementData
from hardware.ble.codec import BadPayload, beacon_frames, parse, uuid_text

APPLE = 0x004C
ALTBEACON_CODE = b"\xbe\xac"

# Both of the older beacons have a UUID, two numbers and the power.
_BODY = Struct(">16sHHb")
_NUMBERS = Struct(">HHb")
_TLM = Struct(">HhII")


class IBeacon(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="ibeacon"):
    """Apple's beacon: which shop, which part of it, which post."""

    uuid: str
    major: int
    minor: int
    tx_power: int

    def encode(self) -> bytes:
        """The manufacturer structure with its length, to be put behind the flags."""
        body = _NUMBERS.pack(self.major, self.minor, self.tx_power)
        return b"\x1a\xff\x4c\x00\x02\x15" + bytes.fromhex(self.uuid.replace("-", "")) + body


class AltBeacon(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="altbeacon"):
    """The open beacon: the same three ids, under any company's number, and one octet for the maker."""

    id1: str
    id2: int
    id3: int
    tx_power: int
    company_id: int
    mfg_reserved: int

    def encode(self) -> bytes:
        """The manufacturer structure with its length (AD length is always 0x1B)."""
        ids = bytes.fromhex(self.id1.replace("-", "")) + _NUMBERS.pack(self.id2, self.id3, self.tx_power)
        company = self.company_id.to_bytes(2, "little")
        return b"\x1b\xff" + company + ALTBEACON_CODE + ids + bytes((self.mfg_reserved,))


class EddystoneUid(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="eddystone-uid"):
    """Eddystone's plain identity: a namespace of 10 octets and an instance of 6, in hex."""

    namespace: str
    instance: str
    tx_power: int

    def encode(self) -> bytes:
        """The service structures: the UUID and its data."""
        return _eddystone(
            bytes((0x00, self.tx_power & 0xFF)) + bytes.fromhex(self.namespace + self.instance) + bytes(2)
        )


class EddystoneUrl(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="eddystone-url"):
    """An address of a page, in the short spelling of the air."""

    url: str
    tx_power: int

    def encode(self) -> bytes:
        """The service structures; raises BadPayload when the address does not fit 17 octets."""
        short = compress_url(self.url)
        if not 1 < len(short) <= URL_MAX_OCTETS + 1:
            raise BadPayload(
                f"{self.url!r} needs {len(short) - 1} octets on the air; 1 to {URL_MAX_OCTETS} fit."
            )
        return _eddystone(bytes((0x10, self.tx_power & 0xFF)) + short)


class EddystoneTlm(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="eddystone-tlm"):
    """A beacon's own state: battery, warmth, packets sent and time since it was switched on.

    Battery and temperature are None where the beacon cannot measure them. Uptime is in seconds, in steps of 0.1 s.
    """

    battery_mv: int | None
    temperature_c: float | None
    adv_count: int
    uptime_s: float

    def encode(self) -> bytes:
        """The service structures of an unencrypted TLM frame."""
        warmth = -0x8000 if self.temperature_c is None else round(self.temperature_c * 256)
        body = _TLM.pack(self.battery_mv or 0, warmth, self.adv_count, round(self.uptime_s * 10))
        return _eddystone(b"\x20\x00" + body)


class EddystoneEid(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="eddystone-eid"):
    """An identity that changes; only who holds its key knows whose it is (see `hardware.ble.eid`)."""

    eid: str
    tx_power: int

    def encode(self) -> bytes:
        """The service structures: the UUID and its data."""
        return _eddystone(bytes((0x30, self.tx_power & 0xFF)) + bytes.fromhex(self.eid))


Beacon = IBeacon | AltBeacon | EddystoneUid | EddystoneUrl | EddystoneTlm | EddystoneEid

REMEMBERED_PAYLOADS = 2048
"""A packed shop hears some hundreds of different payloads a minute; these are 0.3 MB. Half as many, and a crowd empties it."""

_known: dict[bytes, Beacon | None] = {}


def decode_beacon(payload: bytes) -> Beacon | None:
    """The first whole beacon in a payload, or None. Remembered: the air repeats itself.

    Raises BadPayload when the payload is broken, or the only beacons in it are. Nothing else of the payload is taken apart: whose
    fields are of interest asks `read`.
    """
    if payload in _known:
        return _known[payload]
    frames = beacon_frames(payload)
    beacon = _first_whole(frames) if frames else None
    if len(_known) >= REMEMBERED_PAYLOADS:
        # Simpler and quicker than to find the oldest; what is still on the air is back within seconds.
        _known.clear()
    _known[payload] = beacon
    return beacon


@lru_cache(maxsize=512)
def read(payload: bytes) -> tuple[AdvertisementData, Beacon | None]:
    """The fields of a payload and the first whole beacon in it, if any. Remembered, too.

    Raises BadPayload when the payload is broken, or the only beacons in it are.
    """
    fields = parse(payload)
    return fields, _first_whole(fields.frames)


def forget() -> None:
    """Empty the memory of payloads; nothing but speed depends on it."""
    _known.clear()
    read.cache_clear()


def _first_whole(frames: tuple[bytes, ...]) -> Beacon | None:
    if len(frames) == 1:
        return _decode_frame(frames[0])
    broken: BadPayload | None = None
    for frame in frames:
        try:
            beacon = _decode_frame(frame)
        except BadPayload as error:
            broken = broken or error
        else:
            if beacon is not None:
                return beacon
    if broken is not None:
        raise broken
    return None


def _decode_frame(frame: bytes) -> Beacon | None:
    """One AD structure without its length octet."""
    if frame[1:5] == b"\x4c\x00\x02\x15":
        if len(frame) < 26:
            raise BadPayload(f"An iBeacon has 23 octets behind its company number, not {len(frame) - 3}.")
        uuid, major, minor, power = _BODY.unpack_from(frame, 5)
        return IBeacon(uuid_text(uuid), major, minor, power)
    if frame[0] == 0x16:
        return _decode_eddystone(frame[3:])
    if frame[3:5] == ALTBEACON_CODE:
        if len(frame) < 26:
            raise BadPayload(f"An AltBeacon has 24 octets behind its company number, not {len(frame) - 3}.")
        uuid, id2, id3, power = _BODY.unpack_from(frame, 5)
        # Beacons without the reserved octet are on the market; readers take it as zero.
        reserved = frame[26] if len(frame) > 26 else 0
        return AltBeacon(uuid_text(uuid), id2, id3, power, frame[1] | frame[2] << 8, reserved)
    return None


def _decode_eddystone(body: bytes) -> Beacon | None:
    """The service data behind 0xFEAA; an unknown frame type and an encrypted TLM are not ours."""
    if not body:
        return None
    kind = body[0]
    if kind == 0x00:
        _want(body, 18, "UID")
        return EddystoneUid(body[2:12].hex(), body[12:18].hex(), _signed(body[1]))
    if kind == 0x10:
        _want(body, 3, "URL")
        return EddystoneUrl(expand_url(body[2:]), _signed(body[1]))
    if kind == 0x20:
        _want(body, 2, "TLM")
        if body[1] != 0x00:
            return None
        _want(body, 14, "TLM")
        battery, warmth, count, tenths = _TLM.unpack_from(body, 2)
        return EddystoneTlm(battery or None, None if warmth == -0x8000 else warmth / 256, count, tenths / 10)
    if kind == 0x30:
        _want(body, 10, "EID")
        return EddystoneEid(body[2:10].hex(), _signed(body[1]))
    return None


def _want(body: bytes, length: int, frame: str) -> None:
    if len(body) < length:
        raise BadPayload(f"An Eddystone {frame} frame has at least {length} octets, not {len(body)}.")


def _signed(octet: int) -> int:
    return (octet ^ 0x80) - 0x80


_SCHEMES = ("http://www.", "https://www.", "http://", "https://")
_ENDINGS = (
    ".com/", ".org/", ".edu/", ".net/", ".info/", ".biz/", ".gov/",
    ".com", ".org", ".edu", ".net", ".info", ".biz", ".gov",
)  # fmt: skip
# What each octet behind the scheme stands for; the others are reserved.
_SPELLED = dict(enumerate(_ENDINGS)) | {octet: chr(octet) for octet in range(0x21, 0x7F)}
URL_MAX_OCTETS = 17


def expand_url(octets: bytes) -> str:
    """The address of an Eddystone-URL frame from its scheme octet on; BadPayload for octets that are reserved."""
    if octets[0] >= len(_SCHEMES):
        raise BadPayload(f"An Eddystone URL cannot begin with scheme {octets[0]}.")
    try:
        return _SCHEMES[octets[0]] + "".join(map(_SPELLED.__getitem__, octets[1:]))
    except KeyError as reserved:
        raise BadPayload(f"An Eddystone URL cannot hold the octet {reserved.args[0]:#04x}.") from None


def compress_url(url: str) -> bytes:
    """Scheme octet and short spelling of an address; scheme and host are written small, the path as it is."""
    head, slash, path = url.partition("://")[2].partition("/")
    address = f"{url.partition('://')[0]}://{head}".lower() + slash + path
    number = next((n for n, scheme in enumerate(_SCHEMES) if address.startswith(scheme)), None)
    if number is None:
        raise BadPayload(f"{url!r} does not begin with http:// or https://.")
    rest = address[len(_SCHEMES[number]) :]
    if not all(0x20 < ord(sign) < 0x7F for sign in rest):
        raise BadPayload(f"{url!r} holds signs that an Eddystone URL cannot hold.")
    for code, ending in enumerate(_ENDINGS):
        rest = rest.replace(ending, chr(code))
    return bytes((number,)) + rest.encode("ascii")


def _eddystone(body: bytes) -> bytes:
    """The list with Eddystone's UUID, which receivers look for first, and the frame itself."""
    return b"\x03\x03\xaa\xfe" + bytes((len(body) + 3,)) + b"\x16\xaa\xfe" + body
