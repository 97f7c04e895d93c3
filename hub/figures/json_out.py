"""An answer as JSON: what `/api/v1/figures` says, and what a digest posts.

Pure. Times are seconds of UTC, days are the shop's own, money is in hundredths of its currency, shares are from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hub.figures.answer import Answer, Row, Value
from hub.figures.definitions import FIGURES
from hub.figures.question import Dimension
from hub.wire.snapshot import Text


class ValueShown(msgspec.Struct, frozen=True):
    """One number; null where there is nothing to say. `low` to `high`: its band. `noisy`: it carries noise, always the same,
    because without it fewer than ten people would be singled out. `provisional`: facts that belong to it are still missing."""

    value: float | None
    low: float | None
    high: float | None
    noisy: bool
    provisional: bool


class RowShown(msgspec.Struct, frozen=True):
    """The numbers of one cut, by the names of figures. `key`: by dimension, what it is cut by. `before`: the same in the days of
    the comparison."""

    key: dict[str, str]
    values: dict[str, ValueShown]
    before: dict[str, ValueShown]


class NodeBehind(msgspec.Struct, frozen=True):
    """A device that has not told everything: its facts may be missing from that day on."""

    node: str
    since: str


class FreshShown(msgspec.Struct, frozen=True):
    """How fresh the numbers of one kind of facts are."""

    heard_at: float | None
    behind: list[NodeBehind]


class AnswerShown(msgspec.Struct, frozen=True):
    """What a question for figures came to. `rows` are in the order of their keys, and empty without `by`; `total` is of all days
    and is not always their sum: a mean is none, a guest who came on two days may be one. `not_narrowed`: figures on which some
    filter has no hold. `fresh`: by family of figures. `simulated`: facts of a simulated street are in it."""

    shop: int
    made_at: float
    first_day: str
    last_day: str
    compared_first_day: str | None
    compared_last_day: str | None
    by: list[str]
    figures: list[str]
    rows: list[RowShown]
    total: RowShown
    fresh: dict[str, FreshShown]
    not_narrowed: list[str]
    simulated: bool


class FigureShown(msgspec.Struct, frozen=True):
    """One figure: what it is called, how it is made, of which kinds of events, and by what it may be cut. `unit`: count, cents,
    seconds, share. `people`: a number below ten of it carries noise."""

    name: str
    family: str
    unit: str
    title: Text
    made: Text
    kinds: list[str]
    by: list[str]
    people: bool


class FigureList(msgspec.Struct, frozen=True):
    """Every figure that can be asked for, in the order of the list at `/manage/figures`."""

    items: list[FigureShown]


def answer_shown(answer: Answer, shop: int) -> AnswerShown:
    """An answer as it goes out. `shop`: whose hub says it."""
    question, compared = answer.question, answer.compared
    return AnswerShown(
        shop=shop,
        made_at=answer.made_at,
        first_day=question.days.first.isoformat(),
        last_day=question.days.last.isoformat(),
        compared_first_day=compared.first.isoformat() if compared else None,
        compared_last_day=compared.last.isoformat() if compared else None,
        by=[str(one) for one in question.by],
        figures=list(question.figures),
        rows=[_row(row, question.by) for row in answer.rows] if question.by else [],
        total=_row(answer.total, ()),
        fresh={
            str(family): FreshShown(one.heard_at, [NodeBehind(node, since) for node, since in one.behind])
            for family, one in answer.fresh.items()
        },
        not_narrowed=list(answer.not_narrowed),
        simulated=answer.simulated,
    )


def _row(row: Row, by: tuple[Dimension, ...]) -> RowShown:
    key = {str(dimension): text for dimension, text in zip(by, row.key, strict=False)}
    return RowShown(key, _values(row.values), _values(row.before))


def _values(values: Mapping[str, Value]) -> dict[str, ValueShown]:
    return {
        name: ValueShown(one.number, one.low, one.high, one.noisy, one.provisional)
        for name, one in values.items()
    }


def figure_list() -> FigureList:
    """Every figure, from the one list."""
    return FigureList(
        [
            FigureShown(
                one.name,
                str(one.family),
                str(one.unit),
                dict(one.title),
                dict(one.made),
                list(one.kinds),
                sorted(str(cut) for cut in one.cuts),
                one.people,
            )
            for one in FIGURES.values()
        ]
    )
