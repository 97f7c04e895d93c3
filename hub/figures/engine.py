"""Answers every question for figures: pages, files, the digest, the board and the JSON interface all ask here.

What is summed stands in the rollups of the store, by the shop's own days and hours; what a figure is made of says its definition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from itertools import product

from hub.figures import freshness, periods
from hub.figures.answer import Answer, Change, Key, Row, Value
from hub.figures.definitions import FIGURES, Family, Figure
from hub.figures.question import (
    LONGEST_DAYS,
    MOST_CUTS,
    TIMES,
    Comparison,
    Days,
    Dimension,
    Filters,
    Question,
)
from hub.figures.reach import shops_of
from hub.figures.reading import FIELDS, Read, read, value_of
from hub.figures.settling import settle_for
from hub.sentences import Said, said
from hub.store.base import Store

MOST_FILLED = 1_000
"""Where a question is cut by times alone, each of them has a row, also where nothing happened; so many at most."""

_FILTERS = FIELDS | {Dimension.SHOP: "shops"}


def ask(store: Store, question: Question, now: float) -> Answer | Said:
    """The answer; a sentence where the question makes no sense. `now`: seconds of UTC, for how fresh it is.

    A cut in which nothing happened has no row, but times by which alone it is cut have one each. It only reads, but for what may
    be shown of people, which is made anew where facts came since (`hub.figures.settling`). StorageError where the disk fails.
    """
    wrong = unfit(store, question)
    if wrong is not None:
        return wrong
    shops = question.filters.shops or (store.shop.number,)
    figures = [FIGURES[name] for name in question.figures]
    fresh = freshness.look(store, shops, now)
    is_open = _openness(fresh, figures, question, shops)
    compared = question.compared()
    families = {figure.family for figure in figures}
    settle_for(store, shops, now, [question.days, *([compared] if compared else [])], fresh, families)
    here = read(store, figures, question, question.days, shops)
    rows = _rows(figures, question, question.days, here, is_open)
    total = _total(figures, question, question.days, here, is_open)
    before = None
    if compared is not None:
        before = read(store, figures, question, compared, shops)
        earlier = _rows(figures, question, compared, before, is_open)
        rows = _beside(figures, question, rows, earlier, compared, is_open)
        total = Row((), total.values, _total(figures, question, compared, before, is_open).values)
    return Answer(
        question,
        now,
        tuple(rows[key] for key in sorted(rows, key=_order(question.by))),
        total,
        compared,
        {family.value: fresh.of(family) for family in dict.fromkeys(one.family for one in figures)},
        _not_narrowed(figures, question.filters),
        here.simulated or (before is not None and before.simulated),
        _changed(store, question, shops),
    )


def _changed(store: Store, question: Question, shops: tuple[int, ...]) -> tuple[Change, ...]:
    """What of these days changed after they were seen. What is kept is of whole shops."""
    filters = question.filters
    if any(getattr(filters, name) for name in FIELDS.values()):
        return ()
    days = question.days
    return tuple(
        Change(one.shop, date.fromordinal(one.day).isoformat(), one.figure, one.earlier, one.number, one.at)
        for one in store.seen.changed(shops, days.first.toordinal(), days.last.toordinal())
        if one.figure in question.figures
    )


def unfit(store: Store, question: Question) -> Said | None:
    """Why a question has no answer; None where it has one."""
    unknown = [name for name in question.figures if name not in FIGURES]
    if unknown or not question.figures:
        return said("There is no figure called %(name)s.", name=unknown[0] if unknown else "")
    if len(question.by) > MOST_CUTS or len(set(question.by)) < len(question.by):
        return said("Figures are cut by at most two different things at once.")
    for name in question.figures:
        for cut in question.by:
            if cut not in FIGURES[name].cuts:
                return said("The figure %(name)s is not told by %(cut)s.", name=name, cut=cut.value)
    if question.comparison is Comparison.CUSTOM and question.against is None:
        return said("Say with which days to compare.")
    compared = question.compared()
    for days in (question.days, *((compared,) if compared else ())):
        if days.first > days.last:
            return said("The first day comes after the last one.")
        if days.count > LONGEST_DAYS:
            return said("Ask for at most %(count)s days.", count=LONGEST_DAYS)
    strange = set(question.filters.shops) - set(shops_of(store))
    if strange:
        return said("Shop %(number)s is not among the shops that you see here.", number=min(strange))
    return None


_Openness = Callable[[Family, Key, Days], bool]


def _openness(
    fresh: freshness.Freshness, figures: Sequence[Figure], question: Question, shops: tuple[int, ...]
) -> _Openness:
    """Whether something may still be added to a cut of a family."""
    by = question.by
    shop_at = by.index(Dimension.SHOP) if Dimension.SHOP in by else None
    time_at = next((at for at, name in enumerate(by) if name in TIMES), None)
    since = {
        (family, shop): fresh.open_from(family, (shop,) if shop else shops)
        for family in dict.fromkeys(one.family for one in figures)
        for shop in (0, *(shops if shop_at is not None else ()))
    }

    def is_open(family: Family, key: Key, days: Days) -> bool:
        whole = not key
        day = since[family, 0 if whole or shop_at is None else int(key[shop_at])]
        if day is None:
            return False
        last = days.last if whole or time_at is None else periods.last_day(by[time_at], key[time_at], days)
        return day <= last.toordinal()

    return is_open


def _rows(
    figures: Sequence[Figure], question: Question, days: Days, found: Read, is_open: _Openness
) -> dict[Key, Row]:
    keys: Iterable[Key] = found.rows
    filled = [periods.all_of(name, days) for name in question.by]
    lists = [names for names in filled if names is not None]
    if question.by and len(lists) == len(filled):
        every = list(product(*lists))
        # A day has no hour of another day's week: where two times are told at once, only what is there has a row.
        if len(lists) == 1 and len(every) <= max(MOST_FILLED, days.count):
            keys = every
    by_campaign = _tells_campaigns(question)
    return {
        key: Row(
            key,
            {
                figure.name: value_of(
                    figure,
                    found.rows.get(key, {}).get(figure.family),
                    by_campaign=by_campaign or Dimension.CAMPAIGN in question.by,
                    provisional=is_open(figure.family, key, days),
                )
                for figure in figures
            },
        )
        for key in keys
    }


def _total(figures: Sequence[Figure], question: Question, days: Days, found: Read, is_open: _Openness) -> Row:
    values = {
        figure.name: value_of(
            figure,
            found.total.get(figure.family),
            by_campaign=_tells_campaigns(question),
            provisional=is_open(figure.family, (), days),
        )
        for figure in figures
    }
    return Row((), values)


def _tells_campaigns(question: Question) -> bool:
    return bool(question.filters.campaigns)


def _beside(
    figures: Sequence[Figure],
    question: Question,
    rows: dict[Key, Row],
    earlier: dict[Key, Row],
    compared: Days,
    is_open: _Openness,
) -> dict[Key, Row]:
    """Each row with the values of its counterpart. What was there only in the days of the comparison has a row too."""
    names = [periods.counterparts(name, question.days, compared) for name in question.by]
    back = [{then: now for now, then in one.items()} for one in names]
    found: dict[Key, Row] = {}
    left = dict(earlier)
    for key, row in rows.items():
        other = tuple(names[at].get(part, part) for at, part in enumerate(key))
        match = left.pop(other, None)
        found[key] = Row(
            key, row.values, match.values if match else _nothing(figures, question, other, compared, is_open)
        )
    for other, row in left.items():
        if any(part not in back[at] for at, part in enumerate(other) if names[at]):
            continue
        key = tuple(back[at].get(part, part) for at, part in enumerate(other))
        found[key] = Row(key, _nothing(figures, question, key, question.days, is_open), row.values)
    return found


def _nothing(
    figures: Sequence[Figure], question: Question, key: Key, days: Days, is_open: _Openness
) -> dict[str, Value]:
    del key, question
    return {
        figure.name: value_of(figure, None, by_campaign=False, provisional=is_open(figure.family, (), days))
        for figure in figures
    }


def _order(by: tuple[Dimension, ...]) -> Callable[[Key], list[tuple[int, str]]]:
    return lambda key: [periods.order_of(name, part) for name, part in zip(by, key, strict=True)]


def _not_narrowed(figures: Sequence[Figure], filters: Filters) -> tuple[str, ...]:
    narrowing = {name for name, kept in _FILTERS.items() if getattr(filters, kept)}
    return tuple(figure.name for figure in figures if narrowing - figure.cuts)
