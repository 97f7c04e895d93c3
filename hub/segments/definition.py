"""Who belongs to a segment: a small language that is data, written by the office, judged by `hub.segments.judging`.

Pure. A definition is one line ("was here on at least 2 days", "has not been here for 30 days") or several joined by `All`, `Any`
and `Not`. As JSON each says what it `is`:

    {"is": "all", "of": [{"is": "came", "at_least": 2}, {"is": "not", "that": {"is": "away", "at_least": 30}}]}

Days are the shop's own. `days`: only what happened in the last so many, today among them; None: ever. Whoever has left, or took
every consent back, is in no segment, whatever it says.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from hub.wire.fact import Medium

DEEPEST = 5
MOST_LINES = 40
LONGEST_DAYS = 3_650

Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Days = Annotated[int, Meta(ge=0, le=LONGEST_DAYS)]
Window = Annotated[int, Meta(ge=1, le=LONGEST_DAYS)]
Sum = Annotated[int, Meta(ge=0, le=10**11)]
Word = Annotated[str, Meta(min_length=1, max_length=200)]
Number = Annotated[int, Meta(ge=1, le=2**32 - 1)]


class _Line(msgspec.Struct, frozen=True, tag_field="is", omit_defaults=True, forbid_unknown_fields=True):
    """A misspelt field must not be passed over: `"dayz": 30` would mean many more."""


class Came(_Line, frozen=True, tag="came"):
    """On how many days they were here: a visit in which they were recognised, a purchase, or a coupon used."""

    at_least: Count | None = None
    at_most: Count | None = None
    days: Window | None = None


class Away(_Line, frozen=True, tag="away"):
    """For how many days they have not been here; of whoever never was, since they joined."""

    at_least: Days | None = None
    at_most: Days | None = None


class Bought(_Line, frozen=True, tag="bought"):
    """How many purchases were theirs."""

    at_least: Count | None = None
    at_most: Count | None = None
    days: Window | None = None


class Spent(_Line, frozen=True, tag="spent"):
    """What they paid in all, in hundredths of the shop's currency."""

    at_least: Sum | None = None
    at_most: Sum | None = None
    days: Window | None = None


class Used(_Line, frozen=True, tag="used"):
    """How many coupons they used; `campaign`: of this offer alone."""

    at_least: Count | None = None
    at_most: Count | None = None
    days: Window | None = None
    campaign: Number | None = None


class Holds(_Line, frozen=True, tag="holds"):
    """They have a coupon of this offer that was made out to them, is not used, and is still good."""

    campaign: Number


class Stayed(_Line, frozen=True, tag="stayed"):
    """How many minutes they stayed in all, where they were recognised; `zone`: in this one alone."""

    at_least: Count | None = None
    at_most: Count | None = None
    days: Window | None = None
    zone: Word | None = None


class Zone(_Line, frozen=True, tag="zone"):
    """How often they were recognised in a zone."""

    zone: Word
    at_least: Count | None = None
    at_most: Count | None = None
    days: Window | None = None


class Joined(_Line, frozen=True, tag="joined"):
    """How many days ago they joined."""

    at_least: Days | None = None
    at_most: Days | None = None


class Date(_Line, frozen=True, tag="date"):
    """A day of theirs that comes every year: at most `ahead` days from now, or `behind` days ago. What falls on 29 February is on
    the 28th in other years."""

    which: Literal["birthday", "joined"]
    ahead: Annotated[int, Meta(ge=0, le=180)] = 0
    behind: Annotated[int, Meta(ge=0, le=180)] = 0


class Score(_Line, frozen=True, tag="score"):
    """What `hub.value` says of them. `loss`: the chance that they stay away, in per cent; `alive`: that they still come, in per
    cent; `expected`: visits in the time ahead, in hundredths; `value`: what these bring, in hundredths of the currency."""

    which: Literal["loss", "alive", "expected", "value"]
    at_least: Sum | None = None
    at_most: Sum | None = None


class Speaks(_Line, frozen=True, tag="speaks"):
    """The language in which they joined or agreed last, by its code."""

    any_of: Annotated[
        tuple[Annotated[str, Meta(min_length=2, max_length=20)], ...], Meta(min_length=1, max_length=20)
    ]


class Agreed(_Line, frozen=True, tag="agreed"):
    """What they agreed to, and did not take back. `medium`: for messages, the channel; None: any of them."""

    purpose: Literal["recognise", "messages"]
    medium: Medium | None = None


class Answered(_Line, frozen=True, tag="answered"):
    """What came of a task that staff did with them: one of these outcomes; `plan`: in this care plan alone."""

    any_of: Annotated[tuple[Word, ...], Meta(min_length=1, max_length=20)]
    plan: Number | None = None
    days: Window | None = None


class Way(_Line, frozen=True, tag="way"):
    """By which way they joined."""

    any_of: Annotated[tuple[Word, ...], Meta(min_length=1, max_length=10)]


class Listed(_Line, frozen=True, tag="listed"):
    """They stand on this segment's own list, which came as a file."""


class All(_Line, frozen=True, tag="all"):
    """Every one of them holds."""

    of: Annotated[tuple[Definition, ...], Meta(min_length=1, max_length=MOST_LINES)]


class Any(_Line, frozen=True, tag="any"):
    """At least one of them holds."""

    of: Annotated[tuple[Definition, ...], Meta(min_length=1, max_length=MOST_LINES)]


class Not(_Line, frozen=True, tag="not"):
    """It does not hold."""

    that: Definition


Leaf = (
    Came | Away | Bought | Spent | Used | Holds | Stayed | Zone
    | Joined | Date | Score | Speaks | Agreed | Answered | Way | Listed
)  # fmt: skip
Definition = Leaf | All | Any | Not

Need = Literal["days", "stays", "used", "held", "scores", "answers", "birthday", "list"]
"""What of a portrait a definition looks at, beside what is always there."""

_NEEDS: dict[type, frozenset[Need]] = {
    **dict.fromkeys((Came, Away, Bought, Spent), frozenset[Need](("days",))),
    Used: frozenset(("used",)),
    Holds: frozenset(("held",)),
    **dict.fromkeys((Stayed, Zone), frozenset[Need](("stays",))),
    Score: frozenset(("scores",)),
    Answered: frozenset(("answers",)),
    Listed: frozenset(("list",)),
}

_decoder: msgspec.json.Decoder[Definition] = msgspec.json.Decoder(Definition)


class BadDefinition(ValueError):
    """The text is no definition; the message says why."""


def read_definition(text: str | bytes) -> Definition:
    """A definition from its JSON; BadDefinition says what is wrong with it."""
    try:
        found = _decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as wrong:
        raise BadDefinition(str(wrong)) from None
    wrong_with = flaw(found)
    if wrong_with is not None:
        raise BadDefinition(wrong_with)
    return found


def write_definition(definition: Definition) -> str:
    """A definition as it is kept and shown: what has its usual value is left out."""
    return msgspec.json.encode(definition).decode()


def flaw(definition: Definition) -> str | None:
    """What is wrong with a definition as a whole, as a sentence; None where nothing is."""
    depth, lines = _measure(definition)
    if depth > DEEPEST:
        return f"lines stand inside each other at most {DEEPEST} deep"
    if lines > MOST_LINES:
        return f"a definition has at most {MOST_LINES} lines"
    for leaf in leaves(definition):
        if isinstance(leaf, Came | Away | Bought | Spent | Used | Stayed | Zone | Joined | Score):
            low, high = leaf.at_least, leaf.at_most
            if low is None and high is None:
                return f'"{_tag(leaf)}" needs "at_least" or "at_most"'
            if low is not None and high is not None and low > high:
                return f'"{_tag(leaf)}": "at_least" is more than "at_most", so nobody could be meant'
        if isinstance(leaf, Agreed) and leaf.purpose == "recognise" and leaf.medium is not None:
            return '"agreed": only messages have a channel'
    return None


def leaves(definition: Definition) -> list[Leaf]:
    """Its lines, in order."""
    match definition:
        case All(of=parts) | Any(of=parts):
            return [leaf for part in parts for leaf in leaves(part)]
        case Not(that=that):
            return leaves(that)
        case _:
            return [definition]


def needs(definition: Definition) -> frozenset[Need]:
    """What has to be read of a member to judge them."""
    found: set[Need] = set()
    for leaf in leaves(definition):
        found |= _NEEDS.get(type(leaf), frozenset())
        if isinstance(leaf, Date) and leaf.which == "birthday":
            found.add("birthday")
    return frozenset(found)


def reach_back(definition: Definition) -> int | None:
    """How many days back, today among them, of what happened has to be read at most; None: all of it."""
    reach = 1
    for leaf in leaves(definition):
        if isinstance(leaf, Away):
            return None
        if isinstance(leaf, Came | Bought | Spent | Used | Stayed | Zone | Answered):
            if leaf.days is None:
                return None
            reach = max(reach, leaf.days)
    return reach


def _tag(leaf: Leaf) -> str:
    return str(leaf.__struct_config__.tag)


def _measure(definition: Definition) -> tuple[int, int]:
    match definition:
        case All(of=parts) | Any(of=parts):
            measures = [_measure(part) for part in parts]
            return 1 + max(depth for depth, _ in measures), sum(lines for _, lines in measures)
        case Not(that=that):
            depth, lines = _measure(that)
            return 1 + depth, lines
        case _:
            return 1, 1
