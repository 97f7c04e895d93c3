"""Whose packet is this? Address -> a row for whoever sent it, with a short-lived pseudonym and a rank.

Pure: opens nothing, reads no clock, draws no randomness. `edge.door` feeds it with what a radio heard, and `edge.daemon`
hands it each new salt. An address never leaves this file: what comes out is a *row*, a small number that is used again as soon as
its bearer has gone, and for those who need one a pseudonym that only the present salt can make again. Everything else that is
known of somebody stands in columns beside the row (`edge.presence`), so that a device costs one address and one number here.

The salt lives in memory only. When it is renewed the old one is gone at once and every pseudonym with it; the row stays, so that
a visit under way goes on, and nothing that was written down before can be joined with anything written down after. An address is
forgotten with its row, as soon as presence has lost its bearer: 30 s (a stranger) to 90 s (a visitor) after the last packet.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Collection, Iterable, Sequence
from enum import IntEnum
from hashlib import blake2b

import msgspec

from edge.recognition import Enrolled, Keys
from hardware.ble.advertisement import Advertisement
from hardware.ble.beacon import (
    AltBeacon,
    Beacon,
    EddystoneEid,
    EddystoneUid,
    EddystoneUrl,
    IBeacon,
    decode_beacon,
)
from hardware.ble.codec import BadPayload

NOBODY = 0
"""The row of everybody for whom there was no room."""

MOST_DEVICES = 100_000
"""Rows at most (about 20 MB with all that belongs to them). Beyond it strangers are turned away and counted, so that a flood of
addresses costs no memory. A stadium's gate hears some thousands."""

EXAMINED_PACKETS = 16
"""So many first packets of an address are searched for a beacon: tags put their identity into every second to tenth packet.
Fewer, and a tag is taken for a phone; more costs a parse per packet in a crowd. Below 256: it is counted in one octet."""

GENERATION_S = 120
"""How often addresses are forgotten that lead to somebody recognised, or to a beacon: those rows live as long as their bearers
stay, all day for a till's, and addresses change meanwhile. Who speaks on is recognised anew. Longer than
presence.DEPART_AFTER_S."""

MOST_ALIASES = 1_000
"""Addresses that lead to the rows of others at most; then they are forgotten early. Somebody who sends one tag's identity under
ever new addresses must not fill the memory. Above any number of beacons in a street."""

SALT_BYTES = 16
SALT_LIFE_S = 600
"""Ten minutes: shorter than the quarter of an hour after which phones change their address by themselves (Core Specification
5.4, Vol 3 Part C, Appendix A: TGAP(private_addr_int) = 15 min): we never know a phone longer than it wants to be known."""

KNOWN = "known "
"""What names of the enrolled begin with, so that no beacon can give itself one."""

_BEACON_MARKS = (b"\x02\x15", b"\xbe\xac", b"\xaa\xfe")


class Rank(IntEnum):
    """How far an identity can be trusted to be one thing, from least to most. A member gave the key of a phone.

    RANDOM addresses change while somebody shops. STATIC ones are drawn once, when a thing is switched on or made (Core
    Specification 5.4, Vol 6 Part B, 1.3.2.1): earbuds, lamps, price labels; no phone has had one for years.
    """

    RANDOM = 1
    STATIC = 2
    PUBLIC = 3
    BEACON = 4
    TAG = 5
    MEMBER = 6

    @property
    def word(self) -> str:
        """As it stands in events and on screens."""
        return self.name.lower()


# The first hexadecimal digit of an address whose two upper bits are 11.
_STATIC = frozenset("cdef")


def _rank_of(packet: Advertisement) -> Rank:
    """As far as the address alone tells."""
    if packet.address_type == "public":
        return Rank.PUBLIC
    return Rank.STATIC if packet.address[:1] in _STATIC else Rank.RANDOM


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


class AddressBook:
    """Gives whoever is heard a row. Who asks for rows also says when a row's bearer has gone (`forget`).

    `tags` are identities as `tag_identity` spells them: this shop's own, known to the hub under no name. `ids` and `ranks` are
    columns, to be read by row. `turned_away` counts packets of strangers for whom there was no room.
    """

    __slots__ = (
        "_aliases", "_enrolled", "_free", "_keys", "_known", "_looked", "_most_heard", "_name_of", "_row_named", "_row_of",
        "_salt", "_tags", "_turned_at", "ids", "ranks", "turned_away",
    )  # fmt: skip

    def __init__(self, salt: bytes, tags: Iterable[str] = ()) -> None:
        self.turned_away = 0
        self.ids = array("Q", (0,))
        self.ranks = bytearray((Rank.RANDOM,))
        self._looked = bytearray((EXAMINED_PACKETS,))
        self._salt = salt
        self._tags = frozenset(tags)
        self._keys = Keys(())
        self._known: dict[str, str] = {}
        self._enrolled: frozenset[str] = frozenset()
        self._row_of: dict[str, int] = {}
        self._most_heard = 0
        self._row_named: dict[str, int] = {}
        self._name_of: dict[int, str] = {}
        self._free: list[int] = []
        self._aliases = 0
        self._turned_at: float | None = None

    def __len__(self) -> int:
        """Addresses in memory now."""
        return len(self._row_of)

    @property
    def size(self) -> int:
        """One more than the highest row that was ever given out."""
        return len(self.ids)

    def enrol(self, enrolled: Iterable[Enrolled]) -> None:
        """From now on recognise these, and of all enrolled before only these. Whoever is near is looked at anew."""
        everybody = tuple(enrolled)
        self._known = {one.identity: KNOWN + one.known for one in everybody if one.identity is not None}
        self._keys = Keys(everybody)
        stay = self._enrolled = frozenset(KNOWN + one.known for one in everybody)
        self._drop_aliases()
        for row, name in list(self._name_of.items()):
            if name.startswith(KNOWN) and name not in stay:
                # Nobody any more: without name and address it ends as whoever falls silent.
                del self._name_of[row], self._row_named[name]
                self.ranks[row] = Rank.RANDOM
                self.ids[row] = self._hash(f"formerly {row}")
        self._looked[1:] = bytes(len(self._looked) - 1)

    def rows_of(self, packets: Iterable[Advertisement]) -> list[int]:
        """The rows of those who sent these packets, in step with them."""
        known, meet = self._row_of.get, self._meet
        return [known(one.address) or meet(one) for one in packets]

    def find(self, packets: Iterable[Advertisement]) -> list[int]:
        """The same for those who have a row already; NOBODY for the others, who get none."""
        known = self._row_of.get
        return [known(one.address, NOBODY) for one in packets]

    def curious(self, row: int) -> bool:
        """Whether the next packet of this row should be looked into (`look`)."""
        return self._looked[row] < EXAMINED_PACKETS

    def look(self, row: int, packet: Advertisement) -> int:
        """Whose row this is after a look into the packet; another one where the sender turns out to be somebody known."""
        rank, name = self._said(packet, new=not self._looked[row])
        if rank is None:
            return row
        self._looked[row] += 1
        if rank <= self.ranks[row]:
            return row
        other = row if name is None else self._row_named.get(name, row)
        self.ranks[other] = max(rank, self.ranks[other])
        if other == row:
            self._call(row, name)
            return row
        self._row_of[packet.address] = other
        self._aliases += 1
        if self._aliases > MOST_ALIASES:
            self._drop_aliases()
        return other

    def subject(self, row: int) -> Subject:
        """Pseudonym and rank of a row's bearer."""
        return Subject(self.ids[row], Rank(self.ranks[row]))

    def may_be_known(self, name: str) -> bool:
        """Whether somebody was enrolled whose name this is."""
        return name in self._enrolled

    def known(self, row: int) -> str:
        """The opaque id under which the row's bearer was enrolled; empty for everybody else."""
        name = self._name_of.get(row, "")
        return name.removeprefix(KNOWN) if name.startswith(KNOWN) else ""

    def forget(self, gone: Collection[int]) -> None:
        """These have gone: their rows are free, their addresses are nowhere any more."""
        if not gone:
            return
        self._most_heard = max(self._most_heard, len(self._row_of))
        for address in [address for address, row in self._row_of.items() if row in gone]:
            del self._row_of[address]
        for row in gone:
            name = self._name_of.pop(row, None)
            if name is not None:
                del self._row_named[name]
            self.ids[row] = 0
            self.ranks[row] = Rank.RANDOM
        self._free.extend(gone)
        if 8 * len(self._row_of) < self._most_heard:
            # A dictionary never gives room back by itself.
            self._row_of = dict(self._row_of)
            self._most_heard = len(self._row_of)

    def tick(self, now: float) -> None:
        """To be called every second or so. `now` is on the packets' own clock."""
        self._keys.refill()
        if self._turned_at is None or now < self._turned_at:
            self._turned_at = now
        if now - self._turned_at >= GENERATION_S:
            self._turned_at = now
            self._turn()

    def renew(self, salt: bytes) -> None:
        """Put a new salt in force and forget the old one: everybody has a new pseudonym."""
        self._salt = salt
        ids, names = self.ids, self._name_of
        for address, row in self._row_of.items():
            if row not in names:
                ids[row] = self._hash(address)
        for row, name in names.items():
            ids[row] = self._hash(name)

    def _turn(self) -> None:
        self._drop_aliases()

    def _drop_aliases(self) -> None:
        names = self._name_of
        for address in [address for address, row in self._row_of.items() if row in names]:
            del self._row_of[address]
        self._aliases = 0

    def _meet(self, packet: Advertisement) -> int:
        """Give a stranger a row."""
        if self._free:
            row = self._free.pop()
        elif len(self.ids) <= MOST_DEVICES:
            row = len(self.ids)
            self.ids.append(0)
            self.ranks.append(0)
            self._looked.append(0)
        else:
            self.turned_away += 1
            return NOBODY
        self._row_of[packet.address] = row
        self.ids[row] = self._hash(packet.address)
        self.ranks[row] = _rank_of(packet)
        self._looked[row] = 0
        return row

    def _call(self, row: int, name: str | None) -> None:
        """Give the row's bearer a name of its own, in place of any other."""
        if name is None:
            return
        before = self._name_of.get(row)
        if before is not None:
            del self._row_named[before]
        self._row_named[name] = row
        self._name_of[row] = name
        self.ids[row] = self._hash(name)

    def _said(self, packet: Advertisement, *, new: bool) -> tuple[Rank | None, str | None]:
        """Who sent this, as far as its address (`new`: not looked at before) and its payload tell. No rank: ask again later."""
        if new and self._keys.may_fit(packet):
            if not self._keys.ready():
                return None, None
            known = self._keys.whose_address(packet.address)
            if known is not None:
                return Rank.MEMBER, KNOWN + known
        payload = packet.payload
        if not any(mark in payload for mark in _BEACON_MARKS):
            return Rank.RANDOM, None
        try:
            beacon = decode_beacon(payload)
        except BadPayload:
            return Rank.RANDOM, None
        return (Rank.RANDOM, None) if beacon is None else self._called(beacon, packet.at)

    def _called(self, beacon: Beacon, at: float) -> tuple[Rank, str | None]:
        """The rank and name of a beacon."""
        if isinstance(beacon, EddystoneEid):
            known = self._keys.whose_eid(beacon.eid, at)
            return (Rank.BEACON, None) if known is None else (Rank.TAG, KNOWN + known)
        identity = beacon_identity(beacon)
        if identity in self._known:
            return Rank.TAG, self._known[identity]
        return Rank.TAG if identity in self._tags else Rank.BEACON, identity

    def _hash(self, name: str) -> int:
        """BLAKE2b keyed with the salt (RFC 7693, 2.9): without the salt nobody can go back, or try all addresses."""
        return int.from_bytes(blake2b(name.encode(), key=self._salt, digest_size=8).digest(), "little")


class SubjectBook(AddressBook):
    """An address book for whoever only wants to know the subjects: it forgets by itself who is not heard."""

    __slots__ = ("_heard", "_heard_before")

    def __init__(self, salt: bytes, tags: Iterable[str] = ()) -> None:
        super().__init__(salt, tags)
        self._heard: set[int] = set()
        self._heard_before: set[int] = set()

    def subjects_of(self, packets: Sequence[Advertisement]) -> list[Subject]:
        """The subjects that sent these packets, in step with them. Who is silent for two `GENERATION_S` is forgotten."""
        return [self.subject(row) for row in self.looked_into(packets)]

    def looked_into(self, packets: Sequence[Advertisement]) -> list[int]:
        """The same as rows."""
        rows: list[int] = []
        for packet, row in zip(packets, self.rows_of(packets), strict=True):
            whose = self.look(row, packet) if self.curious(row) else row
            self._heard |= {row, whose} - {NOBODY}
            rows.append(whose)
        return rows

    def _turn(self) -> None:
        super()._turn()
        self.forget(self._heard_before - self._heard)
        self._heard_before, self._heard = self._heard, set()
