"""Searches octets for everything that leads to a phone: its address in every spelling, every hash of it, every salt.

A needle has at least four octets, so one pass looks up each window of four octets among the beginnings of all needles of fixed
form, and looks closer where one fits; spellings in letters are found by what they look like.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path

CHUNK = 1 << 16
"""So small that what begins as a needle does, by chance some dozens of times, is quickly found again in it."""

OVERLAP = 64
"""Longer than the longest form."""

READ_AT_ONCE = 1 << 22

_DIGIT = (1 << 30) - 1
_SPELLED = re.compile(rb"(?=([0-9a-fA-F]{2}(?:[:_.-]?[0-9a-fA-F]{2}){5}))")
_NAMED = re.compile(rb"(?=([0-9a-fA-F]{16}))")
_NUMBER = re.compile(rb"[0-9]{17,}")


class Needles:
    """What must be nowhere. Addresses as people write them, salts as they were drawn."""

    def __init__(self, addresses: Iterable[str], salts: Iterable[bytes] = ()) -> None:
        self.salts = set(salts)
        self.addresses = {bytes.fromhex(address.replace(":", "")) for address in addresses}
        self.turned = {address[::-1] for address in self.addresses}
        self.hashes = {
            blake2b(octets.hex(":").encode(), key=salt, digest_size=8).digest()
            for octets in self.addresses
            for salt in self.salts
        }
        self._beginnings = {int.from_bytes(one[:4], "little") for one in self.addresses | self.turned}
        for one in self.hashes:
            value = int.from_bytes(one, "little")
            self._beginnings |= {value & 0xFFFFFFFF, int.from_bytes(one[:-5:-1], "little"), value & _DIGIT}

    def found(self, octets: bytes) -> Counter[str]:
        """How often each form of a needle stands in these octets."""
        found: Counter[str] = Counter()
        for begin in range(0, len(octets), CHUNK):
            part = octets[begin : begin + CHUNK + OVERLAP]
            # Most of a memory is empty, or filled by the allocator.
            if part.strip(part[:1]):
                self._search(part, found)
        return found

    def _search(self, octets: bytes, found: Counter[str]) -> None:
        beginnings = self._beginnings
        for shift in range(4):
            end = len(octets) - (len(octets) - shift) % 4
            windows = memoryview(octets)[shift:end].cast("I")
            for beginning in beginnings.intersection(windows):
                wanted = beginning.to_bytes(4, "little")
                at = octets.find(wanted)
                while at >= 0:
                    if at % 4 == shift:
                        self._look(octets, at, found)
                    at = octets.find(wanted, at + 1)
        for salt in self.salts:
            if salt in octets:
                found["salt"] += 1
        for match in _SPELLED.finditer(octets):
            digits = re.sub(rb"[^0-9a-fA-F]", b"", match[1])
            address = bytes.fromhex(digits.decode())
            found["address in letters"] += address in self.addresses
            found["address in letters, turned"] += address in self.turned
        for match in _NAMED.finditer(octets):
            named = bytes.fromhex(match[1].decode())
            found["hash in hexadecimal"] += named in self.hashes or named[::-1] in self.hashes
        for match in _NUMBER.finditer(octets):
            for number in _parts(match[0]):
                found["hash in decimal"] += number.to_bytes(9, "little")[:8] in self.hashes

    def _look(self, octets: bytes, at: int, found: Counter[str]) -> None:
        six, eight, digits = octets[at : at + 6], octets[at : at + 8], octets[at : at + 12]
        found["address"] += six in self.addresses
        found["address, turned"] += six in self.turned
        found["hash"] += eight in self.hashes
        found["hash, turned"] += eight[::-1] in self.hashes
        if len(digits) == 12:
            places = [int.from_bytes(digits[place : place + 4], "little") for place in (0, 4, 8)]
            value = places[0] | places[1] << 30 | places[2] << 60
            # As CPython keeps an int: three digits of 30 bits.
            whole = max(places[:2]) <= _DIGIT and value < 1 << 64
            found["hash as an int of Python"] += whole and value.to_bytes(8, "little") in self.hashes


def _parts(digits: bytes) -> Iterator[int]:
    """Every number of 17 to 20 digits in a row of digits."""
    for length in range(17, 21):
        for begin in range(len(digits) - length + 1):
            number = int(digits[begin : begin + length])
            if number < 1 << 64:
                yield number


def forms(address: str, salt: bytes) -> dict[str, bytes]:
    """One address in every form that is looked for, to plant it."""
    octets = bytes.fromhex(address.replace(":", ""))
    digest = blake2b(octets.hex(":").encode(), key=salt, digest_size=8).digest()
    value = int.from_bytes(digest, "little")
    places = (value & _DIGIT, value >> 30 & _DIGIT, value >> 60)
    return {
        "address": octets,
        "address, turned": octets[::-1],
        "address in letters": octets.hex(":").upper().encode(),
        "address in letters, turned": octets[::-1].hex().encode(),
        "hash": digest,
        "hash, turned": digest[::-1],
        "hash in hexadecimal": f"{value:016x}".encode(),
        "hash in decimal": str(value).encode(),
        "hash as an int of Python": b"".join(place.to_bytes(4, "little") for place in places),
        "salt": salt,
    }


def memory_of(pid: int) -> Iterator[tuple[str, bytes]]:
    """Every map of a process that can be written, with its name: what a core of it would hold."""
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in maps:
            span, rights, *rest = line.split(None, 5)
            name = rest[3].strip() if len(rest) > 3 else "nameless"
            if "w" not in rights or "r" not in rights:
                continue
            begin, end = (int(part, 16) for part in span.split("-"))
            yield name, _read(memory.fileno(), begin, end)


def _read(handle: int, begin: int, end: int) -> bytes:
    parts: list[bytes] = []
    at = begin
    while at < end:
        try:
            part = os.pread(handle, min(READ_AT_ONCE, end - at), at)
        except OSError:
            # A page that was never touched or that a device owns cannot be read, not even in a core.
            part = b""
        if not part:
            at = (at // 4096 + 1) * 4096
            parts.append(b"\0")
            continue
        parts.append(part)
        at += len(part)
    return b"".join(parts)
