"""One pass from packets to facts: subjects, visits, people present, and who went past, in one zone or several.

Pure: `edge.daemon` feeds it what radios hear and `edge.replay` what a recording holds; the same packets give both the same
facts. It draws no randomness: salts and visit ids come from the source given to it. Its only clock is that of the packets, which
`tick` moves on when nobody is heard.

Each radio is a receiver with a zone; several may share one. What one receiver hears goes straight to the tracker; where there are
several, `edge.owners` says whose each phone is, so that everybody has one visit at a time and is counted once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from edge.occupancy import WINDOW_S, Correction, Occupancy, OccupancyWindow
from edge.owners import Owners
from edge.passing import GAP_S, PassingWindow, StreetCount
from edge.places import ModelPlaces
from edge.presence import OUTSIDE, PHONES, PresenceTracker, near_enough
from edge.recognition import Enrolled
from edge.sharing import SharedBook
from edge.subjects import SALT_BYTES, SALT_LIFE_S, AddressBook
from edge.visits import STRONGEST_DBM, USUAL, Reason, Thresholds, Visit
from edge.zones import ZoneModel
from hardware.ble.advertisement import Advertisement
from hardware.ble.beacon import forget

TICK_S = 1.0
"""How finely time moves at the door. Ends of visits are looked for once a slice: they are as of the last sighting in any case."""

LONGEST_JUMP_S = 3600.0
"""A gap in the packets' clock longer than this (a machine that slept, a recording of several days) is stepped over."""

LONGEST_STEP_BACK_S = 60.0
"""Packets come a little out of order; more than this is a clock that was set back, and waiting for it to catch up would end
nothing for hours. Above any delay between a radio and here."""


class Noticed(msgspec.Struct, frozen=True):
    """What a batch of packets, or the passing of time, made known."""

    opened: tuple[Visit, ...] = ()
    closed: tuple[Visit, ...] = ()
    measured: tuple[Occupancy, ...] = ()
    street: tuple[StreetCount, ...] = ()

    def __add__(self, other: Noticed) -> Noticed:
        return Noticed(
            self.opened + other.opened,
            self.closed + other.closed,
            self.measured + other.measured,
            self.street + other.street,
        )


NOTHING = Noticed()


class Door:
    """Everything that the edge works out of packets. `random_bytes` is `os.urandom` or a test's own source.

    `zones` names the zone of each receiver, in their order; a single name is a single receiver. `tags` are this shop's own, as
    `subjects.tag_identity` spells them. `thresholds` are those of each receiver; the usual ones where it has none.
    """

    def __init__(
        self,
        zones: str | Sequence[str],
        random_bytes: Callable[[int], bytes],
        tags: Iterable[str] = (),
        correction: Correction | None = None,
        window_s: float = WINDOW_S,
        thresholds: Sequence[Thresholds] = (),
        *,
        shared: bool = False,
    ) -> None:
        names = (zones,) if isinstance(zones, str) else tuple(zones)
        if not 1 <= len(names) < 255:
            raise ValueError(f"A door has 1 to 254 receivers, not {len(names)}.")
        self.zones = tuple(dict.fromkeys(names))
        self._place_of = [self.zones.index(name) for name in names]
        self._random_bytes = random_bytes
        book = SharedBook if shared else AddressBook
        self._book = book(random_bytes(SALT_BYTES), tags)
        self._tracker = PresenceTracker(
            self._book, self.zones, lambda: int.from_bytes(random_bytes(8), "little")
        )
        self._thresholds = _for_each(thresholds, len(names))
        self._owners = Owners()
        self._places: ModelPlaces | None = None
        self._windows = [OccupancyWindow(zone, correction or Correction(), window_s) for zone in self.zones]
        self._slice_s = self._windows[0].slice_s
        self._silent = [True] * len(self.zones)
        self._passing: list[PassingWindow] = []
        self._now: float | None = None
        self._slice_ends = 0.0
        self._salt_ends = 0.0

    @property
    def shared_book(self) -> SharedBook | None:
        """The address book, where ears of other doors use it, too."""
        return self._book if isinstance(self._book, SharedBook) else None

    def depart_dbm(self, receiver: int) -> int:
        """Where near begins for a receiver."""
        return self._thresholds[receiver].depart_dbm

    @property
    def now(self) -> float | None:
        """How far the packets' clock has come; None before the first packet."""
        return self._now

    @property
    def followed(self) -> int:
        """Devices that are followed now."""
        return len(self._tracker)

    @property
    def addresses(self) -> int:
        """Addresses in memory now."""
        return len(self._book)

    @property
    def visitors(self) -> int:
        """Visits that last now."""
        return self._tracker.visitors

    @property
    def turned_away(self) -> int:
        """Packets of strangers for whom there was no room."""
        return self._book.turned_away

    def present(self) -> list[Visit]:
        """The visits that last now."""
        return self._tracker.present()

    def explain(self) -> list[Reason]:
        """Why each visit that lasts now is held to last."""
        several = len(self._place_of) > 1
        return self._tracker.reasons(self._owners.of if several else (), self._thresholds)

    def enrol(self, enrolled: Iterable[Enrolled]) -> None:
        """From now on recognise these, and of all enrolled before only these."""
        self._book.enrol(enrolled)
        self._tracker.reconsider()

    def adjust(
        self, thresholds: Sequence[Thresholds] | None = None, correction: Correction | None = None
    ) -> None:
        """Put a calibration in force while running; None leaves as it is. Visits under way go on."""
        if thresholds is not None:
            self._thresholds = _for_each(thresholds, len(self._place_of))
        if correction is not None:
            for window in self._windows:
                window.correction = correction

    def use_model(self, model: ZoneModel | None) -> None:
        """Let a model of the zones say who is where; None: the receiver that owns a phone does. ValueError: it fits another
        door."""
        self._places = None if model is None else ModelPlaces(model, self.zones, len(self._place_of))

    def hear(self, packets: Sequence[Advertisement], receiver: int = 0) -> Noticed:
        """Take in a batch of one receiver, in the order of its times."""
        if not packets:
            return NOTHING
        if packets[-1].at - packets[0].at >= TICK_S and len(packets) > 1:
            middle = len(packets) // 2
            return self.hear(packets[:middle], receiver) + self.hear(packets[middle:], receiver)
        noticed = self.tick(packets[0].at)
        self._silent[self._place_of[receiver]] = False
        thresholds = self._thresholds[receiver]
        near = near_enough(packets, thresholds.depart_dbm)
        rows = self._book.rows_of(near)
        if self._places is not None:
            opened, closed = self._hear_by_model(self._places, rows, near, packets, receiver)
        elif len(self._place_of) > 1:
            opened, closed = self._hear_one_of_several(rows, near, receiver)
        else:
            opened, closed = self._tracker.feed_all(rows, near, thresholds.arrive_dbm), []
            if not opened:
                return noticed
        self._came(opened, closed)
        return noticed + Noticed(tuple(opened), tuple(closed))

    def tick(self, now: float) -> Noticed:
        """Let time pass until `now`. A clock that was set back ends every visit as of its last sighting, and begins anew."""
        if self._now is None:
            self._begin(now)
        then = self._now
        if then is None or -LONGEST_STEP_BACK_S <= now - then < TICK_S:
            return NOTHING
        if now < then or now - then > LONGEST_JUMP_S:
            street = self._end_street(then)
            closed = self._tracker.close()
            for place, window in enumerate(self._windows):
                window.forget()
                self._tracker.take_patterns(place)
            self._begin(now)
            return Noticed(closed=tuple(closed), street=street)
        noticed = NOTHING
        while self._slice_ends <= now:
            noticed += self._end_slice()
        self._book.tick(now)
        self._now = now
        return noticed

    def stop(self) -> Noticed:
        """End every visit as of its last sighting, and measure what there is of the windows that were under way."""
        now, self._now = self._now, None
        if now is None:
            return NOTHING
        measured: list[Occupancy] = []
        begin = self._slice_ends - self._slice_s
        for place, window in enumerate(self._windows):
            if now - begin >= self._slice_s / 2:
                self._feed(window, place, begin)
            last = window.close(now, self._tracker.take_patterns(place))
            if last is not None:
                measured.append(last)
        street = self._end_street(now)
        closed = self._tracker.close()
        # Strangers whom the stop has cut off have not gone past.
        self._tracker.take_passed()
        self._renew()
        return Noticed(closed=tuple(closed), measured=tuple(measured), street=street)

    def _hear_one_of_several(
        self, rows: Sequence[int], near: Sequence[Advertisement], receiver: int
    ) -> tuple[list[Visit], list[Visit]]:
        self._owners.reach(self._book.size)
        picked, counting = self._owners.pick(rows, near, receiver)
        places = [self._place_of[receiver]] * len(picked)
        return self._tracker.feed_placed(picked, counting, places, self._thresholds[receiver].arrive_dbm)

    def _hear_by_model(
        self,
        places: ModelPlaces,
        rows: Sequence[int],
        near: Sequence[Advertisement],
        packets: Sequence[Advertisement],
        receiver: int,
    ) -> tuple[list[Visit], list[Visit]]:
        places.reach(self._book.size)
        for row in self._tracker.new_among(rows):
            places.begin(row)
        # Somebody near one receiver is weak at another: that is known of whoever has a row, and nobody gets one by it.
        heard = [packet for packet in packets if packet.rssi_dbm <= STRONGEST_DBM]
        found = self._book.find(heard)
        places.hear(found, heard, receiver)
        where = [places.place(row, packet.at) for row, packet in zip(rows, near, strict=True)]
        return self._tracker.feed_placed(rows, near, where, self._thresholds[receiver].arrive_dbm)

    def _begin(self, now: float) -> None:
        self._now = now
        self._slice_ends = now + self._slice_s
        self._salt_ends = now + SALT_LIFE_S
        self._silent = [True] * len(self.zones)
        self._owners = Owners()
        self._passing = [PassingWindow(zone, now) for zone in self.zones]
        self._tracker.take_passed()

    def _end_slice(self) -> Noticed:
        at = self._slice_ends
        begin, self._slice_ends = at - self._slice_s, at + self._slice_s
        closed = self._tracker.tick(at)
        for visit in closed:
            self._passing[self.zones.index(visit.zone)].fell_silent(visit.departed_at or at)
        self._count_passers()
        street = tuple(window.close() for window in self._passing if window.due(at))
        for place, window in enumerate(self._windows):
            self._feed(window, place, begin)
        self._silent = [True] * len(self.zones)
        measured: list[Occupancy] = []
        if self._windows[0].whole():
            closing = [
                window.close(at, self._tracker.take_patterns(place))
                for place, window in enumerate(self._windows)
            ]
            measured = [whole for whole in closing if whole is not None]
            # Between two windows, so that no name has to be followed from one salt into the next.
            if at >= self._salt_ends:
                self._salt_ends = at + SALT_LIFE_S
                self._renew()
        return Noticed((), tuple(closed), tuple(measured), street)

    def _feed(self, window: OccupancyWindow, place: int, begin: float) -> None:
        """The slice that began then is over. Who was near in which is kept beside the rows: the window needs no names."""
        if not self._silent[place]:
            self._tracker.mark(begin, place, window.bit)
        window.feed((), silent=self._silent[place])

    def _renew(self) -> None:
        """A new salt; nothing stays that was heard or said under the old one but visits that last."""
        self._book.renew(self._random_bytes(SALT_BYTES))
        for window in self._passing:
            window.forget_names()
        forget()

    def _count_passers(self) -> None:
        for gone in self._tracker.take_passed():
            self._passing[0 if gone.place == OUTSIDE else gone.place].passed(gone.name, gone.heard_at)

    def _end_street(self, now: float) -> tuple[StreetCount, ...]:
        """The counts so far. Whoever is near is neither past nor, if not yet a visitor, inside."""
        self._count_passers()
        for at, place in self._tracker.silent_since(now - GAP_S):
            self._passing[place].fell_silent(at)
        return tuple(count for window in self._passing for count in window.stop(now))

    def _came(self, opened: Iterable[Visit], closed: Iterable[Visit]) -> None:
        """Visits began. Who only went on from one zone into another has not come in again."""
        going_on = {visit.subject.id for visit in closed}
        for visit in opened:
            if visit.subject.id not in going_on and visit.subject.rank in PHONES:
                self._passing[self.zones.index(visit.zone)].came(visit.subject.id, visit.arrived_at)


def _for_each(thresholds: Sequence[Thresholds], receivers: int) -> list[Thresholds]:
    """Those of each receiver, the usual ones where it has none."""
    return [*thresholds[:receivers], *[USUAL] * (receivers - len(thresholds))]
