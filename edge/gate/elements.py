"""The elements of the gate's sets as octets for the kernel, and back.

Attributes as in linux/netfilter/nf_tables.h. A key of MAC and address is 6 octets, 2 of nothing, 4: each part of a
concatenation begins at a multiple of four. Numbers are big-endian, but a mark is as the machine has it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.gate.netlink import (
    CREATE,
    DELSETELEM,
    EXCL,
    NEWSETELEM,
    Netfilter,
    attribute,
    attributes,
    each_attribute,
    message,
)
from edge.gate.rules import TABLE

INET, NETDEV = 1, 5
NESTED = 0x8000
MOST_IN_A_MESSAGE = 1_024
"""A nested attribute has a length of 16 bits: 1,024 elements of 48 octets fit."""

# NFTA_SET_ELEM_LIST_*, NFTA_LIST_ELEM, NFTA_SET_ELEM_*, NFTA_DATA_VALUE, NFTA_EXPR_*, NFTA_QUOTA_*
_TABLE, _SET, _ELEMENTS = 1, 2, 3
_ELEMENT = 1
_KEY, _DATA, _TIMEOUT, _EXPIRATION, _EXPR, _EXPRESSIONS = 1, 2, 4, 5, 7, 11
_VALUE = 1
_EXPR_NAME, _EXPR_DATA = 1, 2
_QUOTA_OCTETS, _QUOTA_FLAGS, _QUOTA_CONSUMED = 1, 2, 4

_PAIR = struct.Struct("=HHHHHH6s2x4s")
_ADDRESS = struct.Struct("=HHHHHH4s")
# Whole elements with nothing in them: the key, where there is one the mark, the time.
_PAIR_MARK = struct.pack("=HHHHHH12xHHHH4xHH8x", 48, 0x8001, 20, 0x8001, 16, 1, 12, 0x8002, 8, 1, 12, 4)
_ADDRESS_MARK = struct.pack("=HHHHHH4xHHHH4xHH8x", 40, 0x8001, 12, 0x8001, 8, 1, 12, 0x8002, 8, 1, 12, 4)
_PAIR_ALONE = struct.pack("=HHHHHH12xHH8x", 36, 0x8001, 20, 0x8001, 16, 1, 12, 4)
_MARK = struct.Struct("=HHHHHHI")
_KEY_12 = struct.Struct("6s2x4s")
_LENGTH = struct.Struct("=H")
_U32 = struct.Struct("=I")


@dataclass(frozen=True, slots=True)
class Where:
    """A set of ours: the family of its table and its name, as a message begins with them."""

    family: int
    name: str
    body: bytes


def _where(family: int, name: str) -> Where:
    return Where(
        family,
        name,
        attribute(_TABLE, TABLE.encode() + b"\0") + attribute(_SET, name.encode() + b"\0"),
    )


UP, DOWN, USED = (_where(INET, name) for name in ("up", "down", "used"))
KNOWN = _where(NETDEV, "known")


def milliseconds(seconds: float) -> bytes:
    """A time as the kernel takes it; at least one millisecond, for 0 would be for ever."""
    return max(1, round(seconds * 1_000)).to_bytes(8, "big")


Stays = Sequence[tuple[bytes, bytes, int, float]]
"""MAC, address, mark and seconds of each."""


def pairs_with_marks(stays: Stays) -> bytes:
    """Elements of `up`, one after the other."""
    if not stays:
        return b""
    macs, ips, marks, seconds = zip(*stays, strict=True)
    return _fill(
        _PAIR_MARK, len(stays), (12, macs, 6), (20, ips, 4), (32, _marks(marks), 4), (40, _lasts(seconds), 8)
    )


def addresses_with_marks(stays: Stays) -> bytes:
    """Elements of `down`, one after the other."""
    if not stays:
        return b""
    _, ips, marks, seconds = zip(*stays, strict=True)
    return _fill(_ADDRESS_MARK, len(stays), (12, ips, 4), (24, _marks(marks), 4), (32, _lasts(seconds), 8))


def pairs_alone(stays: Sequence[tuple[bytes, bytes, float]]) -> bytes:
    """Elements of `known`, one after the other, of MAC, address and seconds."""
    if not stays:
        return b""
    macs, ips, seconds = zip(*stays, strict=True)
    return _fill(_PAIR_ALONE, len(stays), (12, macs, 6), (20, ips, 4), (28, _lasts(seconds), 8))


def _fill(template: bytes, count: int, *columns: tuple[int, Iterable[bytes], int]) -> bytes:
    """As many elements as that, each part of them written for all at once: place in the element, parts, octets of a part."""
    size = len(template)
    made = bytearray(template * count)
    for at, parts, width in columns:
        octets = b"".join(parts)
        for place in range(width):
            made[at + place :: size] = octets[place::width]
    return bytes(made)


def _marks(marks: Sequence[int]) -> tuple[bytes]:
    return (struct.pack(f"={len(marks)}I", *marks),)


def _lasts(seconds: Sequence[float]) -> Iterable[bytes]:
    known = {one: milliseconds(one) for one in set(seconds)}
    return map(known.__getitem__, seconds)


def pair(mac: bytes, ip: bytes) -> bytes:
    """The key of an element of `up` or `known`, to delete it."""
    return _PAIR.pack(24, 0x8001, 20, 0x8001, 16, 1, mac, ip)


def address(ip: bytes) -> bytes:
    """The key of an element of `down`, to delete it."""
    return _ADDRESS.pack(16, 0x8001, 12, 0x8001, 8, 1, ip)


def number(mark: int) -> bytes:
    """The key of an element of `used`, to delete it."""
    return _MARK.pack(16, 0x8001, 12, 0x8001, 8, 1, mark)


def number_with_quota(mark: int, octets: int, consumed: int) -> bytes:
    """An element of `used` that begins with something used."""
    quota = (
        attribute(_QUOTA_OCTETS, octets.to_bytes(8, "big"))
        + attribute(_QUOTA_FLAGS, bytes(4))
        + attribute(_QUOTA_CONSUMED, consumed.to_bytes(8, "big"))
    )
    expression = attribute(_EXPR_NAME, b"quota\0") + attribute(NESTED | _EXPR_DATA, quota)
    inside = attribute(NESTED | _KEY, attribute(_VALUE, _U32.pack(mark))) + attribute(
        NESTED | _EXPR, expression
    )
    return attribute(NESTED | _ELEMENT, inside)


def add(where: Where, elements: bytes) -> list[bytes]:
    """Messages that add elements of one kind; one that is there already is an error (EEXIST)."""
    return _messages(NEWSETELEM, CREATE | EXCL, where, elements)


def delete(where: Where, elements: Iterable[bytes]) -> list[bytes]:
    """Messages that delete elements of one kind; one that is not there is an error (ENOENT)."""
    return _messages(DELSETELEM, 0, where, b"".join(elements))


def _messages(kind: int, flags: int, where: Where, elements: bytes) -> list[bytes]:
    if not elements:
        return []
    size = _LENGTH.unpack_from(elements)[0] * MOST_IN_A_MESSAGE
    return [
        message(
            kind,
            flags,
            where.body + attribute(NESTED | _ELEMENTS, elements[at : at + size]),
            where.family,
        )
        for at in range(0, len(elements), size)
    ]


@dataclass(frozen=True, slots=True)
class Element:
    """An element as the kernel has it. `left_s` is the time until it goes, 0 where it has none."""

    key: bytes
    mark: int
    left_s: float
    consumed: int

    @property
    def pair(self) -> tuple[bytes, bytes]:
        """MAC and address, of a set whose keys are that."""
        mac, ip = _KEY_12.unpack(self.key)
        return mac, ip

    @property
    def number(self) -> int:
        """The key of `used`."""
        return int(_U32.unpack(self.key)[0])


def read(netfilter: Netfilter, where: Where) -> list[Element]:
    """All elements of a set."""
    return [
        _element(element)
        for answer in netfilter.dump(where.family, where.body)
        for kind, list_ in each_attribute(answer)
        if kind == _ELEMENTS
        for _, element in each_attribute(list_)
    ]


def _element(text: bytes) -> Element:
    parts = attributes(text)
    mark = attributes(parts[_DATA]).get(_VALUE, b"") if _DATA in parts else b""
    left = int.from_bytes(parts.get(_EXPIRATION, b""), "big") / 1_000
    return Element(
        attributes(parts[_KEY])[_VALUE], _U32.unpack(mark)[0] if mark else 0, left, _consumed(parts)
    )


def _consumed(parts: dict[int, bytes]) -> int:
    expressions: Iterable[bytes] = ()
    if _EXPR in parts:
        expressions = (parts[_EXPR],)
    elif _EXPRESSIONS in parts:
        expressions = [one for _, one in each_attribute(parts[_EXPRESSIONS])]
    for expression in expressions:
        inside = attributes(expression)
        if inside.get(_EXPR_NAME, b"").rstrip(b"\0") == b"quota":
            return int.from_bytes(attributes(inside[_EXPR_DATA]).get(_QUOTA_CONSUMED, b""), "big")
    return 0
