"""Answers the six verbs by what is in the kernel: it brings questions, sets and rules together.

All state is in the kernel, so whoever is in stays in when the helper is killed, and the next one knows everybody.
"""

from __future__ import annotations

import logging
import math
import socket
import struct
import time
from collections.abc import Callable, Mapping, Sequence

from edge.gate.config import Config
from edge.gate.netlink import NetlinkError
from edge.gate.protocol import (
    Answer,
    Ask,
    AskHealth,
    Done,
    End,
    Guests,
    Health,
    Inside,
    LetIn,
    Limits,
    ListGuests,
    Phone,
    Refused,
    Reload,
    SetLimits,
    mac_octets,
)
from edge.gate.rules import MOST_CLASSES, NO_LIMITS, Shape, class_of
from edge.gate.sets import Sets
from edge.gate.stays import Book, Change, Entry, Found, restore
from edge.gate.surroundings import Surroundings
from edge.gate.table import Table, TableError
from hub.client.settings import SettingsError

SWEEP_S = 600
"""So often what nobody uses any more is taken out of the set of what was used."""

NOT_OURS = Refused("not-ours", "An address is not one of the guest network, or is the gateway's own.")
NOT_IN = Refused("not-in", "This phone is not in.")
FULL = Refused("full", "There is no room for so many guests, or for so many different limits.")
_log = logging.getLogger(__name__)


class Gate:
    """The gate of one guest network. One thread. `read` reads the settings, `now` is seconds of a clock that never goes back."""

    def __init__(self, read: Callable[[], Config], now: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._config = read()
        self._now = now
        self._surroundings = Surroundings()
        self._table = Table(self._surroundings.look(self._config))
        self._sets = Sets(now, lambda mark: self._limits_of(mark).volume)
        self._swept = now()
        self._use(self._config)

    def close(self) -> None:
        """Let the sockets go; the rules and whoever is in stay."""
        self._sets.close()
        self._surroundings.close()

    def begin(self) -> None:
        """Stand in the kernel, and know who is in. TableError or NetlinkError where that cannot be."""
        try:
            self._table.begin()
            self._sets.read()
        except (TableError, NetlinkError) as wrong:
            # Sets of an earlier version do not fit. Who is in can still be read there, and is let in again.
            _log.warning("%s The table is made anew.", wrong)
            self._anew()

    def tick(self) -> None:
        """Once a second: follow the way out, put right what others have broken, end who has used up their volume.

        Never raises: what cannot be put right now is tried again.
        """
        try:
            replaced = self._surroundings.another_interface(self._config)
            shape = self._surroundings.look(self._config)
            if shape != self._table.shape or replaced:
                _log.info("The way out is %s.", shape.upstream or "not there")
                self._load(shape, self._table.classes)
            elif not self._rules_stand():
                _log.warning("Somebody has changed the rules; they are loaded again.")
                self._heal()
            self._end_used_up()
            self._sweep()
        except (NetlinkError, TableError) as wrong:
            _log.error("%s", wrong)

    def later(self) -> None:
        """What may wait until an answer is sent. Never raises."""
        try:
            self._sets.later()
        except NetlinkError as wrong:
            _log.error("%s", wrong)

    def answer(self, ask: Ask) -> Answer:
        """What it is asked. Never raises."""
        try:
            match ask:
                case LetIn():
                    return self._let_in(ask)
                case End(phones=phones):
                    return self._end(phones)
                case SetLimits(phone=phone, limits=limits):
                    return self._limit(phone, limits)
                case ListGuests():
                    return self._list()
                case Reload():
                    return self._reload()
                case AskHealth():
                    return self._health()
        except (NetlinkError, TableError) as wrong:
            _log.error("%s", wrong)
            return Refused("broken", f"The kernel does not do it: {wrong}")

    def _let_in(self, ask: LetIn) -> Answer:
        stays = ask.stays
        ips = self._ours([stay.phone.ip for stay in stays])
        if ips is None:
            return NOT_OURS
        limits = [stay.limits for stay in stays]
        # Most often all are alike, and comparing is cheaper than hashing.
        distinct = {limits[0]} if limits.count(limits[0]) == len(limits) else set(limits)
        classes = self._classes_for(distinct)
        if classes is None:
            return FULL
        numbers = (
            [classes[limits[0]]] * len(limits) if len(distinct) == 1 else [classes[one] for one in limits]
        )
        macs = _macs([stay.phone for stay in stays])
        wanted = list(zip(macs, ips, [stay.seconds for stay in stays], numbers, strict=True))
        if self._sets.book.full(wanted):
            return FULL
        return Done(self._sets.do(lambda book, now: book.let_in(wanted, now)).count)

    def _end(self, phones: Sequence[Phone]) -> Answer:
        ips = self._ours([phone.ip for phone in phones])
        if ips is None:
            return NOT_OURS
        self._sets.read_if_changed()
        pairs = list(zip(_macs(phones), ips, strict=True))
        return Done(self._sets.do(lambda book, now: book.end(pairs, now)).count)

    def _limit(self, phone: Phone, limits: Limits) -> Answer:
        ips = self._ours([phone.ip])
        if ips is None:
            return NOT_OURS
        self._sets.read_if_changed()
        pair = (mac_octets(phone.mac), ips[0])
        if not self._sets.book.is_in(pair, self._now()):
            return NOT_IN
        classes = self._classes_for({limits})
        if classes is None:
            return FULL
        self._sets.do(lambda book, now: book.limit(pair, classes[limits], now))
        return Done(1) if self._sets.book.is_in(pair, self._now()) else NOT_IN

    def _list(self) -> Answer:
        self._sets.read_if_changed()
        now, used = self._now(), self._sets.used()
        return Guests(
            tuple(
                Inside(
                    Phone(entry.mac.hex(":"), socket.inet_ntoa(ip)),
                    max(0.0, entry.ends - now),
                    used.get(entry.mark, 0),
                    self._limits_of(entry.mark),
                )
                for ip, entry in sorted(self._sets.book.by_ip.items())
                if entry.kept > now
            )
        )

    def _reload(self) -> Answer:
        try:
            config = self._read()
        except SettingsError as wrong:
            return Refused("broken", f"The settings cannot be used, the old ones stay: {wrong}")
        self._load(self._surroundings.look(config), self._table.classes)
        self._use(config)
        return Done(self._sets.book.inside(self._now()))

    def _health(self) -> Answer:
        stand = self._rules_stand()
        return Health(
            stand,
            self._table.shape.upstream is not None,
            self._config.offline,
            self._sets.book.inside(self._now()) if stand else 0,
            self._table.rules,
        )

    def _use(self, config: Config) -> None:
        self._config = config
        network = config.address.network
        self._net = (int(network.network_address), int(network.broadcast_address), int(config.ip))

    def _ours(self, texts: Sequence[str]) -> list[bytes] | None:
        """The addresses as octets; None where one of them is not a guest's."""
        first, last, own = self._net
        ips = [socket.inet_pton(socket.AF_INET, text) for text in texts]
        numbers = struct.unpack(f">{len(ips)}I", b"".join(ips))
        return ips if first < min(numbers) and max(numbers) < last and own not in numbers else None

    def _classes_for(self, wanted: set[Limits]) -> Mapping[Limits, int] | None:
        """The class of each; new ones are loaded, in place of unused ones where need be. None where there are too many."""
        known = {limits: number for number, limits in self._table.classes.items()}
        new = sorted(wanted - known.keys(), key=repr)
        if not new:
            return known
        needed = self._sets.book.classes(self._now()) | {0, *(known[one] for one in wanted & known.keys())}
        free = [number for number in range(MOST_CLASSES) if number not in self._table.classes]
        free += [number for number in range(MOST_CLASSES) if number in self._table.classes.keys() - needed]
        if len(new) > len(free):
            return None
        classes = {**self._table.classes, **dict(zip(free, new, strict=False))}
        self._load(self._table.shape, classes)
        return {limits: number for number, limits in classes.items()}

    def _limits_of(self, mark: int) -> Limits:
        return self._table.classes.get(class_of(mark), NO_LIMITS)

    def _end_used_up(self) -> None:
        now = self._now()
        limited = {
            ip: (entry.mark, volume)
            for ip, entry in self._sets.book.by_ip.items()
            if entry.ends > now and (volume := self._limits_of(entry.mark).volume)
        }
        if limited:
            used = self._sets.used()
            over = {ip: mark for ip, (mark, volume) in limited.items() if used.get(mark, 0) >= volume}
            if over:
                self._sets.do(lambda book, then: book.use_up(over, then))

    def _sweep(self) -> None:
        now = self._now()
        self._sets.book.forget(now)
        if now - self._swept >= SWEEP_S:
            self._swept = now
            self._sets.drop_used(self._sets.used().keys() - self._sets.book.marks())

    def _rules_stand(self) -> bool:
        """Whether the rules are as loaded; they are looked at whenever somebody else may have changed the ruleset."""
        if not self._sets.foreign and not self._sets.changed():
            return True
        try:
            self._sets.read()
        except NetlinkError:
            return False
        if self._table.stands() and not self._sets.changed():
            self._sets.foreign = False
        return not self._sets.foreign

    def _load(self, shape: Shape, classes: Mapping[int, Limits]) -> None:
        self._sets.later()
        self._table.load(shape, classes)
        self._sets.read()

    def _heal(self) -> None:
        """The rules again, and where the sets are gone, too, everybody who was in."""
        remembered = dict(self._sets.book.by_ip)
        there = self._table.begin()
        self._sets.read()
        if not there:
            self._let_in_again(remembered)

    def _anew(self) -> None:
        found, book = Found({}, {}, {}), Book()
        try:
            found = self._sets.found()
        except NetlinkError as wrong:
            _log.warning("Who is in cannot be read: %s", wrong)
        restore(book, found, self._now())
        self._table.load(self._table.shape, self._table.classes, anew=True)
        self._sets.read()
        self._let_in_again(book.by_ip)

    def _let_in_again(self, entries: Mapping[bytes, Entry]) -> None:
        def plan(book: Book, now: float) -> Change:
            return book.let_in(
                [
                    (entry.mac, ip, math.ceil(entry.ends - now), class_of(entry.mark))
                    for ip, entry in entries.items()
                    if entry.ends > now and class_of(entry.mark) in self._table.classes
                ],
                now,
            )

        self._sets.do(plan)


def _macs(phones: Sequence[Phone]) -> list[bytes]:
    """The octets of each MAC, of all in one go."""
    octets = bytes.fromhex("".join([phone.mac for phone in phones]).replace(":", ""))
    return [octets[at : at + 6] for at in range(0, len(octets), 6)]
