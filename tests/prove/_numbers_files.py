"""Reads numbers that leave the hub: JSON of the interface for programs, CSV of a page and of the interface, a digest's JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import date
from random import Random
from typing import Any
from urllib.parse import urlencode

from hub.figures.question import Comparison, Days, Question
from hub.outside.keys import make_key
from tests.prove._numbers_asking import questions, stretches
from tests.prove._numbers_check import Checker, counterpart, filters_of
from tests.prove._numbers_reader import Shown
from tests.prove._numbers_shops import CAMPAIGNS, Shops

Filters = dict[str, tuple[str, ...]]
Stretch = tuple[date, date]


_VERSUS = {Comparison.NONE: "none", Comparison.PREVIOUS: "previous", Comparison.YEAR: "year"}


Worth = Callable[[dict[str, str]], int]
"""What a row adds to a number."""


def _counts(line: dict[str, str]) -> bool:
    return line["standing"] in ("first", "part")


_ROWS: dict[str, dict[str, Worth]] = {
    "coupons": {"taken": lambda _: 1},
    "redemptions": {
        "redeemed": lambda line: int(_counts(line)),
        "given_cents": lambda line: int(line["value_cents"]) * _counts(line),
        "alone": lambda line: int(line["offline"]) * _counts(line),
    },
    "refusals": {"refused": lambda _: 1},
    "conflicts": {
        "conflicts": lambda line: int(not line["settled_at"]),
        "conflict_cents": lambda line: int(line["cost_cents"]) * (not line["settled_at"]),
    },
    "purchases": {"purchases": lambda _: 1, "sales_cents": lambda line: int(line["cents"])},
}
"""By table, how its rows come to figures."""


class Files:
    """A program with a key, which fetches numbers."""

    def __init__(self, shops: Shops) -> None:
        self._shops = shops
        made = make_key(shops.store, "Spreadsheet", ("read", "export_data"), "Ines", shops.now)
        assert isinstance(made, tuple), made
        self._headers = {"Authorization": f"Bearer {made[1]}"}
        self._client = shops.hub.app.test_client()

    def fetch(self, checker: Checker, rnd: Random, count: int) -> int:
        """Fetch the answers to so many questions as JSON and as CSV, and compare every number in them; how many files came."""
        every = list(questions(rnd, checker.home))
        came = 0
        for question in rnd.sample(every, min(count, len(every))):
            query, filters = _query(question), filters_of(question.filters)
            by = tuple(str(one) for one in question.by)
            compared = question.compared()
            told = self._get(f"/api/v1/figures?{query}", checker)
            table = self._get(f"/api/v1/figures.csv?{query}", checker)
            if told is None or table is None:
                continue
            came += 2
            numbers, keys = from_json("/api/v1/figures", told, filters)
            checker.all(numbers)
            days = (question.days.first, question.days.last)
            lines, of_lines = from_csv(
                "/api/v1/figures.csv",
                table,
                by,
                days,
                (compared.first, compared.last) if compared else None,
                filters,
            )
            checker.all(lines)
            for place, found in (("/api/v1/figures", keys), ("/api/v1/figures.csv", of_lines)):
                if by:
                    checker.nothing_is_missing(place, question.figures, question.days, by, filters, found)
        return came

    def rows(self, checker: Checker, rnd: Random, count: int) -> int:
        """Fetch the rows behind numbers of the counter so many times: counted, they come to them. How many files came."""
        for _ in range(count):
            table = rnd.choice(sorted(_ROWS))
            days = rnd.choice(stretches(checker.home))
            filters: Filters = rnd.choice(({}, {"campaign": (str(rnd.choice(CAMPAIGNS)),)}))
            query = urlencode(
                [
                    *(
                        ("table", table),
                        ("days", "custom"),
                        ("from", days.first.isoformat()),
                        ("to", days.last.isoformat()),
                    ),
                    *(("campaign", value) for value in filters.get("campaign", ())),
                ]
            )
            body = self._get(f"/api/v1/rows.csv?{query}", checker)
            if body is None:
                continue
            lines = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
            if table == "purchases":
                filters = {}
            for figure, worth in _ROWS[table].items():
                number = sum(worth(line) for line in lines)
                place = f"/api/v1/rows.csv, {table}"
                checker.number(Shown(place, figure, {}, number, days.first, days.last, filters))
        return count

    def report(self, checker: Checker, days: Days) -> None:
        """Fetch the report of some days, which the command line prints too, and compare every number of it."""
        query = urlencode({"first_day": days.first.isoformat(), "last_day": days.last.isoformat()})
        body = self._get(f"/api/v1/report?{query}", checker)
        if body is not None:
            checker.all(_of_report(json.loads(body), (days.first, days.last)))

    def _get(self, address: str, checker: Checker) -> bytes | None:
        answer = self._client.get(address, headers=self._headers)
        if answer.status_code != 200:
            checker.say(f"{address} answers {answer.status_code}: {answer.get_data(as_text=True)[:200]}")
            return None
        return answer.get_data()


def _of_report(told: dict[str, Any], days: Stretch) -> Iterator[Shown]:
    place = "/api/v1/report"

    def one(figure: str, number: float | None, key: dict[str, str], *, noisy: bool = False) -> Shown:
        return Shown(place, figure, key, number, *days, {}, noisy)

    for name, value in told["figures"].items():
        yield _shown(place, name, {}, value, days, {})
    visits, guests, street, coupons = (told[name] for name in ("visits", "guests", "street", "coupons"))
    yield one("visits", visits["total"], {}, noisy=visits["noisy"])
    for part, key in (("by_day", "day"), ("by_zone", "zone")):
        for value, number in visits[part].items():
            yield one("visits", number, {key: value}, noisy=visits["noisy"])
    for hour, number in enumerate(visits["by_hour"]):
        yield one("visits", number, {"hour": str(hour)}, noisy=visits["noisy"])
    yield one("guests", guests["total"], {}, noisy=guests["noisy"])
    for way, number in guests["by_way"].items():
        yield one("guests", number, {"way": way}, noisy=guests["noisy"])
    for zone in street["by_zone"]:
        for name in ("passers", "entrants"):
            yield one(name, zone[name], {"zone": zone["zone"]}, noisy=street["noisy"])
    yield one("conflicts", len(told["conflicts"]), {})
    yield one("refused", sum(coupons["refusals"].values()), {})
    for part, key in (("by_campaign", "campaign"), ("by_day", "day")):
        for row in coupons[part]:
            for name in _IN_A_REPORT.keys() & row.keys():
                yield one(_IN_A_REPORT[name], row[name], {key: str(row[key])})


_IN_A_REPORT = {name: name for name in ("shown", "redeemed", "alone", "refused")}
_IN_A_REPORT |= {"issued": "taken", "seen": "opened", "value_cents": "given_cents"}


def _query(question: Question) -> str:
    fields: list[tuple[str, str]] = [
        ("days", "custom"),
        ("from", question.days.first.isoformat()),
        ("to", question.days.last.isoformat()),
        ("vs", _VERSUS[question.comparison]),
        *(("figure", name) for name in question.figures),
        *(("by", str(one)) for one in question.by),
        *((name, value) for name, values in filters_of(question.filters).items() for value in values),
    ]
    return urlencode(fields)


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
        then = _then(row["key"], days, compared)
        for part, key, stretch in (("values", row["key"], days), ("before", then, compared)):
            if stretch is not None:
                found += [
                    _shown(place, name, key, value, stretch, filters) for name, value in row[part].items()
                ]
    return found, [tuple(row["key"][name] for name in told["by"]) for row in told["rows"]]


def _then(key: dict[str, str], days: Stretch, compared: Stretch | None) -> dict[str, str]:
    if compared is None:
        return key
    return {name: counterpart(name, value, Days(*days), Days(*compared)) for name, value in key.items()}


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
            then = _then(key, days, compared)
            yield Shown(
                place,
                name,
                then,
                _number(line[f"{name}_before"]),
                *compared,
                filters,
                line.get(f"{name}_before_noisy") == "1",
            )


def _number(text: str) -> float | None:
    return float(text) if text else None
