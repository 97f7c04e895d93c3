"""The books of a shop, there and at head office, held against each other and against what the shop's nodes wrote."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.wire.events import read_event

Id = tuple[str, int, int]


@dataclass(slots=True)
class Books:
    """A journal: the ids of its events in their order, and a hash over all texts."""

    ids: list[Id] = field(default_factory=list)
    texts: Any = field(default_factory=hashlib.sha256)


def books_of(store: Any) -> Books:
    """The journal of one shop."""
    return read_books(text for chunk in store.journal.chunks() for _, _, text in chunk)


def read_books(texts: Iterable[bytes]) -> Books:
    """The same from its texts."""
    books = Books()
    for text in texts:
        event = read_event(text)
        books.ids.append((event.device, event.epoch, event.seq))
        books.texts.update(text)
    return books


def compare_books(name: str, written: Sequence[tuple[str, int, int]], here: Books, above: Books) -> list[str]:
    """What is wrong. `written`: each node's name, the number of its journal, and how many facts it wrote. `here`: in the shop."""
    wrong = []
    count = Counter(here.ids)
    wrong += [f"{name}: {one} is there {times} times" for one, times in count.items() if times > 1]
    for device, epoch, last in written:
        there = {seq for who, number, seq in here.ids if (who, number) == (device, epoch)}
        lost = set(range(1, last + 1)) - there
        if lost or len(there) != last:
            wrong.append(f"{name}: {device} wrote {last} facts, {len(there)} are there, {len(lost)} lost")
    own = [seq for who, _, seq in here.ids if who == "hub"]
    if own != sorted(set(own)):
        wrong.append(f"{name}: the hub's own facts are not in their order")
    twice = sum(times - 1 for times in Counter(above.ids).values())
    if twice:
        wrong.append(f"{name}: {twice} events are twice at head office")
    if above.ids != here.ids:
        lost_above = len(set(here.ids) - set(above.ids))
        wrong.append(
            f"{name}: head office has not the same events in the same order, {lost_above} are not there"
        )
    elif above.texts.digest() != here.texts.digest():
        wrong.append(f"{name}: events were changed on their way to head office")
    return wrong
