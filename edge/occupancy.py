"""Windows of distinct addresses -> people present, with an error band. Nothing is kept from one window to the next.

Pure: `edge.door` feeds it the pseudonyms that were near in each slice, and closes the window.

The estimator. A window of a minute is cut into six slices of ten seconds. A pseudonym counts when it was near in more
than half of them, and that one rule does three things: who walks past is not there long enough; who comes or goes
within the window counts when present for more than half of it, which is who was present in its middle; and a phone that
changes its address within the window leaves one name with a majority of slices, not two. What is left to correct:

    counted = people x phones_per_person x p          p = chance that a present phone reaches its majority

with `q` the chance to hear a phone at least once in a slice, r = window / rotation the chance that it changes its address
within the window: p = (1 - r) P(Bin(6, q) >= 4) + r times the mean, over the slices in which it may change, of the names
that reach four.

The band. One person adds on average m = phones_per_person x p names, with variance v = `spread` x m (people carry none, one or
several; whole families come together, which is why the spread is above one). The factor itself is known to a relative error
`doubt`. With z = 1.645 for nine in ten, the ends of the band are the two numbers of people N at which
(counted - N m)^2 = z^2 (N v + (N m doubt)^2): what could have given this count without being a surprise.

Assumptions, each a parameter of `Correction`: phones speak at least every few seconds while carried; all phones are alike in q;
a shop's customers carry as many phones that speak as customers elsewhere, until somebody counts heads and sets it right.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import comb, sqrt

import msgspec

WINDOW_S = 60.0
"""Shorter, and the count jumps with every fade; longer, and people have come and gone within it. A multiple of SLICES seconds."""

SLICES = 6
"""Ten seconds each: a phone that speaks every two seconds is heard five times in one, and passing by takes two."""

LEAST_SLICES = 3
"""A window cut short by a stop or by the end of a recording is measured from here on. Fewer, and passing by looks like being
there."""

BAND_Z = 1.645
"""Nine times in ten (normal distribution, two-sided)."""


class Correction(msgspec.Struct, frozen=True):
    """How names heard become people. The defaults hold until a shop counts heads by hand.

    `phones_per_person`: devices that speak, per person: about seven in ten phones have Bluetooth on and advertise, and three
    in ten people wear something that does too. `heard_in_slice`: from the advertising interval (at most a few seconds) and a
    tenth to a third of packets lost. `rotation_s`: Core Specification 5.4, Vol 3 Part C, Appendix A. `spread`: variance over
    mean of the names per person and of groups. `doubt`: relative error of the product of all these.
    """

    phones_per_person: float = 1.0
    heard_in_slice: float = 0.95
    rotation_s: float = 900.0
    spread: float = 0.7
    doubt: float = 0.2


class Occupancy(msgspec.Struct, frozen=True):
    """People present in a zone in one window, and the band in which the true number lies nine times in ten.

    `at` is the window's end, on the clock of the packets. `addresses` is how many names counted.
    """

    zone: str
    at: float
    window_s: float
    people: float
    low: float
    high: float
    addresses: int


def majority(slices: int) -> int:
    """More than half: with half, a phone that changes its address in the middle would count twice."""
    return slices // 2 + 1


def majority_chance(heard_in_slice: float, rotation_share: float = 0.0, slices: int = SLICES) -> float:
    """Names that a phone present all through a window is expected to count for.

    `rotation_share` is the chance that its address changes within the window.
    """
    wanted = majority(slices)
    still = _at_least(wanted, slices, heard_in_slice)
    # It changes within slice j: the old name can be heard in slices 0..j, the new one in j and after.
    turning = sum(
        _at_least(wanted, j + 1, heard_in_slice) + _at_least(wanted, slices - j, heard_in_slice)
        for j in range(slices)
    )
    share = min(max(rotation_share, 0.0), 1.0)
    return (1 - share) * still + share * turning / slices


def _at_least(wanted: int, tries: int, chance: float) -> float:
    return sum(comb(tries, k) * chance**k * (1 - chance) ** (tries - k) for k in range(wanted, tries + 1))


def people_of(
    addresses: int, correction: Correction, window_s: float = WINDOW_S, slices: int = SLICES
) -> tuple[float, float, float]:
    """The estimate for so many names, and the two ends of its band: (people, low, high)."""
    p = majority_chance(correction.heard_in_slice, window_s / correction.rotation_s, slices)
    per_person = correction.phones_per_person * p
    variance = correction.spread * per_person
    # (n - N m)^2 = z^2 (N v + (N m d)^2) is a N^2 - b N + n^2 = 0.
    z2 = BAND_Z**2
    a = per_person**2 * (1 - z2 * correction.doubt**2)
    b = 2 * addresses * per_person + z2 * variance
    root = sqrt(max(0.0, b * b - 4 * a * addresses * addresses))
    return addresses / per_person, (b - root) / (2 * a), (b + root) / (2 * a)


class OccupancyWindow:
    """Counts the slices of one window."""

    __slots__ = ("_heard", "_slices", "correction", "window_s", "zone")

    def __init__(self, zone: str, correction: Correction, window_s: float = WINDOW_S) -> None:
        if correction.doubt * BAND_Z >= 1:
            raise ValueError("A doubt of 60 % or more leaves no upper end of the band.")
        self.zone = zone
        self.correction = correction
        self.window_s = window_s
        self._heard: dict[int, int] = {}
        self._slices = 0

    @property
    def slice_s(self) -> float:
        """The length of one slice."""
        return self.window_s / SLICES

    def feed(self, near: Iterable[int]) -> None:
        """The pseudonyms that were near in the slice that has just ended."""
        heard = self._heard
        for key in near:
            heard[key] = heard.get(key, 0) + 1
        self._slices += 1

    def whole(self) -> bool:
        """Whether all slices are in."""
        return self._slices >= SLICES

    def forget(self) -> None:
        """Begin anew without a result."""
        self._heard = {}
        self._slices = 0

    def close(self, at: float) -> Occupancy | None:
        """The estimate; everything that went into it is forgotten. None when there was too little to go by."""
        slices, heard = self._slices, self._heard
        self.forget()
        if slices < LEAST_SLICES:
            return None
        addresses = sum(1 for times in heard.values() if times >= majority(slices))
        window_s = slices * self.slice_s
        people, low, high = people_of(addresses, self.correction, window_s, slices)
        return Occupancy(self.zone, at, window_s, round(people, 1), round(low, 1), round(high, 1), addresses)
