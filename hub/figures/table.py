"""An answer as a table for other programs: one column for each cut and each number, one row for each cut of the answer.

Pure. `csv_out` and `parquet` write it. Money is in hundredths of the shop's currency, times in seconds, shares from 0 to 1, as
everywhere in the JSON interface; a total is no row of it, since most totals are not the sum of the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from hub.figures.answer import NOTHING, Answer, Row, Value
from hub.figures.definitions import FIGURES, Unit
from hub.figures.question import Dimension

Kind = Literal["text", "whole", "decimal", "day", "time", "yes"]
"""`time`: seconds of UTC, which are written as a time of the shop with its distance from UTC."""

Cell = str | int | float | None
Named = Callable[[Dimension, str], str]
"""What a value of a dimension is called."""

_WHOLE = frozenset(
    {Dimension.SHOP, Dimension.CAMPAIGN, Dimension.HOUR, Dimension.WEEKDAY, Dimension.WEEKHOUR}
)
_DAYS = frozenset({Dimension.DAY, Dimension.WEEK, Dimension.MONTH})
_NAMED = frozenset({Dimension.SHOP, Dimension.CAMPAIGN, Dimension.STAFF})
"""Dimensions whose values are numbers or ids, so that a name stands beside them."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Table:
    """Columns, and rows of as many cells, some at a time."""

    columns: tuple[Column, ...]
    pages: Iterable[list[list[Cell]]]


def table_of(answer: Answer, named: Named | None = None) -> Table:
    """The answer. A figure has a column with its name; beside it what it was in the days of the comparison (`_before`), its band
    (`_low`, `_high`), and for figures about people whether they carry noise (`_noisy`, `_before_noisy`). `provisional`: 1 where
    some number of the row is not final."""
    columns: list[Column] = []
    getters: list[Callable[[Row], Cell]] = []

    def add(name: str, kind: Kind, get: Callable[[Row], Cell]) -> None:
        columns.append(Column(name, kind))
        getters.append(get)

    for place, dimension in enumerate(answer.question.by):
        add(str(dimension), _kind(dimension), _key(place, dimension))
        if named is not None and dimension in _NAMED:
            add(f"{dimension}_name", "text", _name(place, dimension, named))
    rows = answer.rows if answer.question.by else (answer.total,)
    for name in answer.question.figures:
        kind: Kind = (
            "whole"
            if FIGURES[name].unit in (Unit.COUNT, Unit.CENTS) and not FIGURES[name].over
            else "decimal"
        )
        add(name, kind, _number(name, kind))
        if answer.compared is not None:
            add(f"{name}_before", kind, _number(name, kind, before=True))
        if any(row.values.get(name, NOTHING).low is not None for row in rows):
            add(f"{name}_low", "decimal", lambda row, name=name: row.values.get(name, NOTHING).low)  # type: ignore[misc]  # a default argument
            add(f"{name}_high", "decimal", lambda row, name=name: row.values.get(name, NOTHING).high)  # type: ignore[misc]  # the same
        if FIGURES[name].people:
            add(f"{name}_noisy", "yes", lambda row, name=name: int(row.values.get(name, NOTHING).noisy))  # type: ignore[misc]  # the same
            if answer.compared is not None:
                add(f"{name}_before_noisy", "yes", _before_is_noisy(name))
    add("provisional", "yes", lambda row: int(any(value.provisional for value in row.values.values())))
    return Table(tuple(columns), _pages(rows, getters))


def _pages(rows: Iterable[Row], getters: list[Callable[[Row], Cell]]) -> Iterator[list[list[Cell]]]:
    page: list[list[Cell]] = []
    for row in rows:
        page.append([get(row) for get in getters])
        if len(page) >= 1_000:
            yield page
            page = []
    if page:
        yield page


def _kind(dimension: Dimension) -> Kind:
    return "whole" if dimension in _WHOLE else "day" if dimension in _DAYS else "text"


def _key(place: int, dimension: Dimension) -> Callable[[Row], Cell]:
    if dimension in _WHOLE:
        return lambda row: int(row.key[place]) if row.key[place].lstrip("-").isdigit() else None
    if dimension in _DAYS:
        return lambda row: _day(row.key[place])
    return lambda row: row.key[place]


def _day(text: str) -> str | None:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def _name(place: int, dimension: Dimension, named: Named) -> Callable[[Row], Cell]:
    return lambda row: named(dimension, row.key[place])


def _before_is_noisy(name: str) -> Callable[[Row], Cell]:
    return lambda row: int(row.before.get(name, NOTHING).noisy)


def _number(name: str, kind: Kind, *, before: bool = False) -> Callable[[Row], Cell]:
    def get(row: Row) -> Cell:
        value: Value = (row.before if before else row.values).get(name, NOTHING)
        if value.number is None:
            return None
        # A number that carries noise may have a fraction, and a whole one is written without.
        return int(value.number) if kind == "whole" and float(value.number).is_integer() else value.number

    return get
