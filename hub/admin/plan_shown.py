"""A plan as a page shows it: the drawing with what stands in its boxes, and the same as a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import url_for

from hub.admin.plan_words import HOLDS, PlanWords
from hub.admin.wording import Wording
from hub.care.drawing import OVER, START, Drawing, Inside, draw
from hub.care.editing import kind_of
from hub.care.plan import AnyStep, Plan, Task, order, ways_on
from hub.care.step import GIVEN
from hub.store.care_records import StepCount
from hub.storefront.languages import gettext

LEFT = frozenset({"end", "goal", "consent", "gone", "merged", "stopped", "moved", "no_step", "unreadable"})
"""Outcomes after which somebody is not in the plan any more."""


@dataclass(frozen=True, slots=True)
class Row:
    """A step in the list: where it stands, what it is, who is there, what came of it, where its ways lead. Of the control group
    as well as of the others: both walk."""

    id: str
    place: int
    name: str
    kind: str
    here: str
    control: str
    outcomes: tuple[tuple[str, str], ...]
    ways: tuple[tuple[str, str], ...]
    url: str
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """Both."""

    drawing: Drawing
    rows: tuple[Row, ...]


def shown(
    plan: Plan,
    words: PlanWords,
    counts: Sequence[StepCount],
    wording: Wording,
    *,
    wrong: dict[str, list[str]] | None = None,
    edit: int = 0,
) -> Shown:
    """`edit`: the plan's number, where its steps can be changed from here. `wrong`: what is wrong, by step."""
    faults = wrong or {}
    steps = order(plan)
    reached = {one.id for one in steps}
    inside = {START: Inside(words.entry(plan.entry), "start", "")}
    labels: dict[tuple[str, str], str] = {}
    rows = []
    for place, step in enumerate([*steps, *(one for one in plan.steps if one.id not in reached)], 1):
        own = [one for one in counts if one.step == step.id]
        here = sum(one.count for one in own if one.outcome == "")
        control = sum(one.count for one in own if one.outcome == "" and one.control)
        went = sum(one.count for one in own if is_past(step, one.outcome))
        url = url_for(".plan_step", number=edit, step=step.id) if edit else ""
        said = gettext("%(here)s here · %(went)s went on", here=wording.count(here), went=wording.count(went))
        kind = kind_of(step)
        inside[step.id] = Inside(words.step(step), kind, "" if edit else said, bool(faults.get(step.id)))
        for way, _ in ways_on(step):
            name = words.way(step, way, plan)
            if name:
                labels[step.id, way] = name
        rows.append(
            Row(
                step.id,
                place,
                words.step(step),
                words.kind(kind),
                wording.count(here),
                wording.count(control),
                _outcomes(step, own, words, wording, plan),
                tuple(
                    (words.way(step, way, plan) or gettext("then"), words.place(to, plan))
                    for way, to in ways_on(step)
                ),
                url,
                tuple(faults.get(step.id, ())),
            )
        )
    over = sum(one.count for one in counts if one.outcome in LEFT)
    inside[OVER] = Inside(
        gettext("The end") if edit else gettext("The end: %(count)s left", count=wording.count(over)),
        "end",
        "",
    )
    return Shown(draw(plan, inside, labels), tuple(rows))


def is_past(step: AnyStep, outcome: str) -> bool:
    """Whether somebody with this outcome is not at the step any more, and still in the plan."""
    if outcome in ("", *HOLDS, *LEFT, "turned"):
        return False
    return not (isinstance(step, Task) and outcome == GIVEN)


def _outcomes(
    step: AnyStep, own: Sequence[StepCount], words: PlanWords, wording: Wording, plan: Plan
) -> tuple[tuple[str, str], ...]:
    totals: dict[str, int] = {}
    for one in own:
        if one.outcome:
            name = _outcome(step, one.outcome, words, plan)
            totals[name] = totals.get(name, 0) + one.count
    return tuple((name, wording.count(count)) for name, count in totals.items())


def _outcome(step: AnyStep, outcome: str, words: PlanWords, plan: Plan) -> str:
    if outcome.startswith("way") and outcome[3:].isdecimal():
        return words.way(step, outcome[3:], plan) if _has_way(step, outcome[3:]) else outcome
    return words.outcome_of(step, outcome)


def _has_way(step: AnyStep, way: str) -> bool:
    return any(name == way for name, _ in ways_on(step))
