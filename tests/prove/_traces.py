"""Searches octets for everything that leads to a person: each value in every spelling that programs and people use.

A needle has at least eight octets. One pass looks up each window of eight octets among the beginnings of all needles, and looks
closer where one fits, so that thousands of needles cost little more than one. Upper and lower case are the same. What is packed
(pieces of a backup, zip, zlib, gzip) is searched unpacked, too.
"""

from __future__ import annotations

import base64
import json
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from urllib.parse import quote, quote_plus

from hub.safety.pieces import BaseHead, Broken, ListHead, PartHead, SegmentHead, unpack

CHUNK = 1 << 20
OVERLAP = 512
"""Longer than the longest form."""

LEAST = 8


def spellings(value: str) -> dict[str, bytes]:
    """A text as it may stand in a file."""
    octets = value.encode()
    found = {
        "utf-8": octets,
        "utf-16-le": value.encode("utf-16-le"),
        "utf-16-be": value.encode("utf-16-be"),
        "utf-32-le": value.encode("utf-32-le"),
        "json": json.dumps(value)[1:-1].encode(),
        "url": quote(value).encode(),
        "form": quote_plus(value).encode(),
        "hex": octets.hex().encode(),
        "base32": base64.b32encode(octets).rstrip(b"=")[:-1],
    }
    with suppress(UnicodeEncodeError):
        found["gb18030"] = value.encode("gb18030")
    for shift in range(3):
        # What stands before shifts the letters; those that the neighbours touch are left out.
        text = base64.b64encode(bytes(shift) + octets)
        first = -(-shift * 8 // 6)
        found[f"base64+{shift}"] = text[first : (shift + len(octets)) * 8 // 6]
        found[f"base64url+{shift}"] = found[f"base64+{shift}"].replace(b"+", b"-").replace(b"/", b"_")
    return found


def number_spellings(number: str) -> dict[str, bytes]:
    """A phone number in E.164, and as digits alone, and packed two digits to an octet as text messages have it (3GPP 23.040)."""
    digits = number.removeprefix("+")
    even = digits if len(digits) % 2 == 0 else digits + "f"
    swapped = bytes.fromhex("".join(even[place + 1] + even[place] for place in range(0, len(even), 2)))
    found = {f"digits in {name}": octets for name, octets in spellings(digits).items()}
    return found | {"semi-octets": swapped, "semi-octets in hex": swapped.hex().encode()}


def id_spellings(member: str) -> dict[str, bytes]:
    """An opaque id as text, and as the octets that it stands for."""
    octets = bytes.fromhex(member)
    found = {f"text in {name}": one for name, one in spellings(member).items()}
    found |= {"octets": octets, "octets turned": octets[::-1]}
    for shift in range(3):
        text = base64.b64encode(bytes(shift) + octets)
        found[f"octets in base64+{shift}"] = text[-(-shift * 8 // 6) : (shift + len(octets)) * 8 // 6]
    found["octets in base32"] = base64.b32encode(octets).rstrip(b"=")[:-1]
    return found


class Traces:
    """What must be nowhere: by a name for the report, each of its forms."""

    def __init__(self, wanted: Mapping[str, Iterable[bytes]]) -> None:
        self._by_start: dict[int, list[tuple[bytes, str]]] = {}
        self.needles = 0
        for name, forms in wanted.items():
            for form in {one.lower() for one in forms}:
                if len(form) >= LEAST:
                    start = int.from_bytes(form[:LEAST], "little")
                    self._by_start.setdefault(start, []).append((form, name))
                    self.needles += 1

    def found(self, octets: bytes) -> Counter[str]:
        """How often each stands in these octets."""
        found: Counter[str] = Counter()
        for begin in range(0, len(octets), CHUNK):
            self._search(octets[begin : begin + CHUNK + OVERLAP].lower(), CHUNK, found)
        return found

    def _search(self, octets: bytes, own: int, found: Counter[str]) -> None:
        for shift in range(LEAST):
            end = len(octets) - (len(octets) - shift) % LEAST
            windows = memoryview(octets)[shift:end].cast("Q")
            for start in self._by_start.keys() & set(windows):
                wanted = start.to_bytes(LEAST, "little")
                at = octets.find(wanted)
                while 0 <= at < own:
                    if at % LEAST == shift:
                        for form, name in self._by_start[start]:
                            found[name] += octets.startswith(form, at)
                    at = octets.find(wanted, at + 1)


def contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """A file's octets, and what is packed in it."""
    octets = path.read_bytes()
    yield path.name, octets
    for kind in (SegmentHead, PartHead, BaseHead, ListHead):
        try:
            _, body = unpack(octets, kind)  # type: ignore[type-var]  # each of them in turn
        except Broken:
            continue
        with suppress(zlib.error):
            yield f"{path.name}, unpacked", zlib.decompress(body)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(BytesIO(octets)) as packed:
            for name in packed.namelist():
                yield f"{path.name}: {name}", packed.read(name)
    for begin in (b"\x78\x9c", b"\x78\x01", b"\x1f\x8b"):
        if octets.startswith(begin):
            with suppress(zlib.error):
                yield f"{path.name}, unpacked", zlib.decompressobj(47).decompress(octets)


def search(traces: Traces, *folders: Path) -> tuple[Counter[str], int, int]:
    """What is found in all files of these folders ("who in which file"), how many files, how many octets."""
    found: Counter[str] = Counter()
    files = octets = 0
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if not path.is_file():
                continue
            files += 1
            for name, body in contents(path):
                octets += len(body)
                for what, times in traces.found(body).items():
                    if times:
                        found[f"{what} in {path.parent.name}/{name}"] += times
    return found, files, octets
