"""How a figure's value is written on a page: in its unit, with its band, with what it was before.

The macros of `templates/manage/figure.html` write every number of every page through this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from hub.admin.wording import Wording
from hub.figures.address import filters_text
from hub.figures.answer import Value
from hub.figures.definitions import FIGURES, Figure, Unit
from hub.figures.periods import counterparts
from hub.figures.question import Days, Dimension, Question
from hub.storefront.languages import gettext
from hub.wire.snapshot import say

NO_NUMBER = "–"


@dataclass(frozen=True, slots=True)
class Values:
    """How values are said to one reader. `spoken`: the language of the page."""

    wording: Wording
    spoken: str

    def figure(self, name: str) -> Figure | None:
        """What a figure is; None where there is none of that name."""
        return FIGURES.get(name)

    def title(self, name: str) -> str:
        """What a figure is called."""
        return say(FIGURES[name].title, self.spoken) if name in FIGURES else name

    def made(self, name: str) -> str:
        """How a figure is made."""
        return say(FIGURES[name].made, self.spoken) if name in FIGURES else ""

    def plain(self, name: str, number: float | None) -> str:
        """A number in the unit of its figure."""
        if number is None:
            return NO_NUMBER
        match FIGURES[name].unit if name in FIGURES else Unit.COUNT:
            case Unit.CENTS:
                return self.wording.money(round(number))
            case Unit.SECONDS:
                return self.wording.minutes(number)
            case Unit.SHARE:
                return self.wording.share(number)
            case _:
                exact = float(number).is_integer() or abs(number) >= 100
                return self.wording.count(number) if exact else self.wording.tenths(number)

    def say(self, name: str, value: Value | None) -> str:
        """A value as it stands on a page; what carries noise has a wave before it."""
        if value is None or value.number is None:
            return NO_NUMBER
        return f"≈{self.plain(name, value.number)}" if value.noisy else self.plain(name, value.number)

    def band(self, name: str, value: Value | None) -> str:
        """The band in which the true one lies; "" where there is none."""
        if value is None or value.number is None or value.low is None or value.high is None:
            return ""
        return gettext(
            "between %(low)s and %(high)s, nine times in ten",
            low=self.plain(name, value.low),
            high=self.plain(name, value.high),
        )

    def change(self, name: str, value: Value | None, before: Value | None) -> str:
        """By how much it changed: in percent, a share in its points; "" where nothing can be said."""
        if value is None or before is None or value.number is None or before.number is None:
            return ""
        if name in FIGURES and FIGURES[name].unit is Unit.SHARE:
            points = (value.number - before.number) * 100
            return gettext("%(points)s points", points=self.wording.signed(points))
        if not before.number:
            return gettext("from nothing") if value.number else ""
        return self.wording.signed_percent(value.number / before.number - 1)

    def direction(self, value: Value | None, before: Value | None) -> str:
        """`up`, `down` or `same`, for the sign beside a change; "" where nothing can be said."""
        if value is None or before is None or value.number is None or before.number is None:
            return ""
        return "up" if value.number > before.number else "down" if value.number < before.number else "same"


def attributes(
    name: str, value: Value | None, key: Sequence[str], question: Question, days: Days
) -> dict[str, str | None]:
    """What stands in a number's element, by which a program can read it: the raw value, what it is of, and of which days."""
    number = None if value is None else value.number
    found: dict[str, str | None] = {
        "data-figure": name,
        "data-key": "|".join(_of_days(key, question, days)),
        # A total of what is cut has no key, which is not the same as the key of a cut that has no name.
        "data-by": "|".join(question.by) if key else "",
        "data-value": "" if number is None else repr(number),
        "data-days": f"{days.first.isoformat()}/{days.last.isoformat()}",
        "data-filters": filters_text(question.filters),
    }
    if value is not None:
        found["data-noisy"] = "" if value.noisy else None
        found["data-provisional"] = "" if value.provisional else None
        if value.low is not None and value.high is not None:
            found |= {"data-low": repr(value.low), "data-high": repr(value.high)}
    return found


def _of_days(key: Sequence[str], question: Question, days: Days) -> Sequence[str]:
    """A row's key as it is in the days of the comparison: what was before Monday's figure is the figure of another day."""
    if not key or days == question.days:
        return key
    return [
        _counterparts(dimension, question.days, days).get(part, part)
        for dimension, part in zip(question.by, key, strict=True)
    ]


@lru_cache(maxsize=64)
def _counterparts(dimension: Dimension, days: Days, before: Days) -> Mapping[str, str]:
    return counterparts(dimension, days, before)
