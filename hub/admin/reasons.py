"""Why these days differ from those that they are compared with, in sentences: by how much, where, when, and beside what.

Every sentence says what is counted, none says what caused it. A difference that chance alone makes is called so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.admin.naming import Names
from hub.admin.values import Values
from hub.figures.answer import Answer, Row, Value
from hub.figures.definitions import Figure, Unit
from hub.figures.question import Dimension
from hub.storefront.languages import gettext

NINE_IN_TEN = 1.645
"""Standard deviations that chance alone stays within nine times in ten, for counts as rare events make them."""

HOURS_TOGETHER = 3
MOST_OF_IT = 0.5
"""A part is named where at least that share of the whole difference lies in it,"""

BEYOND_ITS_SIZE = 0.15
"""and more of it, by that share, than there is in that part anyway."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence. `tone`: `good`, `no`, or `note`. `lead`: it is the answer, the others say where it comes from."""

    text: str
    tone: str = "note"
    lead: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to say something from: a figure, the totals of the page, whether its days are over, the figure's
    cuts, and its hours of the day."""

    figure: Figure
    leads: Answer
    is_over: bool
    cuts: Sequence[tuple[Dimension, Answer]]
    hours: Answer | None


def reasons(seen: Seen, values: Values, names: Names) -> list[Reason]:
    """The sentences, the answer first; none where nothing can be compared."""
    name = seen.figure.name
    now, before = _pair(seen.leads.total, name)
    if now is None or before is None or (not now and not before):
        return []
    found = [_answer(seen.figure, now, before, values)]
    if not seen.is_over:
        # Half a day against a whole one is no verdict.
        found = [Reason(found[0].text, lead=True), Reason(gettext("Today is not over: it counts so far."))]
    difference = now - before
    if difference and not seen.figure.over and not _is_chance(seen.figure, now, before):
        found += [
            one for cut, answer in seen.cuts if (one := _place(seen, cut, answer, difference, values, names))
        ]
        hours = _hours(seen, difference, values, names)
        found += [hours] if hours else []
    return found + _street(seen, values) + _beside(seen, values)


def _answer(figure: Figure, now: float, before: float, values: Values) -> Reason:
    title = values.title(figure.name)
    if now == before:
        return Reason(gettext("%(figure)s is the same as before.", figure=title), lead=True)
    change = values.change(figure.name, Value(now), Value(before))
    more = now > before
    words = {
        "figure": title,
        "now": values.plain(figure.name, now),
        "before": values.plain(figure.name, before),
        "change": change,
    }
    if _is_chance(figure, now, before):
        sentence = gettext(
            "%(figure)s: %(now)s, against %(before)s before (%(change)s). Chance alone makes such a difference; it says little.",
            **words,
        )
        return Reason(sentence, lead=True)
    sentence = (
        gettext("%(figure)s went up: %(now)s, against %(before)s before (%(change)s).", **words)
        if more
        else gettext("%(figure)s went down: %(now)s, against %(before)s before (%(change)s).", **words)
    )
    return Reason(sentence, "good" if more else "no", lead=True)


def _is_chance(figure: Figure, now: float, before: float) -> bool:
    """Whether counts differ by no more than chance alone makes them."""
    counted = figure.unit is Unit.COUNT and not figure.over
    return counted and abs(now - before) <= NINE_IN_TEN * (now + before) ** 0.5


def _place(
    seen: Seen, dimension: Dimension, answer: Answer, difference: float, values: Values, names: Names
) -> Reason | None:
    """The part in which most of the difference lies, where there is more than one."""
    if len(answer.rows) < 2:
        return None
    name = seen.figure.name
    parts = [(row.key[0], _difference(row, name)) for row in answer.rows]
    key, most = max(parts, key=lambda part: part[1] * (1 if difference > 0 else -1))
    sizes = {row.key[0]: _size(row, name) for row in answer.rows}
    if not _stands_out(most, difference, sizes[key], sum(sizes.values())):
        return None
    words = {
        "part": names.of(dimension, key),
        "difference": _signed(seen.figure, most, values),
    }
    return Reason(gettext("Most of it: %(part)s (%(difference)s).", **words))


def _hours(seen: Seen, difference: float, values: Values, names: Names) -> Reason | None:
    """The few hours in a row in which most of the difference lies."""
    if seen.hours is None:
        return None
    name = seen.figure.name
    by_hour = {int(row.key[0]): _difference(row, name) for row in seen.hours.rows}
    sign = 1 if difference > 0 else -1
    windows = {
        first: sum(by_hour.get(hour, 0.0) for hour in range(first, first + HOURS_TOGETHER))
        for first in range(24 - HOURS_TOGETHER + 1)
    }
    first, most = max(windows.items(), key=lambda window: window[1] * sign)
    sizes = {int(row.key[0]): _size(row, name) for row in seen.hours.rows}
    size = sum(sizes.get(hour, 0.0) for hour in range(first, first + HOURS_TOGETHER))
    if not _stands_out(most, difference, size, sum(sizes.values())):
        return None
    words = {
        "first": names.time(Dimension.HOUR, str(first)),
        "last": names.time(Dimension.HOUR, str((first + HOURS_TOGETHER) % 24)),
        "difference": _signed(seen.figure, most, values),
    }
    return Reason(gettext("Most of it between %(first)s and %(last)s (%(difference)s).", **words))


def _stands_out(part: float, difference: float, size: float, whole: float) -> bool:
    """Whether most of a difference lies in a part, and more than its size alone would make."""
    share = part / difference
    return share >= MOST_OF_IT and whole > 0 and share >= size / whole + BEYOND_ITS_SIZE


def _street(seen: Seen, values: Values) -> list[Reason]:
    """Whether more went past, or more of those who did came in."""
    if seen.figure.name not in ("visits", "capture_rate", "guests"):
        return []
    passers, passers_before = _pair(seen.leads.total, "passers")
    rate, rate_before = _pair(seen.leads.total, "capture_rate")
    if None in (passers, passers_before, rate, rate_before) or not passers_before:
        return []
    words = {
        "passers": values.change("passers", Value(passers), Value(passers_before)),
        "rate": values.plain("capture_rate", rate),
        "rate_before": values.plain("capture_rate", rate_before),
    }
    return [
        Reason(
            gettext(
                "In front of the shop: %(passers)s passers-by; of those near, %(rate)s came in, %(rate_before)s before.",
                **words,
            )
        )
    ]


def _beside(seen: Seen, values: Values) -> list[Reason]:
    """What the till says of the same days."""
    found = []
    for name in ("redeemed", "earned_cents", "sales_cents"):
        now, before = _pair(seen.leads.total, name)
        if name == seen.figure.name or not now or not before:
            continue
        change = values.change(name, Value(now), Value(before))
        found.append(gettext("%(figure)s: %(change)s", figure=values.title(name), change=change))
    return [Reason(gettext("Beside it: %(figures)s.", figures=gettext(", ").join(found)))] if found else []


def _pair(row: Row, name: str) -> tuple[float | None, float | None]:
    return _of(row.values, name), _of(row.before, name)


def _of(values: Mapping[str, Value], name: str) -> float | None:
    found = values.get(name)
    return found.number if found else None


def _size(row: Row, name: str) -> float:
    now, before = _pair(row, name)
    return (now or 0.0) + (before or 0.0)


def _difference(row: Row, name: str) -> float:
    now, before = _pair(row, name)
    return (now or 0.0) - (before or 0.0)


def _signed(figure: Figure, difference: float, values: Values) -> str:
    if figure.unit is Unit.COUNT:
        return values.wording.signed(difference)
    return f"{'+' if difference > 0 else '−'}{values.plain(figure.name, abs(difference))}"
