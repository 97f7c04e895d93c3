"""The pieces of a backup: parts of a base copy, and segments of what was committed since. Each is whole in itself.

    "SBB1" | length of the head, 4 bytes | head as JSON | body | SHA-256 of all before it

The body is what zlib makes of the pages, sealed where there is a passphrase. Segments form a chain: each head says what the chain
came to before it and after it, so a gap, a segment of another line or one that was altered does not fit.

Pure.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

import msgspec

MAGIC = b"SBB1"
BEGIN = ""
"""What the chain of a line comes to before its first segment."""

SECRET_FILES = ("hub.key", "pins.pepper", "people.key")
"""What a hub cannot be put back without, beside its database. They travel in a sealed backup only."""

_LENGTH = struct.Struct(">I")
_PAGE = struct.Struct(">I")
_DIGEST = 32


class Broken(Exception):
    """A piece that is torn, altered or of another kind; the text is a sentence."""


class SegmentHead(msgspec.Struct, frozen=True):
    """What a segment says of itself. It holds what the numbers `first` to `last` of its line changed, folded into one.

    `salts`, `frame`, `checksum`: how far the write-ahead log has been shipped with it; `log_first`: the number in which that log
    begins. `commit`: a transaction ends here, so that
    a restore may; `pages`: how large the database is then. `began_at`, `at`: seconds of UTC, when its first and its last number
    were read. `nonce`: salt and nonce of the seal, "" where it is not sealed.
    """

    line: str
    first: int
    last: int
    before: str
    after: str
    page_size: int
    pages: int
    commit: bool
    began_at: float
    at: float
    salts: str
    frame: int
    checksum: tuple[int, int]
    log_first: int
    nonce: str = ""


class PartHead(msgspec.Struct, frozen=True):
    """What a part of a base copy says of itself: which pages of the file it holds."""

    line: str
    base: int
    number: int
    offset: int
    length: int
    nonce: str = ""


class BaseHead(msgspec.Struct, frozen=True):
    """A base copy that is whole, written last. It is good once every segment from `first` to `until` was laid over it.

    `parts`: the SHA-256 of each part. The body holds the hub's small secret files, and is empty where nothing is sealed.
    """

    line: str
    base: int
    first: int
    until: int
    made_at: float
    size: int
    page_size: int
    parts: tuple[str, ...]
    nonce: str = ""


class ListHead(msgspec.Struct, frozen=True):
    """The list of who was forgotten (`hub.safety.erased`)."""

    kind: Literal["forgotten"]
    nonce: str = ""


Head = TypeVar("Head", SegmentHead, PartHead, BaseHead, ListHead)


def pack(head: SegmentHead | PartHead | BaseHead | ListHead, body: bytes) -> bytes:
    """A piece as it is stored. `body` is compressed, and sealed where the head has a nonce."""
    text = msgspec.json.encode(head)
    whole = MAGIC + _LENGTH.pack(len(text)) + text + body
    return whole + hashlib.sha256(whole).digest()


def unpack(raw: bytes, kind: type[Head]) -> tuple[Head, bytes]:
    """The head and the body of a piece; Broken where it is not as it was written."""
    if len(raw) < len(MAGIC) + _LENGTH.size + _DIGEST or not raw.startswith(MAGIC):
        raise Broken("is no piece of a backup, or was cut off")
    if hashlib.sha256(raw[:-_DIGEST]).digest() != raw[-_DIGEST:]:
        raise Broken("was altered or cut off since it was written")
    (length,) = _LENGTH.unpack_from(raw, len(MAGIC))
    start = len(MAGIC) + _LENGTH.size
    try:
        head = msgspec.json.decode(raw[start : start + length], type=kind)
    except msgspec.MsgspecError as wrong:
        raise Broken("is a piece of another kind or release") from wrong
    return head, raw[start + length : -_DIGEST]


def digest(raw: bytes) -> str:
    """The SHA-256 of a whole piece, by which a base names its parts."""
    return hashlib.sha256(raw).hexdigest()


def link(line: str, number: int, before: str, body: bytes) -> str:
    """What the chain comes to after this body."""
    text = f"shopbell segment\n{line}\n{number}\n{before}\n{hashlib.sha256(body).hexdigest()}"
    return hashlib.sha256(text.encode()).hexdigest()


def write_pages(pages: Mapping[int, bytes]) -> bytes:
    """Pages by number, compressed."""
    return zlib.compress(b"".join(_PAGE.pack(number) + body for number, body in sorted(pages.items())), 1)


def read_pages(body: bytes, page_size: int) -> Iterator[tuple[int, bytes]]:
    """The pages of a body; Broken where they do not come out even."""
    try:
        raw = zlib.decompress(body)
    except zlib.error as wrong:
        raise Broken("holds something that cannot be read") from wrong
    step = _PAGE.size + page_size
    if len(raw) % step:
        raise Broken("holds half a page")
    for start in range(0, len(raw), step):
        (number,) = _PAGE.unpack_from(raw, start)
        if number < 1:
            raise Broken("names a page that cannot be")
        yield number, raw[start + _PAGE.size : start + step]


def fits(before: SegmentHead | None, after: SegmentHead, body: bytes, line: str) -> str | None:
    """Why a segment cannot come after another one, as a sentence's end; None where it does. `before` None: it is the first."""
    if after.line != line:
        return "belongs to another line"
    if before is not None and after.first != before.last + 1:
        return f"begins with {after.first}, and {before.last + 1} is missing"
    if before is not None and after.before != before.after:
        return "does not hang on the one before it"
    if after.first == after.last and after.after != link(line, after.first, after.before, body):
        return "was altered since it was written"
    return None


@dataclass(frozen=True, slots=True)
class Named:
    """A stored segment by its name."""

    name: str
    first: int
    last: int


def segment_name(line: str, first: int, last: int) -> str:
    """Where a segment stands."""
    return f"{line}/seg-{first:012d}-{last:012d}"


def base_name(line: str, base: int) -> str:
    """Where the head of a base copy stands."""
    return f"{line}/base-{base:012d}"


def part_name(line: str, base: int, number: int) -> str:
    """Where a part of a base copy stands."""
    return f"{line}/part-{base:012d}-{number:06d}"


def read_segment_name(name: str) -> Named | None:
    """A segment by its name, None where it is none."""
    kind, _, numbers = name.rpartition("/")[2].partition("-")
    first, _, last = numbers.partition("-")
    if kind != "seg" or not (first.isdigit() and last.isdigit()):
        return None
    return Named(name, int(first), int(last))


def read_number(name: str, kind: str) -> int | None:
    """The number in a name such as base-7 or part-7-1; None where it is of another kind."""
    word, _, numbers = name.rpartition("/")[2].partition("-")
    first = numbers.partition("-")[0]
    return int(first) if word == kind and first.isdigit() else None


def way(found: list[Named], first: int, until: int) -> list[Named]:
    """The stored segments from `first` on, each number once, as few as there can be; up to where one is missing.

    While small ones are folded into a large one both stand there.
    """
    starting: dict[int, Named] = {}
    covering: Named | None = None
    for one in found:
        if one.first not in starting or one.last > starting[one.first].last:
            starting[one.first] = one
        if one.first < first <= one.last and (covering is None or one.last > covering.last):
            covering = one
    chosen: list[Named] = []
    following: Named | None = starting.get(first, covering)
    while following is not None and following.first <= until:
        chosen.append(following)
        following = starting.get(following.last + 1)
    return chosen


def write_files(found: Mapping[str, bytes]) -> bytes:
    """Small files by name, as the body of a base."""
    return msgspec.json.encode({name: body.hex() for name, body in found.items()})


def read_files(body: bytes) -> dict[str, bytes]:
    """The files of a base's body; Broken where it holds something else."""
    try:
        return {
            name: bytes.fromhex(text)
            for name, text in msgspec.json.decode(body or b"{}", type=dict[str, str]).items()
        }
    except (msgspec.MsgspecError, ValueError) as wrong:
        raise Broken("holds something that cannot be read") from wrong
