"""Which cells of a table about people may be shown: none that singles out fewer than ten of them, also not by subtraction.

Pure. A cell of one to nine is left out. Where what is left out of a row or a column could be worked out from its sum, because
it is one cell alone or fewer than ten people together, the next smallest cell is left out with it, or else the sum
(complementary suppression, one line at a time). Nought singles nobody out and is shown.
"""

from __future__ import annotations

from collections.abc import Mapping

FEWEST = 10
"""People in the smallest figure that is shown."""

ALL = ""
"""Stands for the sum in the place of a row's or a column's name."""

Cell = tuple[str, str]


def shown(count: int) -> int | None:
    """A single figure about people; None where it would single out fewer than ten."""
    return count if count == 0 or count >= FEWEST else None


def shown_table(cells: Mapping[Cell, int]) -> dict[Cell, int | None]:
    """The table with its sums (under `ALL`); None for what is left out."""
    whole = _with_sums(cells)
    lines = _lines(whole)
    hidden = {key for key, count in whole.items() if shown(count) is None}
    while leaks := [key for line in lines if (key := _leak(line, whole, hidden)) is not None]:
        hidden.update(leaks)
    return {key: None if key in hidden else count for key, count in whole.items()}


def _with_sums(cells: Mapping[Cell, int]) -> dict[Cell, int]:
    whole = dict(cells)
    for (row, column), count in cells.items():
        for key in ((row, ALL), (ALL, column), (ALL, ALL)):
            whole[key] = whole.get(key, 0) + count
    whole.setdefault((ALL, ALL), 0)
    return whole


def _lines(whole: Mapping[Cell, int]) -> list[tuple[Cell, list[Cell]]]:
    """Each row and each column, those of the sums too: the place of its sum, and what adds up to it."""
    rows: dict[str, list[Cell]] = {}
    columns: dict[str, list[Cell]] = {}
    for row, column in whole:
        if column != ALL:
            rows.setdefault(row, []).append((row, column))
        if row != ALL:
            columns.setdefault(column, []).append((row, column))
    return [((row, ALL), parts) for row, parts in rows.items()] + [
        ((ALL, column), parts) for column, parts in columns.items()
    ]


def _leak(line: tuple[Cell, list[Cell]], whole: Mapping[Cell, int], hidden: set[Cell]) -> Cell | None:
    """What else has to be left out of this line; None where it tells nothing as it is."""
    total, parts = line
    out = [key for key in parts if key in hidden]
    others = [key for key in parts if key not in hidden and whole[key]]
    smallest = min(others, key=lambda key: (whole[key], key)) if others else None
    if total in hidden:
        return smallest if not out else None
    if not out or (len(out) > 1 and sum(whole[key] for key in out) >= FEWEST):
        return None
    return smallest or total
