"""How a shop's hub keeps its backup at head office: pieces by name, in parts, over `/v1/backup`.

Pure. `hub.safety.head_office` asks, `hub.upstream.keeping` answers.

What a piece holds is sealed before it comes here (`hub.safety.pieces`); head office knows its name and its length. A piece is
there once its last part is and the whole fits its digest; until then there is nothing, or the one before.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

PART_BYTES = 2 * 2**20
"""Of a piece in one request. In base64, with the rest, it stays below the limit of a body (RFC 4648)."""

MOST_PIECE_BYTES = 128 * 2**20
"""A folded segment has 64 MiB of pages and one segment more, before it is compressed."""

NAMES_AT_ONCE = 4_000

_LINE = "line-[A-Za-z0-9-]{1,60}"
_PIECE = re.compile(f"{_LINE}/(seg|base|part)-[0-9]{{1,20}}(-[0-9]{{1,20}})?|people/list-0")
_LINE_ALONE = re.compile(_LINE)


def is_piece(name: str) -> bool:
    """Whether a piece may be called so: a line, a kind and its numbers, or the list of who was forgotten; nothing leads out of
    a folder."""
    return _PIECE.fullmatch(name) is not None


def is_line(name: str) -> bool:
    """Whether a line may be called so."""
    return _LINE_ALONE.fullmatch(name) is not None


class BackupRequest(msgspec.Struct, frozen=True):
    """One of four verbs. `name`: the piece; of `list`, how the names begin.

    `put`: `data` stands from `offset` on in a piece of `size` bytes whose SHA-256 is `digest`, hexadecimal; parts come in their
    order. `get`: up to PART_BYTES from `offset` on. `list`: in order, those after `after`. `delete`: nothing happens where there
    is none.
    """

    verb: Literal["put", "get", "list", "delete"]
    name: Annotated[str, Meta(max_length=120)] = ""
    offset: Annotated[int, Meta(ge=0, le=MOST_PIECE_BYTES)] = 0
    size: Annotated[int, Meta(ge=0, le=MOST_PIECE_BYTES)] = 0
    digest: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")] = ""
    data: bytes = b""
    after: Annotated[str, Meta(max_length=120)] = ""


class BackupReply(msgspec.Struct, frozen=True):
    """`get`: `data`, and the `size` of the whole piece. `list`: names in `data` (`pack_names`), and whether there are `more`
    after them. `put`: `there` once the piece is."""

    more: bool = False
    size: int = 0
    data: bytes = b""
    there: bool = False


def pack_names(names: Sequence[str]) -> bytes:
    """Names as they travel, a line each in zlib (RFC 1950): thousands that differ in a few digits, several times a minute."""
    return zlib.compress("\n".join(names).encode())


def read_names(data: bytes) -> list[str]:
    """The names; ValueError where this is none of `pack_names`, or far too much."""
    reader = zlib.decompressobj()
    try:
        text = reader.decompress(data, NAMES_AT_ONCE * 128)
    except zlib.error as wrong:
        raise ValueError("is no list of names") from wrong
    if not reader.eof:
        raise ValueError("is too long for a list of names, or was cut off")
    return text.decode().splitlines()
