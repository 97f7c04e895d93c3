"""The containers of captures: btsnoop, pcap and pcapng, as rows of records. Reads a stream once, in order; holds one
record at a time.

Sources: RFC 1761 with the datalinks of BlueZ's btsnoop; draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from lzma import LZMAError
from struct import Struct, error
from typing import BinaryIO, NamedTuple

# Larger than any packet of this radio by far; a larger number is a broken file and must not become memory.
LARGEST_RECORD_OCTETS = 1 << 18
# Microseconds from year 0 to 1970, as btsnoop counts.
_BTSNOOP_EPOCH_US = 0x00DCDDB30F2F8000

BTSNOOP_MAGIC = b"btsnoop\0"
PCAPNG_MAGIC = b"\x0a\x0d\x0d\x0a"
_PCAP = {
    b"\xd4\xc3\xb2\xa1": ("<", 1_000_000),
    b"\xa1\xb2\xc3\xd4": (">", 1_000_000),
    b"\x4d\x3c\xb2\xa1": ("<", 1_000_000_000),
    b"\xa1\xb2\x3c\x4d": (">", 1_000_000_000),
}
PCAP_MAGICS = tuple(_PCAP)
_SECTION, _INTERFACE, _SIMPLE, _ENHANCED = 0x0A0D0D0A, 1, 3, 6
_TSRESOL, _TSOFFSET = 9, 14


class CaptureError(Exception):
    """A recording cannot be read (further): where, and what is wrong there."""


class Record(NamedTuple):
    """One packet of a recording: its link type ("btsnoop 1002", "272"), its time in seconds, its octets, its flags."""

    link: str
    at: float
    packet: bytes
    flags: int = 0


class Source:
    """A stream that knows how far it has been read, so that an error can say where."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self._ahead = b""
        self.name = name
        self.octets = 0
        self.record = 0

    def broken(self, what: str) -> CaptureError:
        """The error for a recording that cannot be read on from here."""
        return CaptureError(
            f"{self.name}: {what} (record {self.record}, octet {self.octets} of the recording)."
        )

    def peek(self, size: int) -> bytes:
        """The next octets without taking them; fewer at the end of the file."""
        if len(self._ahead) < size:
            self._ahead += self._fetch(size - len(self._ahead))
        return self._ahead[:size]

    def read(self, size: int, what: str) -> bytes:
        """Exactly this many octets; CaptureError when the file ends before."""
        if size > LARGEST_RECORD_OCTETS:
            raise self.broken(f"{what} says it has {size} octets, which cannot be")
        octets = self._ahead[:size]
        self._ahead = self._ahead[size:]
        if len(octets) < size:
            octets += self._fetch(size - len(octets))
        if len(octets) < size:
            raise self.broken(
                f"the file ends in the middle of {what}: {size} octets wanted, {len(octets)} there"
            )
        self.octets += size
        return octets

    def line(self, most: int) -> bytes:
        """The next line with its end, or `most` octets of it; b"" at the end of the file."""
        head, end, rest = self._ahead.partition(b"\n")
        self._ahead = rest
        line = head + end if end else head + self._guarded(lambda: self._stream.readline(most))
        self.octets += len(line)
        return line

    def _fetch(self, size: int) -> bytes:
        return self._guarded(lambda: self._stream.read(size))

    def _guarded(self, read: Callable[[], bytes]) -> bytes:
        # zlib, lzma and the file system each have their own errors for a damaged file; all mean the same here.
        try:
            return read()
        except (OSError, EOFError, LZMAError, zlib.error) as problem:
            raise self.broken(f"the file is damaged or cut short: {problem}") from problem


def btsnoop_records(source: Source) -> Iterator[Record]:
    """Records of a btsnoop file."""
    _, version, datalink = Struct(">8sII").unpack(source.read(16, "the btsnoop header"))
    if version != 1:
        raise source.broken(f"btsnoop version {version} is not known, only 1")
    head = Struct(">IIIIq")
    while source.peek(1):
        source.record += 1
        _, size, flags, _, time_us = head.unpack(source.read(head.size, "a record's head"))
        packet = source.read(size, "a record")
        yield Record(f"btsnoop {datalink}", (time_us - _BTSNOOP_EPOCH_US) / 1e6, packet, flags)


def pcap_records(source: Source) -> Iterator[Record]:
    """Records of a pcap file."""
    order, fraction = _PCAP[source.read(4, "the pcap header")]
    *_, network = Struct(f"{order}HHiIII").unpack(source.read(20, "the pcap header"))
    link = str(network & 0x0FFFFFFF)
    head = Struct(f"{order}IIII")
    while source.peek(1):
        source.record += 1
        whole_s, parts, size, _ = head.unpack(source.read(head.size, "a record's head"))
        yield Record(link, whole_s + parts / fraction, source.read(size, "a record"))


def pcapng_records(source: Source) -> Iterator[Record]:
    """Records of a pcapng file, of all its sections and interfaces."""
    order = "<"
    interfaces: list[_Interface] = []
    while source.peek(1):
        if source.peek(4) == PCAPNG_MAGIC:
            order = _section(source)
            interfaces = []
            continue
        head = source.read(8, "a block's head")
        kind, size = Struct(f"{order}II").unpack(head)
        if size < 12 or size % 4:
            raise source.broken(f"a block says it has {size} octets, which cannot be")
        body = source.read(size - 12, "a block")
        source.read(4, "a block's end")
        try:
            if kind == _INTERFACE:
                interfaces.append(_interface(order, body))
            elif kind == _ENHANCED:
                source.record += 1
                yield _enhanced(order, body, interfaces)
            elif kind == _SIMPLE:
                source.record += 1
                yield Record("no time", 0.0, b"")
        except (error, IndexError, OverflowError) as problem:
            raise source.broken(
                "a block is too short for what it says it holds, or belongs to no interface"
            ) from problem


class _Interface(NamedTuple):
    link: str
    ticks_per_s: int
    offset_s: int


def _section(source: Source) -> str:
    """Read a section header; its byte order, which rules everything up to the next one."""
    _, size = source.read(4, "the section header"), source.read(4, "the section header")
    mark = source.read(4, "the section header")
    order = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}.get(mark)
    if order is None:
        raise source.broken("the section header has no byte-order mark")
    (octets,) = Struct(f"{order}I").unpack(size)
    if octets < 28 or octets % 4:
        raise source.broken(f"the section header says it has {octets} octets, which cannot be")
    source.read(octets - 12, "the section header")
    return order


def _interface(order: str, body: bytes) -> _Interface:
    link, _, _ = Struct(f"{order}HHI").unpack_from(body)
    ticks, offset = 1_000_000, 0
    place = 8
    option = Struct(f"{order}HH")
    while place + 4 <= len(body):
        code, size = option.unpack_from(body, place)
        value = body[place + 4 : place + 4 + size]
        if code == 0:
            break
        if code == _TSRESOL and size:
            ticks = 2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
        elif code == _TSOFFSET:
            (offset,) = Struct(f"{order}q").unpack(value)
        place += 4 + (size + 3 & ~3)
    return _Interface(str(link), ticks, offset)


def _enhanced(order: str, body: bytes, interfaces: list[_Interface]) -> Record:
    number, high, low, size, _ = Struct(f"{order}IIIII").unpack_from(body)
    on = interfaces[number]
    if size > len(body) - 20:
        raise IndexError(size)
    return Record(on.link, on.offset_s + (high << 32 | low) / on.ticks_per_s, body[20 : 20 + size])
