"""Care: two simulated months, in which the clock is put forward and back, with plans, quiet hours, caps and workers that die.

Each member's way is worked out anew, minute by minute, by a script that shares no line with the product (`_care_paths`), and
compared step by step; what the channel was given is held against quiet hours and caps; each step was told, and each message sent,
once. A judge that could not find a mistake would be none: some are planted into the same records, and have to be found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hub.rebuild import verify
from hub.store.care_records import PathLine, Run
from tests.prove import Verdict
from tests.prove._care_paths import Rules, Walk, is_quiet, wall
from tests.prove._care_world import REGULAR, Sent, World

NAME = "care"
PROMISE = "Members walk care plans step by step, each once; quiet hours and caps hold to the minute when the clock changes, too."
DEFAULT_SIZE = 400
CI_SIZE = 30
SIZE_NAME = "members"

MONTHS = {"spring": datetime(2027, 3, 1), "autumn": datetime(2027, 10, 3)}  # noqa: DTZ001 - by the shop's clock
"""Clocks go forward on 28 March and back on 31 October."""

SLACK_S = 1.0
"""Within a minute the outbox hands one message over after the other."""


def run(size: int, seed: int, folder: Path) -> Verdict:
    """Both months with so many members each."""
    faults: list[str] = []
    figures: Counter[str] = Counter()
    for number, (name, begin) in enumerate(MONTHS.items()):
        world = World(folder / name, begin, size, seed * 2 + number)
        try:
            world.run()
            faults += [f"{name}: {one}" for one in judged(world)]
            faults += [f"{name}: {one}" for one in planted(world)]
            found = verify(world.house.store)
            if found.differ:
                faults.append(f"{name}: a rebuild would change {found.differ}")
            figures.update(counted(world))
        finally:
            world.house.close()
    sentence = (
        f"{figures['runs']} ways of {2 * size} members through two plans, {figures['steps']} steps, each told once and as worked "
        f"out anew to the minute; {figures['sent']} messages, each once, none in quiet hours or beyond a cap, none of the "
        f"plan to its control group of {figures['control']}; {figures['died']} workers died in the middle."
    )
    return Verdict(not faults, "; ".join(faults[:5]) or sentence, dict(figures))


def judged(world: World) -> list[str]:
    """Everything that is wrong with a month."""
    runs = [
        (run, world.house.store.care.path(run.run))
        for number in world.numbers
        for run in world.house.runs(number)
    ]
    return [
        *wrong_ways(world, runs),
        *wrong_messages(
            world.rules, world.sent, {one.member: one.withdrew for one in world.stories.values()}
        ),
        *wrong_counts(runs, world.sent),
    ]


def wrong_ways(world: World, runs: Sequence[tuple[Run, list[PathLine]]]) -> list[str]:
    """Ways that are not as they were worked out anew."""
    found = []
    told = {(run.plan, run.member): path for run, path in runs}
    if len(told) != len(runs):
        found.append("somebody is in a plan twice")
    for number in world.numbers:
        plan = world.plan_json(number)
        record = world.house.store.care.plan(number)
        assert record is not None
        for story in world.stories.values():
            expected = Walk(plan, record.salt, world.rules, story, REGULAR, world.end).walked()
            way = [(line.at, line.step, line.outcome) for line in told.get((number, story.member), [])]
            if not same(expected, way):
                found.append(
                    f"plan {number}, member {story.member}: expected {_said(expected)}, got {_said(way)}"
                )
    return found


def same(one: Sequence[tuple[float, str, str]], other: Sequence[tuple[float, str, str]]) -> bool:
    """The same steps with the same outcomes at the same minutes."""
    return [(step, outcome) for _, step, outcome in one] == [
        (step, outcome) for _, step, outcome in other
    ] and all(abs(a[0] - b[0]) <= SLACK_S for a, b in zip(one, other, strict=True))


def wrong_messages(rules: Rules, sent: Sequence[Sent], withdrew: dict[str, float | None]) -> list[str]:
    """Messages in quiet hours, beyond a cap, or after somebody took their word back."""
    found = [f"sent in quiet hours: {wall(rules.zone, one.at)}" for one in sent if is_quiet(rules, one.at)]
    by_member: dict[str, list[float]] = {}
    for one in sent:
        by_member.setdefault(one.member, []).append(one.at)
        ended = withdrew.get(one.member)
        if ended is not None and one.at > ended:
            found.append(f"sent after a stop: {one.member} at {wall(rules.zone, one.at)}")
    for member, times in by_member.items():
        days = [wall(rules.zone, at).date() for at in times]
        for most, within in rules.caps:
            found += [
                f"more than {most} within {within} days: {member} on {day}"
                for day in days
                if sum(1 for other in days if day - timedelta(days=within) < other <= day) > most
            ]
    return found


def wrong_counts(runs: Sequence[tuple[Run, list[PathLine]]], sent: Sequence[Sent]) -> list[str]:
    """Steps told twice, messages sent twice, or to somebody in the control group."""
    found = []
    control = {(str(run.plan), run.member) for run, _ in runs if run.control}
    for run, path in runs:
        if [line.number for line in path] != list(range(1, len(path) + 1)):
            found.append(f"run {run.run} has gaps or doubles")
    for (member, plan, step), times in Counter(
        (one.member, one.plan, one.step) for one in sent if one.plan
    ).items():
        if times > 1:
            found.append(f"message {step} of plan {plan} went {times} times to {member}")
        if (plan, member) in control:
            found.append(f"plan {plan} wrote to {member} of its control group")
    told = {
        (str(run.plan), run.member, line.step)
        for run, path in runs
        for line in path
        if line.outcome == "sent"
    }
    found += [
        f"{one.member} got {one.step} of plan {one.plan} without a step"
        for one in sent
        if one.plan and (one.plan, one.member, one.step) not in told
    ]
    return found


def planted(world: World) -> list[str]:
    """Mistakes that the judge does not find."""
    withdrew: dict[str, float | None] = {one.member: one.withdrew for one in world.stories.values()}
    runs = [
        (run, world.house.store.care.path(run.run))
        for number in world.numbers
        for run in world.house.runs(number)
    ]
    if not world.sent or not runs:
        return ["nothing happened"]
    first = world.sent[0]
    night = next(
        world.begin + minute * 60.0
        for minute in range(14_400)
        if is_quiet(world.rules, world.begin + minute * 60.0)
    )
    run, path = next((run, path) for run, path in runs if len(path) > 1)
    mistakes: dict[str, Callable[[], list[str]]] = {
        "a message at night": lambda: wrong_messages(world.rules, [replace(first, at=night)], {}),
        "one too many": lambda: wrong_messages(world.rules, [*world.sent, first], withdrew),
        "after a stop": lambda: wrong_messages(world.rules, [first], {first.member: first.at - 60}),
        "sent twice": lambda: wrong_counts(runs, [*world.sent, *(one for one in world.sent if one.plan)]),
        "to the control group": lambda: wrong_counts(
            [(replace(one, control=True), way) for one, way in runs], world.sent
        ),
        "a step told twice": lambda: wrong_counts([(run, [*path, path[-1]])], []),
        "a minute late": lambda: _moved(world, run, path),
    }
    return [f"the judge does not find {name}" for name, judge in mistakes.items() if not judge()]


def _moved(world: World, run: Run, path: list[PathLine]) -> list[str]:
    late = [replace(path[0], at=path[0].at + 60), *path[1:]]
    return [one for one in wrong_ways(world, [(run, late)]) if run.member in one]


def counted(world: World) -> dict[str, Any]:
    """How much there was."""
    runs = [run for number in world.numbers for run in world.house.runs(number)]
    outcomes = Counter(line.outcome for run in runs for line in world.house.lines(run))
    return {
        "runs": len(runs),
        "steps": sum(outcomes.values()),
        "sent": len(world.sent),
        "control": sum(run.control for run in runs),
        "died": world.died,
        **{f"outcome_{name}": count for name, count in outcomes.items()},
    }


def _said(path: Sequence[tuple[float, str, str]]) -> str:
    return " ".join(f"{step}:{outcome}@{wall('Europe/Berlin', at):%d.%H:%M:%S}" for at, step, outcome in path)
