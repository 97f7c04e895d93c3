"""What the radio hears, as numbers for the installer's page: counts and strengths by class, never who.

Pure: `edge.live` feeds it batches while somebody looks, and asks. Names are pseudonyms of its own `SubjectBook`, under salts that
nothing else knows and that die with the picture; they are needed for counting within a bucket and are gone when it ends.
Times are the packets' own.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from statistics import median

from edge.questions import BeaconHeard, Cell, Strip
from edge.recognition import Enrolled
from edge.subjects import SALT_BYTES, SALT_LIFE_S, Rank, Subject, SubjectBook, beacon_identity
from hardware.ble.advertisement import Advertisement
from hardware.ble.beacon import Beacon, EddystoneEid, EddystoneTlm, read
from hardware.ble.codec import BadPayload

BUCKET_S = 10.0
"""As long as a slice of the people counter: a phone that speaks every two seconds is heard in each. Shorter, and the strips
flicker with every fade; longer, and the page lags behind somebody who walks with it."""

BUCKETS = 30
"""Five minutes: long enough to walk to the door and back, and thirty bars can be told apart at 360 px."""

KINDS = ("changing", "fixed", "beacon", "tag")
"""Phones and other changing addresses; things that keep theirs; beacons; enrolled tags and people."""

BIN_DB, BINS_FROM_DBM, BINS = 5, -100, 14
"""The histogram's bars: -100 to -30 dBm. Below -100 dBm no radio hears; above -30 a phone lies on it."""

MOST_BEACONS = 48
"""Beacons that are told one by one. A page with more is read by nobody; the others are counted."""

MOST_NAMED = 10_000
"""Names told apart within a bucket; a flood of addresses costs no more memory than this (about half a megabyte)."""

_LEVELS = 256
_FIXED_FIRST = "cdef"
"""First digit of a static random address: its two highest bits are set (Core Specification 5.4, Vol 6 Part B, 1.3.2.1)."""


def bin_of(rssi_dbm: int) -> int:
    """Which bar of the histogram a strength belongs to; what is weaker or stronger than all stands in the first or last."""
    return min(max((rssi_dbm - BINS_FROM_DBM) // BIN_DB, 0), BINS - 1)


def kind_of(subject: Subject, packet: Advertisement) -> str:
    """The class of a sender: one of `KINDS`."""
    if subject.rank > Rank.BEACON:
        return "tag"
    if subject.rank is Rank.BEACON:
        return "beacon"
    fixed = packet.address_type == "public" or packet.address[:1] in _FIXED_FIRST
    return "fixed" if fixed else "changing"


class _Bucket:
    """One class in the bucket that is under way: who, and how often each strength."""

    __slots__ = ("levels", "names", "packets")

    def __init__(self) -> None:
        self.names: set[int] = set()
        self.levels = array("L", bytes(_LEVELS * array("L").itemsize))
        self.packets = 0

    def cell(self) -> Cell:
        """What is kept of it: numbers only."""
        heard = [level for level in range(_LEVELS) if self.levels[level]]
        if not heard:
            return Cell(0, 0, None, None)
        middle, passed = 0, 0
        for level in heard:
            passed += self.levels[level]
            if 2 * passed >= self.packets:
                middle = level - 128
                break
        return Cell(len(self.names), self.packets, heard[-1] - 128, middle)

    def bins(self) -> tuple[int, ...]:
        """Packets in each bar of the histogram."""
        counts = [0] * BINS
        for level in range(_LEVELS):
            if self.levels[level]:
                counts[bin_of(level - 128)] += self.levels[level]
        return tuple(counts)


class _Thing:
    """A beacon: what it says that it is, and how strong its last packets were."""

    __slots__ = ("last_at", "levels", "packets", "said")

    def __init__(self) -> None:
        self.said = ""
        self.levels: deque[int] = deque(maxlen=16)
        self.packets = 0
        self.last_at = 0.0


class RadioPicture:
    """Five minutes of one receiver. `random_bytes` gives its salts; `tags` are enrolled identities."""

    def __init__(self, random_bytes: Callable[[int], bytes], tags: Iterable[str] = ()) -> None:
        self._random_bytes = random_bytes
        self._tags = tuple(tags)
        self._enrolled: tuple[Enrolled, ...] = ()
        self.began_at: float | None = None
        self.now = 0.0
        self._begin()

    def _begin(self) -> None:
        self._cells: dict[str, deque[Cell]] = {kind: deque(maxlen=BUCKETS) for kind in KINDS}
        self._bins: deque[tuple[int, ...]] = deque(maxlen=BUCKETS)
        self._things: dict[tuple[str, str], _Thing] = {}
        self.beacons_untold = 0
        self._open: dict[str, _Bucket] = {kind: _Bucket() for kind in KINDS}
        self._bucket_ends = 0.0
        self._new_salt()

    def _new_salt(self) -> None:
        self._book = SubjectBook(self._random_bytes(SALT_BYTES), self._tags)
        self._book.enrol(self._enrolled)
        self._salt_ends = self.now + SALT_LIFE_S

    def enrol(self, enrolled: Iterable[Enrolled]) -> None:
        """From now on these are among the enrolled, and of all before only these."""
        self._enrolled = tuple(enrolled)
        self._book.enrol(self._enrolled)

    def feed(self, packets: Sequence[Advertisement]) -> None:
        """Take in a batch, in the order of its times."""
        if not packets:
            return
        self.tick(packets[0].at)
        for packet, subject in zip(packets, self._book.subjects_of(packets), strict=True):
            if packet.at >= self._bucket_ends:
                self.tick(packet.at)
            kind = kind_of(subject, packet)
            bucket = self._open[kind]
            bucket.packets += 1
            bucket.levels[packet.rssi_dbm + 128] += 1
            if len(bucket.names) < MOST_NAMED:
                bucket.names.add(subject.id)
            if kind == "beacon":
                self._hear_beacon(packet)
        self.tick(packets[-1].at)

    def tick(self, now: float) -> None:
        """Let time pass: whole buckets become numbers. A clock that was set back or has leapt begins the picture anew."""
        if self.began_at is None or not -BUCKET_S <= now - self.now <= BUCKET_S * BUCKETS:
            self.began_at = self.now = now
            self._begin()
            self._bucket_ends = now + BUCKET_S
            return
        self.now = max(self.now, now)
        while self.now >= self._bucket_ends:
            for kind, bucket in self._open.items():
                self._cells[kind].append(bucket.cell())
            self._bins.append(self._open["changing"].bins())
            self._open = {kind: _Bucket() for kind in KINDS}
            self._bucket_ends += BUCKET_S
            if self.now >= self._salt_ends:
                self._new_salt()
        self._book.tick(self.now)

    def strips(self) -> tuple[Strip, ...]:
        """The last whole buckets of each class, oldest first, and the one under way."""
        return tuple(
            Strip(
                kind,
                tuple(self._cells[kind]),
                self._open[kind].cell(),
                round(self._bucket_ends - self.now, 1),
            )
            for kind in KINDS
        )

    def histogram(self) -> tuple[int, ...]:
        """Packets of changing addresses by strength, over all that the strips show."""
        under_way = self._open["changing"].bins()
        return tuple(sum(column) for column in zip(under_way, *self._bins, strict=True))

    def packets_per_s(self) -> float | None:
        """Over the last whole bucket; None before the first."""
        whole = [cells[-1].packets for cells in self._cells.values() if cells]
        return sum(whole) / BUCKET_S if whole else None

    def beacons(self) -> tuple[BeaconHeard, ...]:
        """What has been heard of beacons, the strongest first."""
        told = [
            BeaconHeard(
                type=kind,
                says=thing.said or identity,
                packets=thing.packets,
                rssi_dbm=round(median(thing.levels)),
                age_s=round(max(0.0, self.now - thing.last_at), 1),
            )
            for (kind, identity), thing in self._things.items()
            if self.now - thing.last_at <= BUCKET_S * BUCKETS
        ]
        return tuple(sorted(told, key=lambda one: -one.rssi_dbm))

    def _hear_beacon(self, packet: Advertisement) -> None:
        try:
            _, beacon = read(packet.payload)
        except BadPayload:
            return
        if beacon is None:
            return
        key, said = _said(beacon)
        thing = self._things.get(key)
        if thing is None:
            if len(self._things) >= MOST_BEACONS and not self._forget_oldest():
                self.beacons_untold += 1
                return
            thing = self._things[key] = _Thing()
        thing.said = said
        thing.packets += 1
        thing.last_at = packet.at
        thing.levels.append(packet.rssi_dbm)

    def _forget_oldest(self) -> bool:
        key = min(self._things, key=lambda one: self._things[one].last_at)
        if self.now - self._things[key].last_at <= BUCKET_S * BUCKETS:
            return False
        del self._things[key]
        return True


def _said(beacon: Beacon) -> tuple[tuple[str, str], str]:
    """Type and identity of a beacon, and what the page writes. All changing identities are one row: we do not tell them apart."""
    match beacon:
        case EddystoneTlm():
            warmth = "" if beacon.temperature_c is None else f"{beacon.temperature_c:.1f} °C"
            power = "" if beacon.battery_mv is None else f"{beacon.battery_mv / 1000:.2f} V"
            return ("eddystone-tlm", f"{beacon.uptime_s // 3600:.0f}"), " · ".join(
                filter(None, (power, warmth))
            )
        case EddystoneEid():
            return ("eddystone-eid", ""), ""
        case _:
            kind, _, identity = (beacon_identity(beacon) or "").partition(":")
            return (kind, identity), identity
