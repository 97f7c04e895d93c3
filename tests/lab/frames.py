"""The six beacons, each twice: the octets as the publishers' papers lay them out, and the fields that those octets mean.

The octets are written here by hand, so they check our codec from outside: it must read the fields out of them, and what our
advertising puts on the air must hold the same octets. Sources: Apple, Proximity Beacon Specification; AltBeacon 1.0; Eddystone.
"""

from __future__ import annotations

from dataclasses import dataclass

from hardware.ble.beacon import (
    AltBeacon,
    Beacon,
    EddystoneEid,
    EddystoneTlm,
    EddystoneUid,
    EddystoneUrl,
    IBeacon,
)

MANUFACTURER, SERVICE_DATA, SERVICE_LIST, FLAGS = 0xFF, 0x16, 0x03, 0x01

_ID = bytes.fromhex("f7826da64fa24e988024bc5b71e0893e")
_ID_TEXT = "f7826da6-4fa2-4e98-8024-bc5b71e0893e"
_EDDYSTONE = bytes.fromhex("aafe")


@dataclass(frozen=True, slots=True)
class Frame:
    """One kind of beacon. `part` is the AD structure that makes it, by its type and what follows."""

    name: str
    beacon: Beacon
    part: tuple[int, bytes]

    @property
    def payload(self) -> bytes:
        """A whole advertising payload: flags, the list of services where the kind has one, and the part itself."""
        kind, value = self.part
        listed = bytes((3, SERVICE_LIST)) + _EDDYSTONE if kind == SERVICE_DATA else b""
        return bytes((2, FLAGS, 0x06)) + listed + bytes((len(value) + 1, kind)) + value


FRAMES = (
    Frame(
        "iBeacon",
        IBeacon(_ID_TEXT, 7, 513, -59),
        (MANUFACTURER, bytes.fromhex("4c000215") + _ID + bytes.fromhex("0007 0201 c5")),
    ),
    Frame(
        "AltBeacon",
        AltBeacon(_ID_TEXT, 7, 513, -59, 0x0118, 0x2A),
        (MANUFACTURER, bytes.fromhex("1801beac") + _ID + bytes.fromhex("0007 0201 c5 2a")),
    ),
    Frame(
        "Eddystone UID",
        EddystoneUid(_ID.hex()[:20], "00000007beef", -18),
        (SERVICE_DATA, _EDDYSTONE + b"\x00\xee" + _ID[:10] + bytes.fromhex("00000007beef 0000")),
    ),
    Frame(
        "Eddystone URL",
        EddystoneUrl("https://shop.example.com/7", -18),
        (SERVICE_DATA, _EDDYSTONE + b"\x10\xee\x03shop.example\x007"),
    ),
    Frame(
        "Eddystone TLM",
        EddystoneTlm(3000, 21.5, 4096, 6553.6),
        (SERVICE_DATA, _EDDYSTONE + bytes.fromhex("2000 0bb8 1580 00001000 00010000")),
    ),
    Frame(
        "Eddystone EID",
        EddystoneEid("a1b2c3d4e5f60718", -18),
        (SERVICE_DATA, _EDDYSTONE + bytes.fromhex("30ee a1b2c3d4e5f60718")),
    ),
)


def named(name: str) -> Frame:
    """The frame of this name."""
    return next(frame for frame in FRAMES if frame.name == name)
