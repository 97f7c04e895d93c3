"""Reads the sums behind a question, each family's in one go, and makes values of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from hub.capture import band
from hub.figures import members, periods
from hub.figures.answer import Key, Value
from hub.figures.definitions import Family, Figure, Unit
from hub.figures.question import Days, Dimension, Filters, Question
from hub.store.base import Store
from hub.store.grains import FAMILIES, Asked, Summed
from hub.store.hidden import SHOWN

BANDS = {"people_mean": ("low", "high")}
"""Figures with a band: what is summed of its two ends."""

BY_CHANCE = frozenset(("capture_rate", "guests_known_share"))
"""Shares with a band that holds the true one nine times in ten, as far as chance goes (`hub.capture`)."""

ONCE = {"baskets": "baskets_once", "earned_cents": "earned_once_cents"}
"""What a purchase adds for each campaign of which a coupon was used for it, and what it adds once, where no campaign is told from
another."""

IN_THOUSANDTHS = frozenset(("dwell_ms", "people", "low", "high", "most"))
"""Measures that are kept in thousandths of the unit of their figure."""

FIELDS: dict[Dimension, str] = {
    Dimension.ZONE: "zones",
    Dimension.WAY: "ways",
    Dimension.CHANNEL: "channels",
    Dimension.CAMPAIGN: "campaigns",
    Dimension.STAFF: "staff",
    Dimension.TILL: "tills",
}

Source = Callable[[Store, Asked], list[Summed]]
"""Whatever knows a family's sums. Rows in the order of their keys; a cut in which nothing happened need not be there."""


def _from_rollups(store: Store, asked: Asked) -> list[Summed]:
    return store.rollups.sums(asked)


def _from_shown(store: Store, asked: Asked) -> list[Summed]:
    return store.hidden.sums(asked)


SOURCES: dict[Family, Source] = {
    **{one: _from_rollups for one in Family if one.value in FAMILIES},
    **{one: _from_shown for one in Family if one.value in SHOWN},
    Family.MEMBERS: members.sums,
}
"""Who knows the sums of each family. Whoever keeps them otherwise adds a line."""

NOT_ADDED_UP = frozenset((Family.MEMBERS, Family.FOOTFALL, Family.STREET, Family.GUESTS))
"""The total of these is a question of its own: somebody who was there on two days is one member, and a total of cells with noise
may be exact (`hub.figures.noise`)."""


@dataclass(slots=True)
class Sums:
    """The sums of one cut of one family, by measure."""

    numbers: dict[str, int] = field(default_factory=dict)
    noisy: set[str] = field(default_factory=set)
    """Measures that carry noise."""


@dataclass(slots=True)
class Read:
    """Sums of a period by key and family, and of all of it by family."""

    rows: dict[Key, dict[Family, Sums]] = field(default_factory=dict)
    total: dict[Family, Sums] = field(default_factory=dict)
    simulated: bool = False


def measures_of(figure: Figure) -> tuple[str, ...]:
    """What has to be summed for a figure."""
    return _measures(figure.name, figure.measure, figure.over)


@cache
def _measures(name: str, measure: str, over: str) -> tuple[str, ...]:
    names = (measure, *(over.split("+") if over else ()), *BANDS.get(name, ()))
    return (*names, *(ONCE[one] for one in names if one in ONCE))


def read(
    store: Store, figures: Sequence[Figure], question: Question, days: Days, shops: tuple[int, ...]
) -> Read:
    """The sums of these days."""
    found = Read()
    for family in dict.fromkeys(figure.family for figure in figures):
        wanted = dict.fromkeys(
            name for figure in figures if figure.family is family for name in measures_of(figure)
        )
        asked = Asked(
            family.value,
            tuple(wanted),
            shops,
            days.first.toordinal(),
            days.last.toordinal(),
            only=_only(family, question.filters),
        )
        _read_family(store, family, asked, question.by, days, found)
    return found


def _only(family: Family, filters: Filters) -> tuple[tuple[str, tuple[str | int, ...]], ...]:
    dims = FAMILIES[family.value].dims if family.value in FAMILIES else ()
    return tuple(
        (dimension.value, getattr(filters, name))
        for dimension, name in FIELDS.items()
        if dimension.value in dims and getattr(filters, name)
    )


def _read_family(
    store: Store, family: Family, asked: Asked, by: tuple[Dimension, ...], days: Days, found: Read
) -> None:
    source = SOURCES[family]
    total = found.total.setdefault(family, Sums())
    greatest = FAMILIES[family.value].greatest if family.value in FAMILIES else frozenset()
    for key, row in _cut(store, source, asked, by, days):
        found.simulated = found.simulated or row.simulated
        sums = found.rows.setdefault(key, {}).setdefault(family, Sums()) if by else total
        _add(sums, asked.measures, row, greatest)
        if by and family not in NOT_ADDED_UP:
            _add(total, asked.measures, row, greatest)
    if by and family in NOT_ADDED_UP:
        for row in source(store, asked):
            _add(total, asked.measures, row, greatest)


def _cut(
    store: Store, source: Source, asked: Asked, by: tuple[Dimension, ...], days: Days
) -> Iterable[tuple[Key, Summed]]:
    """Rows with their keys. A month is asked for by itself, because only a calendar knows where it ends."""
    rest = tuple(one for one in by if one is not Dimension.MONTH)
    parts = periods.months(days) if Dimension.MONTH in by else [(days.first, days)]
    for first, part in parts:
        one = Asked(
            asked.family,
            asked.measures,
            asked.shops,
            part.first.toordinal(),
            part.last.toordinal(),
            tuple(name.value for name in rest),
            asked.only,
        )
        for row in source(store, one):
            names = dict(zip(rest, row.key, strict=True))
            key = tuple(
                first.isoformat() if name is Dimension.MONTH else periods.name_of(name, names[name])
                for name in by
            )
            yield key, row


def _add(sums: Sums, measures: Sequence[str], row: Summed, greatest: frozenset[str]) -> None:
    numbers = sums.numbers
    if not numbers:
        # Nearly always: most cuts are one row.
        numbers.update(zip(measures, row.numbers, strict=True))
        sums.noisy |= row.noisy
        return
    for name, number in zip(measures, row.numbers, strict=True):
        before = numbers.get(name, 0)
        numbers[name] = max(before, number) if name in greatest else before + number
    sums.noisy |= row.noisy


def value_of(figure: Figure, sums: Sums | None, *, by_campaign: bool, provisional: bool) -> Value:
    """A figure from the sums of one cut. `by_campaign`: it is of single campaigns."""
    numbers: Mapping[str, int] = sums.numbers if sums is not None else {}

    def number(name: str) -> int:
        return numbers.get(name if by_campaign else ONCE.get(name, name), 0)

    scale = 1_000 if figure.measure in IN_THOUSANDTHS else 1
    noisy = (
        figure.people
        and sums is not None
        and bool(sums.noisy)
        and not sums.noisy.isdisjoint(measures_of(figure))
    )
    if not figure.over:
        plain = number(figure.measure)
        made = plain / scale if scale > 1 else plain
        # The fullest window of nobody's hour says nothing.
        is_nothing = figure.unit is not Unit.CENTS and scale > 1 and not plain
        return Value(None if is_nothing else made, noisy=noisy, provisional=provisional)
    over = sum(number(name) for name in figure.over.split("+"))
    if over <= 0:
        return Value(None, noisy=noisy, provisional=provisional)
    if figure.name in BY_CHANCE:
        # Shown counts carry noise: a part may come out larger than its whole.
        part = max(0, min(number(figure.measure), over))
        return Value(part / over, *band(part, over), noisy, provisional)
    low, high = BANDS.get(figure.name, ("", ""))
    return Value(
        number(figure.measure) / scale / over,
        number(low) / scale / over if low else None,
        number(high) / scale / over if high else None,
        noisy,
        provisional,
    )
