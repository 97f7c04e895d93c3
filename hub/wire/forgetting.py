"""How a person is forgotten everywhere: what stands in facts under their opaque id stands under another one afterwards.

Pure. Whoever is told gets no id: a member has 128 bits of chance, so a keyed hash of it names nobody to those who do not have
the id already. Each node and hub hashes the ids that it has itself; where one is told of, it puts the new one in its place. So
sums and digests stay right, and a node that was away for months forgets as soon as it is back.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

MARK_BYTES = 16
SALT_BYTES = 16
ID_BYTES = 16

Mark = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
NewId = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]

MEMBER_FIELDS = ("member", "into", "known")
"""The fields of facts in which an opaque id stands. A test holds that every fact keeps to them."""

_OPENINGS = tuple(f'"{name}":"'.encode() for name in MEMBER_FIELDS)
_LONGEST = 40
SURELY_OPAQUE = 16
"""A shorter id may be a part of something else by chance."""
_ANY_ID = re.compile(rb"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")


class ForgottenOne(msgspec.Struct, frozen=True):
    """Somebody was forgotten: the keyed hash of the id that they had, and the random one that stands in its place."""

    mark: Mark
    instead: NewId


class Forgotten(msgspec.Struct, frozen=True):
    """The section of a snapshot that says who was forgotten. `salt` is the shop's, and no secret."""

    salt: Annotated[str, Meta(max_length=64)] = ""
    ones: tuple[ForgottenOne, ...] = ()

    def by_mark(self) -> dict[str, str]:
        """The new id by the hash of the one before."""
        return {one.mark: one.instead for one in self.ones}


def mark_of(salt: str, member: str) -> str:
    """The keyed hash under which this id is on a list of forgotten ones (BLAKE2b, RFC 7693, with the salt as its key)."""
    digest = hashlib.blake2b(
        member.encode("utf-8", "surrogatepass"),
        digest_size=MARK_BYTES,
        key=salt.encode(),
        person=b"forgotten",
    )
    return digest.hexdigest()


def new_id(random: Callable[[int], bytes]) -> str:
    """An opaque id that nobody has."""
    return random(ID_BYTES).hex()


def ids_in(text: bytes) -> Iterator[str]:
    """Every id that stands in a member's field of these facts, as our programs write them; the same one may come twice."""
    for opening in _OPENINGS:
        place = text.find(opening)
        while place >= 0:
            begin = place + len(opening)
            end = text.find(b'"', begin, begin + _LONGEST + 1)
            if end > begin:
                yield text[begin:end].decode("utf-8", "replace")
            place = text.find(opening, begin)


def opaque_in(text: bytes) -> set[str]:
    """Everything in any bytes that has the form of an opaque id: for rows whose layout another program knows."""
    return {found.decode() for found in _ANY_ID.findall(text)}


def put_instead(text: bytes, changes: Mapping[str, str]) -> bytes:
    """The same text with other ids: an opaque one wherever it stands, a short one only where it is a whole string of JSON, so
    that nothing else is touched. Hubs and nodes all do it so: the same fact is the same text everywhere afterwards."""
    for before, after in changes.items():
        if len(before) >= SURELY_OPAQUE:
            text = text.replace(before.encode(), after.encode())
        else:
            text = text.replace(f'"{before}"'.encode(), f'"{after}"'.encode())
    return text
