"""The daily work: learns from the shop's members, scores each, keeps what pages and segments read.

Members are read in their order and one at a time, twice: once for the sample that teaches, once to be scored. So a million need
the memory of the sample. It is made again from nothing wherever it was cut off; until it is done the last one stands.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from hub.config import Config
from hub.figures.reach import shops_of
from hub.store.base import Store
from hub.store.whole import HubStore
from hub.store.worth_records import WorthRow
from hub.value.members import Came, Trial, try_out
from hub.value.office import today_of
from hub.value.teaching import MOST_TAUGHT, Scored, Scorer, Taught, is_chosen, teach
from hub.work import Progress, submit_once

logger = logging.getLogger(__name__)

WEEKS = 39.0
"""What is to be expected is told for three quarters of a year."""

AT_ONCE = 1_000
"""Members in one transaction; whoever sells waits for it."""

MOST_TRIED = 6_000
"""Members of whom it is asked how right it was; among so many some hundred are lost in any shop."""

KIND = "worth"


class Standing(msgspec.Struct, frozen=True):
    """What a day's work came to, beside what it says of each member.

    `trial`: how right it was 90 days ago; None where nobody knows, and `no_trial` says why. `levels`: members by how
    loud the warning is.
    `grades`: members and their expected value by the grades of how lately and how often ("5-1"). Money in hundredths; `value` is
    None where nothing is known of it.
    """

    taught: Taught
    trial: Trial | None
    no_trial: dict[str, str]
    members: int
    levels: dict[str, int]
    expected: float
    value: float | None
    grades: dict[str, tuple[int, float]]


def standing(store: Store) -> Standing | None:
    """The last day's, None where it was never worked out."""
    body = store.worth.standing()
    return None if body is None else msgspec.json.decode(body, type=Standing)


def work_worth(store: HubStore, _config: Config, now: float) -> None:
    """Ask for the work once a day, as soon as the shop's day is over."""
    kept = store.worth.as_of()
    today = today_of(store, now)
    if kept != today and (kept is not None or store.worth.how_many(shops_of(store))):
        submit_once(store, KIND, {}, "shopbell", now)


def worth_work(
    store: HubStore, _config: Config, _arguments: Mapping[str, Any], progress: Progress
) -> dict[str, object]:
    """Everything about all members as of this morning."""
    today = today_of(store, progress.now())
    made = keep(store, today, lambda done, total, note: progress.step(done, total, note, "members"))
    progress.step(made, made, "done", "members", tell=True)
    return {"members": made, "day": today}


def keep(
    store: Store, today: int, step: Callable[[int, int, str], None] = lambda _done, _total, _note: None
) -> int:
    """Learn, score and keep as of the morning of `today`; how many members there are. `step`: called now and then, may raise."""
    total = store.worth.how_many(shops_of(store))
    seen = _sample(store, today, total, step)
    taught = teach(seen, today, WEEKS)
    if taught is None:
        _forget_after(store, today, "")
        with store.writing():
            store.worth.stand(today, None)
        return 0
    step(0, total, "comparing")
    trial = try_out(_fewer(seen), today)
    del seen
    sums, last = _Sums(), ""
    for rows in _by(AT_ONCE, _scored(store, today, Scorer(taught))):
        with store.writing():
            store.worth.put([sums.add(one, today) for one in rows])
            store.worth.forget(today, last, rows[-1].member)
        last = rows[-1].member
        step(sums.members, total, "scoring")
    _forget_after(store, today, last)
    with store.writing():
        store.worth.stand(today, msgspec.json.encode(sums.standing(taught, trial)))
    return sums.members


def _forget_after(store: Store, today: int, last: str) -> None:
    """What an earlier day said of those behind that member: some at a time, for whoever sells waits for each."""
    after: str | None = last
    while after is not None:
        after = store.worth.forget_some(today, after, AT_ONCE)


def _sample(store: Store, today: int, total: int, step: Callable[[int, int, str], None]) -> Came:
    days: dict[str, list[int]] = {}
    cents: dict[str, list[int]] = {}
    for index, (member, of_days, of_cents) in enumerate(store.worth.each(shops_of(store), today - 1)):
        if is_chosen(member, total, MOST_TAUGHT):
            days[member], cents[member] = of_days, of_cents
        if index % AT_ONCE == 0:
            step(index, total, "learning")
    return Came(days, cents)


def _fewer(seen: Came) -> Came:
    """Everybody, or of many so many that what is said of them is as good: ten models are learnt to compare."""
    names = [name for name in seen.days if is_chosen(name, len(seen.days), MOST_TRIED)]
    return Came({name: seen.days[name] for name in names}, {name: seen.cents[name] for name in names})


def _scored(store: Store, today: int, scorer: Scorer) -> Iterator[Scored]:
    for member, days, cents in store.worth.each(shops_of(store), today - 1):
        if one := scorer.score(member, days, cents):
            yield one


def _by(most: int, items: Iterator[Scored]) -> Iterator[list[Scored]]:
    part: list[Scored] = []
    for one in items:
        part.append(one)
        if len(part) == most:
            yield part
            part = []
    if part:
        yield part


class _Sums:
    """Counts along while members are kept."""

    def __init__(self) -> None:
        self.members = 0
        self.expected = 0.0
        self.value = 0.0
        self.money = False
        self.levels: Counter[str] = Counter()
        self.grades: dict[str, tuple[int, float]] = {}

    def add(self, one: Scored, today: int) -> WorthRow:
        self.members += 1
        self.expected += one.expected
        self.levels[one.level] += 1
        value = one.value
        if value is not None:
            self.value += value
            self.money = True
        cell = f"{one.recency}-{one.frequency}"
        count, worth = self.grades.get(cell, (0, 0.0))
        self.grades[cell] = count + 1, worth + (value or 0.0)
        return WorthRow(
            one.member,
            one.alive,
            one.loss,
            one.expected,
            None if value is None else round(value),
            today,
            one.recency,
            one.frequency,
            one.money,
        )

    def standing(self, taught: Taught, trial: Trial | dict[str, str]) -> Standing:
        value = self.value if self.money else None
        known, why = (trial, {}) if isinstance(trial, Trial) else (None, trial)
        return Standing(
            taught, known, why, self.members, dict(self.levels), self.expected, value, self.grades
        )
