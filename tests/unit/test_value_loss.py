"""The loss score: it learns from the past only, is judged on whom it has not seen, and gives its reasons in words."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.value.calibration import area, tenths, wilson
from hub.value.habits import FEATURES, MONTH, QUARTER, Habit, features, habit_of
from hub.value.logistic import fit_logistic
from hub.value.loss import (
    AWAY_DAYS,
    LEARNT_FROM,
    LossModel,
    fold_of,
    history_of,
    learn,
    learn_on,
    left_out,
    stayed_away,
)
from hub.value.reasons import STEPS, level_of, pace, reasons, warned

TODAY = 400
days_of = st.lists(st.integers(0, 600), max_size=80, unique=True).map(sorted)


def shop(members: int, seed: int, until: int = TODAY + AWAY_DAYS) -> dict[str, list[int]]:
    """Members of different pace, of whom some leave for good, and some come by fits and starts."""
    rnd = random.Random(seed)
    days: dict[str, list[int]] = {}
    for number in range(members):
        pause, day = rnd.gammavariate(1.5, 9), rnd.randrange(300)
        ends = day + rnd.expovariate(1 / 500)
        came = set()
        while day < min(until, ends):
            came.add(int(day))
            day += max(1, rnd.expovariate(1 / pause))
        if came:
            days[f"m{number}"] = sorted(came)
    return days


@pytest.fixture(scope="module")
def house() -> dict[str, list[int]]:
    return shop(1_400, 7)


def test_on_members_whom_it_has_not_seen_it_is_better_than_how_lately_or_how_often(
    house: dict[str, list[int]],
) -> None:
    """Learnt 90 days before from others, as in the shop: neither the day nor the member was seen."""
    told = dict(left_out(house, TODAY, TODAY - AWAY_DAYS, TODAY))
    outcomes = [stayed_away(house[name], TODAY) for name in told]
    habits = [habit_of(house[name], TODAY) for name in told]
    ours = area(list(told.values()), outcomes)
    assert ours > area([one.away for one in habits if one], outcomes)
    assert ours > area([-one.visits for one in habits if one], outcomes) + 0.01
    assert ours > 0.95


def test_what_is_predicted_happens_about_so_often(house: dict[str, list[int]]) -> None:
    told = dict(left_out(house, TODAY, TODAY, TODAY + AWAY_DAYS))
    parts = tenths(list(told.values()), [stayed_away(house[name], TODAY) for name in told])
    assert sum(part.holds for part in parts) >= 7
    assert sum(part.predicted * part.members for part in parts) == pytest.approx(
        sum(part.happened for part in parts), rel=0.1
    )


def test_nothing_of_the_day_or_after_it_is_looked_at(house: dict[str, list[int]]) -> None:
    model = learn(house, TODAY)
    assert model.name == "habits"
    assert model.learnt_on == TODAY - AWAY_DAYS
    blind = {name: [day for day in days if day < TODAY] for name, days in house.items()}
    assert learn({name: days for name, days in blind.items() if days}, TODAY) == model
    with pytest.raises(ValueError, match="not over"):
        learn_on(house, TODAY - AWAY_DAYS + 1, TODAY)


def test_whoever_is_judged_was_left_out_of_the_learning(house: dict[str, list[int]]) -> None:
    """Whatever somebody did after the day changes the chances of others, and never their own."""
    few = dict(list(house.items())[:600])
    before = dict(left_out(few, TODAY, TODAY, TODAY + AWAY_DAYS))
    name = next(name for name in before if stayed_away(few[name], TODAY))
    changed = {**few, name: [*few[name], TODAY + 1]}
    after = dict(left_out(changed, TODAY, TODAY, TODAY + AWAY_DAYS))
    assert after[name] == before[name]
    assert sum(after[one] != before[one] for one in before) > len(before) / 2


def test_parts_of_the_members_are_about_equal_and_always_the_same() -> None:
    sizes = [0] * 10
    for number in range(5_000):
        sizes[fold_of(f"m{number}")] += 1
    assert min(sizes) > 400
    assert fold_of("m1") == fold_of("m1")


def test_with_too_little_to_learn_from_the_visits_to_be_expected_speak_and_it_is_said() -> None:
    few = {f"m{number}": [0, 7 + number, 14 + 2 * number] for number in range(15)}
    model = learn(few, 120)
    assert model.name == "visits"
    assert "Too little to learn from" in model.why["en"]
    assert "The plain rule speaks" in model.why["en"]
    chances = [model.chance(habit) for days in few.values() if (habit := habit_of(days, 120))]
    assert all(0 < chance < 1 for chance in chances)
    lately, long_ago = habit_of([0, 60, 119], 120), habit_of([0, 5, 10], 120)
    assert lately is not None
    assert long_ago is not None
    assert model.chance(lately) < model.chance(long_ago)
    assert model.parts(lately) == []
    assert learn({}, 120).name == "visits"


def test_a_bigger_shop_is_learnt_from_by_a_part_of_it_that_is_always_the_same() -> None:
    many = shop(900, 5)
    first = learn_on(many, 300, TODAY, 500)
    assert first == learn_on(dict(reversed(list(many.items()))), 300, TODAY, 500)
    assert first != learn_on(many, 300, TODAY)
    assert int(first.why["en"].split()[2]) <= 500


@settings(deadline=None)
@given(days_of, st.integers(0, 600))
def test_a_habit_is_what_the_days_say(days: list[int], today: int) -> None:
    habit = habit_of(days, today)
    before = [day for day in days if day < today]
    if not before:
        assert habit is None
        return
    assert habit is not None
    assert habit.visits == len(before)
    assert habit.away == today - before[-1] >= 1
    assert habit.known == today - before[0]
    assert habit.month == sum(today - day <= MONTH for day in before)
    assert habit.quarter == sum(today - day <= QUARTER for day in before)
    assert habit.longest == max((b - a for a, b in pairwise(before)), default=0)
    assert all(math.isfinite(one) for one in features(habit))
    assert len(features(habit)) == len(FEATURES)
    seen = history_of(days, today)
    assert seen is not None
    assert 0 <= seen.recency <= seen.age


@settings(deadline=None)
@given(days_of, st.integers(0, 600))
def test_staying_away_is_no_visit_for_ninety_days(days: list[int], today: int) -> None:
    assert stayed_away(days, today) == (not any(today <= day < today + 90 for day in days))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=40))
def test_the_area_counts_pairs_in_the_right_order(pairs: list[tuple[int, bool]]) -> None:
    scores, outcomes = [float(score) for score, _ in pairs], [outcome for _, outcome in pairs]
    lost = [score for score, outcome in pairs if outcome]
    kept = [score for score, outcome in pairs if not outcome]
    expected = 0.5
    if lost and kept:
        won = sum((a > b) + (a == b) / 2 for a in lost for b in kept)
        expected = won / (len(lost) * len(kept))
    assert area(scores, outcomes) == pytest.approx(expected)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=200))
def test_tenths_hold_everybody_once(pairs: list[tuple[float, bool]]) -> None:
    parts = tenths([chance for chance, _ in pairs], [outcome for _, outcome in pairs])
    assert sum(part.members for part in parts) == len(pairs)
    assert sum(part.happened for part in parts) == sum(outcome for _, outcome in pairs)
    assert [part.predicted for part in parts] == sorted(part.predicted for part in parts)
    assert all(0 <= part.low <= part.share <= part.high <= 1 for part in parts)


def test_an_interval_of_a_share_is_wilsons() -> None:
    """As printed in Newcombe 1998, table I, method 3: 81 of 263."""
    low, high = wilson(81, 263)
    assert low == pytest.approx(0.2553, abs=5e-5)
    assert high == pytest.approx(0.3662, abs=5e-5)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(-2, 2), min_size=3, max_size=3), st.integers(0, 10_000))
def test_weights_stand_where_the_slope_is_nothing(weights: list[float], seed: int) -> None:
    """Checked from outside: moved a little in any direction, the price is never lower."""
    rnd = random.Random(seed)
    rows = [[rnd.gauss(5, 2), rnd.gauss(0, 1), rnd.random()] for _ in range(300)]
    outcomes = [
        rnd.random() < 1 / (1 + math.exp(-sum(map(float.__mul__, weights, row)) + 5 * weights[0]))
        for row in rows
    ]
    model = fit_logistic(rows, outcomes, 2.0)
    if model is None:
        assert len(set(outcomes)) == 1
        return

    def price(bias: float, at: Sequence[float]) -> float:
        total = sum(one * one for one in at)
        for row, outcome in zip(rows, outcomes, strict=True):
            odds = bias + sum(
                weight * (one - mean) / deviation
                for one, weight, mean, deviation in zip(row, at, model.means, model.deviations, strict=True)
            )
            total -= math.log(1 / (1 + math.exp(-odds if outcome else odds)))
        return total

    best = price(model.bias, model.weights)
    for by in (-1e-2, 1e-2):
        assert price(model.bias + by, model.weights) >= best - 1e-7
        for index in range(3):
            moved = list(model.weights)
            moved[index] += by
            assert price(model.bias, moved) >= best - 1e-7


def test_numbers_that_tell_nothing_and_outcomes_that_are_certain_are_no_reason_to_fail() -> None:
    same = fit_logistic([[1.0, 2.0]] * 40, [True] * 10 + [False] * 30, 1.0)
    assert same is not None
    assert same.chance([1.0, 2.0]) == pytest.approx(0.25, abs=1e-6)
    certain = fit_logistic([[float(n)] for n in range(40)], [n >= 20 for n in range(40)], 1.0)
    assert certain is not None
    assert certain.chance([0.0]) < 0.1 < 0.9 < certain.chance([39.0])
    assert fit_logistic([[1.0]], [True], 1.0) is None


def test_the_first_reason_is_how_they_came_and_how_long_they_have_been_away(
    house: dict[str, list[int]],
) -> None:
    model = learn(house, TODAY)
    habit = habit_of([TODAY - 31 - 6 * n for n in range(20, -1, -1)], TODAY)
    assert habit is not None
    told = warned("m", habit, model)
    assert told.reasons[0] == {
        "en": "Came every 6 days, has been away for 31 days.",
        "zh": "过去平均每 6 天到店一次，已有 31 天未光临。",
    }
    assert told.step == STEPS[told.level]
    once = habit_of([TODAY - 1], TODAY)
    assert once is not None
    assert pace(once)["en"] == "Came once, 1 day ago."
    daily = habit_of(list(range(TODAY - 30, TODAY)), TODAY)
    assert daily is not None
    assert pace(daily)["en"] == "Came every day, has been away for 1 day."


def test_the_longer_somebody_is_away_the_louder_the_warning(house: dict[str, list[int]]) -> None:
    model = learn(house, TODAY)
    came = list(range(100, 300, 6))
    chances = []
    for today in (300, 320, 340, 380):
        habit = habit_of(came, today)
        assert habit is not None
        chances.append(model.chance(habit))
    assert chances == sorted(chances)
    assert level_of(chances[0], model.base) == "fine"
    assert level_of(chances[-1], model.base) == "urgent"


@settings(deadline=None)
@given(days_of.filter(lambda days: bool(days) and days[0] < TODAY))
def test_whatever_somebody_did_there_are_reasons_in_both_languages(days: list[int]) -> None:
    habit = habit_of(days, TODAY)
    assert habit is not None
    for words in reasons(habit, MODEL):
        assert words["en"].endswith(".")
        assert words["zh"].endswith("。")
    assert 1 <= len(reasons(habit, MODEL)) <= 3


def test_what_weighs_is_said_in_words() -> None:
    """Weights that make each reason weigh in turn."""
    habit = Habit(visits=30, away=9, gap=12, spread=1.2, longest=60, month=1, quarter=3, known=360)
    texts = " ".join(words["en"] for words in reasons(habit, MODEL))
    assert "Came on 1 day of the last 28, usually 2." in texts
    assert "Comes irregularly: stayed away for up to 60 days before." in texts
    new = Habit(visits=2, away=20, gap=20, spread=1, longest=9, month=2, quarter=2, known=29)
    assert "Is new: first came 29 days ago." in " ".join(words["en"] for words in reasons(new, MODEL))


def _model() -> LossModel:
    learnt = learn(shop(1_000, 3), TODAY)
    assert learnt.logistic is not None
    weights = {"month": -3.0, "spread": 2.0, "known": -1.0}
    fitted = replace(learnt.logistic, weights=tuple(weights.get(name, 0.0) for name in LEARNT_FROM))
    return replace(learnt, logistic=fitted)


MODEL = _model()
