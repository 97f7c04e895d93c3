"""Sightings -> visits, with hysteresis.

Pure: reads no clock, opens nothing, logs nothing. `edge.door` feeds it; visit ids come from the source given to it.

How it decides. Whoever is heard at DEPART_DBM or better is *near* and gets a row; weaker packets of strangers leave no
trace at all. A stranger has a score: a packet at ARRIVE_DBM or better adds STRONG_ADDS, a weaker one takes one away. A visit
opens at a strong packet with ARRIVE_SCORE, when the stranger has been near for ARRIVE_AFTER_S: who only walks past is strong for
a moment and gone by then. Why a score and not a moving average: bodies and reflections take strength away far more often than
they add it, so an average lags and reads low exactly while somebody walks in; the score asks how often, not how strong, and
costs one octet. A visitor needs no smoothing: each packet at DEPART_DBM or better renews the stay, and DEPART_AFTER_S without
one ends it, as of the last one.

A row is a slot in parallel columns, not an object: a crowded street must fit a small computer (128 bytes a device beyond
its key). What a visitor's next packet costs is one look-up, one time stored and one comparison: `gates` holds the strength above
which a packet has anything to say (for a visitor the peak so far, for a fixture nothing, for a stranger everything).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeVar

import msgspec

from edge.subjects import Rank, Subject

ARRIVE_DBM = -75
"""About four metres from a door sensor, with a phone in a pocket. Higher, and people far inside are never seen to arrive;
lower, and the pavement across the street comes in. Above DEPART_DBM."""

DEPART_DBM = -82
"""Seven below ARRIVE_DBM, which is one body between phone and sensor. Closer to ARRIVE_DBM, and one fade opens two visits."""

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

MOST_DEVICES = 50_000
"""Rows at most (about 6 MB). Beyond it strangers are turned away and counted, so that a flood of addresses costs no memory."""

_VISITOR = 100
_FIXTURE = 101
_NEVER_DBM = 127
_ALWAYS_DBM = -128

_STRENGTHS_DBM = {strength: strength for strength in range(_ALWAYS_DBM, _NEVER_DBM + 1)}
"""One object for each strength: a list of gates then costs a pointer a row, and is read twice as fast as an array."""


class Heard(Protocol):
    """What the tracker wants to know of a packet."""

    @property
    def rssi_dbm(self) -> int: ...
    @property
    def at(self) -> float: ...


class Sighting(msgspec.Struct, frozen=True, gc=False):
    """Heard here, then. `at` is in seconds on the one clock that all sightings of a tracker share."""

    subject: Subject
    zone: str
    rssi_dbm: int
    at: float


class Visit(msgspec.Struct, frozen=True):
    """A stay. `departed_at` is None while it lasts; `id` is random and belongs to no phone."""

    id: str
    subject: Subject
    zone: str
    arrived_at: float
    departed_at: float | None
    peak_dbm: int

    @property
    def dwell_s(self) -> float:
        """The length of the stay; 0 while it lasts."""
        return 0.0 if self.departed_at is None else max(0.0, self.departed_at - self.arrived_at)


_AnyHeard = TypeVar("_AnyHeard", bound=Heard)


def near_enough(packets: Iterable[_AnyHeard]) -> list[_AnyHeard]:
    """The packets that can count at all. Most of a street is farther away, and needs no name."""
    return [packet for packet in packets if packet.rssi_dbm >= DEPART_DBM]


class PresenceTracker:
    """Folds the sightings of one zone into visits. Reads no clock, opens nothing, logs nothing.

    `new_id` returns a fresh number of 64 random bits at each call.
    """

    __slots__ = (
        "_arrived",
        "_free",
        "_gates",
        "_ids",
        "_near",
        "_new_id",
        "_peaks",
        "_ranks",
        "_scores",
        "_slot_of",
        "turned_away",
        "zone",
    )

    def __init__(self, zone: str, new_id: Callable[[], int]) -> None:
        self.zone = zone
        self.turned_away = 0
        self._new_id = new_id
        self._slot_of: dict[int, int] = {}
        self._free: list[int] = []
        self._near = array("d")
        self._arrived = array("d")
        self._ids = array("Q")
        self._gates: list[int] = []
        self._peaks = array("b")
        self._scores = bytearray()
        self._ranks = bytearray()

    def __len__(self) -> int:
        """Devices that are being followed now, visitors and strangers."""
        return len(self._slot_of)

    @property
    def visitors(self) -> int:
        """How many visits last now."""
        return sum(1 for slot in self._slot_of.values() if self._scores[slot] == _VISITOR)

    def feed(self, sighting: Sighting) -> list[Visit]:
        """Visits this sighting opened."""
        if sighting.zone != self.zone:
            raise ValueError(
                f"A sighting in zone {sighting.zone!r} came to the tracker of zone {self.zone!r}."
            )
        return self.feed_all((sighting.subject,), (sighting,)) if sighting.rssi_dbm >= DEPART_DBM else []

    def feed_all(self, subjects: Iterable[Subject], packets: Iterable[Heard]) -> list[Visit]:
        """Visits that a batch of sightings opened: who, and in step with it what was heard of them in this zone.

        Only for what `near_enough` has let through. A crowd comes in batches, and is cheaper so.
        """
        opened: list[Visit] = []
        find, near, gates = self._slot_of.get, self._near, self._gates
        for subject, packet in zip(subjects, packets, strict=True):
            slot = find(subject.id)
            if slot is None:
                self._meet(subject, packet)
                continue
            near[slot] = packet.at
            if packet.rssi_dbm > gates[slot] and (visit := self._attend(slot, subject, packet)):
                opened.append(visit)
        return opened

    def tick(self, now: float) -> list[Visit]:
        """Visits that have ended by now. To be called about once a second."""
        return self._sweep(now - STRANGER_AFTER_S, now - DEPART_AFTER_S, now - FIXTURE_AFTER_S)

    def close(self) -> list[Visit]:
        """End every visit as of its last sighting, for an ordered stop."""
        far = float("inf")
        return self._sweep(far, far, -far)

    def present(self) -> list[Visit]:
        """The visits that last now."""
        return [
            self._visit(key, slot, None)
            for key, slot in self._slot_of.items()
            if self._scores[slot] == _VISITOR
        ]

    def near_since(self, since: float) -> list[int]:
        """Pseudonyms of phones and the like heard near since then: no fixtures, and no tags, whose bearers have phones too."""
        near, ranks, scores = self._near, self._ranks, self._scores
        return [
            key
            for key, slot in self._slot_of.items()
            if near[slot] >= since and ranks[slot] < Rank.BEACON and scores[slot] != _FIXTURE
        ]

    def rename(self, renewed: Mapping[int, int]) -> None:
        """Follow the same people under new pseudonyms (see `SubjectBook.renew`)."""
        self._slot_of = {renewed.get(key, key): slot for key, slot in self._slot_of.items()}

    def _meet(self, subject: Subject, packet: Heard) -> None:
        """Give a stranger a row."""
        if subject.rank is Rank.BEACON:
            return
        if self._free:
            slot = self._free.pop()
        elif len(self._near) < MOST_DEVICES:
            slot = self._grow()
        else:
            self.turned_away += 1
            return
        self._slot_of[subject.id] = slot
        self._near[slot] = self._arrived[slot] = packet.at
        self._peaks[slot] = min(packet.rssi_dbm, 20)
        self._gates[slot] = _ALWAYS_DBM
        self._ranks[slot] = subject.rank
        self._scores[slot] = STRONG_ADDS if packet.rssi_dbm >= ARRIVE_DBM else 0

    def _grow(self) -> int:
        slot = len(self._near)
        for column in (
            self._near,
            self._arrived,
            self._ids,
            self._gates,
            self._peaks,
            self._scores,
            self._ranks,
        ):
            column.append(0)
        return slot

    def _attend(self, slot: int, subject: Subject, packet: Heard) -> Visit | None:
        """A packet that has something to say: a visitor's new peak, or any of a stranger's."""
        rssi_dbm = min(packet.rssi_dbm, 20)
        if rssi_dbm > self._peaks[slot]:
            self._peaks[slot] = rssi_dbm
        score = self._scores[slot]
        if score >= _VISITOR:
            self._gates[slot] = _STRENGTHS_DBM[rssi_dbm]
        elif rssi_dbm < ARRIVE_DBM:
            if score:
                self._scores[slot] = score - 1
        elif score < ARRIVE_SCORE or packet.at - self._arrived[slot] < ARRIVE_AFTER_S:
            if score < MOST_SCORE:
                self._scores[slot] = score + STRONG_ADDS
        else:
            self._scores[slot] = _VISITOR
            self._gates[slot] = _STRENGTHS_DBM[self._peaks[slot]]
            self._ids[slot] = self._new_id()
            return self._visit(subject.id, slot, None)
        return None

    def _sweep(self, strangers_before: float, visitors_before: float, fixtures_before: float) -> list[Visit]:
        ended: list[Visit] = []
        gone: list[int] = []
        near, scores = self._near, self._scores
        for key, slot in self._slot_of.items():
            heard_at = near[slot]
            if heard_at >= strangers_before:
                if scores[slot] == _VISITOR and self._arrived[slot] < fixtures_before:
                    scores[slot] = _FIXTURE
                    self._gates[slot] = _NEVER_DBM
            elif scores[slot] < _VISITOR:
                gone.append(key)
            elif heard_at < visitors_before:
                gone.append(key)
                if scores[slot] == _VISITOR:
                    ended.append(self._visit(key, slot, heard_at))
        for key in gone:
            self._free.append(self._slot_of.pop(key))
        return ended

    def _visit(self, key: int, slot: int, departed_at: float | None) -> Visit:
        return Visit(
            f"{self._ids[slot]:016x}",
            Subject(key, Rank(self._ranks[slot])),
            self.zone,
            self._arrived[slot],
            departed_at,
            self._peaks[slot],
        )
