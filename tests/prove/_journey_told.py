"""What the hub says after a journey, asked as other programs ask: `/api/v1` with a key that may read, and nothing else."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from hub.app import open_database
from hub.outside.keys import make_key
from hub.replay.house import CLOCK, HUB, Hand
from hub.store.grains import Asked

WAIT_S = 120.0
AT_ONCE = 20
"""Shops in one question."""

YEAR = {"days": "custom", "from": "2017-01-01", "to": "2017-12-31"}
OFFICE = 1


@dataclass(slots=True)
class Told:
    """By (month, shop) purchases and cents; by (campaign, shop) and (campaign, month) what was redeemed. `visits`: by (month,
    shop) as it may be shown, with whether it carries noise."""

    purchases: dict[tuple[str, int], int] = field(default_factory=dict)
    cents: dict[tuple[str, int], int] = field(default_factory=dict)
    visits: dict[tuple[str, int], tuple[int, bool]] = field(default_factory=dict)
    by_shop: dict[tuple[int, int], int] = field(default_factory=dict)
    by_month: dict[tuple[int, str], int] = field(default_factory=dict)


def reading_key(folder: Path) -> str:
    """A key of head office that may read."""
    hand = Hand(folder / CLOCK)
    try:
        with closing(open_database(folder / HUB, shop=OFFICE)) as store:
            made = make_key(store, "Proof", ("read",), "proof", hand.now())
    finally:
        hand.close()
    assert isinstance(made, tuple), made
    return made[1]


def ask_everything(url: str, key: str, shops: Sequence[int]) -> Told:
    """All that is compared."""
    told = Told()
    for some in _parts(shops):
        of_month = _rows(url, key, some, ("purchases", "sales_cents", "visits"), ("month", "shop"))
        for (month, shop), values in of_month:
            if values["purchases"]["value"]:
                told.purchases[month, int(shop)] = int(values["purchases"]["value"])
                told.cents[month, int(shop)] = int(values["sales_cents"]["value"])
            shown = values["visits"]
            if shown["value"] or shown["noisy"]:
                told.visits[month, int(shop)] = (int(shown["value"] or 0), shown["noisy"])
        for (campaign, shop), values in _rows(url, key, some, ("redeemed",), ("campaign", "shop")):
            if values["redeemed"]["value"]:
                told.by_shop[int(campaign), int(shop)] = int(values["redeemed"]["value"])
        for (campaign, month), values in _rows(url, key, some, ("redeemed",), ("campaign", "month")):
            number = int(values["redeemed"]["value"] or 0)
            if number:
                told.by_month[int(campaign), month] = told.by_month.get((int(campaign), month), 0) + number
    return told


def kept_visits(folder: Path, shops: Iterable[int]) -> dict[tuple[str, int], int]:
    """The visits themselves, without noise, as they are kept: by month and shop. No page shows them."""
    found: dict[tuple[str, int], int] = {}
    with closing(open_database(folder / HUB, shop=OFFICE)) as store:
        for month in range(1, 13):
            first = date(2017, month, 1)
            last = date(2017 + month // 12, month % 12 + 1, 1).toordinal() - 1
            asked = Asked("footfall", ("visits",), tuple(shops), first.toordinal(), last, by=("shop",))
            for row in store.rollups.sums(asked):
                found[first.strftime("%Y-%m"), int(row.key[0])] = row.numbers[0]
    return found


def _rows(
    url: str, key: str, shops: Sequence[int], figures: Sequence[str], by: Sequence[str]
) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    query = [*YEAR.items(), *(("figure", one) for one in figures), *(("by", one) for one in by)]
    query += [("shop", str(one)) for one in shops]
    for row in _get(url, key, f"/figures?{urlencode(query)}")["rows"]:
        first, second = (row["key"][name] for name in by)
        yield (_named(by[0], first), _named(by[1], second)), row["values"]


def _named(what: str, name: str) -> str:
    """A month is named by its first day."""
    return name[:7] if what == "month" else name


def _get(url: str, key: str, path: str) -> Any:
    request = urllib.request.Request(f"{url}/api/v1{path}", headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=WAIT_S) as response:
        return json.load(response)


def _parts(shops: Sequence[int]) -> Iterator[Sequence[int]]:
    for first in range(0, len(shops), AT_ONCE):
        yield shops[first : first + AT_ONCE]
