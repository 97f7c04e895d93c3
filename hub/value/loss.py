"""The loss score: how likely a member is to stay away for the next 90 days.

Pure. It learns from the shop's own past: from how members used to come on an earlier day, what BG/NBD made of it, and who
then stayed away for 90 days. Only days whose 90 days are over are learnt from. Where too few were lost to learn from,
BG/NBD (or its plain form) speaks: the chance of nobody's visit among those that are to be expected.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hub.value.bgnbd import Bgnbd, History
from hub.value.choosing import Words, choose
from hub.value.habits import FEATURES, Habit, features, habit_of
from hub.value.logistic import Logistic, fit_logistic

AWAY_DAYS = 90
RIDGE = 10.0
FEWEST_LOST = FEWEST_KEPT = 20
"""Members who stayed away, and who did not, from whom something can be learnt."""

MOST_LEARNT_FROM = 20_000
"""More members make the weights no better; which ones is decided by their id's hash, so always the same."""

USUAL_BASE = 0.1
"""What part of all members is taken to be lost where that is not known yet: it only says when a warning is loud."""

FOLDS = 10

GONE = 2.0
"""Log odds: of BG/NBD's word no more is taken, so that where it is wrong it is not wrong without end."""

LEARNT_FROM = (*FEATURES, "gone")

Days = Mapping[str, Sequence[int]]
"""By member the days on which they came, in order; a day is a whole number."""


@dataclass(frozen=True, slots=True)
class LossModel:
    """What was learnt. `learnt_on`: the day whose members taught it, None where BG/NBD speaks. `base`: how many of a
    hundred were lost then, as a chance."""

    name: Literal["habits", "visits"]
    why: Words
    base: float
    logistic: Logistic | None
    visits: Bgnbd
    learnt_on: int | None = None

    def chance(self, habit: Habit) -> float:
        """Of staying away for the next 90 days."""
        if self.logistic:
            return self.logistic.chance(told(habit, self.visits))
        return math.exp(-self.visits.expected(seen_as(habit), AWAY_DAYS / 7))

    def parts(self, habit: Habit) -> list[float]:
        """What each of LEARNT_FROM adds to the log odds; nothing where BG/NBD speaks."""
        return self.logistic.parts(told(habit, self.visits)) if self.logistic else []


def seen_as(habit: Habit) -> History:
    """The habit as BG/NBD sees it, in weeks."""
    return History(habit.visits - 1, (habit.known - habit.away) / 7, habit.known / 7)


def told(habit: Habit, visits: Bgnbd) -> tuple[float, ...]:
    """The numbers of LEARNT_FROM."""
    gone = visits.log_odds_gone(seen_as(habit))
    return (*features(habit), min(max(gone, -GONE), GONE))


def stayed_away(days: Sequence[int], today: int) -> bool:
    """Whether they did not come on `today` and the 89 days after it."""
    index = bisect_left(days, today)
    return index == len(days) or days[index] >= today + AWAY_DAYS


def learn(days: Days, today: int) -> LossModel:
    """From everything before `today`: the members of 90 days ago, whose outcome is known by now."""
    return learn_on(days, today - AWAY_DAYS, today)


def learn_on(days: Days, day: int, today: int, most: int = MOST_LEARNT_FROM) -> LossModel:
    """From the members as they were on `day`, and from what is known before `today`, which is 90 days later at least. Of
    more than `most` members only so many."""
    if today - day < AWAY_DAYS:
        raise ValueError("The 90 days after the day to learn from are not over.")
    habits, outcomes = [], []
    for name in _chosen(days, most):
        if habit := habit_of(days[name], day):
            habits.append(habit)
            outcomes.append(stayed_away(days[name], day))
    lost = sum(outcomes)
    kept = len(outcomes) - lost
    if min(lost, kept) < FEWEST_LOST:
        return _by_visits(days, today, lost, kept)
    visits = choose([seen_as(habit) for habit in habits]).model
    return LossModel(
        "habits",
        {
            "en": f"Learnt from {len(habits)} members as they were {today - day} days ago: {lost} of them then stayed away "
            f"for {AWAY_DAYS} days.",
            "zh": f"根据 {len(habits)} 位会员 {today - day} 天前的到店习惯得出：其中 {lost} 位此后 {AWAY_DAYS} 天未再光临。",
        },
        lost / len(habits),
        fit_logistic([told(habit, visits) for habit in habits], outcomes, RIDGE),
        visits,
        day,
    )


def _by_visits(days: Days, today: int, lost: int, kept: int) -> LossModel:
    speaker = choose([seen for name in days if (seen := history_of(days[name], today))])
    return LossModel(
        "visits",
        {
            "en": f"Too little to learn from: of {lost + kept} members {lost} stayed away for 90 days and {kept} did not "
            f"(it takes {FEWEST_LOST} of each). " + speaker.why["en"],
            "zh": f"可供学习的数据太少：{lost + kept} 位会员中 {lost} 位 90 天未再光临，{kept} 位再次光临"
            f"（两者各需至少 {FEWEST_LOST} 位）。" + speaker.why["zh"],
        },
        USUAL_BASE,
        None,
        speaker.model,
    )


def history_of(days: Sequence[int], today: int) -> History | None:
    """The same days as BG/NBD sees them, in weeks; None where they never came before `today`."""
    visits = bisect_left(days, today)
    if not visits:
        return None
    return History(visits - 1, (days[visits - 1] - days[0]) / 7, (today - days[0]) / 7)


def fold_of(name: str, folds: int = FOLDS) -> int:
    """Which part of the members somebody is in: by the hash of their id, so always the same."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) % folds


def left_out(
    days: Days, day: int, learnt_on: int, today: int, folds: int = FOLDS
) -> Iterator[tuple[str, float]]:
    """Everybody's chance on `day`, from a model that has seen nothing of them: it is learnt on `learnt_on` from the other
    parts of the members. What is known goes up to `today`."""
    parts = [fold_of(name, folds) for name in days]
    for fold in range(folds):
        others = {name: days[name] for name, part in zip(days, parts, strict=True) if part != fold}
        model = learn_on(others, learnt_on, today)
        for name, part in zip(days, parts, strict=True):
            if part == fold and (habit := habit_of(days[name], day)):
                yield name, model.chance(habit)


def _chosen(days: Days, most: int) -> list[str]:
    if len(days) <= most:
        return sorted(days)
    return sorted(days, key=lambda name: hashlib.sha256(name.encode()).digest())[:most]
