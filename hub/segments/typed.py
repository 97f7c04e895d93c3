"""A definition as somebody types it: lines with their own fields, joined by "and" and "or", each of which may say "not".

Pure. `hub.admin.segments` feeds it. "or" holds lines together more closely than "and": groups of lines of which one is enough,
and all groups have to hold. A definition that does not fit into that is shown as its JSON text, and nothing of it is lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any as Anything
from typing import Literal

import msgspec

from hub.segments.definition import (
    LONGEST_DAYS,
    MOST_LINES,
    All,
    Any,
    BadDefinition,
    Definition,
    Leaf,
    Not,
    read_definition,
    write_definition,
)
from hub.sentences import Said, said
from hub.typed import narrow, read_cents, show_cents

LONGEST_TEXT = 8_000

FIELDS: dict[str, tuple[str, ...]] = {
    "came": ("least", "most", "days"),
    "away": ("least", "most"),
    "bought": ("least", "most", "days"),
    "spent": ("least", "most", "days"),
    "used": ("least", "most", "days", "campaign"),
    "holds": ("campaign",),
    "zone": ("zone", "least", "most", "days"),
    "stayed": ("least", "most", "days", "zone"),
    "joined": ("least", "most"),
    "date": ("which", "ahead", "behind"),
    "score": ("which", "least", "most"),
    "speaks": ("words",),
    "agreed": ("consent",),
    "answered": ("words", "days", "plan"),
    "way": ("words",),
    "listed": (),
}
"""The fields of each kind of line, in the order in which the form shows them. `hub.segments.definition` says what they mean."""

CONSENTS: dict[str, tuple[str, str | None]] = {
    "recognise": ("recognise", None),
    "messages": ("messages", None),
    **{f"messages.{medium}": ("messages", medium) for medium in ("sms", "mail", "push", "screen")},
}
CHOICES: dict[str, tuple[str, ...]] = {
    "date": ("birthday", "joined"),
    "score": ("loss", "alive", "expected", "value"),
}
WAYS = ("portal", "kiosk", "till", "link", "poster", "sms", "office", "import")

_NAMES = {"least": "at_least", "most": "at_most", "words": "any_of"}
_LARGEST: dict[str, int] = {"away": LONGEST_DAYS, "joined": LONGEST_DAYS}
_OPTIONAL = {("stayed", "zone"), ("used", "campaign"), ("answered", "plan"), ("answered", "days")}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the form. `join`: how it hangs on the line before it. `fields` by the names in `FIELDS`."""

    kind: str
    join: Literal["and", "or"] = "and"
    negated: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """One field."""
        return self.fields.get(name, "")


@dataclass(frozen=True, slots=True)
class TypedDefinition:
    """What stands in the form. `by_text`: the JSON text counts, not the lines."""

    lines: tuple[Line, ...] = ()
    text: str = ""
    by_text: bool = False


def from_form(form: Mapping[str, str]) -> TypedDefinition:
    """The lines in a form that was sent: `kind_0`, `join_0`, `not_0`, and the fields of each with its number behind."""
    lines: list[Line] = []
    for place in range(MOST_LINES + 1):
        kind = form.get(f"kind_{place}", "")
        if kind not in FIELDS:
            continue
        lines.append(
            Line(
                kind,
                "or" if form.get(f"join_{place}") == "or" else "and",
                form.get(f"not_{place}") == "yes",
                {name: form.get(f"{name}_{place}", "").strip()[:400] for name in FIELDS[kind]},
            )
        )
    return TypedDefinition(
        tuple(lines), form.get("text", "").strip()[: LONGEST_TEXT + 1], form.get("by") == "text"
    )


def as_typed(definition: Definition) -> TypedDefinition:
    """A definition as the form shows it."""
    text = json.dumps(json.loads(write_definition(definition)), ensure_ascii=False, indent=2)
    lines = _lines(definition)
    return TypedDefinition(tuple(lines or ()), text, by_text=lines is None)


def read_typed(typed: TypedDefinition) -> Definition | dict[str, Said]:
    """The definition that was typed; or what is wrong, by the name of the field."""
    if typed.by_text:
        return _from_text(typed.text)
    faults: dict[str, Said] = {}
    groups: list[list[Definition]] = []
    for place, line in enumerate(typed.lines):
        leaf = _leaf(line, place, faults)
        if leaf is None:
            continue
        one: Definition = Not(leaf) if line.negated else leaf
        if line.join == "or" and groups:
            groups[-1].append(one)
        else:
            groups.append([one])
    if len(typed.lines) > MOST_LINES:
        faults["lines"] = said("A segment has at most %(count)s lines.", count=MOST_LINES)
    if not faults and not groups:
        faults["lines"] = said("Add a line: who is meant.")
    if faults:
        return faults
    parts: list[Definition] = [group[0] if len(group) == 1 else Any(tuple(group)) for group in groups]
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _from_text(text: str) -> Definition | dict[str, Said]:
    if len(text) > LONGEST_TEXT:
        return {"text": said("This text has more than %(count)s characters.", count=LONGEST_TEXT)}
    try:
        return read_definition(text.encode(errors="replace"))
    except BadDefinition as wrong:
        return {"text": said("This is no definition: %(what)s.", what=str(wrong)[:300])}


def _leaf(line: Line, place: int, faults: dict[str, Said]) -> Leaf | None:
    """One line as the language has it."""
    found: dict[str, Anything] = {"is": line.kind}
    before = len(faults)
    for name in FIELDS[line.kind]:
        text = narrow(line.get(name)) if name not in ("zone", "words") else line.get(name)
        if not text and (name in ("least", "most", "ahead", "behind") or (line.kind, name) in _OPTIONAL):
            continue
        if not text and name == "days":
            continue
        wrong = _put(found, line.kind, name, text)
        if wrong is not None:
            faults[f"{name}_{place}"] = wrong
    if "least" in FIELDS[line.kind] and len(faults) == before:
        low, high = found.get("at_least"), found.get("at_most")
        if low is None and high is None:
            faults[f"least_{place}"] = said("Say how many at least or at most.")
        elif low is not None and high is not None and low > high:
            faults[f"most_{place}"] = said(
                "This is less than what it is to be at least: nobody would be meant."
            )
    if len(faults) > before:
        return None
    leaf: Leaf = msgspec.convert(found, Leaf)
    return leaf


def _put(found: dict[str, Anything], kind: str, name: str, text: str) -> Said | None:  # noqa: C901
    """Take one field in; a sentence where it is wrong."""
    if name in ("least", "most"):
        money = kind == "spent" or (kind == "score" and found.get("which") == "value")
        hundredths = kind == "score" and found.get("which") == "expected"
        number = read_cents(text) if money or hundredths else _number(text, _LARGEST.get(kind, 1_000_000))
        if number is None:
            if money:
                return said("Give an amount of money, such as 2.50.")
            return said("Give a whole number from 0 on, or leave it empty.")
        found[_NAMES[name]] = number
    elif name == "days":
        days = _number(text, LONGEST_DAYS)
        if not days:
            return said(
                "Give a number of days from 1 to %(most)s, or leave it empty: ever.", most=LONGEST_DAYS
            )
        found["days"] = days
    elif name in ("ahead", "behind"):
        days = _number(text, 180)
        if days is None:
            return said("Give a number of days from 0 to %(most)s.", most=180)
        found[name] = days
    elif name in ("campaign", "plan"):
        number = _number(text, 2**32 - 1)
        if not number:
            return said("Choose one from the list.")
        found[name] = number
    elif name == "which":
        if text not in CHOICES[kind]:
            return said("Choose one from the list.")
        found["which"] = text
    elif name == "consent":
        if text not in CONSENTS:
            return said("Choose one from the list.")
        purpose, medium = CONSENTS[text]
        found |= {"purpose": purpose, **({"medium": medium} if medium else {})}
    elif name == "zone":
        if not text or len(text) > 200:
            return said("Name a zone, as its door has it.")
        found["zone"] = text
    elif name == "words":
        words = split(text)
        if not words or len(words) > 10 or any(len(word) > 200 for word in words):
            return said("Give one to ten, with commas between them.")
        if kind == "speaks" and any(not 2 <= len(word) <= 20 for word in words):
            return said("Write languages by their codes, such as en, zh.")
        found["any_of"] = words
    return None


def split(text: str) -> list[str]:
    """Words with commas of any kind between them."""
    parts = (" ".join(part.split()) for part in re.split(r"[,;、，；\n]+", text))
    return list(dict.fromkeys(part for part in parts if part))


def _number(text: str, most: int) -> int | None:
    plain = re.sub(r"\s", "", text)
    return int(plain) if re.fullmatch(r"[0-9]{1,10}", plain) and int(plain) <= most else None


def _lines(definition: Definition) -> list[Line] | None:
    """The lines of a definition that the form can show; None where it cannot."""
    groups = definition.of if isinstance(definition, All) else (definition,)
    lines: list[Line] = []
    for group in groups:
        for place, one in enumerate(group.of if isinstance(group, Any) else (group,)):
            leaf = one.that if isinstance(one, Not) else one
            if isinstance(leaf, All | Any | Not):
                return None
            line = _line(leaf, "or" if place else "and", negated=isinstance(one, Not))
            # What would not come back as it is, is shown as text.
            if _leaf(line, 0, {}) != leaf:
                return None
            lines.append(line)
    return lines


def _line(leaf: Leaf, join: Literal["and", "or"], *, negated: bool) -> Line:
    plain: dict[str, Anything] = msgspec.to_builtins(leaf)
    kind = plain.pop("is")
    fields: dict[str, str] = {}
    for name in FIELDS[kind]:
        value = plain.get(_NAMES.get(name, name))
        if name == "consent":
            medium = plain.get("medium")
            fields[name] = plain["purpose"] if medium is None else f"{plain['purpose']}.{medium}"
        elif value is None:
            continue
        elif name == "words":
            fields[name] = ", ".join(value)
        elif name in ("least", "most") and _is_hundredths(kind, plain):
            fields[name] = show_cents(value)
        else:
            fields[name] = str(value)
    return Line(kind, join, negated, fields)


def _is_hundredths(kind: str, plain: Mapping[str, Anything]) -> bool:
    return kind == "spent" or (kind == "score" and plain.get("which") in ("value", "expected"))
