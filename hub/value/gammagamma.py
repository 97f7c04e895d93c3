"""Gamma-Gamma: what somebody spends at a visit, on average, when it is known what they spent at a few.

Pure. Fader & Hardie 2013, "The Gamma-Gamma model of monetary value". What somebody spends varies about a mean of their own
(gamma, shape p), and these means vary over the members (the scale is gamma, q and v). Money is in any one unit; who spends
much does not come more often, or the model does not hold: `correlation` says how far that is so.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hub.value.newton import Slope, Vector, climb
from hub.value.special import digamma, trigamma

NAMES = ("p", "q", "v")
TOLERANCE = 1e-9

Spent = tuple[int, float]
"""At how many visits, and the mean of what was spent at each; both above nothing."""


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """The model with its three parameters."""

    p: float
    q: float
    v: float

    @property
    def mean(self) -> float:
        """What a visit of somebody unknown is worth; infinite where q <= 1."""
        return self.p * self.v / (self.q - 1) if self.q > 1 else math.inf

    def expected(self, visits: int, mean: float) -> float:
        """What a coming visit of somebody is worth who spent `mean` at each of `visits` (equation 5 of the paper): between
        their own mean and everybody's, nearer to their own the more is known."""
        if not visits:
            return self.mean
        known = self.p * visits + self.q - 1
        return self.p * (self.v + visits * mean) / known if known > 0 else math.inf


@dataclass(frozen=True, slots=True)
class GammaGammaFit:
    """The model, its log-likelihood, and whether the top was reached. `held`: parameters at a limit."""

    model: GammaGamma
    log_likelihood: float
    members: int
    steps: int
    reached: bool
    held: tuple[tuple[str, int], ...]


def fit_gamma_gamma(spent: Iterable[Spent]) -> GammaGammaFit | None:
    """The likeliest model of those who spent something; None where nobody did."""
    counted = Counter((visits, mean) for visits, mean in spent if visits > 0 and mean > 0)
    members = sum(counted.values())
    if not members:
        return None
    # Money in units of the mean: then the limits are good for cents as for thousands.
    unit = sum(mean * count for (_, mean), count in counted.items()) / members
    rows = [(count, visits, mean / unit) for (visits, mean), count in sorted(counted.items())]
    limits = ((1e-3, 1e4), (1e-3, 1e4), (1e-6, 1e6))
    found = climb(lambda at: _slope(rows, members, at), (2.0, 3.0, 1.0), limits, TOLERANCE)
    p, q, v = found.at
    # The density of a mean in other units is the density divided by the unit.
    return GammaGammaFit(
        GammaGamma(p, q, v * unit),
        found.value * members - members * math.log(unit),
        members,
        found.steps,
        found.reached,
        tuple((NAMES[index], side) for index, side in found.held),
    )


def log_likelihood(model: GammaGamma, spent: Iterable[Spent]) -> float:
    """How likely these means are by that model (equation 1a of the paper)."""
    rows = [(1, visits, mean) for visits, mean in spent if visits > 0 and mean > 0]
    return _slope(rows, 1, [model.p, model.q, model.v])[0]


def correlation(spent: Iterable[Spent]) -> float:
    """Pearson's, of how often somebody comes and what they spend; 0 where it cannot be told. The model takes it as none."""
    pairs = [(visits, mean) for visits, mean in spent if visits > 0 and mean > 0]
    if len(pairs) < 3:
        return 0.0
    mean_x = math.fsum(x for x, _ in pairs) / len(pairs)
    mean_y = math.fsum(y for _, y in pairs) / len(pairs)
    xx = math.fsum((x - mean_x) ** 2 for x, _ in pairs)
    yy = math.fsum((y - mean_y) ** 2 for _, y in pairs)
    xy = math.fsum((x - mean_x) * (y - mean_y) for x, y in pairs)
    return xy / math.sqrt(xx * yy) if xx > 0 and yy > 0 else 0.0


def _slope(rows: Sequence[tuple[int, int, float]], members: int, at: Vector) -> Slope:
    """Mean log-likelihood with its derivatives by p, q, v. For x visits of mean m: lgamma(px + q) - lgamma(px) - lgamma(q)
    + q log v + (px - 1) log m + px log x - (px + q) log(xm + v)."""
    p, q, v = at
    log_v, lg_q, psi_q, tri_q = math.log(v), math.lgamma(q), digamma(q), trigamma(q)
    value = g_p = g_q = g_v = h_pp = h_pq = h_pv = h_qq = h_qv = h_vv = 0.0
    by_visits: dict[int, tuple[float, float, float, float, float]] = {}
    for count, x, m in rows:
        px = p * x
        of_visits = by_visits.get(x)
        if of_visits is None:
            of_visits = by_visits[x] = (
                math.lgamma(px + q) - math.lgamma(px) - lg_q,
                digamma(px + q),
                digamma(px),
                trigamma(px + q),
                trigamma(px),
            )
        gammas, psi_both, psi_px, tri_both, tri_px = of_visits
        log_m, log_x, log_sum, inverse = math.log(m), math.log(x), math.log(x * m + v), 1.0 / (x * m + v)
        value += count * (gammas + q * log_v + (px - 1) * log_m + px * log_x - (px + q) * log_sum)
        g_p += count * x * (psi_both - psi_px + log_m + log_x - log_sum)
        g_q += count * (psi_both - psi_q + log_v - log_sum)
        g_v += count * (q / v - (px + q) * inverse)
        h_pp += count * x * x * (tri_both - tri_px)
        h_pq += count * x * tri_both
        h_pv -= count * x * inverse
        h_qq += count * (tri_both - tri_q)
        h_qv += count * (1 / v - inverse)
        h_vv += count * ((px + q) * inverse * inverse - q / (v * v))
    second = [[h_pp, h_pq, h_pv], [h_pq, h_qq, h_qv], [h_pv, h_qv, h_vv]]
    return (
        value / members,
        [one / members for one in (g_p, g_q, g_v)],
        [[one / members for one in row] for row in second],
    )
