"""What other programs ask of managers' numbers: the same question, the same answer as on every page; files of any length."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from flask import Response

from hub.figures.address import Asked, read
from hub.figures.answer import Answer
from hub.figures.csv_out import csv_of
from hub.figures.definitions import FIGURES
from hub.figures.engine import ask
from hub.figures.json_out import AnswerShown, FigureList, answer_shown, figure_list
from hub.figures.parquet import parquet_of
from hub.figures.rows_out import rows_of
from hub.figures.table import Table, table_of
from hub.outside.asking import Call, Refused
from hub.outside.figure_shapes import DaysWanted, FiguresWanted, RowsWanted
from hub.sentences import Said
from hub.wire.snapshot import Shop

CSV, PARQUET = "text/csv", "application/vnd.apache.parquet"


class _Arguments:
    """A question of the document, as an address has it."""

    def __init__(self, query: DaysWanted) -> None:
        self._query = query

    def getlist(self, key: str) -> list[str]:
        """Every value under a name."""
        value = getattr(self._query, {"from": "first", "to": "last"}.get(key, key), None)
        if isinstance(value, list):
            return [str(one) for one in value]
        return [str(value)] if value else []


def definitions(call: Call) -> FigureList:
    """Every figure with how it is made."""
    del call
    return figure_list()


def figures(call: Call) -> AnswerShown:
    """The answer."""
    return answer_shown(_answer(call), call.store.shop.number)


def figures_csv(call: Call) -> Response:
    """The answer as CSV."""
    return csv_response(table_of(_answer(call)), _shop(call), "figures")


def figures_parquet(call: Call) -> Response:
    """The answer as Parquet."""
    return parquet_response(table_of(_answer(call)), _shop(call), "figures")


def rows_csv(call: Call) -> Response:
    """Rows behind the numbers of the counter, as CSV."""
    return csv_response(_rows(call), _shop(call), call.query.table)


def rows_parquet(call: Call) -> Response:
    """The same as Parquet."""
    return parquet_response(_rows(call), _shop(call), call.query.table)


def csv_response(table: Table, shop: Shop, name: str, *, for_people: bool = False) -> Response:
    """A table as a CSV file that is made while it is fetched."""
    return _file(csv_of(table, shop.timezone, for_people=for_people), f"{CSV}; charset=utf-8", f"{name}.csv")


def parquet_response(table: Table, shop: Shop, name: str) -> Response:
    """A table as a Parquet file that is made while it is fetched. Refused where the library is missing."""
    made = parquet_of(table, shop.timezone)
    if isinstance(made, Said):
        raise Refused(409, "no_parquet", str(made))
    return _file(made, PARQUET, f"{name}.parquet")


def _file(pieces: Iterator[bytes], kind: str, name: str) -> Response:
    response = Response(pieces, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="shopbell-{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _answer(call: Call) -> Answer:
    query: FiguresWanted = call.query
    names = tuple(dict.fromkeys(query.figure)) or tuple(FIGURES)
    unknown = next((name for name in names if name not in FIGURES), None)
    if unknown is not None:
        sentence = f"There is no figure {unknown!r}. See /api/v1/figures/definitions."
        raise Refused(422, "unknown_figure", sentence, {"figure": sentence})
    asked = _asked(call)
    if not query.figure:
        # All that can be cut so: nobody has to know by heart what goes together.
        names = tuple(name for name in names if set(asked.by) <= FIGURES[name].cuts)
    answer = ask(call.store, asked.question(names), call.now)
    if isinstance(answer, Said):
        raise Refused(422, "bad_question", str(answer))
    return answer


def _rows(call: Call) -> Table:
    query: RowsWanted = call.query
    asked = _asked(call)
    call.note("rows.fetched", query.table)
    return rows_of(call.store, query.table, asked.days, asked.filters, _shop(call).timezone)


def _asked(call: Call) -> Asked:
    query: DaysWanted = call.query
    days = {
        name: getattr(query, name)
        for name in ("first", "last", "vs_from", "vs_to")
        if getattr(query, name, None)
    }
    faults: dict[str, Said | str] = {}
    for name, text in days.items():
        try:
            date.fromisoformat(text)
        except ValueError:
            faults[{"first": "from", "last": "to"}.get(name, name)] = f"{text} is no day of the calendar."
    if query.days == "custom" and not (query.first or query.last):
        faults["from"] = "With days=custom say from and to, such as 2026-01-31."
    if faults:
        raise Refused(422, "bad_period", "A day of the question is none.", faults)
    return read(_Arguments(query), _shop(call), call.now, default="30")


def _shop(call: Call) -> Shop:
    return call.store.shop.get() or Shop(0, {})
