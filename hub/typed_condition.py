"""The condition of an offer as a manager types it: a form for the usual ones, and JSON for whoever needs more.

Pure. `hub.campaigns` reads a form with it; the language itself is `hub.wire.conditions`, described in docs/conditions.md.

The form has one line for each kind of condition, which must hold, must not hold, or does not matter, and joins them by "all"
or "any". A condition that does not fit into it is shown as its JSON text, and nothing of it is lost.
"""

from __future__ import annotations

import re

from hub.condition_text import Faulty, read_condition, show_condition
from hub.sentences import Said, said
from hub.typed import Reading, show_cents
from hub.typed_hours import MOST_STRETCHES, clock, read_day
from hub.wire.conditions import (
    All,
    Any,
    Buys,
    Condition,
    Hours,
    InSegment,
    IsMember,
    Not,
    Spends,
)

KINDS = ("hours", "spends", "buys", "member", "segment")
"""In the order in which the form asks."""

_KIND_OF: dict[type, str] = {
    Hours: "hours",
    Spends: "spends",
    Buys: "buys",
    IsMember: "member",
    InSegment: "segment",
}
_PART_LONGEST = 40
_MOST = {"buys": 50, "segment": 20}
DAYS = tuple("0123456")


def holds_field(kind: str) -> str:
    """The name of the field that says whether a kind of condition matters."""
    return f"if_{kind}"


def as_fields(condition: Condition | None) -> tuple[dict[str, str], tuple[str, ...]]:
    """A condition as the form shows it: its fields, and the days that are ticked."""
    fields = {holds_field(kind): "" for kind in KINDS}
    fields |= {"condition_by": "form", "condition_join": "all", "condition_text": ""}
    days: tuple[str, ...] = ()
    if condition is None:
        return fields, days
    fields["condition_text"] = show_condition(condition)
    lines = _lines(condition)
    if lines is None:
        return fields | {"condition_by": "text"}, days
    fields["condition_join"] = "any" if isinstance(condition, Any) else "all"
    for line in lines:
        leaf = line.that if isinstance(line, Not) else line
        fields[holds_field(_KIND_OF[type(leaf)])] = "must_not" if isinstance(line, Not) else "must"
        match leaf:
            case Hours():
                days = tuple(str(day) for day in leaf.days)
                fields["when"] = f"{clock(leaf.start)}-{clock(leaf.end)}"
            case Spends():
                fields["spends"] = show_cents(leaf.cents)
            case Buys():
                fields |= {"buys": ", ".join(leaf.any_of), "buys_least": str(leaf.at_least)}
            case InSegment():
                fields["segment"] = ", ".join(leaf.any_of)
    return fields, days


def read_typed_condition(reading: Reading, before: Condition | None) -> Condition | None:
    """The condition that was typed; faults go to their fields. `before` is kept as it is where the form says the same."""
    if reading.typed.get("condition_by") == "text":
        return _from_text(reading)
    found = [line for kind in KINDS if (line := _line(reading, kind)) is not None]
    if not found:
        return None
    joined: Condition = found[0] if len(found) == 1 else All(tuple(found))
    if reading.typed.get("condition_join") == "any" and len(found) > 1:
        joined = Any(tuple(found))
    if before is not None and as_fields(before)[0]["condition_by"] == "form":
        same = as_fields(before), as_fields(joined)
        for fields, _ in same:
            fields.pop("condition_text")
        if same[0] == same[1] and set(same[0][1]) == set(same[1][1]):
            return before
    return joined


def _lines(condition: Condition) -> tuple[Condition, ...] | None:
    """The lines of a condition that the form can show; None where it cannot."""
    lines = condition.of if isinstance(condition, All | Any) else (condition,)
    kinds = [_KIND_OF.get(type(line.that if isinstance(line, Not) else line)) for line in lines]
    if None in kinds or len(set(kinds)) != len(kinds):
        return None
    names = [name for line in lines for name in _names(line)]
    # The form parts names at commas and takes their ends away: a name that would not come back is shown as text.
    return lines if all(_split(name) == [name] for name in names) else None


def _names(line: Condition) -> tuple[str, ...]:
    leaf = line.that if isinstance(line, Not) else line
    return leaf.any_of if isinstance(leaf, Buys | InSegment) else ()


def _line(reading: Reading, kind: str) -> Condition | None:
    holds = reading.typed.get(holds_field(kind))
    if holds not in ("must", "must_not"):
        return None
    leaf = _leaf(reading, kind)
    if leaf is None:
        return None
    return Not(leaf) if holds == "must_not" else leaf


def _leaf(reading: Reading, kind: str) -> Condition | None:
    if kind == "member":
        return IsMember()
    if kind == "hours":
        return _hours(reading)
    if kind == "spends":
        cents = reading.cents("spends", needed=True)
        return None if cents is None else Spends(cents)
    names = _split(reading.typed.get(kind))
    too_long = next((name for name in names if len(name) > _PART_LONGEST), None)
    if not names:
        reading.fault(
            kind, said("Give at least one, with commas between them, or say that it does not matter.")
        )
    elif len(names) > _MOST[kind]:
        reading.fault(kind, said("At most %(count)s of them.", count=_MOST[kind]))
    elif too_long is not None:
        reading.fault(
            kind, said("“%(name)s” is longer than %(count)s characters.", name=too_long, count=_PART_LONGEST)
        )
    elif kind == "segment":
        return InSegment(tuple(names))
    else:
        least = reading.limit("buys_least")
        if least is not None and least > 1_000:
            reading.fault("buys_least", said("At most %(count)s of them.", count=1_000))
        elif "buys_least" not in reading.faults:
            return Buys(tuple(names), least or 1)
    return None


def _hours(reading: Reading) -> Condition | None:
    days = tuple(int(day) for day in DAYS if day in reading.typed.days)
    if not days:
        reading.fault("days", said("Tick at least one day."))
    read = read_day(reading.typed.get("when") or "0-24")
    if isinstance(read, Said):
        reading.fault("when", read)
    elif len(read) != 1:
        reading.fault(
            "when",
            said("Give one stretch here. Several of them stand under the hours of the offer.")
            if len(read) <= MOST_STRETCHES
            else said("Write hours like 9-11, or 9:00-11:30, 15-17."),
        )
    elif days:
        return Hours(days, *read[0])
    return None


def _split(text: str) -> list[str]:
    parts = (" ".join(part.split()) for part in re.split(r"[,;、，；\n]+", text))
    return list(dict.fromkeys(part for part in parts if part))


def _from_text(reading: Reading) -> Condition | None:
    text = reading.typed.get("condition_text")
    if not text:
        return None
    read = read_condition(text)
    if isinstance(read, Faulty):
        for place, sentence in enumerate(read.sentences):
            # The first one stands at the field, further ones beneath it.
            reading.fault("condition_text" if place == 0 else f"condition_text.{place}", sentence)
        return None
    return read
