"""Who is in, as the helper remembers it, and what has to change in the kernel's sets for each question.

Pure: times are seconds of a clock that never goes back, handed in. The kernel is right and this is a copy: a `Change` says what
to add and delete, and is only `keep`t once the kernel has taken it. One address has one stay; MACs and addresses are octets.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from edge.gate.rules import CLASS_SHIFT, MOST_IN, STAY_MASK, class_of

GRACE_S = 900
"""So long after its end a stay is remembered, for the page that says that it has ended."""

SAME_S = 2.0
"""An end that is read and differs from the one that is remembered by less is the same."""

Pair = tuple[bytes, bytes]
"""MAC and address."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A stay. `mark` is its number with its class, `ends` when it does, `kept` until when it is remembered."""

    mac: bytes
    mark: int
    ends: float
    kept: float


Wanted = tuple[bytes, bytes, int, int]
"""A stay that is asked for: MAC, address, seconds, class of limits."""


@dataclass(slots=True)
class Change:
    """What has to be deleted and then added, in one transaction. Whoever is added is added to `known`, too, perhaps later.

    `add`: MAC, address, mark, seconds. `remember`: MAC, address, seconds of whoever lacks in `known` only. `carry`: what the
    first stay has used is the second one's from now on. `after` is the memory of all others once it is done, at `now`; None for
    whoever is forgotten.
    """

    now: float

    delete_up: list[Pair] = field(default_factory=list)
    delete_down: list[bytes] = field(default_factory=list)
    delete_known: list[Pair] = field(default_factory=list)
    add: list[tuple[bytes, bytes, int, float]] = field(default_factory=list)
    remember: list[tuple[bytes, bytes, float]] = field(default_factory=list)
    carry: list[tuple[int, int]] = field(default_factory=list)
    after: dict[bytes, Entry | None] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Of how many guests."""
        return len(self.add) + len(self.after)


class Book:
    """The copy. `by_ip` has everybody who is in or remembered."""

    def __init__(self) -> None:
        self.by_ip: dict[bytes, Entry] = {}
        self._next = 1

    def let_in(self, wanted: Sequence[Wanted], now: float) -> Change:
        """Everybody is in, from now on; of two stays for one address the later one counts."""
        change = Change(now)
        marks: dict[bytes, int] = {}
        for number, (_, ip, _, limits_class) in enumerate(wanted, self._next):
            marks[ip] = limits_class << CLASS_SHIFT | number & STAY_MASK
        self._next += len(wanted)
        if len(marks) < len(wanted):
            wanted = list({one[1]: one for one in wanted}.values())
        for one in [] if marks.keys().isdisjoint(self.by_ip) else wanted:
            before = self.by_ip.get(one[1])
            if before is not None:
                marks[one[1]] = _replace(change, one, before, marks[one[1]], now)
        change.add = [(mac, ip, marks[ip], seconds) for mac, ip, seconds, _ in wanted]
        return change

    def end(self, pairs: Iterable[Pair], now: float) -> Change:
        """Nobody of these is in any more, nor remembered."""
        change = Change(now)
        for mac, ip in pairs:
            entry = self.by_ip.get(ip)
            if entry is None or entry.mac != mac or ip in change.after:
                continue
            _take_out(change, ip, entry, now)
            change.after[ip] = None
        return change

    def use_up(self, ips: Iterable[bytes], now: float) -> Change:
        """These are out, and remembered."""
        change = Change(now)
        for ip in ips:
            entry = self.by_ip.get(ip)
            if entry is not None and entry.ends > now:
                change.delete_up.append((entry.mac, ip))
                change.delete_down.append(ip)
                change.after[ip] = Entry(entry.mac, entry.mark, now, entry.kept)
        return change

    def is_in(self, pair: Pair, now: float) -> bool:
        """Whether this phone is in."""
        mac, ip = pair
        entry = self.by_ip.get(ip)
        return entry is not None and entry.mac == mac and entry.ends > now

    def limit(self, pair: Pair, limits_class: int, now: float) -> Change:
        """Other limits, the same end; nothing where it is not in."""
        mac, ip = pair
        entry = self.by_ip.get(ip)
        if entry is None or not self.is_in(pair, now) or class_of(entry.mark) == limits_class:
            return Change(now)
        mark = limits_class << CLASS_SHIFT | self._next & STAY_MASK
        self._next += 1
        change = Change(now, carry=[(entry.mark, mark)], add=[(mac, ip, mark, entry.ends - now)])
        _take_out(change, ip, entry, now)
        return change

    def keep(self, change: Change) -> None:
        """The kernel has taken it."""
        now = change.now
        for mac, ip, mark, seconds in change.add:
            self.by_ip[ip] = Entry(mac, mark, now + seconds, now + seconds + GRACE_S)
        for ip, entry in change.after.items():
            if entry is not None:
                self.by_ip[ip] = entry
            else:
                self.by_ip.pop(ip, None)

    def forget(self, now: float) -> None:
        """Whoever need not be remembered any more."""
        self.by_ip = {ip: entry for ip, entry in self.by_ip.items() if entry.kept > now or entry.ends > now}

    def inside(self, now: float) -> int:
        """How many are in."""
        return sum(entry.ends > now for entry in self.by_ip.values())

    def full(self, wanted: Sequence[Wanted]) -> bool:
        """Whether there is no room for so many more."""
        if len(self.by_ip) + len(wanted) <= MOST_IN:
            return False
        return len(self.by_ip.keys() | {one[1] for one in wanted}) > MOST_IN

    def classes(self, now: float) -> set[int]:
        """The classes that somebody needs."""
        return {class_of(entry.mark) for entry in self.by_ip.values() if entry.ends > now}

    def marks(self) -> set[int]:
        """The marks of everybody who is in or remembered."""
        return {entry.mark for entry in self.by_ip.values()}

    def number_after(self, numbers: Iterable[int]) -> None:
        """Numbers that are in the kernel are not given out again."""
        self._next = max((number & STAY_MASK for number in numbers), default=0) + 1


def _replace(change: Change, wanted: Wanted, before: Entry, mark: int, now: float) -> int:
    """Take out whoever had the address; the mark of the new stay, which is the old one where nothing but its end changes."""
    mac, ip, _, limits_class = wanted
    same = before.mac == mac and before.ends > now
    _take_out(change, ip, before, now)
    if same and class_of(before.mark) == limits_class:
        return before.mark
    if same:
        change.carry.append((before.mark, mark))
    return mark


def _take_out(change: Change, ip: bytes, entry: Entry, now: float) -> None:
    if entry.ends > now:
        change.delete_up.append((entry.mac, ip))
        change.delete_down.append(ip)
    if entry.kept > now:
        change.delete_known.append((entry.mac, ip))


@dataclass(frozen=True, slots=True)
class Found:
    """What the kernel's sets hold: the mark and the seconds left by MAC and address, by address; seconds left of `known`."""

    up: dict[Pair, tuple[int, float]]
    down: dict[bytes, tuple[int, float]]
    known: dict[Pair, float]
    numbers: tuple[int, ...] = ()


def restore(book: Book, found: Found, now: float) -> Change:
    """Make the copy what the kernel has; what the kernel has only half is taken away, or made whole, by the change.

    Half: a helper was killed between two transactions, or somebody changed a set by hand.
    """
    change = Change(now)
    before, book.by_ip = book.by_ip, {}
    for (mac, ip), (mark, left) in found.up.items():
        there = found.down.get(ip)
        if there is None or there[0] != mark:
            change.delete_up.append((mac, ip))
            continue
        kept = found.known.get((mac, ip), 0.0)
        if not kept:
            kept = left + GRACE_S
            change.remember.append((mac, ip, kept))
        ends = now + left
        old = before.get(ip)
        if old is not None and old.mark == mark and abs(old.ends - ends) < SAME_S:
            # Reading takes a moment; an end that was read again and again would wander.
            ends = old.ends
        book.by_ip[ip] = Entry(mac, mark, ends, ends + kept - left)
    change.delete_down = [ip for ip in found.down if ip not in book.by_ip]
    for (mac, ip), left in found.known.items():
        whose = book.by_ip.get(ip)
        if whose is None:
            book.by_ip[ip] = Entry(mac, 0, now, now + left)
        elif whose.mac != mac:
            change.delete_known.append((mac, ip))
    book.number_after([*found.numbers, *(mark for mark, _ in found.up.values())])
    return change
