"""The kernel's sets and the copy of them, changed together.

The copy is trusted as long as the ruleset's generation is the one that our own last change made; whenever somebody else has
changed something, the kernel refuses our transaction, the sets are read again, and it is planned anew.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable

from edge.gate import elements as e
from edge.gate.netlink import Netfilter, NetlinkError
from edge.gate.rules import NO_VOLUME
from edge.gate.stays import Book, Change, Found, restore

TRIES = 4
"""A stay may end, or somebody else may change the ruleset, between looking and changing."""

AT_ONCE = 64
"""Of so many guests the memory of who was in is written in the same transaction; of more right after the answer."""

_CHANGED = (errno.ERESTART, errno.ENOENT, errno.EEXIST)


class Sets:
    """One thread. `volume_of` says how many octets a stay may use, by its mark; 0 is no limit."""

    def __init__(self, now: Callable[[], float], volume_of: Callable[[int], int]) -> None:
        self.book = Book()
        self.foreign = True
        """Whether somebody else may have changed the ruleset since this was last set to False."""
        self._now = now
        self._volume_of = volume_of
        self._netfilter = Netfilter()
        self._generation = -1
        self._waiting: list[bytes] = []

    def close(self) -> None:
        """Let the socket go; what is in the kernel stays."""
        self._netfilter.close()

    def do(self, plan: Callable[[Book, float], Change]) -> Change:
        """Do what is planned, all or nothing, and remember it. NetlinkError where the kernel cannot."""
        self.later()
        for left in reversed(range(TRIES)):
            change = plan(self.book, self._now())
            first, then = self._messages(change)
            if len(change.after) <= AT_ONCE or not first:
                first, then = first + then, []
            if not first:
                return change
            try:
                self._transact(first)
            except NetlinkError as wrong:
                if wrong.errno not in _CHANGED or not left:
                    raise
                self.read()
                continue
            self._waiting = then
            self.book.keep(change)
            return change
        raise NetlinkError(errno.EAGAIN, "the sets change faster than they can be read")

    def later(self) -> None:
        """What may wait until an answer is sent: to remember who is in."""
        if self._waiting:
            messages, self._waiting = self._waiting, []
            try:
                self._transact(messages)
            except NetlinkError:
                # Reading finds what is missing, and adds it.
                self.read()

    def used(self) -> dict[int, int]:
        """Octets by mark, of every stay that has used something."""
        return {one.number: one.consumed for one in e.read(self._netfilter, e.USED)}

    def changed(self) -> bool:
        """Whether somebody else has changed the ruleset since the sets were read."""
        return self._netfilter.generation() != self._generation

    def read_if_changed(self) -> None:
        """Make the copy right where it may be wrong."""
        if self.changed():
            self.read()

    def read(self) -> None:
        """Read the sets, and put right what is there only half."""
        self.foreign = True
        self._waiting = []
        for _ in range(TRIES):
            self._generation = self._netfilter.generation()
            change = restore(self.book, self.found(), self._now())
            first, then = self._messages(change)
            try:
                if first or then:
                    self._transact(first + then)
            except NetlinkError as wrong:
                if wrong.errno not in _CHANGED:
                    raise
                continue
            if not self.changed():
                return
        raise NetlinkError(errno.EAGAIN, "the sets change faster than they can be read")

    def found(self) -> Found:
        """What the kernel has."""
        up, down, known, used = (e.read(self._netfilter, where) for where in (e.UP, e.DOWN, e.KNOWN, e.USED))
        return Found(
            {one.pair: (one.mark, one.left_s) for one in up},
            {one.key: (one.mark, one.left_s) for one in down},
            {one.pair: one.left_s for one in known},
            tuple(one.number for one in used),
        )

    def drop_used(self, marks: Iterable[int]) -> None:
        """Forget what these have used; they are nobody's any more."""
        for message in e.delete(e.USED, [e.number(mark) for mark in marks]):
            self._transact([message])

    def _transact(self, messages: list[bytes]) -> None:
        self._netfilter.transact(messages, self._generation)
        self._generation = (self._generation + 1) & 0xFFFFFFFF or 1

    def _messages(self, change: Change) -> tuple[list[bytes], list[bytes]]:
        """The messages of the sets that decide, and of the one that remembers."""
        lasts = {seconds: e.milliseconds(seconds) for seconds in {one[3] for one in change.add_up}}
        first = [
            *e.delete(e.UP, [e.pair(mac, ip) for mac, ip in change.delete_up]),
            *e.delete(e.DOWN, [e.address(ip) for ip in change.delete_down]),
            *e.add(e.UP, [e.pair_with_mark(mac, ip, mark, lasts[s]) for mac, ip, mark, s in change.add_up]),
            *e.add(e.DOWN, [e.address_with_mark(ip, mark, lasts[s]) for ip, mark, s in change.add_down]),
        ]
        if change.carry:
            used = self.used()
            carried = [
                e.number_with_quota(new, self._volume_of(new) or NO_VOLUME, used[old])
                for old, new in change.carry
                if old in used
            ]
            first += e.add(e.USED, carried)
        then = [
            *e.delete(e.KNOWN, [e.pair(mac, ip) for mac, ip in change.delete_known]),
            *e.add(e.KNOWN, [e.pair_alone(mac, ip, e.milliseconds(s)) for mac, ip, s in change.add_known]),
        ]
        return first, then
