"""What was said not to be final, and what changed after it was seen, against what really changed when late facts came in."""

from __future__ import annotations

from dataclasses import dataclass

from hub.figures.answer import Answer, Value
from hub.figures.changes import kept_figures, look_for_changes
from hub.figures.definitions import FIGURES, Family
from hub.figures.engine import ask
from hub.figures.question import Days, Dimension, Question
from tests.prove._numbers_check import same
from tests.prove._numbers_shops import HOME, Shops
from tests.prove._numbers_sums import FIRST, LAST

TOLD_BY_ONE_NODE = (Family.FOOTFALL, Family.PRESENT, Family.STREET, Family.GUESTS, Family.PURCHASES)
"""Of these, late facts change no day but the one on which they happened."""


@dataclass(frozen=True, slots=True)
class DaysSeen:
    """Each figure of each day, as everybody could see it."""

    values: dict[tuple[str, str], Value]
    answer: Answer


def see_days(shops: Shops) -> DaysSeen:
    """Keep the days that are over, as the hub's worker does by itself, and look at all of them."""
    look_for_changes(shops.of(HOME), shops.now)
    days = Days(FIRST, LAST)
    found = ask(shops.of(HOME), Question(kept_figures(), days, (Dimension.DAY,)), shops.now)
    assert isinstance(found, Answer), found
    values = {(row.key[0], name): value for row in found.rows for name, value in row.values.items()}
    return DaysSeen(values, found)


def silent_changes(early: DaysSeen, late: DaysSeen) -> list[str]:
    """Numbers that changed although they were called final, or without a mark that says from what to what; and marks that say
    something else than what happened."""
    marks = {(one.day, one.figure): one for one in late.answer.changed}
    today = late.answer.question.days.last.isoformat()
    wrong = []
    for (day, figure), before in early.values.items():
        after = late.values[day, figure]
        mark = marks.pop((day, figure), None)
        if same(before.number or 0, after.number or 0):
            if mark is not None:
                wrong.append(f"{figure} of {day} is said to have changed, and did not")
            continue
        if FIGURES[figure].family in TOLD_BY_ONE_NODE and not before.provisional:
            wrong.append(
                f"{figure} of {day} was said to be final, and changed from {before.number} to {after.number}"
            )
        if day == today:
            continue
        if mark is None:
            wrong.append(
                f"{figure} of {day} changed from {before.number} to {after.number}, and nothing says so"
            )
        elif not (same(mark.earlier, before.number or 0) and same(mark.number, after.number or 0)):
            wrong.append(
                f"{figure} of {day} changed from {before.number} to {after.number}, not from {mark.earlier} to {mark.number}"
            )
    wrong += [f"{figure} of {day} is said to have changed, and was never there" for day, figure in marks]
    wrong += [
        f"{figure} of {day} is still said not to be final"
        for (day, figure), value in late.values.items()
        if value.provisional
    ]
    return wrong
