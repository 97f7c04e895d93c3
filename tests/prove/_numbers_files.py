"""Reads numbers that leave the hub: JSON of the interface for programs, CSV of a page and of the interface, a digest's JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

from tests.prove._numbers_reader import Shown

Filters = dict[str, tuple[str, ...]]
Stretch = tuple[date, date]


def from_json(place: str, body: bytes, filters: Filters) -> tuple[list[Shown], list[tuple[str, ...]]]:
    """The numbers of an answer for programs, and the keys of its rows."""
    told = json.loads(body)
    days = _stretch(told["first_day"], told["last_day"])
    compared = (
        _stretch(told["compared_first_day"], told["compared_last_day"])
        if told["compared_first_day"]
        else None
    )
    found = []
    for row in (*told["rows"], told["total"]):
        for part, stretch in (("values", days), ("before", compared)):
            if stretch is not None:
                found += [
                    _shown(place, name, row["key"], value, stretch, filters)
                    for name, value in row[part].items()
                ]
    return found, [tuple(row["key"][name] for name in told["by"]) for row in told["rows"]]


def _stretch(first: str, last: str) -> Stretch:
    return date.fromisoformat(first), date.fromisoformat(last)


def _shown(
    place: str, name: str, key: dict[str, str], value: dict[str, Any], stretch: Stretch, filters: Filters
) -> Shown:
    band = None if value["low"] is None or value["high"] is None else (value["low"], value["high"])
    return Shown(
        place,
        name,
        key,
        value["value"],
        *stretch,
        filters,
        noisy=value["noisy"],
        provisional=value["provisional"],
        band=band,
    )


def from_csv(
    place: str, body: bytes, by: tuple[str, ...], days: Stretch, compared: Stretch | None, filters: Filters
) -> tuple[list[Shown], list[tuple[str, ...]]]:
    """The numbers of a table: a column for each figure, those of the comparison and marks of noise beside it."""
    lines = csv.DictReader(io.StringIO(body.decode("utf-8-sig")))
    found: list[Shown] = []
    keys = []
    for line in lines:
        key = {name: line[name].removeprefix("'") for name in by}
        keys.append(tuple(key.values()))
        found += _of_line(place, line, key, days, compared, filters)
    return found, keys


def _of_line(
    place: str,
    line: dict[str, str],
    key: dict[str, str],
    days: Stretch,
    compared: Stretch | None,
    filters: Filters,
) -> Iterator[Shown]:
    beside = ("_name", "_low", "_high", "_noisy", "_before")
    for name, text in line.items():
        if name in key or name == "provisional" or name.endswith(beside):
            continue
        low = line.get(f"{name}_low") or None
        band = (float(low), float(line[f"{name}_high"])) if low is not None else None
        noisy = line.get(f"{name}_noisy") == "1"
        final = line["provisional"] != "1"
        yield Shown(place, name, key, _number(text), *days, filters, noisy, not final, band)
        if compared is not None and f"{name}_before" in line:
            # Whether what it was before carries noise stands in no column.
            yield Shown(place, name, key, _number(line[f"{name}_before"]), *compared, filters, noisy=True)


def _number(text: str) -> float | None:
    return float(text) if text else None
