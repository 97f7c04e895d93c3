"""One pass from packets to facts: subjects, visits and people present in one zone.

Pure: `edge.daemon` feeds it what a radio hears and `edge.replay` what a recording holds; the same packets give both the same
facts. It draws no randomness: salts and visit ids come from the source given to it. Its only clock is that of the packets, which
`tick` moves on when nobody is heard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from edge.occupancy import WINDOW_S, Correction, Occupancy, OccupancyWindow
from edge.presence import PresenceTracker, Visit, near_enough
from edge.subjects import SALT_BYTES, SALT_LIFE_S, SubjectBook
from hardware.ble.advertisement import Advertisement

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

    def __add__(self, other: Noticed) -> Noticed:
        return Noticed(self.opened + other.opened, self.closed + other.closed, self.measured + other.measured)


class Door:
    """Everything that the edge works out of packets in one zone. `random_bytes` is `os.urandom` or a test's own source."""

    def __init__(
        self,
        zone: str,
        random_bytes: Callable[[int], bytes],
        tags: Iterable[str] = (),
        correction: Correction | None = None,
        window_s: float = WINDOW_S,
    ) -> None:
        self.zone = zone
        self._random_bytes = random_bytes
        self._book = SubjectBook(random_bytes(SALT_BYTES), tags)
        self._tracker = PresenceTracker(zone, lambda: int.from_bytes(random_bytes(8), "little"))
        self._window = OccupancyWindow(zone, correction or Correction(), window_s)
        self._now: float | None = None
        self._slice_ends = 0.0
        self._salt_ends = 0.0

    @property
    def now(self) -> float | None:
        """How far the packets' clock has come; None before the first packet."""
        return self._now

    @property
    def followed(self) -> int:
        """Devices that are followed now."""
        return len(self._tracker)

    @property
    def visitors(self) -> int:
        """Visits that last now."""
        return self._tracker.visitors

    @property
    def turned_away(self) -> int:
        """Strangers for whom there was no room."""
        return self._tracker.turned_away

    def present(self) -> list[Visit]:
        """The visits that last now."""
        return self._tracker.present()

    def hear(self, packets: Sequence[Advertisement]) -> Noticed:
        """Take in a batch, in the order of its times."""
        if not packets:
            return Noticed()
        if packets[-1].at - packets[0].at >= TICK_S and len(packets) > 1:
            middle = len(packets) // 2
            return self.hear(packets[:middle]) + self.hear(packets[middle:])
        noticed = self.tick(packets[0].at)
        near = near_enough(packets)
        opened = self._tracker.feed_all(self._book.subjects_of(near), near)
        return Noticed(tuple(opened), noticed.closed, noticed.measured) if opened else noticed

    def tick(self, now: float) -> Noticed:
        """Let time pass until `now`. A clock that was set back ends every visit as of its last sighting, and begins anew."""
        if self._now is None:
            self._begin(now)
        then = self._now
        if then is None or -LONGEST_STEP_BACK_S <= now - then < TICK_S:
            return Noticed()
        if now < then:
            closed = tuple(self._tracker.close())
            self._window.forget()
            self._begin(now)
            return Noticed(closed=closed)
        if now - then > LONGEST_JUMP_S:
            closed = tuple(self._tracker.tick(now))
            self._window.forget()
            self._begin(now)
            return Noticed(closed=closed)
        closed_all: list[Visit] = []
        measured: list[Occupancy] = []
        while self._slice_ends <= now:
            closed_all += self._tracker.tick(self._slice_ends)
            self._end_slice(measured)
        self._book.tick(now)
        self._now = now
        return Noticed((), tuple(closed_all), tuple(measured))

    def stop(self) -> Noticed:
        """End every visit as of its last sighting, and measure what there is of the window that was under way."""
        measured: tuple[Occupancy, ...] = ()
        if self._now is not None:
            begin = self._slice_ends - self._window.slice_s
            if self._now - begin >= self._window.slice_s / 2:
                self._window.feed(self._tracker.near_since(begin))
            last = self._window.close(self._now)
            measured = (last,) if last is not None else ()
            self._now = None
        return Noticed(closed=tuple(self._tracker.close()), measured=measured)

    def _begin(self, now: float) -> None:
        self._now = now
        self._slice_ends = now + self._window.slice_s
        self._salt_ends = now + SALT_LIFE_S

    def _end_slice(self, measured: list[Occupancy]) -> None:
        at = self._slice_ends
        self._window.feed(self._tracker.near_since(at - self._window.slice_s))
        self._slice_ends = at + self._window.slice_s
        if not self._window.whole():
            return
        whole = self._window.close(at)
        if whole is not None:
            measured.append(whole)
        # Between two windows, so that no name has to be followed from one salt into the next but by the tracker.
        if at >= self._salt_ends:
            self._salt_ends = at + SALT_LIFE_S
            self._tracker.rename(self._book.renew(self._random_bytes(SALT_BYTES)))
