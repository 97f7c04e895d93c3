"""What may be said of two groups: exact sums, intervals that widen where they have to, and silence where there are too few."""

from __future__ import annotations

import random
from statistics import fmean, variance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.figures.lift import (
    ALPHA,
    LEAST_ACTIVE,
    LEAST_MEMBERS,
    Sample,
    Verdict,
    interval,
    lift,
    running_alpha,
    sample,
)

totals = st.lists(st.one_of(st.just(0), st.integers(0, 10**9)), min_size=2, max_size=60)


def group(seed: int, count: int, mean: float) -> Sample:
    rnd = random.Random(seed)
    return sample(round(rnd.expovariate(1 / mean)) if mean else 0 for _ in range(count))


@given(totals)
def test_the_sums_of_a_group_give_its_moments_exactly(values: list[int]) -> None:
    found = sample(values)
    assert found.mean == pytest.approx(fmean(values))
    assert found.variance == pytest.approx(variance(values), rel=1e-9, abs=1e-9)
    thirds = fmean([(one - fmean(values)) ** 3 for one in values])
    fourths = fmean([(one - fmean(values)) ** 4 for one in values])
    assert found.fourth == pytest.approx(fourths, rel=1e-6, abs=1e-6)
    assert found.third == pytest.approx(thirds, rel=1e-6, abs=fourths**0.75 * 1e-6 + 1e-6)


def test_members_who_did_nothing_may_be_left_out_of_the_list() -> None:
    assert sample([3, 5, 0, 0]) == sample([3, 5], members=4)


@given(totals, totals)
def test_an_interval_is_one_whatever_the_groups_did(one: list[int], other: list[int]) -> None:
    found = interval(sample(one), sample(other))
    if found is not None:
        assert found.low <= found.difference <= found.high


@given(totals, totals)
def test_groups_that_change_places_change_the_sign(one: list[int], other: list[int]) -> None:
    here, there = interval(sample(one), sample(other)), interval(sample(other), sample(one))
    assert (here is None) == (there is None)
    if here is not None and there is not None:
        wide = here.high - here.low
        assert here.low == pytest.approx(-there.high, rel=1e-6, abs=wide * 1e-6)
        assert here.high == pytest.approx(-there.low, rel=1e-6, abs=wide * 1e-6)


def test_nothing_is_said_where_nobody_did_anything_or_all_did_the_same() -> None:
    assert interval(sample([0] * 50), sample([0] * 50)) is None
    assert interval(sample([7] * 50), sample([7] * 50)) is None
    assert interval(sample([7]), sample([7, 8])) is None


def test_verdicts_follow_the_interval_and_too_few_are_too_few() -> None:
    plain, more, less = group(1, 400, 1_000), group(2, 400, 3_000), group(3, 400, 300)
    assert lift(more, plain, 1.0).verdict is Verdict.WORKED
    assert lift(less, plain, 1.0).verdict is Verdict.HARMED
    assert lift(group(4, 400, 1_000), plain, 1.0).verdict is Verdict.UNCLEAR
    assert lift(more, group(1, LEAST_MEMBERS - 1, 1_000), 1.0).verdict is Verdict.TOO_FEW
    idle = sample([900] * (LEAST_ACTIVE - 1), members=400)
    assert lift(more, idle, 1.0).verdict is Verdict.TOO_FEW
    assert lift(more, plain, 0.0).verdict is Verdict.EARLY


def test_while_a_campaign_runs_the_interval_is_wider_and_the_wider_the_earlier() -> None:
    shares = [running_alpha(share) for share in (0.01, 0.1, 0.5, 1.0)]
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] < ALPHA
    treated, control = group(5, 400, 1_100), group(6, 400, 1_000)
    early, late, end = (lift(treated, control, share).interval for share in (0.1, 0.9, 1.0))
    assert early is not None
    assert late is not None
    assert end is not None
    assert early.low < late.low < end.low < end.high < late.high < early.high


def test_what_all_members_did_is_the_difference_times_their_number() -> None:
    found = lift(group(2, 400, 3_000), group(1, 100, 1_000), 1.0)
    assert found.interval is not None
    assert found.extra == pytest.approx(found.interval.difference * 400)
    assert found.extra_low < found.extra < found.extra_high
