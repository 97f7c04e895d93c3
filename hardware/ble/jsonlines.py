"""Our own recordings: one advertisement a line, as JSON, readable by people and by `jq`.

{"address":"5d:e2:e4:5b:37:40","address_type":"random","rssi_dbm":-74,"payload":"02011a","at":1588358358.747}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import msgspec

from hardware.ble.advertisement import AddressType, Advertisement
from hardware.ble.records import CaptureError, Source

LONGEST_LINE_OCTETS = 8192
_ADDRESS = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")


class _Line(msgspec.Struct):
    address: str
    address_type: AddressType
    rssi_dbm: int
    payload: str
    at: float


_decode = msgspec.json.Decoder(_Line).decode


def to_line(heard: Advertisement) -> bytes:
    """One advertisement as a line, with its end."""
    line = _Line(heard.address, heard.address_type, heard.rssi_dbm, heard.payload.hex(), heard.at)
    return msgspec.json.encode(line) + b"\n"


def write_lines(heard: Iterable[Advertisement], to: BinaryIO) -> int:
    """Write advertisements as they come; how many."""
    count = 0
    for one in heard:
        to.write(to_line(one))
        count += 1
    return count


def read_lines(source: Source) -> Iterator[Advertisement]:
    """Advertisements of a recording in lines; empty lines are passed over."""
    while line := source.line(LONGEST_LINE_OCTETS):
        source.record += 1
        if line.strip():
            yield _advertisement(line, source)


def _advertisement(line: bytes, source: Source) -> Advertisement:
    try:
        one = _decode(line)
        payload = bytes.fromhex(one.payload)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as problem:
        raise _wrong(source, str(problem)) from problem
    if not _ADDRESS.fullmatch(one.address):
        raise _wrong(source, f"{one.address!r} is no address")
    return Advertisement(one.address, one.address_type, one.rssi_dbm, payload, one.at)


def _wrong(source: Source, what: str) -> CaptureError:
    return CaptureError(f"{source.name}: line {source.record} is not an advertisement: {what}.")
