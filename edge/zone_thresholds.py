"""Where a shop with one receiver begins: thresholds from standing at the farthest place that still counts, and outside the door.

Pure; the installer's page feeds it with two lists of strengths and shows both error rates.

How it fits. `edge.presence` opens a visit where more than one packet in STRONG_ADDS + 1 is at the threshold or better: each such
packet adds STRONG_ADDS to a score, each other takes one away. So what matters of a place is its *reach*: the strength that one
packet in three has. Who stands there with another phone, or another back to the radio, reaches PERSON_DB more or less (normal
distribution); the threshold half-way between the two reaches errs equally on both sides, and least in sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import erf, sqrt

import msgspec

from edge.presence import STRONG_ADDS
from edge.visits import ARRIVE_DBM, DEPART_DBM, STRONGEST_DBM, USUAL, Thresholds
from edge.zone_fit import TAG_DB, USUAL_SLOW_DB, FitError

LEAST_PACKETS = 10
"""Fewer, and one packet in three is a matter of chance. A phone with its screen lit sends as many in ten to twenty seconds."""

PERSON_DB = sqrt(USUAL_SLOW_DB**2 + 2 * TAG_DB**2)
"""4.9 dB: another place a step away, another phone, another pocket."""

SILENT_DBM = -100
"""The reach of a place from which fewer than LEAST_PACKETS come in while one stands there: what radios can hear at all."""

LOWEST_BELOW_DB = 10.0
"""So far below the reach inside the threshold goes at most, even if the street is silent: two PERSON_DB, one phone in fifty is
missed. Lower gains nothing and lets the next shop in."""


class ThresholdErrors(msgspec.Struct, frozen=True):
    """Shares of people, 0 to 1: who stand at the inside place and make no visit; who stand outside and make one."""

    inside_missed: float
    outside_counted: float


class FittedThresholds(msgspec.Struct, frozen=True):
    """The thresholds to use, and what is to be expected of those of today and of these."""

    thresholds: Thresholds
    before: ThresholdErrors
    after: ThresholdErrors


def fit_thresholds(
    inside_dbm: Sequence[int], outside_dbm: Sequence[int], today: Thresholds = USUAL
) -> FittedThresholds:
    """From the strengths of one phone's packets at both places, as one receiver heard them. Raises FitError.

    Departing stays as far below arriving as it usually is: one body between phone and radio.
    """
    if len(inside_dbm) < LEAST_PACKETS:
        raise FitError(
            f"Only {len(inside_dbm)} packets were heard inside, and {LEAST_PACKETS} are needed. "
            "Stand there longer with the screen lit, or nearer."
        )
    inside = _reach(inside_dbm)
    outside = _reach(outside_dbm) if len(outside_dbm) >= LEAST_PACKETS else float(SILENT_DBM)
    if outside >= inside:
        raise FitError(
            f"Outside is heard as well as inside ({outside:.0f} and {inside:.0f} dBm), and no threshold tells them apart. "
            "Move the radio farther into the shop, or put something between it and the door."
        )
    below_db = ARRIVE_DBM - DEPART_DBM
    arrive_dbm = round(max((inside + outside) / 2, inside - LOWEST_BELOW_DB))
    arrive_dbm = min(max(arrive_dbm, -127 + below_db), STRONGEST_DBM)
    fitted = Thresholds(arrive_dbm, arrive_dbm - below_db)
    return FittedThresholds(fitted, _errors(today, inside, outside), _errors(fitted, inside, outside))


def _reach(strengths_dbm: Sequence[int]) -> float:
    """The strength that one packet in STRONG_ADDS + 1 has; strengths are whole decibels, so it lies within one."""
    ordered = sorted(strengths_dbm, reverse=True)
    place = (len(ordered) - 1) / (STRONG_ADDS + 1)
    lower, part = int(place), place - int(place)
    return ordered[lower] * (1 - part) + ordered[min(lower + 1, len(ordered) - 1)] * part


def _errors(thresholds: Thresholds, inside: float, outside: float) -> ThresholdErrors:
    return ThresholdErrors(
        round(_below((thresholds.arrive_dbm - inside) / PERSON_DB), 4),
        round(_below((outside - thresholds.arrive_dbm) / PERSON_DB), 4),
    )


def _below(z: float) -> float:
    """The share of a normal distribution below z."""
    return (1 + erf(z / sqrt(2))) / 2
