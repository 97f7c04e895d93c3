"""What people and shops carry and put up, as far as it is on the air: addresses, payloads, pace.

Repeatable; asked by `hardware.ble.street`.

A phone's address is a resolvable private one that changes about every 15 minutes, together with its payload (Core
Specification 5.4, Vol 3 Part C, App. A: 900 s). The lower half of a real one is a keyed hash of the upper; here both
are drawn, which nobody without the key can tell apart.
"""

from __future__ import annotations

from hashlib import blake2b
from random import Random
from typing import NamedTuple

from hardware.ble.advertisement import AddressType
from hardware.ble.beacon import AltBeacon, Beacon, EddystoneTlm, EddystoneUid, EddystoneUrl, IBeacon

ROTATION_S = 900.0
# Phones change when they wake up next, not on the second; two minutes either way is what recordings show.
ROTATION_JITTER_S = 120.0

# Shares of people: some carry a phone that is silent, some a watch or earbuds as well.
AUDIBLE_SHARE = 0.85
SECOND_GADGET_SHARE = 0.2
# Seconds between packets of a phone as one scanner could hear them, and how common each is.
PHONE_INTERVALS_S = (0.25, 0.5, 1.0, 2.0)
PHONE_INTERVAL_WEIGHTS = (1, 3, 4, 2)

SHOP_UUID = "7f3c1b5e-2d84-4a6f-9c10-5e1ab0de11ed"
TAG_MAJOR, DOOR_MAJOR = 100, 1

# The payload of a phone that changes it apart from its address turns over at another time of the same quarter of an hour.
APART = 0.5


class Carrying(NamedTuple):
    """What the people of one shop carry. The defaults are the small shop of the demonstration.

    `rotation_s` is the range from which each phone has its own time between two addresses; a share of `apart_share`
    changes address and payload at different times.
    """

    audible_share: float = AUDIBLE_SHARE
    second_gadget_share: float = SECOND_GADGET_SHARE
    interval_weights: tuple[float, ...] = PHONE_INTERVAL_WEIGHTS
    rotation_s: tuple[float, float] = (ROTATION_S, ROTATION_S)
    apart_share: float = 0.0


_USUAL = Carrying()
_GENERAL_DISCOVERABLE = b"\x02\x01\x1a"
_BEACON_FLAGS = b"\x02\x01\x06"


class Gadget:
    """One thing that advertises: its pace, its power at 1 m, and what it says at a time."""

    __slots__ = (
        "_apart",
        "_key",
        "_payloads",
        "_rotation_s",
        "_until",
        "address",
        "address_type",
        "interval_s",
        "payload",
        "power_dbm",
        "turn",
    )

    def __init__(
        self,
        key: str,
        interval_s: float,
        power_dbm: float,
        address_type: AddressType,
        carrying: Carrying = _USUAL,
    ) -> None:
        own = _draw(key, 6)
        shortest, longest = carrying.rotation_s
        self._rotation_s = shortest + own[4] / 255 * (longest - shortest)
        self._apart = own[5] < carrying.apart_share * 256
        self._key = key
        self._payloads: tuple[bytes, ...] = ()
        self._until = float("inf")
        self.turn = 0
        self.address = ""
        self.address_type: AddressType = address_type
        self.interval_s = interval_s
        self.payload = b""
        self.power_dbm = power_dbm

    def refresh(self, at: float) -> None:
        """Bring address and payload up to this time; called before each packet, with times that do not run back."""
        if self._payloads:
            self.turn = (self.turn + 1) % len(self._payloads)
            self.payload = self._payloads[self.turn]
        elif at >= self._until or not self.address:
            self._rotate(at)

    def _rotate(self, at: float) -> None:
        """Address number n begins at n times 15 minutes, shifted by this gadget's own and that change's jitter."""
        shift = _draw(self._key, 4)
        number, self._until = self._term(at, shift[0])
        octets = _draw(f"{self._key}:{number}", 16)
        # Upper bits 01: resolvable (Vol 6 Part B, 1.3.2.2).
        self.address = (bytes((octets[0] & 0x3F | 0x40,)) + octets[1:6]).hex(":")
        if self._apart:
            said, until = self._term(at - APART * self._rotation_s, shift[0])
            self._until = min(self._until, until + APART * self._rotation_s)
            octets = _draw(f"{self._key}:{said}:said", 16)
        self.payload = _phone_payload(octets, shift)

    def _term(self, at: float, shift: int) -> tuple[int, float]:
        """Which term of an address this time lies in, and when the next one begins."""
        number = int((at - shift / 256 * self._rotation_s) // self._rotation_s) - 1
        while at >= self._begins(number + 1, shift):
            number += 1
        return number, self._begins(number + 1, shift)

    def _begins(self, number: int, shift: int) -> float:
        jitter = (_draw(f"{self._key}:{number}", 17)[16] / 127.5 - 1) * ROTATION_JITTER_S
        return number * self._rotation_s + shift / 256 * self._rotation_s + jitter

    @classmethod
    def fixed(
        cls, key: str, interval_s: float, power_dbm: float, *payloads: bytes, public: bool = False
    ) -> Gadget:
        """Something with one address for ever, saying these payloads in turn."""
        made = cls(key, interval_s, power_dbm, "public" if public else "random")
        octets = _draw(key, 6)
        # Upper bits 11: static random (Vol 6 Part B, 1.3.2.1); a public address begins with a maker's number.
        first = octets[0] & 0xFC if public else octets[0] | 0xC0
        made.address = (bytes((first,)) + octets[1:]).hex(":")
        made._payloads = payloads
        made.payload = payloads[0]
        return made


def carried(seed: int, who: str, carrying: Carrying = _USUAL) -> list[Gadget]:
    """What one person carries that is on the air; nothing at all for some."""
    rng = Random(f"{seed}:{who}")
    count = (rng.random() < carrying.audible_share) + (rng.random() < carrying.second_gadget_share)
    return [
        Gadget(
            f"{seed}:{who}:{n}",
            rng.choices(PHONE_INTERVALS_S, carrying.interval_weights)[0],
            rng.gauss(-60, 4),
            "random",
            carrying,
        )
        for n in range(count)
    ]


def tag_of(number: int) -> IBeacon:
    """The enrolled tag that member of staff `number` wears."""
    return IBeacon(SHOP_UUID, TAG_MAJOR, number, -59)


def tag(seed: int, number: int) -> Gadget:
    """The tag itself."""
    return Gadget.fixed(f"{seed}:tag:{number}", 0.5, -62, _BEACON_FLAGS + tag_of(number).encode())


# The beacons and appliances of the street: name, place, what they say. Powers are the beacons' own claims.
FIXED_BEACONS: tuple[tuple[str, float, float, tuple[Beacon, ...]], ...] = (
    ("door", 0.5, 0.3, (IBeacon(SHOP_UUID, DOOR_MAJOR, 1, -59),)),
    ("window", -3.0, 0.4, (EddystoneUrl("https://example.com/w", -18), EddystoneTlm(2960, 21.5, 7_200_000, 720_000.0))),
    ("next-door", 14.0, 3.0, (AltBeacon("2f234454-cf6d-4a0f-adf2-f4911ba9ffa6", 3, 7, -61, 0x0118, 0),)),
    ("stop", -20.0, -3.0, (EddystoneUid("a0b1c2d3e4f5a6b7c8d9", "000000000042", -20),)),
)  # fmt: skip


def appliances(seed: int) -> list[tuple[Gadget, float, float]]:
    """Everything that stays where it is, with its place in metres: beacons, and a screen and a lamp of neighbours."""
    things = [
        (Gadget.fixed(f"{seed}:{name}", 1.0, -61, *(_BEACON_FLAGS + b.encode() for b in beacons)), x, y)
        for name, x, y, beacons in FIXED_BEACONS
    ]
    screen = _GENERAL_DISCOVERABLE + b"\x07\x09Screen" + b"\x06\xff\x75\x00\x42\x04\x01"
    lamp = _BEACON_FLAGS + b"\x03\x03\x0f\xfe" + b"\x05\x09Lamp"
    things.append((Gadget.fixed(f"{seed}:screen", 1.3, -58, screen, public=True), 3.5, 7.5))
    things.append((Gadget.fixed(f"{seed}:lamp", 2.0, -64, lamp, public=True), -9.0, 5.0))
    return things


# Where machines stand: anywhere in the shop, in the back and at the neighbours'.
MACHINES_WITHIN_M = ((-9.0, 9.0), (0.5, 12.0))


def machines(seed: int, count: int, carrying: Carrying) -> list[tuple[Gadget, float, float]]:
    """Televisions, computers and the like, which stay where they are and change their address as a phone does."""
    made = []
    for number in range(count):
        rng = Random(f"{seed}:machine:{number}")
        x, y = (rng.uniform(*side) for side in MACHINES_WITHIN_M)
        made.append((Gadget(f"{seed}:machine:{number}", 1.0, rng.gauss(-60, 4), "random", carrying), x, y))
    return made


def _phone_payload(octets: bytes, shift: bytes) -> bytes:
    """What phones of the two large makes say: a short state that is new with each address."""
    if shift[1] < 140:
        nearby = b"\x10\x06" + bytes((shift[2] & 0x1F, 0x1E)) + octets[6:10]
        return _GENERAL_DISCOVERABLE + b"\x02\x0a\x0c" + b"\x0b\xff\x4c\x00" + nearby
    service = b"\xf3\xfe" + b"\x4a\x17" + octets[6:16]
    return b"\x02\x01\x02" + bytes((len(service) + 1,)) + b"\x16" + service


def _draw(key: str, size: int) -> bytes:
    return blake2b(key.encode(), digest_size=size).digest()
