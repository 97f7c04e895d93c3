"""What an offer changed: the members who could have it against the control group, with an interval and a verdict.

Pure. Groups are compared as they were drawn, whether or not somebody took the offer (intention to treat): only chance parts them,
so what differs beyond chance is the offer's doing. What is compared is a total per member over the campaign's days, visits or
hundredths of the currency; a member who did nothing counts with nothing.

Totals of money are nothing like normal: most are nothing, few are very large. With a control group of a tenth, Welch's interval
(1947) then holds the truth in 86 to 94 cases of 100, and says "it worked" of an offer that did nothing in up to one of eight:
where the few large ones are missing from the small group, its mean and its variance are too small together. So here

* the variance is that of both groups together, as a permutation of the groups would have it (Student 1908), which does not go up
  and down with the difference of the means; it grows with the 1.5th power of the mean (Jørgensen 1987: sums of a random number of
  random amounts lie between the first and the second), and each effect is judged with the variance that it would have itself, as
  Wilson (1927) does for shares;
* a group's own variance comes in as far as it is known: by how much it scatters itself, against `OWN_VARIANCE` (the shrinkage of
  James and Stein 1961, on the logarithm);
* quantiles are Student's, with as many degrees of freedom as a variance of such long tails is worth (Box 1953), and corrected for
  the skewness of the difference (Cornish and Fisher 1937).

`shopbell prove lift` shows how often the interval holds the truth.

While a campaign runs, each look is one more chance to be fooled. The interval is then wider, so that it holds the truth in 95 of
100 campaigns however often somebody looks: an asymptotic confidence sequence, Robbins' mixture boundary (Waudby-Smith, Arbour,
Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences", 2024), in the share of the
campaign's days as its clock. Members who spend more early also spend more late, so two looks are at least as much alike as this
assumes, and fewer chances are what follows (Slepian 1962).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

ALPHA = 0.05
"""One in twenty intervals may miss the truth."""

LEAST_MEMBERS = 50
"""In each group. With fewer, what the few large ones do is not known well enough for any interval to hold what it promises."""

LEAST_ACTIVE = 20
"""So many in each group must have done anything: an offer for whom hardly anybody came says nothing."""

POWER = 1.5
OWN_VARIANCE = 0.25
"""By how much (standard deviation of the logarithm) a group's variance may differ from what its mean makes one expect."""

MOST_SKEW = 0.6
"""Beyond this the correction for skewness is no approximation any more."""

LEAST_FREEDOM = 8.0

LEAST_MEAN = 0.05
"""Of the common mean: no effect that is thought of leaves a group with less."""

PLANNED = 8.21
"""At which place of its own clock the mixture boundary is narrowest for `ALPHA`: that is where the campaign's last day is put."""

_STEPS = 60


@dataclass(frozen=True, slots=True)
class Sample:
    """One group: how many members, how many of them did anything, and the sums of the powers of their totals, exact."""

    count: int
    active: int
    total: int
    squares: int
    cubes: int
    fourths: int

    @property
    def mean(self) -> float:
        """Per member."""
        return self.total / self.count if self.count else 0.0

    @property
    def variance(self) -> float:
        """Of one member's total, unbiased; 0 for fewer than two members."""
        n = self.count
        return (n * self.squares - self.total**2) / (n * (n - 1)) if n > 1 else 0.0

    @property
    def third(self) -> float:
        """The third central moment."""
        n, s1, s2, s3 = self.count, self.total, self.squares, self.cubes
        return (n * n * s3 - 3 * n * s1 * s2 + 2 * s1 * s1 * s1) / (n * n * n) if n else 0.0

    @property
    def fourth(self) -> float:
        """The fourth central moment."""
        n, s1, s2, s3, s4 = self.count, self.total, self.squares, self.cubes, self.fourths
        above = n * n * n * s4 - 4 * n * n * s1 * s3 + 6 * n * s1 * s1 * s2 - 3 * s1 * s1 * s1 * s1
        return above / (n * n * n * n) if n else 0.0


def sample(totals: Iterable[int], members: int | None = None) -> Sample:
    """A group from the totals of its members; `members`: how many it has, where those with nothing are left out of `totals`."""
    count = active = s1 = s2 = s3 = s4 = 0
    for one in totals:
        square = one * one
        count += 1
        active += one != 0
        s1 += one
        s2 += square
        s3 += square * one
        s4 += square * square
    return Sample(count if members is None else members, active, s1, s2, s3, s4)


@dataclass(frozen=True, slots=True)
class Interval:
    """How much more a member did who could have the offer: the difference of the means, and between what it is. `alpha`: how
    often such an interval misses the truth."""

    difference: float
    low: float
    high: float
    alpha: float


def interval(treated: Sample, control: Sample, alpha: float = ALPHA) -> Interval | None:
    """The interval for the difference of the means; None where nobody did anything, or all did the same."""
    if treated.count < 2 or control.count < 2:
        return None
    shape = _Shape.of(treated, control)
    if shape is None:
        return None
    difference = treated.mean - control.mean
    z = shape.quantile(alpha)
    # The quantile above sets the lower end and the other way round.
    return Interval(difference, shape.end(difference, z), shape.end(difference, -z), alpha)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What both groups together say of how totals scatter."""

    treated: Sample
    control: Sample
    mean: float
    scale: float
    skewness: float
    kurtosis: float

    @staticmethod
    def of(treated: Sample, control: Sample) -> _Shape | None:
        """None where there is nothing to compare."""
        n1, n0 = treated.count, control.count
        mean = (treated.total + control.total) / (n1 + n0)
        inside = (n1 - 1) * treated.variance + (n0 - 1) * control.variance
        if mean <= 0 or inside <= 0:
            return None
        freedom = n1 + n0 - 2
        common = inside / freedom
        scale = (
            sum(
                (one.count - 1) * one.variance / max(one.mean, LEAST_MEAN * mean) ** POWER
                for one in (treated, control)
            )
            / freedom
        )
        thirds = (n1 * treated.third + n0 * control.third) / (n1 + n0)
        fourths = (n1 * treated.fourth + n0 * control.fourth) / (n1 + n0)
        return _Shape(treated, control, mean, scale, thirds / common**1.5, fourths / common**2)

    def quantile(self, alpha: float) -> float:
        """Student's, by the expansion in the normal one (Abramowitz and Stegun 1964, 26.7.5)."""
        z = NormalDist().inv_cdf(1 - alpha / 2)
        freedom = 2 * (self.treated.count + self.control.count) / max(self.kurtosis - 1, 1.0)
        freedom = max(freedom, LEAST_FREEDOM)
        return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)

    def end(self, difference: float, z: float) -> float:
        """The effect for which the difference that was found lies at this quantile."""
        effect = difference
        for _ in range(_STEPS):
            further = difference - self._off(effect, z)
            if abs(further - effect) <= 1e-9 * (abs(further) + self.mean):
                return further
            effect = further
        return effect

    def _off(self, effect: float, z: float) -> float:
        """By how much a difference lies above an effect at a quantile, if that is the effect."""
        n1, n0 = self.treated.count, self.control.count
        share = n1 / (n1 + n0)
        v1 = self._variance(self.treated, self.mean + (1 - share) * effect)
        v0 = self._variance(self.control, self.mean - share * effect)
        whole = v1 / n1 + v0 / n0
        skew = self.skewness * (v1**1.5 / n1**2 - v0**1.5 / n0**2) / whole**1.5
        skew = max(-MOST_SKEW, min(MOST_SKEW, skew))
        return float(math.sqrt(whole) * (z + skew / 6 * (z * z - 1)))

    def _variance(self, group: Sample, mean: float) -> float:
        """What a group's variance is with this mean: what both say of it, and as far as it is known, its own."""
        expected = self.scale * math.pow(max(mean, LEAST_MEAN * self.mean), POWER)
        own = group.variance
        if own <= 0:
            return expected
        unsure = max(self.kurtosis - 1, 0.0) / group.count
        weight = OWN_VARIANCE**2 / (OWN_VARIANCE**2 + unsure)
        return math.exp((1 - weight) * math.log(expected) + weight * math.log(own))


def running_alpha(elapsed: float, alpha: float = ALPHA) -> float:
    """How often an interval may miss at one look, so that all looks together miss at most `alpha` of the time. `elapsed`: which
    share of the campaign's days is over; more than 1 where it was made longer."""
    place = PLANNED * max(elapsed, 1e-6)
    z = math.sqrt((1 + 1 / place) * math.log((1 + place) / alpha**2))
    return math.erfc(z / math.sqrt(2))


class Verdict(StrEnum):
    """What may be said. `EARLY`: nothing is over yet. `UNCLEAR`: chance alone could have made the difference."""

    NO_CONTROL = "no_control"
    EARLY = "early"
    TOO_FEW = "too_few"
    UNCLEAR = "unclear"
    WORKED = "worked"
    HARMED = "harmed"


@dataclass(frozen=True, slots=True)
class Lift:
    """The effect on one thing. `extra`: what all members who could have the offer did because of it, between `extra_low` and
    `extra_high`; 0 where no interval can be given. `is_final`: the campaign is over, so this was looked at once."""

    verdict: Verdict
    treated: Sample
    control: Sample
    interval: Interval | None
    is_final: bool

    @property
    def extra(self) -> float:
        """All of it."""
        return self.interval.difference * self.treated.count if self.interval else 0.0

    @property
    def extra_low(self) -> float:
        """All of it at least."""
        return self.interval.low * self.treated.count if self.interval else 0.0

    @property
    def extra_high(self) -> float:
        """All of it at most."""
        return self.interval.high * self.treated.count if self.interval else 0.0


def lift(treated: Sample, control: Sample, elapsed: float) -> Lift:
    """What may be said of a campaign. `elapsed`: which share of its days is over; 1 or more: it has ended."""
    final = elapsed >= 1
    if elapsed <= 0:
        return Lift(Verdict.EARLY, treated, control, None, is_final=False)
    few = min(treated.count, control.count) < LEAST_MEMBERS or (
        min(treated.active, control.active) < LEAST_ACTIVE
    )
    found = None if few else interval(treated, control, ALPHA if final else running_alpha(elapsed))
    if found is None:
        verdict = Verdict.TOO_FEW
    elif found.low > 0:
        verdict = Verdict.WORKED
    elif found.high < 0:
        verdict = Verdict.HARMED
    else:
        verdict = Verdict.UNCLEAR
    return Lift(verdict, treated, control, found, final)
