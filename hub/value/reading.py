"""A file of members' histories, read or refused whole: no line is left out in silence.

Pure. Columns by their names in the first line, in any order: `customer_id`, `frequency` (returns after the first visit),
`recency` (from the first visit to the last), `T` (from the first visit to the end), and `monetary_value` (the mean of what
was spent at a return) where it is known. Others are let be.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hub.value.bgnbd import History

MOST_TOLD = 20
"""Mistakes that are told at once; how many more there are is told, too."""

MOST_FREQUENCY = 1_000_000
NAMES = {
    "customer_id": ("customer_id", "id", "customer", "member"),
    "frequency": ("frequency",),
    "recency": ("recency",),
    "age": ("t",),
}
MONEY = "monetary_value"


@dataclass(frozen=True, slots=True)
class Row:
    """One member. `spent`: the mean of a return's sum; None where the file does not say."""

    customer_id: str
    history: History
    spent: float | None = None


class _Wrong(Exception):
    """What is wrong with a line."""


class _WrongFile(Exception):
    """What is wrong, after which nothing more can be read."""


class _Lines:
    """The lines as texts, counted."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self.read = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.read += 1
        try:
            # What Excel puts before the first line is no part of it.
            return line.decode("utf-8-sig" if self.read == 1 else "utf-8")
        except UnicodeDecodeError:
            raise _WrongFile(f"Line {self.read}: it is not UTF-8. Save the file as CSV UTF-8.") from None


def read_rows(lines: Iterable[bytes]) -> list[Row] | list[str]:
    """The members; or, where anything is wrong, only sentences that say what and in which line."""
    text = _Lines(lines)
    try:
        first = next(text, "")
        separator = max(",;\t", key=first.count)
        columns, width = _columns(first, separator)
        rows, wrong = _rows(text, separator, columns, width)
    except _WrongFile as error:
        return [str(error)]
    if wrong:
        more = len(wrong) - MOST_TOLD
        return wrong[:MOST_TOLD] + ([f"{more} more lines are wrong, too."] if more > 0 else [])
    return rows or ["There is no member in the file, only the line with the columns' names."]


def _columns(first: str, separator: str) -> tuple[dict[str, int], int]:
    if not first.strip():
        raise _WrongFile(
            "The file is empty. Its first line names the columns: customer_id,frequency,recency,T."
        )
    head = [name.strip().lower() for name in next(csv.reader([first], delimiter=separator))]
    columns = {}
    for wanted, names in NAMES.items():
        found = [head.index(name) for name in names if name in head]
        if not found:
            raise _WrongFile(
                f"Line 1: there is no column {'T' if wanted == 'age' else wanted}. The columns are customer_id, frequency, "
                f"recency, T and, where it is known, {MONEY}."
            )
        columns[wanted] = found[0]
    if MONEY in head:
        columns[MONEY] = head.index(MONEY)
    twice = sorted(name for name in {head[index] for index in columns.values()} if head.count(name) > 1)
    if twice:
        raise _WrongFile(f"Line 1: the column {', '.join(twice)} is there twice.")
    return columns, len(head)


def _rows(text: _Lines, separator: str, columns: dict[str, int], width: int) -> tuple[list[Row], list[str]]:
    rows: list[Row] = []
    wrong: list[str] = []
    seen: dict[str, int] = {}
    reader = csv.reader(text, delimiter=separator, strict=True)
    while True:
        line = text.read + 1
        try:
            cells = next(reader, None)
            if cells is None:
                return rows, wrong
            if cells and (len(cells) > 1 or cells[0].strip()):
                rows.append(_row(cells, columns, width, seen, line))
        except _Wrong as error:
            wrong.append(f"Line {line}: {error}")
        except csv.Error as error:
            raise _WrongFile(f"Line {text.read}: it cannot be read as CSV ({error}).") from None


def _row(cells: list[str], columns: dict[str, int], width: int, seen: dict[str, int], line: int) -> Row:
    if len(cells) != width:
        raise _Wrong(f"it has {len(cells)} cells, the first line names {width} columns.")
    name = cells[columns["customer_id"]].strip()
    if not name:
        raise _Wrong("customer_id is empty.")
    if name in seen:
        raise _Wrong(f"customer_id {_short(name)} is in line {seen[name]} already.")
    seen[name] = line
    frequency = _number("frequency", cells[columns["frequency"]])
    recency = _number("recency", cells[columns["recency"]])
    age = _number("T", cells[columns["age"]])
    if frequency != int(frequency) or frequency > MOST_FREQUENCY:
        raise _Wrong(f"frequency {frequency:g} is not a whole number up to {MOST_FREQUENCY:,}.")
    if recency > age:
        raise _Wrong(f"recency {recency:g} is more than T {age:g}: the last visit would be in the future.")
    if not frequency and recency:
        raise _Wrong(f"frequency is 0, so recency has to be 0, too, and is {recency:g}.")
    spent = None
    if MONEY in columns and (frequency or cells[columns[MONEY]].strip()):
        spent = _number(MONEY, cells[columns[MONEY]])
    return Row(name, History(int(frequency), recency, age), spent)


def _number(name: str, cell: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or "_" in cell:
        raise _Wrong(f"{name} is {_short(cell.strip()) or 'empty'}, which is not a number.")
    if number < 0:
        raise _Wrong(f"{name} is {number:g}; it cannot be below 0.")
    return number


def _short(text: str) -> str:
    shown = text if len(text) <= 40 else text[:40] + "…"
    return "".join(one if one.isprintable() else "\ufffd" for one in shown)
