"""The parameters of BG/NBD that make what was seen likeliest.

Pure. The likelihood is Fader, Hardie & Lee 2005, equation 6, with log-sum-exp in place of sums of powers; derivatives are
exact. Members with the same history count together, and everything that hangs on the number of returns alone is worked out
once for each number, so that a shop's members take some milliseconds in plain Python.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hub.value.bgnbd import Bgnbd, History
from hub.value.newton import Slope, Vector, climb
from hub.value.special import digamma, trigamma

NAMES = ("r", "alpha", "a", "b")
TOLERANCE = 1e-9
"""Of the mean log-likelihood: far below what any number of members could tell."""

Group = tuple[int, int, list[tuple[int, float, float]]]
"""Returns; members; and how many with which recency and age."""


@dataclass(frozen=True, slots=True)
class BgnbdFit:
    """The model, its log-likelihood, and whether the top was reached. `held`: parameters at a limit, such as ("a", -1)
    where nobody seems to leave for good."""

    model: Bgnbd
    log_likelihood: float
    members: int
    steps: int
    reached: bool
    held: tuple[tuple[str, int], ...]


def fit_bgnbd(histories: Iterable[History]) -> BgnbdFit | None:
    """The likeliest model; None where nobody ever came back or no time has passed: then there is nothing to fit."""
    groups = grouped(histories)
    members = sum(count for _, count, _ in groups)
    returns = sum(x * count for x, count, _ in groups)
    ages = sum(w * age for _, _, rows in groups for w, _, age in rows)
    if not returns or ages <= 0:
        return None
    mean_age = ages / members
    # Half a gamma's shape and a rate near the mean's; one in four leaves after a visit.
    start = (0.5, 0.5 * ages / returns, 1.0, 3.0)
    limits = ((1e-3, 1e4), (1e-5 * mean_age, 1e6 * mean_age), (1e-5, 1e4), (1e-4, 1e5))
    found = climb(lambda at: _slope(groups, members, at), start, limits, TOLERANCE)
    return BgnbdFit(
        Bgnbd(*found.at),
        found.value * members,
        members,
        found.steps,
        found.reached,
        tuple((NAMES[index], side) for index, side in found.held),
    )


def grouped(histories: Iterable[History]) -> list[Group]:
    """The same histories once, by the number of returns."""
    counted = Counter((one.frequency, one.recency, one.age) for one in histories)
    by_returns: dict[int, list[tuple[int, float, float]]] = defaultdict(list)
    for (frequency, recency, age), count in sorted(counted.items()):
        by_returns[frequency].append((count, recency, age))
    return [(x, sum(count for count, _, _ in rows), rows) for x, rows in by_returns.items()]


def log_likelihood(model: Bgnbd, histories: Iterable[History]) -> float:
    """How likely these histories are by that model."""
    groups = grouped(histories)
    return _slope(groups, 1, [model.r, model.alpha, model.a, model.b])[0]


def _slope(groups: Sequence[Group], members: int, at: Vector) -> Slope:
    """Mean log-likelihood with its derivatives by r, alpha, a, b.

    For one member with x returns, u = log(alpha + T), v = log(alpha + t): l = lgamma(r + x) - lgamma(r) + r log alpha - (r
    + x) u + [Beta's part] + softplus(d), where d = log a - log(b + x - 1) + (r + x)(u - v) are the log odds that they have
    left.
    """
    r, alpha, a, b = at
    value = g_r = g_al = g_a = g_b = 0.0
    h_rr = h_ral = h_alal = h_ra = h_rb = h_ala = h_alb = h_aa = h_ab = h_bb = 0.0
    lg_r, lg_a_b, lg_b = math.lgamma(r), math.lgamma(a + b), math.lgamma(b)
    psi_r, psi_ab, psi_b = digamma(r), digamma(a + b), digamma(b)
    tri_r, tri_ab, tri_b = trigamma(r), trigamma(a + b), trigamma(b)
    log_alpha, log_a = math.log(alpha), math.log(a)
    for x, count, rows in groups:
        m = r + x
        value += count * (math.lgamma(m) - lg_r + r * log_alpha)
        g_r += count * (digamma(m) - psi_r + log_alpha)
        h_rr += count * (trigamma(m) - tri_r)
        g_al += count * r / alpha
        h_ral += count / alpha
        h_alal -= count * r / (alpha * alpha)
        if not x:
            s_u, s_i, s_ii = _ages(rows, alpha)
            value -= m * s_u
            g_r -= s_u
            g_al -= m * s_i
            h_ral -= s_i
            h_alal += m * s_ii
            continue
        d_b = -1.0 / (b + x - 1)
        s_u, s_i, s_ii, s_soft, p, p_l, p_i, p_ii, q, q_l, q_i, q_ll, q_li, q_ii = _returned(
            rows, alpha, m, log_a - math.log(b + x - 1)
        )
        value += s_soft - m * s_u + count * (lg_a_b + math.lgamma(b + x) - lg_b - math.lgamma(a + b + x))
        psi_abx, tri_abx = digamma(a + b + x), trigamma(a + b + x)
        g_r += p_l - s_u
        g_al += m * (p_i - s_i)
        g_a += count * (psi_ab - psi_abx) + p / a
        g_b += count * (psi_ab + digamma(b + x) - psi_b - psi_abx) + p * d_b
        h_rr += q_ll
        h_ral += p_i - s_i + m * q_li
        h_alal += m * (s_ii - p_ii) + m * m * q_ii
        h_ra += q_l / a
        h_rb += q_l * d_b
        h_ala += m * q_i / a
        h_alb += m * q_i * d_b
        h_aa += count * (tri_ab - tri_abx) + (q - p) / (a * a)
        h_ab += count * (tri_ab - tri_abx) + q * d_b / a
        h_bb += count * (tri_ab + trigamma(b + x) - tri_b - tri_abx) + (q + p) * d_b * d_b
    second = [
        [h_rr, h_ral, h_ra, h_rb],
        [h_ral, h_alal, h_ala, h_alb],
        [h_ra, h_ala, h_aa, h_ab],
        [h_rb, h_alb, h_ab, h_bb],
    ]
    return (
        value / members,
        [one / members for one in (g_r, g_al, g_a, g_b)],
        [[one / members for one in row] for row in second],
    )


def _ages(rows: Sequence[tuple[int, float, float]], alpha: float) -> tuple[float, float, float]:
    """Sums over members who never returned: log(alpha + T), 1 / (alpha + T), and its square."""
    s_u = s_i = s_ii = 0.0
    for w, _, age in rows:
        inverse = 1.0 / (alpha + age)
        s_u -= w * math.log(inverse)
        s_i += w * inverse
        s_ii += w * inverse * inverse
    return s_u, s_i, s_ii


def _returned(
    rows: Sequence[tuple[int, float, float]], alpha: float, m: float, base: float
) -> tuple[float, ...]:
    """Sums over members with the same number of returns: of u, i = 1 / (alpha + T), its square and softplus(d); then, with
    p = sigmoid(d), of p, p (u - v), p di, p dii; then the same with p (1 - p), where di and dii are what alpha does to d."""
    log, exp, log1p = math.log, math.exp, math.log1p
    s_u = s_i = s_ii = s_soft = s_p = p_l = p_i = p_ii = s_q = q_l = q_i = q_ll = q_li = q_ii = 0.0
    for w, recency, age in rows:
        at_age, at_last = alpha + age, alpha + recency
        longer = log(at_age / at_last)
        i, j = 1.0 / at_age, 1.0 / at_last
        d = base + m * longer
        if d > 0:
            e = exp(-d)
            p = 1.0 / (1.0 + e)
            s_soft += w * (d + log1p(e))
        else:
            e = exp(d)
            p = e / (1.0 + e)
            s_soft += w * log1p(e)
        q = w * p * (1.0 - p)
        p *= w
        di = i - j
        s_u += w * log(at_age)
        s_i += w * i
        s_ii += w * i * i
        s_p += p
        p_l += p * longer
        p_i += p * di
        p_ii += p * (i * i - j * j)
        s_q += q
        q_l += q * longer
        q_i += q * di
        q_ll += q * longer * longer
        q_li += q * longer * di
        q_ii += q * di * di
    return s_u, s_i, s_ii, s_soft, s_p, p_l, p_i, p_ii, s_q, q_l, q_i, q_ll, q_li, q_ii
