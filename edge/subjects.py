"""Whose packet is this? Address -> short-lived pseudonym, ranked by how far it can be trusted.

Pure: opens nothing, reads no clock, draws no randomness. `edge.door` feeds it with what a radio heard, and `edge.daemon`
hands it each new salt. An address never leaves this file: what comes out is a number that only the present salt can make
again. The salt lives in memory only. When it is renewed the old one is gone at once, and `renew` hands back old number ->
new number, so that a visit under way goes on under its new pseudonym and nothing that was written down before can be joined
with anything written down after. An address that is not heard is forgotten within two `GENERATION_S`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import IntEnum
from hashlib import blake2b

import msgspec

from hardware.ble.advertisement import AddressType, Advertisement, AdvertisementData
from hardware.ble.beacon import AltBeacon, Beacon, EddystoneUid, EddystoneUrl, IBeacon, decode_beacon
from hardware.ble.codec import BadPayload, parse

GENERATION_S = 120
"""How often the list of known addresses is begun anew; an address lives in memory one to two of these after its last packet.
Longer than presence.DEPART_AFTER_S, or a quiet phone would lose its visit at a renewal of the salt."""

EXAMINED_PACKETS = 16
"""So many first packets of an address are searched for a beacon: tags put their identity into every second to tenth packet.
Fewer, and a tag is taken for a phone; more costs a parse per packet in a crowd."""

MOST_ADDRESSES = 20_000
"""A generation ends early at this size, so that a sender with a new address per packet cannot fill the memory (about 5 MB)."""

SALT_BYTES = 16
SALT_LIFE_S = 600
"""Ten minutes: shorter than the quarter of an hour after which phones change their address by themselves (Core Specification
5.4, Vol 3 Part C, Appendix A: TGAP(private_addr_int) = 15 min): we never know a phone longer than it wants to be known."""

_BEACON_MARKS = (b"\x02\x15", b"\xbe\xac", b"\xaa\xfe")


class Rank(IntEnum):
    """How far an identity can be trusted to be one thing, from least to most."""

    RANDOM = 1
    PUBLIC = 2
    BEACON = 3
    TAG = 4

    @property
    def word(self) -> str:
        """As it stands in events and on screens."""
        return self.name.lower()


class Subject(msgspec.Struct, frozen=True, gc=False):
    """Somebody or something near: a pseudonym of 64 bits, and its rank."""

    id: int
    rank: Rank


def may_shop(subject: Subject) -> bool:
    """Whether this may be a person: a fixed beacon is part of the shop and makes no visit."""
    return subject.rank is not Rank.BEACON


_TAG = re.compile(
    r"(?:ibeacon|altbeacon):[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/[0-9]{1,5}/[0-9]{1,5}"
    r"|eddystone-uid:[0-9a-f]{20}/[0-9a-f]{12}"
)


def tag_identity(text: str) -> str:
    """An enrolled tag's identity in its one spelling; ValueError says how to write one."""
    identity = text.strip().lower()
    if not _TAG.fullmatch(identity):
        raise ValueError(
            f"{text.strip()!r} is no tag. Write ibeacon:UUID/MAJOR/MINOR, altbeacon:UUID/ID2/ID3 "
            "or eddystone-uid:NAMESPACE/INSTANCE."
        )
    return identity


def beacon_identity(beacon: Beacon) -> str | None:
    """What a beacon says that it is; None for frames that name nobody (telemetry, changing identities)."""
    match beacon:
        case IBeacon():
            return f"ibeacon:{beacon.uuid}/{beacon.major}/{beacon.minor}"
        case AltBeacon():
            return f"altbeacon:{beacon.id1}/{beacon.id2}/{beacon.id3}"
        case EddystoneUid():
            return f"eddystone-uid:{beacon.namespace}/{beacon.instance}"
        case EddystoneUrl():
            return f"eddystone-url:{beacon.url}"
        case _:
            return None


class SubjectBook:
    """Turns addresses into subjects. `tags` are identities as `tag_identity` spells them."""

    __slots__ = ("_fresh", "_named", "_old", "_salt", "_tags", "_turned_at", "_young")

    def __init__(self, salt: bytes, tags: Iterable[str] = ()) -> None:
        self._salt = salt
        self._tags = frozenset(tags)
        self._fresh: dict[str, Subject] = {}
        self._old: dict[str, Subject] = {}
        self._young: dict[str, tuple[Subject, int]] = {}
        self._named: dict[str, Subject] = {}
        self._turned_at: float | None = None

    def __len__(self) -> int:
        """Addresses in memory now."""
        return len(self._fresh) + len(self._old) + len(self._young)

    def subjects_of(self, packets: Iterable[Advertisement]) -> list[Subject]:
        """The subjects that sent these packets, in step with them."""
        known, examine = self._fresh.get, self._examine
        return [known(one.address) or examine(one.address, one.address_type, one.payload) for one in packets]

    def tick(self, now: float) -> None:
        """Forget who has not been heard; to be called every few seconds. `now` is on the packets' own clock."""
        if self._turned_at is None or now < self._turned_at:
            self._turned_at = now
        if now - self._turned_at >= GENERATION_S or len(self._fresh) + len(self._young) > MOST_ADDRESSES:
            self._turned_at = now
            self._turn()

    def renew(self, salt: bytes) -> dict[int, int]:
        """Put a new salt in force and forget the old one; returns old pseudonym -> new one of everybody still known."""
        self._salt = salt
        before = self._named
        self._named = {name: Subject(self._hash(name), subject.rank) for name, subject in before.items()}
        renewed = {subject.id: self._named[name] for name, subject in before.items()}

        def again(address: str, subject: Subject) -> Subject:
            new = renewed.get(subject.id)
            if new is None:
                new = renewed[subject.id] = Subject(self._hash(address), subject.rank)
            return new

        self._fresh = {address: again(address, subject) for address, subject in self._fresh.items()}
        self._old = {address: again(address, subject) for address, subject in self._old.items()}
        self._young = {
            address: (again(address, subject), count) for address, (subject, count) in self._young.items()
        }
        return {old: subject.id for old, subject in renewed.items()}

    def _turn(self) -> None:
        self._old = self._fresh | {address: subject for address, (subject, _) in self._young.items()}
        self._fresh = {}
        self._young = {}
        alive = {subject.id for subject in self._old.values()}
        self._named = {name: subject for name, subject in self._named.items() if subject.id in alive}

    def _examine(self, address: str, address_type: AddressType, payload: bytes) -> Subject:
        """An address that is new, or new in this generation: look into the packet before it is taken as known."""
        young = self._young.get(address)
        if young is not None:
            subject, count = young
        elif (known := self._old.pop(address, None)) is not None:
            subject, count = known, EXAMINED_PACKETS
        else:
            rank = Rank.PUBLIC if address_type == "public" else Rank.RANDOM
            subject, count = Subject(self._hash(address), rank), 0
        said = self._beacon_in(payload, subject)
        if said is not None and said.rank >= subject.rank:
            subject = said
        if count + 1 >= EXAMINED_PACKETS:
            self._young.pop(address, None)
            self._fresh[address] = subject
        else:
            self._young[address] = (subject, count + 1)
            if len(self._young) > MOST_ADDRESSES:
                self._turn()
        return subject

    def _beacon_in(self, payload: bytes, subject: Subject) -> Subject | None:
        """Who the packet says that it is, if it is a beacon's."""
        if not any(mark in payload for mark in _BEACON_MARKS):
            return None
        try:
            fields: AdvertisementData = parse(payload)
            beacon = decode_beacon(fields)
        except BadPayload:
            return None
        if beacon is None:
            return None
        name = beacon_identity(beacon)
        if name is None:
            return Subject(subject.id, Rank.BEACON)
        known = self._named.get(name)
        if known is None:
            rank = Rank.TAG if name in self._tags else Rank.BEACON
            known = self._named[name] = Subject(self._hash(name), rank)
        return known

    def _hash(self, name: str) -> int:
        """BLAKE2b keyed with the salt (RFC 7693, 2.9): without the salt nobody can go back, or try all addresses."""
        return int.from_bytes(blake2b(name.encode(), key=self._salt, digest_size=8).digest(), "little")
