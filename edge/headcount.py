"""Counts of heads -> how names become people in this shop, and how sure that is.

Pure: the installer's page pairs what a person counted with what the radio counted; here both become a `Correction`.

The line. A count of heads is some minutes of windows; its mean names Y and its mean heads H obey, as `edge.occupancy` has it,

    Y = things + k H + an error of variance v H / worth

`v` is the variance that one person adds to one window. It does not average out over a count as over so many windows, for the
same people stand in most of them: a count of W windows is worth 1 + (W - 1) / FRESH_WINDOWS of one. What has to be learnt is k,
phones per person, and `things`, names that are there without people (and staff, who carry the same phones at every count).

The fit is Bayes' rule with normal distributions: k begins at the usual figure with its usual doubt, `things` at the usual number
with THINGS_DOUBT, and every count draws both towards what was counted, as strongly as its v allows (Gelman et al., Bayesian Data
Analysis, 3rd ed., 14.8). So one count moves the figure a part of the way, and twenty leave nothing of where it began. v is
learnt from how far the counts lie from their own line, beginning from the usual spread, which is worth SPREAD_WORTH counts.

A miscount. Within a count, a window whose names lie far from those of the other windows for their heads is left out (a tap too
many, a tap too late). A whole count that does not fit the others is not left out but weighs less, the farther off the less: the
errors are taken as Student's t with MISCOUNT_FREEDOM degrees of freedom, fitted by weighing again (ibid., 17.2).

How often to count. What remains unsure falls with the number of counts like any mean, so from the counts made it follows how
many more bring the doubt at this shop's usual number of people down to TARGET_DOUBT. Nothing brings it below what one day's
people make of it: with V visits a day their own variety is worth about 0.7 / sqrt(V), 5 % for 200 visits, 2 % for 1,200.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from statistics import fmean, median
from typing import Annotated

import msgspec
from msgspec import Meta

from edge.occupancy import Correction, estimate

FRESH_WINDOWS = 30
"""After so many windows of a minute as many people have come as were there at first: stays last ten minutes on average where
people linger, and those counted first are counted to the end. Below, the first counts would be trusted too much."""

THINGS_DOUBT = 1.5
"""Names without people that a shop may have, before anybody counts: none to three."""

SPREAD_WORTH = 6
"""Counts that the usual spread is worth. Fewer, and two counts that agree by chance look certain."""

MISCOUNT_FREEDOM = 5
"""Of Student's t. At 30 a count with a wrong number pulls with full weight; at 2 every second honest count is doubted."""

MISCOUNT_SPANS = 4.0
"""A window so many times the usual distance (median absolute deviation) from its count's middle was not counted right; a count so
many standard deviations off teaches nothing about how far honest counts lie apart."""

LEAST_DISTANCE = 1.0
"""A distance below one name is no miscount, however well the other windows agree."""

TARGET_DOUBT = 0.02
"""Ninety-nine times in a hundred the figure is then right to 5 % (2.58 x 0.02). Together with as much variety of one day's people
(2 % for 1,200 visits) a day is off by 2.3 % on average, and by more than 10 % once in two thousand days."""

ROUNDS = 12
"""Weighing again settles to four digits within ten rounds."""

MOST_DOUBT = 0.5
"""Counts that contradict everything leave a band as wide as this, and not one without an end (`occupancy.BAND_Z`)."""

LEAST_PHONES = 0.05
"""One phone for twenty people: whoever counted a full shop in which nobody is heard has found a radio that hears nothing."""

LEAST_DOUBT = 0.005
"""Nobody knows the usual figure better than this, whatever a setting says."""

MOST_MORE = 999
"""Where the doubt does not fall, or nobody was there to count."""


Number = Annotated[float, Meta(ge=0, le=100_000)]
"""Of people or of names."""


class HeadSample(msgspec.Struct, frozen=True, array_like=True):
    """One window counted by both: `names` as `Occupancy.working` has them, and the mean of the heads over it, staff included."""

    names: Number
    heads: Number


class HeadCount(msgspec.Struct, frozen=True):
    """One count of heads: when it ended (seconds since 1970), and its windows. Nothing but numbers."""

    at: Annotated[float, Meta(ge=0)]
    samples: tuple[HeadSample, ...]


class Compared(msgspec.Struct, frozen=True):
    """What a correction makes of windows that were counted by hand.

    `people` with its band `low` to `high` and `heads` are means over the windows. `error` is the mean distance between figure
    and heads in one window, in people; `held` the share of windows whose band holds the heads.
    """

    windows: int
    heads: float
    people: float
    low: float
    high: float
    error: float
    held: float


class _Line(msgspec.Struct, frozen=True):
    """Phones per person and things, the matrix of their doubt (k k, k things, things things), and v."""

    k: float
    things: float
    kk: float
    kt: float
    tt: float
    v: float


class _Mean(msgspec.Struct, frozen=True):
    """A count without its miscounted windows: means, and for how many heads its error counts as independent."""

    names: float
    heads: float
    worth: float


def fit_heads(counts: Sequence[HeadCount], usual: Correction | None = None) -> Correction:
    """The correction after these counts, beginning from the usual one. Counts without windows say nothing."""
    usual = usual or Correction()
    means = [mean for count in counts if (mean := _mean(count.samples)) is not None]
    if not means:
        return usual
    line = _fit(means, usual)
    return Correction(
        phones_per_person=line.k,
        heard_in_slice=usual.heard_in_slice,
        rotation_s=usual.rotation_s,
        spread=_spread(counts, line, usual),
        doubt=min(sqrt(line.kk) / line.k, MOST_DOUBT),
        things=line.things,
        things_doubt=sqrt(line.tt),
        tie=line.kt / sqrt(line.kk * line.tt),
    )


def doubt_at(people: float, correction: Correction) -> float:
    """The doubt of a figure for so many people, as a share of it: phones per person and things together, chance left out."""
    doubt, things = correction.doubt * people, correction.things_doubt / correction.phones_per_person
    return sqrt(max(0.0, doubt**2 + 2 * correction.tie * doubt * things + things**2)) / people


def more_counts(
    counts: Sequence[HeadCount], usual: Correction | None = None, target: float = TARGET_DOUBT
) -> int:
    """How many more counts like these bring the doubt down to `target`; 0 where it is there. At most MOST_MORE."""
    usual = usual or Correction()
    means = [mean for count in counts if (mean := _mean(count.samples)) is not None]
    heads = fmean(mean.heads for mean in means) if means else 0.0
    if heads <= 0:
        return MOST_MORE
    before, now = _worth(usual, heads), _worth(fit_heads(counts, usual), heads)
    each = (now - before) / len(means)
    if each <= 0:
        return MOST_MORE
    return min(MOST_MORE, max(0, ceil((target**-2 - now) / each)))


def compare(samples: Sequence[HeadSample], correction: Correction) -> Compared | None:
    """What this correction makes of these windows; None where there are none."""
    if not samples:
        return None
    found = [(estimate(sample.names, correction), sample.heads) for sample in samples]
    return Compared(
        windows=len(found),
        heads=fmean(heads for _, heads in found),
        people=fmean(one.people for one, _ in found),
        low=fmean(one.low for one, _ in found),
        high=fmean(one.high for one, _ in found),
        error=fmean(abs(one.people - heads) for one, heads in found),
        held=fmean(one.low <= heads <= one.high for one, heads in found),
    )


def _worth(correction: Correction, heads: float) -> float:
    """One over the square of the doubt."""
    return doubt_at(heads, correction) ** -2


def _mean(samples: Sequence[HeadSample]) -> _Mean | None:
    """The means of a count, over the windows that agree with each other."""
    kept = _agreeing(samples)
    if not kept:
        return None
    worth = 1 + (len(kept) - 1) / FRESH_WINDOWS
    return _Mean(fmean(one.names for one in kept), fmean(one.heads for one in kept), worth)


def _agreeing(samples: Sequence[HeadSample]) -> list[HeadSample]:
    """Without the windows whose names are far from what the count's others make of their heads."""
    if not samples:
        return []
    heads = median(one.heads for one in samples)
    ratio = median(one.names for one in samples) / heads if heads > 0 else 0.0
    off = [one.names - ratio * one.heads for one in samples]
    middle = median(off)
    span = max(median(abs(one - middle) for one in off), LEAST_DISTANCE)
    return [one for one, far in zip(samples, off, strict=True) if abs(far - middle) <= MISCOUNT_SPANS * span]


def _fit(means: Sequence[_Mean], usual: Correction) -> _Line:
    """The line through the counts; `things` is not below nothing."""
    line = _weighed(means, usual, usual.things)
    if line.things >= 0:
        return line
    # Staff without phones would make it negative, and an empty shop would then have people in it.
    through = _weighed(means, msgspec.structs.replace(usual, things=0.0), None)
    return msgspec.structs.replace(line, k=through.k, things=0.0, v=through.v)


def _weighed(means: Sequence[_Mean], usual: Correction, things: float | None) -> _Line:
    """Weigh, fit, learn v, weigh again. `things` None: the line goes through nothing at no heads."""
    k0, v0 = usual.phones_per_person, usual.spread * usual.phones_per_person
    v, trust = v0, [1.0] * len(means)
    line = _Line(k0, things or 0.0, 0.0, 0.0, 0.0, v0)
    for _ in range(ROUNDS):
        line = _solve(means, trust, v, usual, things)
        off = [(m.names - line.things - line.k * m.heads) ** 2 * m.worth / max(m.heads, 1.0) for m in means]
        far = MISCOUNT_SPANS**2 * v
        v = (SPREAD_WORTH * v0 + sum(min(one, far) for one in off)) / (SPREAD_WORTH + len(means))
        trust = [(MISCOUNT_FREEDOM + 1) / (MISCOUNT_FREEDOM + one / v) for one in off]
    return msgspec.structs.replace(line, k=max(line.k, LEAST_PHONES), v=v)


def _solve(
    means: Sequence[_Mean], trust: Sequence[float], v: float, usual: Correction, things: float | None
) -> _Line:
    """The two normal equations: what the counts say and what is usual, each by its worth."""
    k0 = usual.phones_per_person
    prior_k = (max(usual.doubt, LEAST_DOUBT) * k0) ** -2
    prior_t = max(usual.things_doubt, THINGS_DOUBT) ** -2
    hh, ht, tt, hy, ty = prior_k, 0.0, prior_t, prior_k * k0, prior_t * (things or 0.0)
    for mean, weight in zip(means, trust, strict=True):
        w = weight * mean.worth / (v * max(mean.heads, 1.0))
        hh += w * mean.heads**2
        hy += w * mean.heads * mean.names
        ht += w * mean.heads
        tt += w
        ty += w * mean.names
    if things is None:
        return _Line(hy / hh, 0.0, 1 / hh, 0.0, 0.0, v)
    det = hh * tt - ht**2
    return _Line((hy * tt - ty * ht) / det, (hh * ty - ht * hy) / det, tt / det, -ht / det, hh / det, v)


def _spread(counts: Sequence[HeadCount], line: _Line, usual: Correction) -> float:
    """Variance over mean of the names of single windows about the line."""
    total, worth = SPREAD_WORTH * usual.spread, float(SPREAD_WORTH)
    for count in counts:
        kept = _agreeing(count.samples)
        if kept:
            expected = [line.things + line.k * one.heads for one in kept]
            off = sum((one.names - mean) ** 2 for one, mean in zip(kept, expected, strict=True))
            total += off / max(sum(expected), LEAST_DISTANCE)
            worth += 1
    return total / worth
