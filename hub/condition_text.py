"""A condition as JSON text: written for people, and read with a sentence for everything that is wrong with it.

Pure. The form of an offer and the command line read conditions with it; docs/conditions.md describes the language.
A field that nobody knows is a fault here, not something to be passed over: `"at_last": 3` would let everybody in.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any as Anything

import msgspec

from hub.sentences import Said, said
from hub.wire.conditions import DAY_MINUTES, DEEPEST, MOST_LINES, Condition, flaw

LONGEST_TEXT = 8_000
MOST_FAULTS = 8
_TOO_DEEP = 40
"""Beyond this nothing is looked at: a text that is nested so deeply is no condition, and no reader need climb after it."""


@dataclass(frozen=True, slots=True)
class Faulty:
    """What is wrong with a text, a sentence for each fault."""

    sentences: tuple[Said, ...]


def show_condition(condition: Condition) -> str:
    """A condition as indented JSON; what has its usual value is left out."""
    return json.dumps(_plain(msgspec.to_builtins(condition)), ensure_ascii=False, indent=2)


def read_condition(text: str) -> Condition | Faulty:
    """The condition that a JSON text says, or all that is wrong with it."""
    if len(text) > LONGEST_TEXT:
        return Faulty((said("This text has more than %(count)s characters.", count=LONGEST_TEXT),))
    try:
        data = json.loads(text)
    except json.JSONDecodeError as wrong:
        place = {"line": wrong.lineno, "column": wrong.colno}
        return Faulty((said("This is no JSON: look at line %(line)s, character %(column)s.", **place),))
    except RecursionError:
        return Faulty((_too_deep(),))
    faults: list[Said] = []
    _look(data, "", faults, 1)
    if faults:
        return Faulty(tuple(faults[:MOST_FAULTS]))
    try:
        condition = msgspec.convert(data, Condition)
    except msgspec.ValidationError as wrong:
        return Faulty((said("This is no condition: %(what)s.", what=str(wrong)),))
    found = flaw_of(condition)
    return condition if found is None else Faulty((found,))


def flaw_of(condition: Condition) -> Said | None:
    """What is wrong with a condition as a whole, as a sentence."""
    match flaw(condition):
        case "too_deep":
            return _too_deep()
        case "too_long":
            return said(
                "A condition has at most %(count)s lines: nobody at a till could be told of more.",
                count=MOST_LINES,
            )
        case _:
            return None


def _too_deep() -> Said:
    return said("Conditions stand inside each other at most %(count)s deep.", count=DEEPEST)


def _plain(data: Anything) -> Anything:
    """Without the values that are meant where nothing is said."""
    if not isinstance(data, dict):
        return data
    usual = {"hours": {"start": 0, "end": DAY_MINUTES}, "buys": {"at_least": 1}}.get(data["is"], {})
    kept = {name: value for name, value in data.items() if name not in usual or usual[name] != value}
    if "of" in kept:
        kept["of"] = [_plain(part) for part in kept["of"]]
    if "that" in kept:
        kept["that"] = _plain(kept["that"])
    return kept


Check = Callable[[Anything, str, list[Said], int], None]


def _look(data: Anything, where: str, faults: list[Said], depth: int) -> None:
    if depth > _TOO_DEEP:
        faults.append(_too_deep())
        return
    name = where or "condition"
    if not isinstance(data, dict):
        faults.append(said('%(where)s: a condition stands in braces and says what it "is".', where=name))
        return
    kind = data.get("is")
    fields = _FIELDS.get(kind) if isinstance(kind, str) else None
    if fields is None:
        faults.append(said('%(where)s: "is" must be one of %(kinds)s.', where=name, kinds=", ".join(_FIELDS)))
        return
    for field, value in data.items():
        if field != "is" and field not in fields:
            faults.append(
                said(
                    '%(where)s: "%(kind)s" has no field "%(field)s".', where=name, kind=kind, field=field[:40]
                )
            )
        elif field != "is":
            fields[field][1](value, f"{name}.{field}", faults, depth)
    for field, (needed, _) in fields.items():
        if needed and field not in data:
            faults.append(
                said('%(where)s: "%(kind)s" needs the field "%(field)s".', where=name, kind=kind, field=field)
            )


def _number(lowest: int, highest: int) -> Check:
    def check(value: Anything, where: str, faults: list[Said], _depth: int) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            faults.append(
                said(
                    "%(where)s: a whole number from %(lowest)s to %(highest)s.",
                    where=where,
                    lowest=lowest,
                    highest=highest,
                )
            )

    return check


def _names(most: int) -> Check:
    def check(value: Anything, where: str, faults: list[Said], _depth: int) -> None:
        if not isinstance(value, list) or not 1 <= len(value) <= most:
            faults.append(said("%(where)s: a list of 1 to %(most)s texts.", where=where, most=most))
        elif any(not isinstance(name, str) or not 1 <= len(name) <= 40 for name in value):
            faults.append(said("%(where)s: each text has 1 to 40 characters.", where=where))

    return check


def _days(value: Anything, where: str, faults: list[Said], _depth: int) -> None:
    if not isinstance(value, list) or not 1 <= len(value) <= 7:
        faults.append(said("%(where)s: a list of 1 to 7 days.", where=where))
    elif any(isinstance(day, bool) or not isinstance(day, int) or not 0 <= day <= 6 for day in value):
        faults.append(said("%(where)s: a day is a number from 0 (Monday) to 6 (Sunday).", where=where))


def _list(value: Anything, where: str, faults: list[Said], depth: int) -> None:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_LINES:
        faults.append(said("%(where)s: a list of 1 to %(most)s conditions.", where=where, most=MOST_LINES))
        return
    for place, part in enumerate(value):
        _look(part, f"{where}[{place}]", faults, depth + 1)


def _one(value: Anything, where: str, faults: list[Said], depth: int) -> None:
    _look(value, where, faults, depth + 1)


# What each kind has: field to whether it is needed, and what it must be. A test holds it together with hub.wire.conditions.
_FIELDS: dict[str, dict[str, tuple[bool, Check]]] = {
    "hours": {
        "days": (True, _days),
        "start": (False, _number(0, DAY_MINUTES - 1)),
        "end": (False, _number(1, DAY_MINUTES)),
    },
    "spends": {"cents": (True, _number(1, 10**9))},
    "buys": {"any_of": (True, _names(50)), "at_least": (False, _number(1, 1_000))},
    "member": {},
    "segment": {"any_of": (True, _names(20))},
    "all": {"of": (True, _list)},
    "any": {"of": (True, _list)},
    "not": {"that": (True, _one)},
}
