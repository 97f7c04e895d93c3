"""Who went past and who came in: the two numbers behind a shop front's capture rate, for a quarter of an hour.

Pure; `edge.door` tells it of strangers that have gone, of visits that began, and of visitors who fell silent. It keeps times, and
for as long as one salt lives the pseudonyms that it has counted, so that nobody is counted twice who is lost and found again.

A passer is a name that was near and left without becoming a visitor; an entrant is one that became a visitor. Names, not people:
whoever carries two gadgets is two, whoever carries none is nobody, in both numbers alike, so that their share is hardly touched.

Changed addresses. A phone in the shop changes its address every quarter of an hour, and its new one becomes a visitor like
somebody who has come in. We do not ask which was which. But when an address changes, a visitor falls silent and somebody new
appears within GAP_S; two numbers are enough to take that out:

    entrants = arrivals - (arrivals that follow a silence by at most GAP_S - as many as would by chance)

The last term is measured, not assumed: the same count with the silences moved by each of SHIFTS_S, where nothing but chance can
make them meet.

The error. On the simulated street, against the names of those who really came in, entrants stand at 1.12 (two hours each of six
streets: 0.91 to 1.25); without the correction at 1.8. What is left: a change with a longer gap, or in a spot from which a
phone is hardly heard, is not found; a name that is lost for a minute and a half and found again after the salt has changed (every
ten minutes) counts twice; chance adds about the square root of its own term, one or two in a quarter of an hour. A passer
who changes the address before the door (one in fifty) counts twice. And near is what the receiver's thresholds say: of
those on the pavement of that street half, the others pass too far away to be noticed.
"""

from __future__ import annotations

from array import array

import msgspec

from edge.presence import DEPART_AFTER_S

STREET_WINDOW_S = 900.0
"""A quarter of an hour. Shorter, and single people are told; longer, and a busy lunch cannot be seen. Of the order of what a
phone keeps its address for; far above SETTLES_S."""

SETTLES_S = DEPART_AFTER_S + 30.0
"""So long after its end a window is known whole: who fell silent in it is held to have left by then, who came has become a
visitor."""

GAP_S = 6.0
"""From the last packet under one address to the first under the next: a phone that speaks every two seconds is heard again
within six in 96 of 100 cases where every third packet is lost. Longer, and chance meets more often; shorter, and slow phones
count twice."""

SHIFTS_S = (30.0, 60.0, 90.0, 120.0, 150.0, 180.0)
"""Where only chance makes silences and arrivals meet: well above GAP_S, and so near that as many people come and go."""

MOST_NAMES = 5_000
"""Pseudonyms kept so that nobody is counted twice (about 0.5 MB); above it, somebody may be. Eight new names a second for ten
minutes: a street on a holiday has one."""


class StreetCount(msgspec.Struct, frozen=True):
    """Names that went past a zone, and that came in, in the window that ended `at` (on the packets' clock)."""

    zone: str
    at: float
    window_s: float
    passers: int
    entrants: int


class PassingWindow:
    """Counts one zone. `began` is when the door began to listen: who was there before has not come in."""

    __slots__ = ("_arrivals", "_began", "_ends", "_passers", "_seen", "_silences", "zone")

    def __init__(self, zone: str, began: float) -> None:
        self.zone = zone
        self._began = began
        self._ends = began + STREET_WINDOW_S
        self._passers = array("d")
        self._arrivals = array("d")
        self._silences = array("d")
        # Pseudonym -> whether it was counted as somebody who came in.
        self._seen: dict[int, bool] = {}

    def passed(self, name: int, at: float) -> None:
        """A stranger, last heard then, has gone."""
        if name not in self._seen:
            self._remember(name, False)
            self._passers.append(at)

    def came(self, name: int, at: float) -> None:
        """A visit began then."""
        before = self._seen.get(name)
        if before:
            return
        if before is False and self._passers:
            # Not past after all, only lost for a moment. Which of the times was this one's is not known and does not matter.
            self._passers.pop()
        self._remember(name, True)
        self._arrivals.append(at)

    def fell_silent(self, at: float) -> None:
        """A visitor was heard for the last time then."""
        self._silences.append(at)

    def forget_names(self) -> None:
        """The salt is renewed: pseudonyms mean nothing any more."""
        self._seen = {}

    def due(self, now: float) -> bool:
        """Whether a window is over and known whole."""
        return now >= self._ends + SETTLES_S

    def close(self) -> StreetCount:
        """The window that is over, also where it is not known whole yet; the next one begins where it ended."""
        end, self._ends = self._ends, self._ends + STREET_WINDOW_S
        return self._count(end, STREET_WINDOW_S)

    def stop(self, now: float) -> list[StreetCount]:
        """All that there is, for an ordered stop: windows that are over, and what is under way for a minute or more."""
        counts = []
        while now >= self._ends:
            counts.append(self.close())
        window_s = now - (self._ends - STREET_WINDOW_S)
        if window_s >= 60:
            counts.append(self._count(now, window_s))
        return counts

    def _count(self, end: float, window_s: float) -> StreetCount:
        arrivals = sorted(at for at in self._arrivals if at < end)
        passers = sum(1 for at in self._passers if at < end)
        silences = sorted(self._silences)
        by_chance = sum(_meetings(arrivals, silences, shift_s) for shift_s in SHIFTS_S) / len(SHIFTS_S)
        again = max(0.0, _meetings(arrivals, silences, 0.0) - by_chance)
        new = sum(1 for at in arrivals if at > self._began + GAP_S)
        entrants = max(0, round(new - again))
        self._arrivals = array("d", [at for at in self._arrivals if at >= end])
        self._passers = array("d", [at for at in self._passers if at >= end])
        self._silences = array("d", [at for at in silences if at >= end - GAP_S - max(SHIFTS_S)])
        return StreetCount(self.zone, end, window_s, passers, entrants)

    def _remember(self, name: int, came_in: bool) -> None:
        if len(self._seen) < MOST_NAMES:
            self._seen[name] = came_in


def _meetings(arrivals: list[float], silences: list[float], shift_s: float) -> int:
    """How many of the arrivals follow a silence, moved by so much, within GAP_S; each silence is used once. Both in order."""
    met = place = 0
    for arrival in arrivals:
        while place < len(silences) and silences[place] + shift_s < arrival - GAP_S:
            place += 1
        if place < len(silences) and silences[place] + shift_s <= arrival:
            met += 1
            place += 1
    return met
