"""Definitions of segments in the reader's words: what each line asks for, and the names of kinds and choices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from flask_babel import ngettext  # type: ignore[import-untyped]  # ships no types

from hub.admin.office import Office
from hub.admin.wording import Wording
from hub.segments.definition import All, Definition, Leaf, Not
from hub.segments.definition import Any as Either
from hub.segments.typed import FIELDS
from hub.storefront.languages import gettext, language
from hub.wire.snapshot import say


def kind_names() -> dict[str, str]:
    """What each kind of line is about."""
    return {
        "came": gettext("Days on which they were here"),
        "away": gettext("Days since they were last here"),
        "bought": gettext("Purchases"),
        "spent": gettext("Money they spent"),
        "used": gettext("Coupons they used"),
        "holds": gettext("A coupon that they hold"),
        "zone": gettext("Visits to a zone"),
        "stayed": gettext("Minutes they stayed"),
        "joined": gettext("Days since they joined"),
        "date": gettext("A day that comes every year"),
        "score": gettext("What is expected of them"),
        "speaks": gettext("Their language"),
        "agreed": gettext("What they agreed to"),
        "answered": gettext("What came of a task of the staff"),
        "way": gettext("How they joined"),
        "listed": gettext("On this segment's own list"),
    }


def kind_groups() -> list[tuple[str, tuple[str, ...]]]:
    """The kinds as the form offers them."""
    return [
        (gettext("Coming and staying"), ("came", "away", "zone", "stayed")),
        (gettext("Buying"), ("bought", "spent", "used", "holds")),
        (gettext("Who they are"), ("joined", "date", "speaks", "way", "agreed")),
        (gettext("More"), ("score", "answered", "listed")),
    ]


def choice_names() -> dict[str, str]:
    """What can be chosen in a line, by its value."""
    return {
        "birthday": gettext("their birthday"),
        "date.joined": gettext("the day on which they joined"),
        "loss": gettext("chance that they stay away, in per cent"),
        "alive": gettext("chance that they still come, in per cent"),
        "expected": gettext("visits that are expected of them"),
        "value": gettext("money that is expected of them"),
        "recognise": gettext("to be recognised"),
        "messages": gettext("to messages, by any channel"),
        "messages.sms": gettext("to text messages"),
        "messages.mail": gettext("to mail"),
        "messages.push": gettext("to notices on their phone"),
        "messages.screen": gettext("to words on a screen here"),
        "portal": gettext("at the Wi-Fi"),
        "kiosk": gettext("at the screen"),
        "till": gettext("at the till"),
        "link": gettext("on the public pages"),
        "poster": gettext("by a poster"),
        "sms": gettext("by a text message"),
        "office": gettext("in the office"),
        "import": gettext("by a file"),
    }


@dataclass(frozen=True, slots=True)
class Words:
    """One line in words. `join`: "and" or "or", empty for the first one; `depth`: how far inside of others it stands."""

    join: str
    text: str
    depth: int


class Teller:
    """Says definitions in the reader's words."""

    def __init__(self, office: Office) -> None:
        self._wording: Wording = office.wording()
        self._kinds = kind_names()
        self._choices = choice_names()
        self._title = _titles(office)

    def lines(self, definition: Definition) -> list[Words]:
        """A definition, line by line."""
        return self._lines(definition, "", 0, negated=False)

    def _lines(self, definition: Definition, join: str, depth: int, *, negated: bool) -> list[Words]:
        match definition:
            case All(of=parts) | Either(of=parts):
                word = "and" if isinstance(definition, All) != negated else "or"
                inner = depth + bool(join)
                found: list[Words] = []
                for place, part in enumerate(parts):
                    first = join if place == 0 else word
                    found += self._lines(part, first, depth if place == 0 else inner, negated=negated)
                return found
            case Not(that=that):
                return self._lines(that, join, depth, negated=not negated)
            case _:
                text = self.line(definition)
                return [Words(join, gettext("not: %(line)s", line=text) if negated else text, depth)]

    def line(self, leaf: Leaf) -> str:
        """One line."""
        plain: dict[str, Any] = msgspec.to_builtins(leaf)
        kind = plain["is"]
        parts = [
            part for part in (self._what(kind, plain), self._amount(kind, plain), _window(plain)) if part
        ]
        name = self._kinds[kind]
        return gettext("%(name)s: %(what)s", name=name, what=gettext(", ").join(parts)) if parts else name

    def _what(self, kind: str, plain: dict[str, Any]) -> str:
        if kind == "date":
            which = self._choices["birthday" if plain["which"] == "birthday" else "date.joined"]
            return gettext(", ").join([which, *_around(plain)])
        if kind == "score":
            return self._choices[plain["which"]]
        if kind == "agreed":
            medium = plain.get("medium")
            return self._choices[plain["purpose"] if medium is None else f"{plain['purpose']}.{medium}"]
        if kind == "way":
            return gettext(", ").join(self._choices.get(word, word) for word in plain["any_of"])
        if kind in ("speaks", "answered"):
            words = gettext(", ").join(plain["any_of"])
            plan = plain.get("plan")
            return words if plan is None else gettext("%(words)s (plan %(number)s)", words=words, number=plan)
        if plain.get("campaign") is not None:
            return self._title(int(plain["campaign"]))
        return str(plain.get("zone", ""))

    def _amount(self, kind: str, plain: dict[str, Any]) -> str:
        say_it: Callable[[int], str] = self._wording.count
        if kind == "spent" or (kind == "score" and plain["which"] == "value"):
            say_it = self._wording.money
        elif kind == "score" and plain["which"] == "expected":
            say_it = self._hundredths
        low, high = plain.get("at_least"), plain.get("at_most")
        if "least" not in FIELDS[kind] or (low is None and high is None):
            return ""
        if low is not None and low == high:
            return gettext("exactly %(number)s", number=say_it(low))
        if high is None and low is not None:
            return gettext("at least %(number)s", number=say_it(low))
        if low is None and high is not None:
            return gettext("at most %(number)s", number=say_it(high))
        return gettext("%(low)s to %(high)s", low=say_it(low or 0), high=say_it(high or 0))

    def _hundredths(self, number: int) -> str:
        return self._wording.decimal(number / 100)


def _window(plain: dict[str, Any]) -> str:
    days = plain.get("days")
    return "" if days is None else ngettext("today", "in the last %(num)d days", days)


def _around(plain: dict[str, Any]) -> list[str]:
    ahead, behind = plain.get("ahead", 0), plain.get("behind", 0)
    parts = []
    if ahead:
        parts.append(ngettext("up to %(num)d day before it", "up to %(num)d days before it", ahead))
    if behind:
        parts.append(ngettext("up to %(num)d day after it", "up to %(num)d days after it", behind))
    return parts or [gettext("on the day itself")]


def _titles(office: Office) -> Callable[[int], str]:
    def title(number: int) -> str:
        record = office.store.campaigns.get(number)
        name = say(record.campaign.offer.title, language()) if record is not None else ""
        return f"{number} · {name}" if name else str(number)

    return title
