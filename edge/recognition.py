"""Who gave a key is recognised, and nobody else: identity resolving keys of members' phones, identity keys of changing beacons.

Pure. `edge.subjects` asks, once for each new address and for each changing identity.

A phone's resolvable private address is 22 random bits and a hash of them under a key that only the phone and those to whom its
bearer gave it know (Core Specification 5.4, Vol 6 Part B, 1.3.2.2, and Vol 3 Part H, 2.2.2). Trying a key costs one block of
AES. The hash has 24 bits: a stranger's address fits one of n keys by chance once in 16.8 million / n addresses, which with a
hundred keys and ten thousand addresses a day is once in two and a half weeks, for a quarter of an hour.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from hardware.ble.advertisement import Advertisement
from hardware.ble.eid import EidKey, EidResolver

TRIES_A_TURN = 2_000
"""Keys tried between two ticks of the door (1 s): some 2 ms here, 10 ms on the smallest Pi, one part in a hundred of its time.
Whoever comes when they are used up is tried with a later packet. Below it one address would not be tried under all keys at once;
then one address a turn is."""

_RESOLVABLE = frozenset("4567")


class Enrolled(msgspec.Struct, frozen=True):
    """Somebody or something that may be recognised under the opaque id `known`, by exactly one of the three.

    `identity` is a beacon's, as `subjects.tag_identity` spells it; `irk` is an identity resolving key of 16 octets, most
    significant first.
    """

    known: str
    identity: str | None = None
    irk: bytes | None = None
    eid: EidKey | None = None


class Keys:
    """The keys of those who gave one."""

    __slots__ = ("_beacons", "_ciphers", "_eids", "_left")

    def __init__(self, enrolled: Sequence[Enrolled]) -> None:
        self._ciphers = [(one.known, _cipher(one.irk)) for one in enrolled if one.irk is not None]
        beacons = [(one.known, one.eid) for one in enrolled if one.eid is not None]
        self._beacons = [known for known, _ in beacons]
        self._eids = EidResolver([key for _, key in beacons])
        self._left = TRIES_A_TURN

    def may_fit(self, packet: Advertisement) -> bool:
        """Whether trying keys on this packet's address can make sense: it is resolvable (two upper bits 01), and there are
        any."""
        return bool(self._ciphers) and packet.address_type == "random" and packet.address[0] in _RESOLVABLE

    def ready(self) -> bool:
        """Whether an address can be tried before the next turn."""
        return self._left > 0

    def refill(self) -> None:
        """A turn has passed."""
        self._left = TRIES_A_TURN

    def whose_address(self, address: str) -> str | None:
        """Under whose key this resolvable address was made."""
        octets = bytes.fromhex(address.replace(":", ""))
        block, wanted = bytes(13) + octets[:3], octets[3:]
        self._left -= len(self._ciphers)
        for known, cipher in self._ciphers:
            if cipher.update(block)[13:] == wanted:
                return known
        return None

    def whose_eid(self, eid: str, at: float) -> str | None:
        """Whose beacon calls itself by this changing identity (16 hexadecimal digits) at this time (seconds since 1970)."""
        if not self._beacons:
            return None
        place = self._eids.find(eid, at)
        return None if place is None else self._beacons[place]


def address_hash(irk: bytes, prand: bytes) -> bytes:
    """The lower three octets of a resolvable address from the upper three (`ah`, Core Specification 5.4, Vol 3 Part H, 2.2.2)."""
    return _cipher(irk).update(bytes(13) + prand)[13:]


def _cipher(key: bytes) -> CipherContext:
    # One block at a time and each on its own is what the specification asks for; ECB is exactly that.
    return Cipher(AES(key), ECB()).encryptor()  # noqa: S305
