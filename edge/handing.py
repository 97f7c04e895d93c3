"""What an ear and its main door say to each other, and what of it is believed.

Pure. `edge.ear` and `edge.neighbours` carry it over an `edge.line.Line`. The main door sends `Salt`, at the beginning and
whenever it is renewed; the ear answers each with `Renamed`, and tells in between what it hears. An ear is a node of the shop, and
still only as much is taken from it as could be heard: whatever is out of range ends the line with a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from edge.sharing import MARK
from hardware.ble.advertisement import Advertisement

LONGEST_AGE_MS = 10_000
"""What is older was held up on the way, and says nothing about now."""

BEAT_S = 5.0
"""An ear that hears nobody says so this often."""

SILENT_S = 20.0
"""An ear that has said nothing for so long is gone: four beats."""

MOST_TOGETHER = 256
"""As large as a batch of a radio; at 40 octets each it fits a frame of the line (16 kB)."""

Name = Annotated[str, Meta(pattern=f"^{MARK}([1-5][0-9a-f]{{16}}|known .{{1,64}})$")]


class Told(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One packet that an ear heard: of whom, how strong (dBm), how long ago."""

    name: Name
    rssi_dbm: Annotated[int, Meta(ge=-127, le=20)]
    age_ms: Annotated[int, Meta(ge=0)]


class Here(msgspec.Struct, frozen=True, array_like=True, tag="here"):
    """An ear says which zone it hears."""

    zone: Annotated[str, Meta(min_length=1, max_length=200)]


class Salt(msgspec.Struct, frozen=True, array_like=True, tag="salt"):
    """The salt in force, and the how manyeth it is."""

    turn: Annotated[int, Meta(ge=0)]
    salt: Annotated[bytes, Meta(min_length=16, max_length=64)]


class Renamed(msgspec.Struct, frozen=True, array_like=True, tag="renamed"):
    """Pseudonyms under the salt before and under this one."""

    turn: Annotated[int, Meta(ge=0)]
    pairs: list[tuple[int, int]]


class Heard(msgspec.Struct, frozen=True, array_like=True, tag="heard"):
    """What was heard under the salt of this turn."""

    turn: Annotated[int, Meta(ge=0)]
    packets: list[Told]


Message = Here | Salt | Renamed | Heard

_decode = msgspec.msgpack.Decoder(Message).decode
_encode = msgspec.msgpack.Encoder().encode


def write(message: Message) -> bytes:
    """A message as it goes on the line."""
    return _encode(message)


def read(octets: bytes) -> Message:
    """A message from the line; ValueError says what is wrong with it."""
    try:
        message: Message = _decode(octets)
    except (msgspec.MsgspecError, UnicodeDecodeError) as wrong:
        raise ValueError(f"The other door says what cannot be: {wrong}") from None
    return message


def tell(turn: int, named: Sequence[tuple[str, Advertisement]], now: float) -> Iterator[Heard]:
    """What an ear tells of a batch; `now` is on the packets' own clock."""
    for begin in range(0, len(named), MOST_TOGETHER):
        together = named[begin : begin + MOST_TOGETHER]
        yield Heard(turn, [Told(name, one.rssi_dbm, _age_ms(now, one.at)) for name, one in together])


def pairs_in_frames(turn: int, pairs: Sequence[tuple[int, int]]) -> Iterator[Renamed]:
    """New names in as many messages as they need; one at least, so that the other side knows that we have turned."""
    for begin in range(0, max(1, len(pairs)), MOST_TOGETHER):
        yield Renamed(turn, list(pairs[begin : begin + MOST_TOGETHER]))


def believed(told: Iterable[Told], now: float) -> list[Advertisement]:
    """What was told as packets of this door's, in order of time on its own clock; whatever is too old is left out."""
    heard = [
        Advertisement(one.name, "random", one.rssi_dbm, b"", now - one.age_ms / 1000)
        for one in told
        if one.age_ms <= LONGEST_AGE_MS
    ]
    heard.sort(key=lambda packet: packet.at)
    return heard


def _age_ms(now: float, at: float) -> int:
    return max(0, round((now - at) * 1000))
