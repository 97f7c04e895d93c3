"""A walk through the zones with one sender in the hand: from "hold your phone against the radio" to rows that a fit can use.

Pure: `edge.live` feeds it packets and what the installer says, and asks how far it is; the clock is that of the packets. Names
are pseudonyms of its own `SubjectBook` under a salt that lives as long as the walk, ten minutes at most; as soon as the sender is
known everybody else's packets leave no trace here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Literal

import msgspec

from edge.picture import BINS, bin_of, kind_of
from edge.questions import Judged, Stood, WalkState
from edge.subjects import SALT_BYTES, SALT_LIFE_S, SubjectBook, beacon_identity
from hardware.ble.advertisement import Advertisement
from hardware.ble.beacon import read
from hardware.ble.codec import BadPayload

PHONE = "phone"
"""The sender that is found by holding it against the radio; any other is an identity that it says of itself."""

OUTSIDE = "outside"
"""The place before the door; the others are the zones of the receivers."""

HOLD_S = 10.0
"""So long a phone is held against the radio. Shorter, and somebody who brushes past is taken for it."""

HOLD_DBM = -45
"""A phone that touches a radio is heard at -20 to -40 dBm; at half a metre at -48 and less. Lower, and whoever stands beneath the
radio for some seconds is taken for the installer."""

HOLD_ABOVE_DB = 10
"""So much stronger than the next: three times as near. Less, and of two phones in one hand the wrong one may be followed."""

HOLD_PACKETS = 5
"""Phones speak at least every two seconds while their screen is lit. Fewer, and chance decides."""

STAND_S = 30.0
"""One slow turn about oneself: the body goes once between phone and radio."""

STAND_LONGEST_S = 90.0
"""A phone that speaks seldom gets three times as long; then the place is measured with what there is, or not at all."""

STAND_PACKETS = 12
"""Fewer, and the weakest third, which decides about the threshold, is three packets."""

SILENT_S = 15.0
"""So long without a packet inside, and the phone has changed its address or sleeps. Phones leave gaps of ten seconds."""

SEARCH_S = 60.0
"""So long a phone is looked for under one salt. Longer, and an installer who takes his time is left with a short walk."""

WALK_LONGEST_S = SALT_LIFE_S
"""The sender is followed no longer than anybody is known (`subjects.SALT_LIFE_S`)."""

SHOWN_S = 3.0
"""What the page shows while one holds is the middle of the last three seconds: it answers the hand, and does not flicker."""

MOST_CANDIDATES = 256
"""Senders near enough to be the phone that is held; there are never more in reach of a hand."""


class Row(msgspec.Struct, frozen=True):
    """One packet of the sender: where it stood, when, by which receiver, how strong."""

    place: str
    at: float
    receiver: int
    rssi_dbm: int


class Fitted(msgspec.Struct, frozen=True):
    """What a walk leads to: how the setting of today and the new one take its packets; `by_model`: by a zone model."""

    before: Judged
    after: Judged
    by_model: bool = False


class Walk:
    """One walk. `places` are the zones of the receivers in their order; `OUTSIDE` comes by itself."""

    def __init__(
        self,
        zones: Sequence[str],
        sender: str,
        random_bytes: Callable[[int], bytes],
        tags: Iterable[str] = (),
    ) -> None:
        self.zones = tuple(dict.fromkeys(zones))
        self.sender = sender
        self.fitted: Fitted | None = None
        self._random_bytes = random_bytes
        self._salt = random_bytes(SALT_BYTES)
        self._tags = tuple(tags)
        self._book = SubjectBook(self._salt, self._tags)
        self._began_at: float | None = None
        self._now = 0.0
        self._followed: int | None = None
        self._held: dict[int, list[tuple[float, int]]] = {}
        self._best: tuple[int | None, int | None] = (None, None)
        self._last: tuple[float, int] | None = None
        self._rows: dict[str, list[Row]] = {place: [] for place in (*self.zones, OUTSIDE)}
        self._stood_s: dict[str, float] = {}
        self._standing: tuple[str, float] | None = None

    @property
    def places(self) -> tuple[str, ...]:
        """Where to stand, in the order in which one walks out."""
        return tuple(self._rows)

    @property
    def over(self) -> bool:
        """Whether the sender has been followed as long as may be."""
        return self._began_at is not None and self._now - self._began_at > WALK_LONGEST_S

    def rows(self) -> tuple[Row, ...]:
        """Everything that was measured."""
        return tuple(row for rows in self._rows.values() for row in rows)

    def levels(self, place: str, receiver: int | None = None) -> list[int]:
        """The strengths of one place, as one receiver or as all of them heard them."""
        return [row.rssi_dbm for row in self._rows[place] if receiver in (None, row.receiver)]

    def complete(self) -> bool:
        """Whether every place has been stood in."""
        return all(place in self._stood_s for place in self._rows)

    def hear(self, packets: Sequence[Advertisement], receiver: int) -> None:
        """Take in a batch, in the order of its times."""
        if not packets:
            return
        self.tick(packets[0].at)
        if self.over or self.fitted is not None:
            self._forget()
            return
        for packet, subject in zip(packets, self._book.subjects_of(packets), strict=True):
            if self._followed is None:
                self._look_for(packet, subject.id, changing=kind_of(subject, packet) == "changing")
            if subject.id == self._followed:
                self._note(packet, receiver)
        self.tick(packets[-1].at)

    def tick(self, now: float) -> None:
        """Let time pass; a clock that was set back begins the walk anew, since its times mean nothing any more."""
        if self._began_at is None:
            self._began_at = now
        if now < self._now - SILENT_S:
            self._began_at, self._standing = now, None
            self._now = now
        self._now = max(self._now, now)
        self._book.tick(self._now)
        if self._followed is None and not self.over:
            self._choose()
        if self._standing is not None:
            self._end_place()

    def stand(self, place: str) -> str:
        """The installer stands there now; "" or a code for why that cannot be."""
        if place not in self._rows:
            return "no-such-place"
        if self.over:
            return "over"
        if self._followed is None:
            return "not-held"
        self._rows[place] = []
        self._stood_s.pop(place, None)
        self._standing = (place, self._now)
        self.fitted = None
        return ""

    def hold_again(self) -> None:
        """The phone has changed its address: find it anew; what was measured stays."""
        self._followed, self._last, self._standing = None, None, None
        self._held = {}

    def state(self) -> WalkState:
        """How far the walk is."""
        last = self._last
        silent_s = None if last is None else self._now - last[0]
        return WalkState(
            stage=self._stage(),
            trouble=self._trouble(silent_s),
            strongest_dbm=self._best[0],
            second_dbm=self._best[1],
            level_dbm=None if last is None else last[1],
            silent_s=silent_s,
            left_s=0.0 if self._began_at is None else max(0.0, WALK_LONGEST_S - (self._now - self._began_at)),
            stand_s=STAND_S,
            places=tuple(self._stood(place) for place in self._rows),
            now_at=self._standing[0] if self._standing else "",
            before=self.fitted.before if self.fitted else None,
            after=self.fitted.after if self.fitted else None,
            by_model=self.fitted.by_model if self.fitted else False,
        )

    def _stage(self) -> Literal["hold", "ready", "stand", "fitted"]:
        if self.fitted is not None:
            return "fitted"
        if self._followed is None and not self.over:
            return "hold"
        return "ready" if self._standing is None else "stand"

    def _trouble(self, silent_s: float | None) -> str:
        if self.over:
            return "over"
        if self.fitted is not None:
            return ""
        if self._followed is None:
            strongest, second = self._best
            if self.sender != PHONE:
                return "not-heard"
            if strongest is None or strongest < HOLD_DBM:
                return "too-weak"
            if second is not None and strongest - second < HOLD_ABOVE_DB:
                return "two-phones"
            return "hold-on"
        outside = self._standing is not None and self._standing[0] == OUTSIDE
        if silent_s is not None and silent_s > SILENT_S and not outside:
            return "silent"
        return ""

    def _forget(self) -> None:
        """No address stays. Under the same salt the phone would be known again, were a place measured anew."""
        if len(self._book):
            self._book = SubjectBook(self._salt, self._tags)
        if self.over:
            self._salt, self._followed = b"", None

    def _look_for(self, packet: Advertisement, key: int, *, changing: bool) -> None:
        if self.sender != PHONE:
            if _says(packet) == self.sender:
                self._follow(key)
            return
        near = changing and packet.rssi_dbm >= HOLD_DBM - 2 * HOLD_ABOVE_DB
        if near and (key in self._held or len(self._held) < MOST_CANDIDATES):
            self._held.setdefault(key, []).append((packet.at, packet.rssi_dbm))

    def _choose(self) -> None:
        """Find the phone that has been held against the radio for the last ten seconds."""
        since = self._now - HOLD_S
        self._held = {
            key: fresh
            for key, heard in self._held.items()
            if (fresh := [one for one in heard if one[0] >= since])
        }
        self._best = _two_strongest(self._held.values(), self._now - SHOWN_S)
        strongest, second = _two_strongest(self._held.values(), since)
        if strongest is None or strongest < HOLD_DBM:
            self._begin_anew()
            return
        if second is not None and strongest - second < HOLD_ABOVE_DB:
            return
        key = max(self._held, key=lambda one: median(level for _, level in self._held[one]))
        heard = self._held[key]
        # For most of the ten seconds, not only at their end: a phone that is carried past is this strong for a moment.
        if len(heard) >= HOLD_PACKETS and heard[-1][0] - heard[0][0] >= 0.6 * HOLD_S:
            self._follow(key)
            self._last = heard[-1]

    def _begin_anew(self) -> None:
        """Nobody is held there yet: another salt, so that the ten minutes are left for the walk."""
        if self._began_at is not None and self._now - self._began_at > SEARCH_S:
            self._began_at = self._now
            self._salt = self._random_bytes(SALT_BYTES)
            self._book, self._held = SubjectBook(self._salt, self._tags), {}

    def _follow(self, key: int) -> None:
        self._followed = key
        self._held = {}

    def _note(self, packet: Advertisement, receiver: int) -> None:
        self._last = (packet.at, packet.rssi_dbm)
        if self._standing is None:
            return
        place, since = self._standing
        if since <= packet.at <= since + STAND_LONGEST_S:
            self._rows[place].append(Row(place, packet.at, receiver, packet.rssi_dbm))

    def _end_place(self) -> None:
        if self._standing is None:
            return
        place, since = self._standing
        stood_s = self._now - since
        # Outside, hardly to be heard is the best that can be.
        enough = len(self._rows[place]) >= STAND_PACKETS or place == OUTSIDE
        if stood_s >= STAND_S and (enough or stood_s >= STAND_LONGEST_S):
            self._standing = None
            if enough:
                self._stood_s[place] = stood_s
            else:
                self._rows[place] = []

    def _stood(self, place: str) -> Stood:
        levels = sorted(self.levels(place))
        standing_s = self._now - self._standing[1] if self._standing and self._standing[0] == place else 0.0
        return Stood(
            place=place,
            outside=place == OUTSIDE,
            done=place in self._stood_s,
            stood_s=self._stood_s.get(place, standing_s),
            packets=len(levels),
            low_dbm=levels[len(levels) // 10] if levels else None,
            median_dbm=round(median(levels)) if levels else None,
            high_dbm=levels[-1 - len(levels) // 10] if levels else None,
            histogram=_bins(levels),
        )


def _two_strongest(
    senders: Iterable[Sequence[tuple[float, int]]], since: float
) -> tuple[int | None, int | None]:
    """The middle strengths of the two strongest senders from then on."""
    fresh = [[level for at, level in heard if at >= since] for heard in senders]
    middles = sorted((round(median(levels)) for levels in fresh if levels), reverse=True)
    return (middles[0] if middles else None), (middles[1] if len(middles) > 1 else None)


def _says(packet: Advertisement) -> str | None:
    """The identity that a packet carries, as a tag is enrolled."""
    try:
        _, beacon = read(packet.payload)
    except BadPayload:
        return None
    return None if beacon is None else beacon_identity(beacon)


def _bins(levels: Iterable[int]) -> tuple[int, ...]:
    counts = [0] * BINS
    for level in levels:
        counts[bin_of(level)] += 1
    return tuple(counts)
