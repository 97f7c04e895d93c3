"""SQLite's write-ahead log and its index, read as bytes (sqlite.org/walformat.html, "WAL File Format", "WAL-Index File Format").

Pure.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

WAL_HEADER = 32
FRAME_HEADER = 24
INDEX_HEADER = 48
"""One copy of the index's head; two of them stand at its beginning, so that whoever reads without a lock sees a torn one."""

_MAGIC = 0x377F0682
_FRAME = struct.Struct(">IIIIII")
_INDEX = struct.Struct("=IIIBBHIIII8sII")


@dataclass(frozen=True, slots=True)
class Head:
    """Which log it is, and how much of it is committed: `frame` frames, the last of them with this checksum.

    `salts` differ for each log that is begun; `pages`: how large the database is then.
    """

    salts: bytes
    frame: int
    checksum: tuple[int, int]
    page_size: int
    pages: int


@dataclass(frozen=True, slots=True)
class Frame:
    """One page as a transaction left it. `commit`: its size in pages where the transaction ends here, else 0."""

    page: int
    commit: int
    salts: bytes
    checksum: tuple[int, int]
    body: bytes


def read_head(raw: bytes) -> Head | None:
    """What the index says is committed; None while somebody writes it, so that it has to be read again."""
    first, second = raw[:INDEX_HEADER], raw[INDEX_HEADER : 2 * INDEX_HEADER]
    if len(second) < INDEX_HEADER or first != second:
        return None
    _, _, _, ready, _, size, frames, pages, one, two, salts, _, _ = _INDEX.unpack(first)
    if not ready:
        return None
    return Head(salts, frames, (one, two), 65_536 if size == 1 else size, pages)


def follows(before: bytes, after: bytes) -> bool:
    """Whether one log was begun right after the other: its first salt is one more (section 4.4 of the format)."""
    return (int.from_bytes(before[:4], "big") + 1) % 2**32 == int.from_bytes(after[:4], "big")


def log_salts(raw: bytes) -> bytes | None:
    """The salts in the head of a log; None where it has none yet."""
    if len(raw) < WAL_HEADER or int.from_bytes(raw[:4], "big") & ~1 != _MAGIC:
        return None
    return raw[16:24]


def offset_of(frame: int, page_size: int) -> int:
    """Where the frame after the first `frame` frames begins."""
    return WAL_HEADER + frame * (FRAME_HEADER + page_size)


def frames(raw: bytes, page_size: int) -> Iterator[Frame]:
    """The whole frames in these bytes, which begin with one."""
    whole = FRAME_HEADER + page_size
    for start in range(0, len(raw) - whole + 1, whole):
        page, commit, _, _, one, two = _FRAME.unpack_from(raw, start)
        salts = raw[start + 8 : start + 16]
        yield Frame(page, commit, salts, (one, two), raw[start + FRAME_HEADER : start + whole])
