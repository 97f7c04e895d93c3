"""Long messages put together again, in whatever order their parts come, doubled or not.

Pure. Whoever feeds it names where each part lies (`place`, a slot of the SIM card) and gets the places back with the message:
they may be emptied when the message is kept, and not before. Memory is bounded: of messages whose parts do not come, the oldest
are given up, and given out as far as they came.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from hardware.modem.alphabet import heal
from hardware.modem.pdu import Deliver

WAIT_S = 24 * 3600.0
"""Networks try for days, but a shop's answer to half a message is late after one."""

MOST_UNFINISHED = 16
"""A SIM card holds ten to fifty messages, and whoever sends only first parts must not fill it."""

MOST_PARTS = 64
"""Of unfinished messages together."""

GAP = " […] "
"""Stands for parts that never came."""

P = TypeVar("P", bound=Hashable)


def join(texts: Mapping[int, str], of: int) -> str:
    """The text of a message of so many parts, by the texts of those that came; `GAP` where others are missing."""
    found: list[str] = []
    for number in range(1, of + 1):
        if number in texts:
            found.append(texts[number])
        elif not found or found[-1] != GAP:
            found.append(GAP)
    return heal("".join(found))


@dataclass(frozen=True, slots=True)
class Joined(Generic[P]):
    """A message, whole but for the parts in `missing`. `first` has its sender and time."""

    first: Deliver
    text: str
    data: bytes
    places: tuple[P, ...]
    missing: tuple[int, ...] = ()


@dataclass(slots=True)
class _Open(Generic[P]):
    since: float
    parts: dict[int, Deliver] = field(default_factory=dict)
    places: dict[P, None] = field(default_factory=dict)


class Joiner(Generic[P]):
    """`now` is seconds of a steady clock."""

    def __init__(
        self, *, wait_s: float = WAIT_S, most: int = MOST_UNFINISHED, most_parts: int = MOST_PARTS
    ) -> None:
        self._wait_s = wait_s
        self._most = most
        self._most_parts = most_parts
        self._open: dict[tuple[object, ...], _Open[P]] = {}

    def add(self, part: Deliver, place: P | None, now: float) -> list[Joined[P]]:
        """What this part makes whole, and what had to be given up for it. `place`: None where it lies nowhere."""
        places = () if place is None else (place,)
        piece = part.piece
        if piece is None or piece.of == 1:
            return [Joined(part, heal(part.text), part.data, places)]
        name = (part.sender, piece.reference, piece.of, piece.wide, part.coding)
        opened = self._open.get(name)
        here = opened.parts.get(piece.number) if opened else None
        given_up: list[Joined[P]] = []
        if opened and here is not None and (here.text, here.data) != (part.text, part.data):
            # References of eight bits come round again: another message begins, and the old one will not be finished.
            given_up.append(self._close(name))
            opened = None
        if opened is None:
            opened = self._open[name] = _Open(now)
        opened.parts.setdefault(piece.number, part)
        opened.places |= dict.fromkeys(places)
        if len(opened.parts) == piece.of:
            return [*given_up, self._close(name)]
        return [*given_up, *self.late(now)]

    def late(self, now: float) -> list[Joined[P]]:
        """What has waited too long or is too much, as far as it came."""
        names = [name for name, opened in self._open.items() if now - opened.since >= self._wait_s]
        given_up = [self._close(name) for name in names]
        while len(self._open) > self._most or self.parts() > self._most_parts:
            given_up.append(self._close(next(iter(self._open))))
        return given_up

    def displace(self) -> None:
        """Forget where parts lie: what is read from now on may be another card."""
        for opened in self._open.values():
            opened.places.clear()

    def parts(self) -> int:
        """Parts that wait for others."""
        return sum(len(opened.parts) for opened in self._open.values())

    def _close(self, name: tuple[object, ...]) -> Joined[P]:
        opened = self._open.pop(name)
        numbers = sorted(opened.parts)
        first = opened.parts[numbers[0]]
        of = first.piece.of if first.piece else 1
        missing = tuple(number for number in range(1, of + 1) if number not in opened.parts)
        texts = {number: part.text for number, part in opened.parts.items()}
        text = "" if first.coding == "data" else join(texts, of)
        data = b"".join(opened.parts[number].data for number in numbers)
        return Joined(first, text, data, tuple(opened.places), missing)
