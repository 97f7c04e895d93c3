"""Changes to a drawing: put a step in, take one out, change one. Lines follow by themselves.

Pure.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from hub.care import plan as steps
from hub.care.plan import END, AnyStep, Branch, Plan, Split, order, ways_on

KINDS: dict[str, type[AnyStep]] = {
    "wait": steps.Wait,
    "until": steps.Until,
    "split": steps.Split,
    "message": steps.Message,
    "coupon": steps.Gift,
    "task": steps.Task,
    "list": steps.Enlist,
}
_LETTERS = {"wait": "w", "until": "u", "split": "p", "message": "m", "coupon": "c", "task": "t", "list": "l"}

AT_FIRST = ("", "")
"""The place before every step."""

Slot = tuple[str, str]
"""A place where a step can be put in: behind which step, on which of its ways."""


def kind_of(step: AnyStep) -> str:
    """Its name in `KINDS`."""
    return next(name for name, kind in KINDS.items() if type(step) is kind)


def slots(plan: Plan) -> list[Slot]:
    """Every place where a step can be put in, in the order of the drawing."""
    return [AT_FIRST, *((step.id, way) for step in order(plan) for way, _ in ways_on(step))]


def insert(plan: Plan, slot: Slot, kind: str) -> tuple[Plan, str]:
    """A plan with a new step at that place, and the step's name. What followed there follows it, on all of its ways."""
    name = _free_name(plan, _LETTERS[kind])
    step: AnyStep = KINDS[kind](id=name)
    follows = _target(plan, slot)
    step = _turn(step, lambda _: follows)
    if isinstance(step, Split):
        step = msgspec.structs.replace(step, branches=(Branch(steps.Within(), follows),))
    if isinstance(step, steps.Wait):
        step = msgspec.structs.replace(step, days=1)
    plan = _lead(plan, slot, name)
    return msgspec.structs.replace(plan, steps=(*plan.steps, step)), name


def remove(plan: Plan, name: str) -> Plan:
    """Without that step: what led to it leads to what followed it."""
    gone = plan.step(name)
    if gone is None:
        return plan

    def past(to: str) -> str:
        return gone.next if to == name else to

    rest = tuple(_turn(one, past) for one in plan.steps if one.id != name)
    return msgspec.structs.replace(plan, first=past(plan.first), steps=rest)


def put(plan: Plan, step: AnyStep) -> Plan:
    """With this step in the place of the one of its name."""
    return msgspec.structs.replace(
        plan, steps=tuple(step if one.id == step.id else one for one in plan.steps)
    )


def may_follow(plan: Plan, name: str) -> list[str]:
    """Steps to which this one may lead without a circle, in the order of the drawing."""
    before = {name}
    grown = True
    while grown:
        more = {one.id for one in plan.steps if any(to in before for _, to in ways_on(one))} - before
        before |= more
        grown = bool(more)
    in_order = [one.id for one in order(plan)]
    rest = [one.id for one in plan.steps if one.id not in in_order]
    return [one for one in (*in_order, *rest) if one not in before]


def _target(plan: Plan, slot: Slot) -> str:
    step = plan.step(slot[0])
    if step is None:
        return plan.first
    return dict(ways_on(step)).get(slot[1], END)


def _lead(plan: Plan, slot: Slot, to: str) -> Plan:
    name, way = slot
    step = plan.step(name)
    if step is None:
        return msgspec.structs.replace(plan, first=to)
    if isinstance(step, Split) and way:
        place = int(way) - 1
        branches = tuple(
            msgspec.structs.replace(one, next=to) if number == place else one
            for number, one in enumerate(step.branches)
        )
        return put(plan, msgspec.structs.replace(step, branches=branches))
    if way == "missing":
        return put(plan, msgspec.structs.replace(step, missing=to))
    return put(plan, msgspec.structs.replace(step, next=to))


def _turn(step: AnyStep, way: Callable[[str], str]) -> AnyStep:
    """The same step, with each of its ways leading elsewhere."""
    changed: dict[str, object] = {"next": way(step.next)}
    if isinstance(step, steps.Until | steps.Message | steps.Gift):
        changed["missing"] = way(step.missing)
    if isinstance(step, Split):
        changed["branches"] = tuple(msgspec.structs.replace(one, next=way(one.next)) for one in step.branches)
    turned: AnyStep = msgspec.structs.replace(step, **changed)
    return turned


def _free_name(plan: Plan, letter: str) -> str:
    taken = {one.id for one in plan.steps}
    return next(name for number in range(1, 1_000) if (name := f"{letter}{number}") not in taken)
