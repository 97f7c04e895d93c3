"""What is heard -> visits, with hysteresis.

Pure: reads no clock, opens nothing, logs nothing. `edge.door` feeds it; visit ids come from the source given to it.

How it decides. Whoever is heard at `depart_dbm` or better is *near* and gets a row; weaker packets of strangers leave no
trace at all. A stranger has a score: a packet at `arrive_dbm` or better adds STRONG_ADDS, a weaker one takes one away. A visit
opens at a strong packet with ARRIVE_SCORE, when the stranger has been near for ARRIVE_AFTER_S: who only walks past is strong for
a moment and gone by then. Why a score and not a moving average: bodies and reflections take strength away far more often than
they add it, so an average lags and reads low exactly while somebody walks in; the score asks how often, not how strong, and
costs one octet. A visitor needs no smoothing: each near packet renews the stay, and DEPART_AFTER_S without one ends it, as of
the last one. A visit is a stay in one zone: who goes on into another ends one visit and begins the next in the same moment.

A row is an index into parallel columns, not an object: a crowded street must fit a small computer (128 bytes a device beyond its
key). `edge.subjects` gives rows out; this tracker says when one is free again. What a visitor's next packet costs is two values
stored and one comparison: `gates` holds the strength above which a packet has anything to say (for a visitor the peak so far,
for a fixture nothing, for a stranger everything).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence

from edge.subjects import NOBODY, AddressBook, Rank
from edge.visits import ARRIVE_DBM, DEPART_DBM, STRONGEST_DBM, Gone, Reason, Thresholds, Visit
from hardware.ble.advertisement import Advertisement

ARRIVE_AFTER_S = 20
"""Who walks past at 1.3 m/s is near for some ten to fifteen seconds. Shorter, and passers-by become visits; longer, and who
looks in for a moment does not. Below STRANGER_AFTER_S, or a stranger is forgotten before becoming a visitor."""

STRONG_ADDS = 2
"""One strong packet outweighs two weak ones: level with the threshold, a phone arrives; six decibels below, it never does
(one packet in thirty is strong there). At 1, a phone in a back pocket would not arrive."""

ARRIVE_SCORE = 5
"""Three strong packets in a row. Lower, and one lucky packet is a visit; higher, and phones that speak rarely are late.
Below MOST_SCORE."""

MOST_SCORE = 12
"""As far as the score can rise: somebody who turns away is forgotten within a dozen packets. Below the marks of a visitor."""

DEPART_AFTER_S = 90
"""Phones in a pocket fall silent for a minute at a time. Shorter, and one stay becomes several; longer, and the count of
people who are here now runs late. Above STRANGER_AFTER_S."""

STRANGER_AFTER_S = 30
"""A stranger not heard near for so long has gone past, and is forgotten."""

FIXTURE_AFTER_S = 4 * 3600
"""Nobody shops for four hours: what stays so long is a loudspeaker, a till or a member of staff. Its visit is dropped."""

PHONES = frozenset((Rank.RANDOM, Rank.MEMBER))
"""Whose names count as people's: no tags, whose bearers have phones too; nothing whose address stays, which no phone's does."""

OUTSIDE = 255
"""The place of whoever a zone model says is outside: near, and no visitor. Above the number of any zone."""

# Marks in the column of scores, above any score.
_VISITOR, _FIXTURE, _PART_OF_SHOP, _MOVED_OUT, _FREE = 100, 101, 102, 103, 255
_NEVER_DBM = 127
_ALWAYS_DBM = -128
_LONG_AGO = float("-inf")

_STRENGTHS_DBM = {strength: strength for strength in range(_ALWAYS_DBM, _NEVER_DBM + 1)}
"""One object for each strength: a list of gates then costs a pointer a row, and is read twice as fast as an array."""


def near_enough(packets: Iterable[Advertisement], depart_dbm: int = DEPART_DBM) -> list[Advertisement]:
    """The packets that can count at all. Most of a street is farther away, and needs no name."""
    return [packet for packet in packets if depart_dbm <= packet.rssi_dbm <= STRONGEST_DBM]


class PresenceTracker:
    """Folds what is heard into visits. `zones` are the names of the places; rows come from `book`.

    `new_id` returns a fresh number of 64 random bits at each call.
    """

    __slots__ = (
        "_arrive_dbm", "_arrived", "_book", "_gates", "_ids", "_left", "_levels", "_near", "_new_id", "_passed",
        "_patterns", "_peaks", "_places", "_scores", "zones",
    )  # fmt: skip

    def __init__(self, book: AddressBook, zones: Sequence[str], new_id: Callable[[], int]) -> None:
        self.zones = tuple(zones)
        self._passed: list[Gone] = []
        self._book = book
        self._new_id = new_id
        self._arrive_dbm = ARRIVE_DBM
        self._near = array("d", (_LONG_AGO,))
        self._arrived = array("d", (0.0,))
        self._ids = array("Q", (0,))
        self._gates = [_NEVER_DBM]
        self._levels = array("b", (0,))
        self._peaks = array("b", (0,))
        self._places = bytearray(1)
        self._patterns = bytearray(1)
        self._left: list[tuple[int, int]] = []
        self._scores = bytearray((_FREE,))

    def __len__(self) -> int:
        """Devices that are being followed now, visitors and strangers."""
        scores = self._scores
        return len(scores) - sum(scores.count(mark) for mark in (_FREE, _PART_OF_SHOP, _MOVED_OUT))

    @property
    def visitors(self) -> int:
        """How many visits last now."""
        return self._scores.count(_VISITOR)

    def feed_all(
        self, rows: Iterable[int], packets: Iterable[Advertisement], arrive_dbm: int = ARRIVE_DBM
    ) -> list[Visit]:
        """Visits that a batch of packets opened: who, and in step with it what was heard, in the only zone.

        Only for what `near_enough` has let through. A crowd comes in batches, and is cheaper so.
        """
        self._make_room(arrive_dbm)
        opened: list[Visit] = []
        near, levels, gates = self._near, self._levels, self._gates
        for row, packet in zip(rows, packets, strict=True):
            near[row] = packet.at
            levels[row] = rssi_dbm = packet.rssi_dbm
            if rssi_dbm > gates[row] and (visit := self._attend(row, packet, 0)):
                opened.append(visit)
        return opened

    def feed_placed(
        self, rows: Iterable[int], packets: Iterable[Advertisement], places: Iterable[int], arrive_dbm: int
    ) -> tuple[list[Visit], list[Visit]]:
        """Visits that packets opened and that they ended by going on, where somebody says in which place each was heard.

        A place is a number of `zones`, or OUTSIDE.
        """
        self._make_room(arrive_dbm)
        opened: list[Visit] = []
        closed: list[Visit] = []
        for row, packet, place in zip(rows, packets, places, strict=True):
            if self._scores[row] == _VISITOR and place != self._places[row]:
                self._go_on(row, packet, place, opened, closed)
            elif self._scores[row] < _VISITOR:
                self._places[row] = place
            self._near[row] = packet.at
            self._levels[row] = packet.rssi_dbm
            if packet.rssi_dbm > self._gates[row] and (visit := self._attend(row, packet, place)):
                opened.append(visit)
        return opened, closed

    def new_among(self, rows: Iterable[int]) -> set[int]:
        """The rows of whom nothing has been heard yet."""
        self._make_room(self._arrive_dbm)
        return {row for row in rows if self._scores[row] == _FREE}

    def tick(self, now: float) -> list[Visit]:
        """Visits that have ended by now. To be called every few seconds."""
        return self._sweep(now - STRANGER_AFTER_S, now - DEPART_AFTER_S, now - FIXTURE_AFTER_S)

    def close(self) -> list[Visit]:
        """End every visit as of its last sighting, for an ordered stop."""
        far = float("inf")
        return self._sweep(far, far, _LONG_AGO)

    def present(self) -> list[Visit]:
        """The visits that last now."""
        return [self._visit(row, None) for row in self._visiting()]

    def reasons(self, receivers: Sequence[int], thresholds: Sequence[Thresholds]) -> list[Reason]:
        """Why each visit lasts. `receivers` has the owner by row where there are several, `thresholds` are those of each."""
        found = []
        for row in self._visiting():
            visit = self._visit(row, None)
            receiver = receivers[row] if receivers else 0
            limits = thresholds[receiver]
            found.append(
                Reason(
                    visit.id, visit.zone, receiver, visit.subject.rank.word, visit.known, visit.arrived_at,
                    self._near[row], self._levels[row], visit.peak_dbm, limits.arrive_dbm, limits.depart_dbm,
                )
            )  # fmt: skip
        return found

    def mark(self, since: float, place: int, bit: int) -> None:
        """Phones that were near in a place since then have this bit in their pattern; fixtures have none."""
        patterns = self._patterns
        columns = zip(self._near, self._scores, self._book.ranks, self._places, strict=False)
        for row, (near, score, rank, here) in enumerate(columns):
            if near >= since and score <= _VISITOR and rank in PHONES and here == place:
                patterns[row] |= bit

    def take_patterns(self, place: int) -> list[int]:
        """The patterns in a place since they were last taken, of those who have gone meanwhile, too. They belong to nobody."""
        left, self._left = self._left, [gone for gone in self._left if gone[1] != place]
        taken = [pattern for pattern, where in left if where == place]
        patterns = self._patterns
        for row, (pattern, here) in enumerate(zip(patterns, self._places, strict=True)):
            if pattern and here == place:
                taken.append(pattern)
                patterns[row] = 0
        return taken

    def silent_since(self, before: float) -> list[tuple[float, int]]:
        """When and in which place the visitors were last heard whom nobody has heard since then."""
        return [(self._near[row], self._places[row]) for row in self._visiting() if self._near[row] < before]

    def take_passed(self) -> list[Gone]:
        """The strangers that have gone since the last time."""
        passed, self._passed = self._passed, []
        return passed

    def reconsider(self) -> None:
        """Somebody was enrolled: whoever is near has something to say again."""
        for row, score in enumerate(self._scores):
            if score in (_VISITOR, _PART_OF_SHOP):
                self._gates[row] = _ALWAYS_DBM

    def _visiting(self) -> list[int]:
        return [row for row, score in enumerate(self._scores) if score == _VISITOR]

    def _make_room(self, arrive_dbm: int) -> None:
        """The columns reach as far as rows were given out; the threshold of what comes now is in force."""
        self._arrive_dbm = arrive_dbm
        more = self._book.size - len(self._near)
        if more <= 0:
            return
        self._near.extend([_LONG_AGO] * more)
        self._arrived.extend([0.0] * more)
        self._ids.frombytes(bytes(8 * more))
        self._gates.extend([_ALWAYS_DBM] * more)
        self._levels.frombytes(bytes(more))
        self._peaks.frombytes(bytes(more))
        self._places.extend(bytes(more))
        self._patterns.extend(bytes(more))
        self._scores.extend([_FREE] * more)

    def _attend(self, row: int, packet: Advertisement, place: int) -> Visit | None:
        """A packet that has something to say: a visitor's new peak, or any of a stranger's."""
        rssi_dbm = packet.rssi_dbm
        if self._scores[row] == _FREE:
            self._begin(row, packet, place)
        book = self._book
        curious = book.curious(row)
        if curious:
            row = self._recognise(row, packet, place)
            curious = book.curious(row)
        score = self._scores[row]
        if score >= _VISITOR:
            if rssi_dbm > self._peaks[row]:
                self._peaks[row] = rssi_dbm
            # A part of the shop has nothing to say; a visitor, when there is a new peak.
            shut_dbm = self._peaks[row] if score == _VISITOR else _NEVER_DBM
            self._gates[row] = _ALWAYS_DBM if curious else _STRENGTHS_DBM[shut_dbm]
            return None
        if rssi_dbm > self._peaks[row]:
            self._peaks[row] = rssi_dbm
        if rssi_dbm < self._arrive_dbm:
            if score:
                self._scores[row] = score - 1
        elif score < ARRIVE_SCORE or packet.at - self._arrived[row] < ARRIVE_AFTER_S or place == OUTSIDE:
            if score < MOST_SCORE:
                self._scores[row] = score + STRONG_ADDS
        else:
            return self._open(row)
        return None

    def _begin(self, row: int, packet: Advertisement, place: int) -> None:
        """A stranger's first packet."""
        self._arrived[row] = packet.at
        self._peaks[row] = packet.rssi_dbm
        self._places[row] = place
        self._scores[row] = 0

    def _open(self, row: int) -> Visit:
        self._scores[row] = _VISITOR
        self._gates[row] = _ALWAYS_DBM if self._book.curious(row) else _STRENGTHS_DBM[self._peaks[row]]
        self._ids[row] = self._new_id()
        return self._visit(row, None)

    def _recognise(self, row: int, packet: Advertisement, place: int) -> int:
        """Look who it is; the row of whoever it turns out to be."""
        whose = self._book.look(row, packet)
        if whose != row:
            self._fold(row, whose, packet, place)
        part = self._book.ranks[whose] == Rank.BEACON
        score = self._scores[whose]
        if part and score <= _VISITOR:
            # A beacon that was taken for a phone so far: it is part of the shop, and makes no visit.
            self._scores[whose] = _PART_OF_SHOP
        elif not part and score == _PART_OF_SHOP:
            self._begin(whose, packet, place)
        return whose

    def _fold(self, row: int, whose: int, packet: Advertisement, place: int) -> None:
        """The stranger in `row` is somebody who has a row already: one stay, not two."""
        if self._scores[whose] == _FREE:
            self._begin(whose, packet, place)
        if self._scores[whose] < _VISITOR:
            self._arrived[whose] = min(self._arrived[whose], self._arrived[row])
            if self._scores[row] == _VISITOR:
                self._scores[whose] = _VISITOR
                self._ids[whose] = self._ids[row]
                self._places[whose] = self._places[row]
                self._peaks[whose] = max(self._peaks[whose], self._peaks[row])
        self._patterns[whose] |= self._patterns[row]
        self._patterns[row] = 0
        self._near[whose] = max(self._near[whose], packet.at)
        self._levels[whose] = packet.rssi_dbm
        self._scores[row] = _MOVED_OUT
        self._gates[row] = _NEVER_DBM
        self._near[row] = _LONG_AGO

    def _go_on(
        self, row: int, packet: Advertisement, place: int, opened: list[Visit], closed: list[Visit]
    ) -> None:
        """A visitor is heard in another place: the stay ends here, and goes on there when heard strong enough to arrive."""
        if place != OUTSIDE and packet.rssi_dbm < self._arrive_dbm:
            return
        closed.append(self._visit(row, self._near[row]))
        self._arrived[row] = packet.at
        self._peaks[row] = packet.rssi_dbm
        self._places[row] = place
        if place == OUTSIDE:
            self._scores[row] = 0
            self._gates[row] = _ALWAYS_DBM
        else:
            opened.append(self._open(row))

    def _sweep(self, strangers_before: float, visitors_before: float, fixtures_before: float) -> list[Visit]:
        ended: list[Visit] = []
        gone: set[int] = set()
        scores, arrived = self._scores, self._arrived
        for row, heard_at in enumerate(self._near):
            if heard_at >= strangers_before:
                if scores[row] == _VISITOR and arrived[row] < fixtures_before:
                    scores[row] = _FIXTURE
                    self._gates[row] = _NEVER_DBM
                continue
            score = scores[row]
            if score < _VISITOR:
                gone.add(row)
                if self._book.ranks[row] in PHONES:
                    self._passed.append(Gone(self._book.ids[row], self._places[row], heard_at))
            elif score in (_PART_OF_SHOP, _MOVED_OUT):
                gone.add(row)
            elif score != _FREE and heard_at < visitors_before:
                gone.add(row)
                if score == _VISITOR:
                    ended.append(self._visit(row, heard_at))
        gone.discard(NOBODY)
        self._leave(gone)
        return ended

    def _leave(self, gone: set[int]) -> None:
        """These rows are free again, and nothing of their bearers stays in them."""
        for row in gone:
            if self._patterns[row]:
                self._left.append((self._patterns[row], self._places[row]))
            self._near[row] = _LONG_AGO
            self._arrived[row] = 0.0
            self._ids[row] = 0
            self._gates[row] = _ALWAYS_DBM
            self._levels[row] = self._peaks[row] = self._places[row] = self._patterns[row] = 0
            self._scores[row] = _FREE
        self._book.forget(gone)

    def _visit(self, row: int, departed_at: float | None) -> Visit:
        book = self._book
        return Visit(
            f"{self._ids[row]:016x}", book.subject(row), self.zones[self._places[row]], self._arrived[row], departed_at,
            self._peaks[row], book.known(row),
        )  # fmt: skip
