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
from edge.gate.stays import GRACE_S, Book, Change, Found, restore

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
        self._waiting: Change | None = None

    def close(self) -> None:
        """Let the socket go; what is in the kernel stays."""
        self._netfilter.close()

    def do(self, plan: Callable[[Book, float], Change]) -> Change:
        """Do what is planned, all or nothing, and remember it. NetlinkError where the kernel cannot."""
        self.later()
        for left in reversed(range(TRIES)):
            change = plan(self.book, self._now())
            messages = self._decide(change)
            wait = len(change.add) > AT_ONCE
            if not wait:
                messages += _remember(change)
            if not messages:
                return change
            try:
                self._transact(messages)
            except NetlinkError as wrong:
                if wrong.errno not in _CHANGED or not left:
                    raise
                self.read()
                continue
            if wait:
                self._waiting = change
            else:
                self.book.keep(change)
            return change
        raise NetlinkError(errno.EAGAIN, "the sets change faster than they can be read")

    def later(self) -> None:
        """What may wait until an answer is sent: to remember who is in, here and in the kernel."""
        if self._waiting is not None:
            change, self._waiting = self._waiting, None
            self.book.keep(change)
            try:
                self._transact(_remember(change))
            except NetlinkError:
                # Reading finds what is missing, and adds it.
                self.read()

    def used(self) -> dict[int, int]:
        """Octets by mark, of every stay that has used something."""
        return {one.number: one.consumed for one in e.read(self._netfilter, e.USED)}

    def changed(self) -> bool:
        """Whether somebody else has changed the ruleset since the sets were read."""
        self.later()
        return self._netfilter.generation() != self._generation

    def read_if_changed(self) -> None:
        """Make the copy right where it may be wrong."""
        if self.changed():
            self.read()

    def read(self) -> None:
        """Read the sets, and put right what is there only half."""
        self.foreign = True
        self._waiting = None
        for _ in range(TRIES):
            self._generation = self._netfilter.generation()
            change = restore(self.book, self.found(), self._now())
            messages = self._decide(change) + _remember(change)
            try:
                if messages:
                    self._transact(messages)
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

    def _decide(self, change: Change) -> list[bytes]:
        """The messages of the sets that decide."""
        messages = [
            *e.delete(e.UP, [e.pair(mac, ip) for mac, ip in change.delete_up]),
            *e.delete(e.DOWN, [e.address(ip) for ip in change.delete_down]),
            *e.add(e.UP, e.pairs_with_marks(change.add)),
            *e.add(e.DOWN, e.addresses_with_marks(change.add)),
        ]
        if change.carry:
            used = self.used()
            carried = [
                e.number_with_quota(new, self._volume_of(new) or NO_VOLUME, used[old])
                for old, new in change.carry
                if old in used
            ]
            messages += e.add(e.USED, b"".join(carried))
        return messages


def _remember(change: Change) -> list[bytes]:
    """The messages of the set that remembers."""
    added = [(mac, ip, seconds + GRACE_S) for mac, ip, _, seconds in change.add]
    return [
        *e.delete(e.KNOWN, [e.pair(mac, ip) for mac, ip in change.delete_known]),
        *e.add(e.KNOWN, e.pairs_alone(added + change.remember)),
    ]
