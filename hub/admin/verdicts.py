"""What an offer changed, in words: the verdict in one sentence, and the lines of the comparison with the control group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hub.admin.wording import Wording
from hub.figures.campaign import Effect
from hub.figures.lift import LEAST_ACTIVE, LEAST_MEMBERS, Lift, Sample, Verdict
from hub.storefront.languages import gettext

LEAST_SHOWN = 10
"""Fewer members are not counted out on a page."""

Say = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Told:
    """The verdict: its tone (`good`, `no`, `look` or `note`), one sentence, and what stands beneath it."""

    tone: str
    sentence: str
    beneath: str


@dataclass(frozen=True, slots=True)
class Span:
    """The interval as a picture from 0 to 100: where nothing is, from where to where it goes, where its middle is."""

    zero: float
    low: float
    high: float
    middle: float


@dataclass(frozen=True, slots=True)
class Line:
    """What is compared, per member in each group; the difference, its interval, and what that is in all."""

    name: str
    treated: str
    control: str
    difference: str
    low: str
    high: str
    extra: str
    span: Span


def verdict(changed: Effect | None, given_cents: int, wording: Wording) -> Told:
    """What may be said of an offer that has been published. `given_cents`: what it gave away, to members and others."""
    if changed is None:
        return Told(
            "note",
            gettext("Nobody can tell what this offer changed: it has no control group."),
            gettext(
                "What was earned with its coupons would partly have been earned without them. Give the next offer a control "
                "group of 10 per cent of the members; then this page says what it was worth."
            ),
        )
    told = changed.told
    match told.verdict:
        case Verdict.EARLY | Verdict.NO_CONTROL:
            return Told("note", gettext("This offer has not begun."), gettext("The groups are drawn."))
        case Verdict.TOO_FEW:
            return Told("note", _too_few(told), _needed())
    return Told(
        {Verdict.WORKED: "good", Verdict.HARMED: "no"}.get(told.verdict, "look"),
        _sentence(changed, given_cents, wording),
        _how_sure(told),
    )


def _too_few(told: Lift) -> str:
    if told.is_final:
        return gettext("There were too few members to tell what this offer changed.")
    return gettext("There are too few members to tell what this offer changes so far.")


def _needed() -> str:
    return gettext(
        "In each group there have to be %(members)s members who had joined before it began, and %(active)s who came or bought.",
        members=LEAST_MEMBERS,
        active=LEAST_ACTIVE,
    )


def _sentence(changed: Effect, given_cents: int, wording: Wording) -> str:
    told = changed.told
    found = told.interval
    assert found is not None  # noqa: S101 - what has a verdict of these has an interval
    is_money = changed.value is not None
    say = _money(wording) if is_money else wording.decimal
    values = {
        "more": say(abs(found.difference)),
        "low": say(found.low),
        "high": say(found.high),
        "least": say(min(abs(found.low), abs(found.high))),
        "most": say(max(abs(found.low), abs(found.high))),
        "extra": say(abs(told.extra)),
        "given": wording.money(given_cents),
    }
    return _WORDS[told.verdict, is_money, told.is_final]() % values


_WORDS: dict[tuple[Verdict, bool, bool], Callable[[], str]] = {
    (Verdict.WORKED, True, True): lambda: gettext(
        "It worked: members who could have the offer paid %(more)s more each than those who could not (%(least)s to %(most)s), "
        "%(extra)s in all, while %(given)s were given away."
    ),
    (Verdict.WORKED, True, False): lambda: gettext(
        "It works so far: members who can have the offer have paid %(more)s more each than those who cannot (%(least)s to "
        "%(most)s), %(extra)s in all, while %(given)s were given away."
    ),
    (Verdict.WORKED, False, True): lambda: gettext(
        "It worked: members who could have the offer were here on %(more)s more days each than those who could not (%(least)s "
        "to %(most)s), while %(given)s were given away."
    ),
    (Verdict.WORKED, False, False): lambda: gettext(
        "It works so far: members who can have the offer have been here on %(more)s more days each than those who cannot "
        "(%(least)s to %(most)s), while %(given)s were given away."
    ),
    (Verdict.HARMED, True, True): lambda: gettext(
        "It did harm: members who could have the offer paid %(more)s less each than those who could not (%(least)s to "
        "%(most)s), while %(given)s were given away."
    ),
    (Verdict.HARMED, True, False): lambda: gettext(
        "It does harm so far: members who can have the offer have paid %(more)s less each than those who cannot (%(least)s to "
        "%(most)s), while %(given)s were given away."
    ),
    (Verdict.HARMED, False, True): lambda: gettext(
        "It did harm: members who could have the offer were here on %(more)s fewer days each than those who could not "
        "(%(least)s to %(most)s)."
    ),
    (Verdict.HARMED, False, False): lambda: gettext(
        "It does harm so far: members who can have the offer have been here on %(more)s fewer days each than those who cannot "
        "(%(least)s to %(most)s)."
    ),
    (Verdict.UNCLEAR, True, True): lambda: gettext(
        "Whether it changed anything cannot be told: per member it brought between %(low)s and %(high)s, and chance alone makes "
        "as much; %(given)s were given away."
    ),
    (Verdict.UNCLEAR, True, False): lambda: gettext(
        "Whether it changes anything cannot be told yet: per member it has brought between %(low)s and %(high)s so far, and "
        "chance alone makes as much; %(given)s were given away."
    ),
    (Verdict.UNCLEAR, False, True): lambda: gettext(
        "Whether it changed anything cannot be told: per member it brought between %(low)s and %(high)s days, and chance alone "
        "makes as much."
    ),
    (Verdict.UNCLEAR, False, False): lambda: gettext(
        "Whether it changes anything cannot be told yet: per member it has brought between %(low)s and %(high)s days so far, "
        "and chance alone makes as much."
    ),
}


def _how_sure(told: Lift) -> str:
    if told.is_final:
        return gettext(
            "The interval holds the truth in 95 of 100 offers. Groups are compared as they were drawn, whether or not somebody "
            "took the offer."
        )
    return gettext(
        "While it runs the interval is wider, so that you may look as often as you like: it holds the truth all the time in 95 "
        "of 100 offers. Groups are compared as they were drawn, whether or not somebody took the offer."
    )


def size(group: Sample, wording: Wording) -> str:
    """How many members a group has."""
    if group.count < LEAST_SHOWN:
        return gettext("fewer than %(count)s", count=LEAST_SHOWN)
    return wording.count(group.count)


def lines(changed: Effect, wording: Wording) -> list[Line]:
    """The comparison, where there are enough members for one."""
    found = []
    if changed.value is not None:
        found.append(_line(gettext("Paid per member"), changed.value, _money(wording)))
    found.append(_line(gettext("Days here per member"), changed.days, wording.decimal))
    return [one for one in found if one is not None]


def _money(wording: Wording) -> Say:
    return lambda cents: wording.money(round(cents))


def _line(name: str, told: Lift, say: Say) -> Line | None:
    found = told.interval
    if found is None:
        return None
    low, high = min(found.low, 0.0), max(found.high, 0.0)
    wide = (high - low) or 1.0
    edge, whole = 6.0, 88.0

    def place(number: float) -> float:
        return round(edge + (number - low) / wide * whole, 2)

    return Line(
        name,
        say(told.treated.mean),
        say(told.control.mean),
        say(found.difference),
        say(found.low),
        say(found.high),
        say(told.extra),
        Span(place(0.0), place(found.low), place(found.high), place(found.difference)),
    )


def comparison(changed: Effect | None, wording: Wording) -> dict[str, Any]:
    """What `effect_parts.html` shows: the effect, its lines, how many are in each group."""
    if changed is None:
        return {"effect": None, "lines": [], "sizes": []}
    groups = (changed.told.treated, changed.told.control)
    return {
        "effect": changed,
        "lines": lines(changed, wording),
        "sizes": [size(one, wording) for one in groups],
    }
