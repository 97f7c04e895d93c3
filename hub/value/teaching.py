"""What is learnt once a day from a shop's members, and with it one member at a time: so a million need the memory of a sample.

Pure. All members teach where there are some thousands; of more a sample by the hash of their ids, always the same. What was
learnt is plain data that can be kept, so a page that shows fifty members needs those fifty alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.value.bgnbd import Bgnbd
from hub.value.choosing import Words
from hub.value.gammagamma import GammaGamma
from hub.value.habits import habit_of
from hub.value.loss import LossModel, history_of, learn
from hub.value.members import Came
from hub.value.reading import Row
from hub.value.reasons import Level, Warned, level_of, warned
from hub.value.rfm import grade
from hub.value.worth import Members, members_of

MOST_TAUGHT = 20_000
"""More members make no digit of a parameter better that anybody looks at (`hub.value.loss.MOST_LEARNT_FROM`)."""

MOST_KEPT = 1_001
"""Of each row of values in order so many are kept, evenly: a grade is a fifth of them."""


@dataclass(frozen=True, slots=True)
class Taught:
    """What was learnt before the morning of `day` from `members` of them. `visits`, `money`: the models, with the sentences that
    say which speak; `lately`, `often`, `much`: values in order, by which grades are given."""

    day: int
    weeks: float
    members: int
    loss: LossModel
    visits: Bgnbd
    visits_why: Words
    fitted: bool
    money: GammaGamma | None
    money_why: Words | None
    money_fitted: bool
    lately: list[float]
    often: list[float]
    much: list[float]


@dataclass(frozen=True, slots=True)
class Scored:
    """One member. `alive`, `loss`: chances (still coming; staying away for 90 days). `expected`: visits within the horizon,
    `spend`: what one is worth, None where nothing is known of money, in hundredths. Grades are 1 to 5, `money` 0 where it is not
    known."""

    member: str
    alive: float
    loss: float
    level: Level
    expected: float
    spend: float | None
    recency: int
    frequency: int
    money: int

    @property
    def value(self) -> float | None:
        """What they will spend within the horizon."""
        return None if self.spend is None else self.expected * self.spend


def is_chosen(member: str, of: int, most: int = MOST_TAUGHT) -> bool:
    """Whether this member is in the sample, where there are `of` of them: by the hash of the id, so always the same."""
    if of <= most:
        return True
    return int.from_bytes(hashlib.sha256(member.encode()).digest()[:8]) < most * 2**64 // of


def teach(seen: Came, today: int, weeks: float) -> Taught | None:
    """From everything before `today`; None where nobody came. `weeks`: the horizon of what is to be expected."""
    rows = [row for name in seen.days if (row := row_of(name, seen.days[name], seen.cents[name], today))]
    if not rows:
        return None
    members: Members = members_of(rows)
    return Taught(
        today,
        weeks,
        len(rows),
        learn(seen.days, today),
        members.visits.model,
        members.visits.why,
        members.visits.fit is not None,
        None if members.money is None else members.money.model,
        None if members.money is None else members.money.why,
        members.money is not None and members.money.fit is not None,
        _kept([row.history.age - row.history.recency for row in rows]),
        _kept([float(row.history.frequency) for row in rows]),
        _kept([row.spent or 0.0 for row in rows]) if members.money else [],
    )


def _kept(values: list[float]) -> list[float]:
    ordered = sorted(values)
    if len(ordered) <= MOST_KEPT:
        return ordered
    return [ordered[index * (len(ordered) - 1) // (MOST_KEPT - 1)] for index in range(MOST_KEPT)]


def row_of(name: str, days: Sequence[int], cents: Sequence[int], today: int) -> Row | None:
    """A member as the models see them; None where they never came before `today`."""
    history = history_of(days, today)
    if history is None:
        return None
    returned = history.frequency
    paid = sum(cents[1 : returned + 1])
    # Where nothing at all was paid, nothing is known of money: not every shop tells purchases.
    return Row(name, history, paid / returned if returned and any(cents) else None)


@dataclass(slots=True)
class Scorer:
    """Scores one member after the other; what members with the same history share is worked out once."""

    taught: Taught
    _shared: dict[tuple[int, float], float] = field(default_factory=dict)

    def score(self, name: str, days: Sequence[int], cents: Sequence[int]) -> Scored | None:
        """None where they never came before the day of what was learnt. `days` in order, `cents` paid on each."""
        taught = self.taught
        row, habit = row_of(name, days, cents, taught.day), habit_of(days, taught.day)
        if row is None or habit is None:
            return None
        history = row.history
        key = history.frequency, history.age
        if key not in self._shared:
            if len(self._shared) >= 100_000:
                self._shared.clear()
            self._shared[key] = taught.visits.expected_if_alive(*key, taught.weeks)
        alive = taught.visits.p_alive(history)
        spend = None
        if taught.money is not None:
            spend = taught.money.expected(0 if row.spent is None else history.frequency, row.spent or 0.0)
        loss = taught.loss.chance(habit)
        return Scored(
            name,
            alive,
            loss,
            level_of(loss, taught.loss.base),
            alive * self._shared[key],
            spend,
            grade(history.age - history.recency, taught.lately, most_is_best=False),
            grade(history.frequency, taught.often),
            grade(row.spent or 0.0, taught.much) if taught.much else 0,
        )


@dataclass(frozen=True, slots=True)
class Person:
    """One member with the warning."""

    scored: Scored
    warning: Warned


@dataclass(frozen=True, slots=True)
class People:
    """Everybody who came before `day`, the likeliest to be lost first; of equals, who is worth more. `taught` is None where
    nobody did."""

    day: int
    taught: Taught | None
    people: Sequence[Person]


def look_at(seen: Came, today: int, weeks: float) -> People:
    """All members as they are on the morning of `today`, learnt from and scored in one go."""
    taught = teach(seen, today, weeks)
    if taught is None:
        return People(today, None, [])
    scorer = Scorer(taught)
    people = [
        Person(scored, why)
        for name, days in seen.days.items()
        if (scored := scorer.score(name, days, seen.cents[name])) and (why := warning(name, days, taught))
    ]
    people.sort(key=lambda one: (-one.scored.loss, -(one.scored.value or 0.0), one.scored.member))
    return People(today, taught, people)


def warning(name: str, days: Sequence[int], taught: Taught) -> Warned | None:
    """Why this member is on the list, in words; None where they never came."""
    habit = habit_of(days, taught.day)
    return None if habit is None else warned(name, habit, taught.loss)
