"""A question as it stands in the address of a page, and back.

Pure. `read` takes any address and never fails: what cannot be read falls back, what is turned round is turned back, what is too
long is cut. `write` gives what `flask.url_for` takes. The names:

`days=today|yesterday|7|30|90|365|month|custom`, with `from=` and `to=` for `custom`;
`vs=none|previous|week|year|custom`, with `vs_from=` and `vs_to=` for `custom`; `week`: the same weekdays just before;
`by=` (at most two), `shop=`, `zone=`, `way=`, `channel=`, `campaign=`, `staff=`, `till=`, each as often as one likes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from hub.figures.question import LONGEST_DAYS, MOST_CUTS, Comparison, Days, Dimension, Filters, Question
from hub.wire.snapshot import Shop

CHOICES = {"today": 1, "7": 7, "30": 30, "90": 90, "365": 365}
"""Days up to today, by their name in an address."""

VERSUS = ("none", "previous", "week", "year", "custom")
"""With what days are compared, by its name in an address."""

MOST_OF_A_KIND = 20
"""More values of one filter are not read."""

LONGEST_VALUE = 200

FIELDS: dict[Dimension, str] = {
    Dimension.SHOP: "shops",
    Dimension.ZONE: "zones",
    Dimension.WAY: "ways",
    Dimension.CHANNEL: "channels",
    Dimension.CAMPAIGN: "campaigns",
    Dimension.STAFF: "staff",
    Dimension.TILL: "tills",
}
"""By which dimensions an address filters, with their field in `Filters`."""

_NUMBERED = (Dimension.SHOP, Dimension.CAMPAIGN)

Written = dict[str, str | list[str]]


class Arguments(Protocol):
    """An address's arguments, as werkzeug's MultiDict has them."""

    def getlist(self, key: str) -> list[str]:
        """Every value under a name."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for, all but the figures. `choice` and `versus`: the words that made the days and the comparison."""

    choice: str
    days: Days
    versus: str = "none"
    against: Days | None = None
    by: tuple[Dimension, ...] = ()
    filters: Filters = field(default_factory=Filters)

    def question(self, figures: Iterable[str], by: Sequence[Dimension] | None = None) -> Question:
        """The question for these figures; `by` goes before what stands in the address."""
        comparison = {
            "none": Comparison.NONE,
            "previous": Comparison.PREVIOUS,
            "year": Comparison.YEAR,
        }.get(self.versus, Comparison.CUSTOM)
        return Question(
            tuple(figures),
            self.days,
            self.by if by is None else tuple(by),
            self.filters,
            comparison,
            self.against if comparison is Comparison.CUSTOM else None,
        )

    def on(self, days: Days, choice: str = "custom") -> Asked:
        """The same of other days; days of a comparison of one's own do not follow, so it falls back to the week before."""
        versus = "week" if self.versus == "custom" else self.versus
        return compared(replace(self, choice=choice, days=days, against=None, by=()), versus)

    def narrowed(self, dimension: Dimension, value: str) -> Asked:
        """With one more filter; values of the same dimension stand beside each other."""
        kept = FIELDS[dimension]
        here: tuple[object, ...] = getattr(self.filters, kept)
        fresh: object = int(value) if dimension in _NUMBERED else value
        return self if fresh in here else self._filtered(kept, (*here, fresh))

    def widened(self, dimension: Dimension, value: str) -> Asked:
        """Without this filter."""
        kept = FIELDS[dimension]
        return self._filtered(kept, tuple(one for one in getattr(self.filters, kept) if str(one) != value))

    def _filtered(self, name: str, values: tuple[object, ...]) -> Asked:
        changed: dict[str, tuple[object, ...]] = {name: values}
        return replace(self, filters=replace(self.filters, **changed))  # type: ignore[arg-type]  # one of its own fields


def read(arguments: Arguments, shop: Shop, now: float, default: str = "today", versus: str = "none") -> Asked:
    """What an address asks for. `default`, `versus`: the days and the comparison where it says nothing of them."""
    today = datetime.fromtimestamp(now, ZoneInfo(shop.timezone)).date()
    choice, days = _days(arguments, today, default)
    asked = Asked(choice, days, by=_by(arguments), filters=_filters(arguments))
    first, last = _date(_one(arguments, "vs_from")), _date(_one(arguments, "vs_to"))
    wanted = _one(arguments, "vs") or versus
    if wanted == "custom" and (first or last):
        return replace(
            asked, versus="custom", against=_between(first or last or today, last or first or today)
        )
    return compared(asked, wanted if wanted in VERSUS and wanted != "custom" else versus)


def compared(asked: Asked, versus: str) -> Asked:
    """The same compared with other days."""
    if versus == "week":
        return replace(asked, versus=versus, against=asked.days.back(-(-asked.days.count // 7) * 7))
    return replace(asked, versus=versus, against=None)


def write(asked: Asked) -> Written:
    """How it stands in an address: `read` gives the same again."""
    found: Written = {"days": asked.choice}
    if asked.choice == "custom":
        found |= {"from": asked.days.first.isoformat(), "to": asked.days.last.isoformat()}
    found["vs"] = asked.versus
    if asked.versus == "custom" and asked.against is not None:
        found |= {"vs_from": asked.against.first.isoformat(), "vs_to": asked.against.last.isoformat()}
    if asked.by:
        found["by"] = [str(one) for one in asked.by]
    return found | write_filters(asked.filters)


def write_filters(filters: Filters) -> Written:
    """The filters alone."""
    return {
        str(dimension): [str(one) for one in getattr(filters, name)]
        for dimension, name in FIELDS.items()
        if getattr(filters, name)
    }


def filters_text(filters: Filters) -> str:
    """The filters as they stand in `data-filters` of a number on a page: `zone=door&campaign=3`, in the order of `FIELDS`."""
    return "&".join(f"{name}={value}" for name, values in write_filters(filters).items() for value in values)


def _days(arguments: Arguments, today: date, default: str) -> tuple[str, Days]:
    choice = _one(arguments, "days") or default
    if choice == "custom":
        first, last = _date(_one(arguments, "from")), _date(_one(arguments, "to"))
        if first or last:
            return choice, _between(first or last or today, last or first or today)
        choice = default
    if choice == "yesterday":
        return choice, Days(today - timedelta(days=1), today - timedelta(days=1))
    if choice == "month":
        return choice, Days(today.replace(day=1), today)
    choice = choice if choice in CHOICES else default
    return choice, Days(today - timedelta(days=CHOICES.get(choice, 1) - 1), today)


def _between(one: date, other: date) -> Days:
    first, last = sorted((one, other))
    return Days(max(first, last - timedelta(days=LONGEST_DAYS - 1)), last)


def _by(arguments: Arguments) -> tuple[Dimension, ...]:
    known = set(Dimension)
    words = [part for text in arguments.getlist("by")[:MOST_OF_A_KIND] for part in text.split(",")]
    found = dict.fromkeys(Dimension(word) for word in words if word in known)
    return tuple(found)[:MOST_CUTS]


def _filters(arguments: Arguments) -> Filters:
    found: dict[str, tuple[object, ...]] = {}
    for dimension, name in FIELDS.items():
        texts = [text[:LONGEST_VALUE] for text in arguments.getlist(str(dimension))[:MOST_OF_A_KIND]]
        if dimension in _NUMBERED:
            found[name] = tuple(dict.fromkeys(int(text) for text in texts if _is_number(text)))
        else:
            found[name] = tuple(dict.fromkeys(texts))
    return Filters(**found)  # type: ignore[arg-type]  # each field has values of its own kind


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9


def _one(arguments: Arguments, name: str) -> str:
    return next(iter(arguments.getlist(name)), "")


def _date(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2100 else None
