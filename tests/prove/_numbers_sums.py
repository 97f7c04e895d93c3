"""The sums that are kept, before any noise is put on them: each measure of each family, by every cut, against the journal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import combinations
from random import Random

from hub.store.grains import FAMILIES, Asked
from hub.store.rollups import Summed
from tests.prove._numbers_books import Asked as Wanted
from tests.prove._numbers_books import Counted, cut_of
from tests.prove._numbers_check import Checker
from tests.prove._numbers_shops import HOME, SECOND, Shops

FIRST, LAST = date(2025, 10, 20), date(2026, 11, 30)
TIMES = ("day", "week", "hour", "weekday", "weekhour")
STRETCHES = (
    (FIRST, LAST),
    (LAST, LAST),
    *((date(2026, 3, day), date(2026, 3, day)) for day in (8, 29)),
    (date(2026, 10, 25), date(2026, 10, 25)),
    (date(2026, 11, 1), date(2026, 11, 1)),
    (date(2026, 10, 1), date(2026, 11, 1)),
)
CUTS_OF_A_FAMILY = 12


def compare_sums(shops: Shops, checker: Checker, rnd: Random, *, every: bool = False, only: str = "") -> int:
    """Read sums in many ways and compare every one; how many were compared. `every`: by every cut, of all days.
    `only`: of one family."""
    compared = 0
    for asked in _questions(rnd, every=every):
        if only and asked.family != only:
            continue
        found = {_key(asked, one): one.numbers for one in _of(shops, asked)}
        expected = _expected(checker, asked)
        for key in sorted(found.keys() | expected.keys()):
            compared += len(asked.measures)
            here = found.get(key, (0,) * len(asked.measures))
            there = expected.get(key, (0,) * len(asked.measures))
            for measure, one, other in zip(asked.measures, here, there, strict=True):
                if one != other:
                    where = f"{asked.family} {dict(zip(asked.by, key, strict=True))} of {asked.shops}"
                    checker.say(f"kept sums: {measure}, {where} is {one}, and should be {other}")
    return compared


def _of(shops: Shops, asked: Asked) -> list[Summed]:
    return shops.store.rollups.sums(asked)


def _questions(rnd: Random, *, every: bool) -> Iterator[Asked]:
    for name, family in FAMILIES.items():
        dims = ("shop", *family.dims, *TIMES)
        cuts = [(), *((dim,) for dim in dims), *combinations(dims, 2)]
        # A day has one week, and an hour of the week has one hour: only one time at once.
        cuts = [cut for cut in cuts if sum(dim in TIMES for dim in cut) <= 1]
        for by in cuts if every else rnd.sample(cuts, min(len(cuts), CUTS_OF_A_FAMILY)):
            first, last = STRETCHES[0] if every else rnd.choice(STRETCHES)
            yield Asked(
                name,
                family.measures,
                rnd.choice(((HOME,), (SECOND,), (HOME, SECOND))),
                first.toordinal(),
                last.toordinal(),
                by,
            )


def _key(asked: Asked, one: Summed) -> tuple[str, ...]:
    return tuple(
        date.fromordinal(int(value)).isoformat() if dim in ("day", "week") else str(value)
        for dim, value in zip(asked.by, one.key, strict=True)
    )


def _expected(checker: Checker, asked: Asked) -> dict[tuple[str, ...], tuple[int, ...]]:
    first, last = date.fromordinal(asked.first_day), date.fromordinal(asked.last_day)
    wanted = Wanted("", first, last, {}, {"shop": tuple(str(shop) for shop in asked.shops)})
    groups: dict[tuple[str, ...], list[Counted]] = {}
    for one in checker.books.find(asked.family, wanted):
        groups.setdefault(tuple(cut_of(one, dim) or "" for dim in asked.by), []).append(one)
    greatest = FAMILIES[asked.family].greatest
    found = {}
    for key, those in groups.items():
        numbers = tuple(
            (max if name in greatest else sum)(one.measures.get(name, 0) for one in those)
            for name in asked.measures
        )
        if any(numbers):
            found[key] = numbers
    return found
