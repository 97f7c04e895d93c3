"""Windows of distinct addresses -> people present, with an error band. Nothing is kept from one window to the next.

Pure: `edge.door` feeds it the pseudonyms that were near in each slice, and closes the window.

Names. A window of a minute is cut into six slices of ten seconds. A pseudonym counts when the slices from its first to its last
are more than half of them, and it was near in at least half. That one rule does three things: who walks past is not there long
enough; who comes or goes within the window counts when present for more than half of it, which is who was present in its middle;
and a phone that changes its address within the window leaves one name that counts, not two. (To ask for more than half of the
slices themselves would lose three people in a hundred when the loss of packets rises from 10 to 50 %; this rule loses two.) Let
p be the chance that a phone which is present all through counts:

    p = (1 - r) P(counts) + r times the mean, over the slices in which its address may change, of the names that count

with r = window / rotation, the chance that it changes its address within the window, and q the chance that a phone which is
there is heard in a slice. Packets are lost at one rate today and at another tomorrow, so q is taken from the window itself, as
Cormack (1964) and Jolly (1965) do for animals that come and go: between the first and the last slice in which a name was heard it
was there, so the slices between say how often somebody who is there is heard, whoever arrived, left or changed an address. With
h heard out of t such slices, q = (h + m q0) / (t + m), where q0 is what is usual and m how many slices that is worth: a shop
with two people in it has no more to go by. Silence is not absence: a slice in which the radio heard nothing whatever, from
nobody, measures nothing, and a window of such slices is no figure. names = counted / p is what is left.

People. Each person adds k names on average (none, one or several); and `things` names are there without people: computers in
the back, what is heard through the wall. With N people:

    names = things + k N + an error of variance spread x (k N + things)

The band. k and `things` are known to the standard deviations `doubt` x k and `things_doubt`, with correlation `tie` (a count of
heads that finds more things finds fewer phones a person). With z = 1.645 for nine in ten, the ends of the band are the two
numbers of people at which

    (names - things - k N)^2 = z^2 (spread (k N + things) + things_doubt^2 + 2 tie doubt k things_doubt N + (doubt k N)^2)

which is what could have given this count without being a surprise: a quadratic in N. `edge.calibration` fits k, things, spread
and their doubts to counts of heads; without one, the usual figures hold and the band is as wide as that deserves.

What is left out: phones unlike each other in q (those that are hardly heard at all are in k, which is "phones that we hear, per
person"); a shop whose people carry less in the morning than in the evening. Children and groups only widen `spread`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from math import sqrt

import msgspec

WINDOW_S = 60.0
"""Shorter, and the count jumps with every fade; longer, and people have come and gone within it. A multiple of SLICES seconds."""

SLICES = 6
"""Ten seconds each: a phone that speaks every two seconds is heard five times in one, and passing by takes two."""

LEAST_SLICES = 3
"""A window cut short by a stop, by the end of a recording or by silence is measured from here on. Fewer, and passing by looks
like being there."""

BAND_Z = 1.645
"""Nine times in ten (normal distribution, two-sided)."""

HEARD_WORTH = 20
"""Slices that the usual `heard_in_slice` is worth beside those of the window. A busy minute has a hundred and speaks for itself;
lower, and two people whose phones fade for a moment are taken for three."""

LEAST_HEARD = 0.3
"""Below, a present phone counts in one window of five: that radio counts nobody, whatever it is multiplied with."""

LEAST_THINGS = 0.5
"""Names that are always there to make an error with, such as somebody who stands before the window: an empty shop has a band."""


class Correction(msgspec.Struct, frozen=True):
    """How names heard become people. The defaults hold until a shop counts heads by hand.

    `phones_per_person`: devices that speak and are heard, per person: about seven in ten phones have Bluetooth on and
    advertise, and three in ten people wear something that does too. `heard_in_slice`: what is usual, from the advertising
    interval (at most a few seconds) and a tenth to a third of packets lost. `rotation_s`: Core Specification 5.4, Vol 3 Part C,
    Appendix A. `spread`: variance over mean of the names: about a quarter from what people carry (none, one, several), as much
    again from groups and from who is just coming or going. `doubt`: standard deviation of `phones_per_person`, as a share of
    it. `things`, `things_doubt`: names without people, and how far that may be wrong; `tie`: the correlation of the two errors.
    """

    phones_per_person: float = 1.0
    heard_in_slice: float = 0.95
    rotation_s: float = 900.0
    spread: float = 0.5
    doubt: float = 0.2
    things: float = 0.0
    things_doubt: float = 1.0
    tie: float = 0.0


class Working(msgspec.Struct, frozen=True):
    """How a figure was made: what was heard of those who were there, and what the band consists of.

    `heard_in_slice` is the chance q and `reached` the chance p of this window; `names` is the count after both.
    `by_chance` and `by_doubt` are half the band in people, had there been only the one reason or only the other.
    """

    heard_in_slice: float = 0.0
    reached: float = 0.0
    names: float = 0.0
    by_chance: float = 0.0
    by_doubt: float = 0.0


class Occupancy(msgspec.Struct, frozen=True):
    """People present in a zone in one window, and the band in which the true number lies nine times in ten.

    `at` is the window's end, on the clock of the packets. `window_s` is how long the radio heard anything in it. `addresses` is
    how many names counted.
    """

    zone: str
    at: float
    window_s: float
    people: float
    low: float
    high: float
    addresses: int
    working: Working = Working()


class Estimate(msgspec.Struct, frozen=True):
    """People for a number of names: the figure and the ends of its band."""

    people: float
    low: float
    high: float


def counts(pattern: int, slices: int) -> bool:
    """Whether a name that was near in these slices (bit s for slice s) counts as somebody present.

    Its span is more than half of the slices: with half, a phone that changes its address in the middle would count twice.
    """
    span = pattern.bit_length() - (pattern & -pattern).bit_length() + 1
    return 2 * span > slices and 2 * pattern.bit_count() >= slices


@lru_cache(maxsize=1024)
def counting_chance(heard_in_slice: float, rotation_share: float = 0.0, slices: int = SLICES) -> float:
    """Names that a phone present all through a window is expected to count for.

    `rotation_share` is the chance that its address changes within the window.
    """
    still = _chance(heard_in_slice, slices, slices)
    # It changes within slice j: the old name can be heard in slices 0..j, the new one in j and after.
    turning = sum(
        _chance(heard_in_slice, j + 1, slices) + _chance(heard_in_slice, slices - j, slices)
        for j in range(slices)
    )
    share = min(max(rotation_share, 0.0), 1.0)
    return (1 - share) * still + share * turning / slices


def _chance(heard_in_slice: float, there: int, slices: int) -> float:
    """That somebody counts who is there for the first `there` slices. (For the last ones it is the same.)"""
    return sum(
        heard_in_slice ** pattern.bit_count() * (1 - heard_in_slice) ** (there - pattern.bit_count())
        for pattern in range(1, 1 << there)
        if counts(pattern, slices)
    )


def heard_in_slice_of(patterns: Iterable[int], usual: float) -> float:
    """The chance that somebody who is there is heard in a slice, from the slices between each name's first and last.

    A pattern has bit s set where the name was near in slice s.
    """
    heard = there = 0
    for pattern in patterns:
        first, last = (pattern & -pattern).bit_length(), pattern.bit_length()
        if last - first > 1:
            there += last - first - 1
            heard += pattern.bit_count() - 2
    return max(LEAST_HEARD, (heard + HEARD_WORTH * usual) / (there + HEARD_WORTH))


def estimate(names: float, correction: Correction) -> Estimate:
    """People for so many names (a count that is already corrected for who was not heard), and their band."""
    per_person = correction.phones_per_person
    doubt = correction.doubt * per_person
    z2 = BAND_Z**2
    # Fewer names than things: nobody is here, and the band is that of nobody.
    over = max(0.0, names - correction.things)
    constant = correction.spread * max(correction.things, LEAST_THINGS) + correction.things_doubt**2
    linear = correction.spread * per_person + 2 * correction.tie * doubt * correction.things_doubt
    # (over - k N)^2 = z^2 (constant + linear N + doubt^2 N^2) is a N^2 - b N + c = 0.
    a = per_person**2 - z2 * doubt**2
    b = 2 * over * per_person + z2 * linear
    c = over**2 - z2 * constant
    root = sqrt(max(0.0, b * b - 4 * a * c))
    people = over / per_person
    return Estimate(people, min(max(0.0, (b - root) / (2 * a)), people), max((b + root) / (2 * a), people))


def people_of(
    addresses: int, correction: Correction, window_s: float = WINDOW_S, slices: int = SLICES
) -> tuple[float, float, float]:
    """The estimate for so many names counted where phones are heard as usual: (people, low, high)."""
    reached = counting_chance(correction.heard_in_slice, window_s / correction.rotation_s, slices)
    found = estimate(addresses / reached, correction)
    return found.people, found.low, found.high


class OccupancyWindow:
    """Counts the slices of one window."""

    __slots__ = ("_correction", "_heard", "_past", "_slices", "window_s", "zone")

    def __init__(self, zone: str, correction: Correction, window_s: float = WINDOW_S) -> None:
        self.zone = zone
        self.correction = correction
        self.window_s = window_s
        self._heard: dict[int, int] = {}
        self._slices = 0
        self._past = 0

    @property
    def correction(self) -> Correction:
        """In force from the next `close` on. ValueError for one that leaves no upper end of the band."""
        return self._correction

    @correction.setter
    def correction(self, correction: Correction) -> None:
        if correction.doubt * BAND_Z >= 1:
            raise ValueError("A doubt of 60 % or more leaves no upper end of the band.")
        self._correction = correction

    @property
    def slice_s(self) -> float:
        """The length of one slice."""
        return self.window_s / SLICES

    def feed(self, near: Iterable[int], *, silent: bool = False) -> None:
        """The pseudonyms that were near in the slice that has just ended; `silent` where the radio heard nothing at all."""
        self._past += 1
        if silent:
            return
        bit, heard = 1 << self._slices, self._heard
        for key in near:
            heard[key] = heard.get(key, 0) | bit
        self._slices += 1

    @property
    def bit(self) -> int:
        """What stands for the slice under way in a pattern."""
        return 1 << self._slices

    def whole(self) -> bool:
        """Whether all slices are in."""
        return self._past >= SLICES

    def forget(self) -> None:
        """Begin anew without a result."""
        self._heard = {}
        self._slices = 0
        self._past = 0

    def close(self, at: float, more: Iterable[int] = ()) -> Occupancy | None:
        """The estimate; everything that went into it is forgotten. None when there was too little to go by.

        `more`: patterns of those who were not fed by name; a pattern has a slice's `bit` where somebody was near in it.
        """
        slices, patterns, correction = self._slices, [*self._heard.values(), *more], self._correction
        self.forget()
        if slices < LEAST_SLICES:
            return None
        addresses = sum(1 for pattern in patterns if counts(pattern, slices))
        heard = round(heard_in_slice_of(patterns, correction.heard_in_slice), 3)
        window_s = slices * self.slice_s
        reached = counting_chance(heard, window_s / correction.rotation_s, slices)
        names = addresses / reached
        found = estimate(names, correction)
        alone = msgspec.structs.replace(correction, doubt=0.0, things_doubt=0.0)
        sure = msgspec.structs.replace(correction, spread=0.0)
        return Occupancy(
            self.zone,
            at,
            window_s,
            round(found.people, 1),
            round(found.low, 1),
            round(found.high, 1),
            addresses,
            Working(heard, round(reached, 4), round(names, 2), _half(names, alone), _half(names, sure)),
        )


def _half(names: float, correction: Correction) -> float:
    found = estimate(names, correction)
    return round((found.high - found.low) / 2, 2)
