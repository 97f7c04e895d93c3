"""Compares what was shown with what the books say, number by number, and remembers what differs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from math import sqrt

from hub.figures.answer import Answer, Row, Value
from hub.figures.definitions import FIGURES
from hub.figures.question import Days, Filters
from tests.prove._numbers_books import Asked, Books, cut_of
from tests.prove._numbers_figures import FIGURES as KNOWN
from tests.prove._numbers_figures import answer, band
from tests.prove._numbers_reader import Shown
from tests.prove._numbers_shops import NOW

MOST_OFF = 8
"""A cell with noise is off by four at most, and on a day that is not over by four more that have come since it was made."""

COUNTED = ("visits", "guests", "passers", "entrants")
"""Figures about people that are plain counts."""

MOST_PARTS = 6
"""More zones, or ways into the Wi-Fi, there are not."""

OF_PEOPLE = ("footfall", "street", "guests", "members")

_DAYS = ("day", "week", "month")

OPEN_FROM = datetime.fromtimestamp(NOW, UTC).date() - timedelta(days=8)
"""Before this no day is open."""


@dataclass(slots=True)
class Checker:
    """What is held against what. `home`: the shop whose numbers are shown where no filter names one."""

    books: Books
    home: int
    wrong: list[str] = field(default_factory=list)
    checked: Counter[str] = field(default_factory=Counter)
    """By the place of a number (its page, its file): how many were compared."""

    noisy: int = 0
    provisional: int = 0
    off: dict[tuple[str, str, date], float] = field(default_factory=dict)
    """By how much noise moved a figure of one shop's day that is over."""

    numbers: list[Shown] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        """Something that should not be."""
        self.wrong.append(sentence)

    def number(self, one: Shown) -> None:
        """Compare one number."""
        self.checked[one.place.partition("?")[0]] += 1
        self.numbers.append(one)
        self.provisional += one.provisional
        if one.figure not in KNOWN:
            self.say(f"{one}: a figure that the recomputation does not know")
            return
        filters = dict(one.filters)
        filters.setdefault("shop", (str(self.home),))
        expected = answer(self.books, Asked(one.figure, one.first, one.last, one.key, filters))
        if not one.noisy and one.band is not None:
            self._band(one, Asked(one.figure, one.first, one.last, one.key, filters))
        if one.noisy:
            self.noisy += 1
            self._remember(one, expected)
            if not _may_be_noisy(one, expected):
                self.say(f"{one}, with noise, and is {expected}")
        elif self._nought_of_an_open_day(one, expected, filters):
            self.noisy += 1
        elif not same(one.number, expected):
            self.say(f"{one}, and is {expected}")

    def _nought_of_an_open_day(
        self, one: Shown, expected: float | None, filters: dict[str, tuple[str, ...]]
    ) -> bool:
        """Whether a nought that stands for up to four people is in it: of a day that is not over, on which nobody had come when
        its table was made. The first few who come change nothing, and no cell is there yet that could say that it carries noise.
        """
        if one.last < OPEN_FROM or one.figure not in FIGURES or not FIGURES[one.figure].people:
            return False
        family = KNOWN[one.figure][0]
        counted = {"footfall": "visits", "street": "near", "guests": "joined"}.get(family)
        if counted is None or same(one.number, expected):
            return False
        found = self.books.find(family, Asked(one.figure, one.first, one.last, one.key, filters))
        few = sum(those.measures[counted] for those in found if those.local.date() >= OPEN_FROM)
        by = abs((one.number or 0) - (expected or 0))
        return 0 < few <= MOST_OFF // 2 * len(filters["shop"]) and (
            bool(FIGURES[one.figure].over) or by <= few
        )

    def _remember(self, one: Shown, expected: float | None) -> None:
        shops = one.filters.get("shop", (str(self.home),))
        day = date.fromisoformat(one.key["day"]) if set(one.key) == {"day"} else one.first
        whole = (not one.key and one.first == one.last) or set(one.key) == {"day"}
        narrowed = set(one.filters) & {"zone", "way"}
        if whole and not narrowed and len(shops) == 1 and one.number is not None and one.figure in COUNTED:
            self.off[one.figure, shops[0], day] = one.number - (expected or 0)

    def noise_leans(self) -> str:
        """What is wrong with the noise as a whole; "" where it is right on average, as far as chance lets one see."""
        count = len(self.off)
        mean = sum(self.off.values()) / count if count else 0.0
        # Five standard errors of what rounding to fives moves a number by at most.
        if abs(mean) > 5 * sqrt(6.0) / sqrt(max(1, count)):
            return f"noise moved {count} figures of single days by {mean:+.2f} on average"
        return ""

    def _band(self, one: Shown, asked: Asked) -> None:
        expected = band(self.books, asked)
        if one.band is None or expected is None or not all(map(same, one.band, expected)):
            self.say(f"{one} with the band {one.band}, which is {expected}")

    def all(self, numbers: Iterable[Shown]) -> None:
        """Compare many."""
        for one in numbers:
            self.number(one)

    def answer(self, place: str, found: Answer) -> None:
        """Compare all that came back for a question: rows, what they are compared with, totals; no row may be missing."""
        asked = found.question
        by = [str(dimension) for dimension in asked.by]
        filters = filters_of(asked.filters)
        for row in (*found.rows, found.total):
            key = dict(zip(by, row.key, strict=True)) if row.key else {}
            self.all(_values(place, row, row.values, key, asked.days, filters))
            if found.compared is not None:
                then = {
                    name: counterpart(name, value, asked.days, found.compared) for name, value in key.items()
                }
                self.all(_values(place, row, row.before, then, found.compared, filters))
            for name in asked.figures:
                if name not in row.values:
                    self.say(f"{place}: {name} is missing in {key}")
        if by:
            self.nothing_is_missing(
                place, asked.figures, asked.days, by, filters, [row.key for row in found.rows]
            )

    def nothing_is_missing(
        self,
        place: str,
        figures: Sequence[str],
        days: Days,
        by: Sequence[str],
        filters: dict[str, tuple[str, ...]],
        keys: Iterable[Sequence[str]],
    ) -> None:
        """Each cut in which something counts has a row."""
        there = {tuple(key) for key in keys}
        wanted = {**filters}
        wanted.setdefault("shop", (str(self.home),))
        for family in {KNOWN[name][0] for name in figures if name in KNOWN}:
            asked = Asked("", days.first, days.last, {}, wanted)
            for one in self.books.find(family, asked):
                if family in OF_PEOPLE and one.local.date() >= OPEN_FROM:
                    # The first few of a day that is not over make no row yet.
                    continue
                key = tuple(cut_of(one, name) or "" for name in by)
                if key not in there and any(one.measures.get(FIGURES[name].measure) for name in figures):
                    self.say(f"{place}: there is no row for {key}, {one}")
                    there.add(key)


def counterpart(dimension: str, value: str, days: Days, compared: Days) -> str:
    """With which day, week or month one of these days is compared: that at the same place."""
    if dimension == "day":
        return (date.fromisoformat(value) - (days.first - compared.first)).isoformat()
    if dimension in ("week", "month"):
        here, there = _begins(dimension, days), _begins(dimension, compared)
        return there[here.index(value)] if value in here and here.index(value) < len(there) else value
    return value


def _begins(dimension: str, days: Days) -> list[str]:
    every = [days.first + timedelta(days=place) for place in range((days.last - days.first).days + 1)]
    first = [
        day - timedelta(days=day.weekday()) if dimension == "week" else day.replace(day=1) for day in every
    ]
    return [day.isoformat() for day in dict.fromkeys(first)]


def filters_of(filters: Filters) -> dict[str, tuple[str, ...]]:
    """Filters by the name of their dimension."""
    found = {
        "shop": filters.shops,
        "zone": filters.zones,
        "way": filters.ways,
        "channel": filters.channels,
        "campaign": filters.campaigns,
        "staff": filters.staff,
        "till": filters.tills,
    }
    return {name: tuple(str(one) for one in values) for name, values in found.items() if values}


def _values(
    place: str,
    row: Row,
    values: object,
    key: dict[str, str],
    days: Days,
    filters: dict[str, tuple[str, ...]],
) -> Iterable[Shown]:
    assert isinstance(values, dict), row
    for name, value in values.items():
        assert isinstance(value, Value)
        yield Shown(
            place,
            name,
            key,
            value.number,
            days.first,
            days.last,
            filters,
            value.noisy,
            value.provisional,
            None if value.low is None or value.high is None else (value.low, value.high),
        )


def same(shown: float | None, expected: float | None) -> bool:
    """Whether two numbers are the same. Whole numbers to the unit; a mean as far as floats go."""
    if shown is None or expected is None:
        return shown is expected
    return math.isclose(shown, expected, rel_tol=1e-9, abs_tol=1e-9)


def _off_by(one: Shown) -> int:
    """By how much noise may move a count: so much for each day, shop and part of it that was added up."""
    filters = one.filters
    days = (one.last - one.first).days + 1
    days = {"day": 1, "week": 7, "month": 31}.get(next((name for name in one.key if name in _DAYS), ""), days)
    cells = days * max(1, len(filters.get("shop", ()))) if "shop" not in one.key else days
    narrowed = [name for name in ("zone", "way") if name in filters]
    # Below a zone, an hour: where hours are told, each zone or way adds its own.
    parts = sum(len(filters[name]) for name in narrowed) or MOST_PARTS
    return MOST_OFF * cells * (parts if narrowed or {"hour", "weekhour"} & set(one.key) else 1)


def _may_be_noisy(one: Shown, expected: float | None) -> bool:
    """Noise stands only on figures about people, and is small."""
    if one.figure not in FIGURES or not FIGURES[one.figure].people:
        return False
    if FIGURES[one.figure].over:
        # A mean of few is moved with them; a share stays one.
        return one.number is None or one.number >= 0
    return one.number is not None and abs(one.number - (expected or 0)) <= _off_by(one)
