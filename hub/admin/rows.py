"""The rows behind a number: single acts of the counter; of people the finest sums that may be shown, never a single visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice

from flask import request
from werkzeug.wrappers import Response

from hub.admin.explorer import Explorer
from hub.admin.naming import dimension_name
from hub.admin.office import Office, Route
from hub.admin.paging import asked_page
from hub.figures.answer import Answer, Row
from hub.figures.question import Dimension
from hub.figures.rows_out import rows_of
from hub.sentences import Said
from hub.storefront.languages import gettext

LINES = 50
MOST_PAGES = 40
"""Further pages would read what stands before them again; the whole is a file."""

SHEETS = {
    "taken": "coupons",
    **dict.fromkeys(
        ("redeemed", "given_cents", "baskets", "earned_cents", "alone", "returned"), "redemptions"
    ),
    "reversed": "reversals",
    "refused": "refusals",
    **dict.fromkeys(("conflicts", "conflict_cents"), "conflicts"),
}
"""By figure, the acts that are counted in it (`hub.store.explore_views`)."""

_FINEST = (Dimension.ZONE, Dimension.WAY, Dimension.CAMPAIGN, Dimension.TILL)
_LEFT_OUT = frozenset({"day", "hour", "device", "simulated", "expires_at", "balance_cents", "purchase"})


@dataclass(frozen=True, slots=True)
class Act:
    """One act, ready to be shown: its cells by column, as the reader writes them, and its coupon ("" for none)."""

    cells: tuple[str, ...]
    serial: str


def rows(office: Office) -> Response:
    """What a number is made of."""
    view = Explorer(office)
    name = view.figure.name
    if name in SHEETS:
        return _acts(view, SHEETS[name])
    step = (
        Dimension.HOUR if view.asked.days.count == 1 and Dimension.HOUR in view.figure.cuts else Dimension.DAY
    )
    part = next((one for one in _FINEST if one in view.figure.cuts), None)
    answer = view.ask([name], (step, part) if part else (step,))
    found: Sequence[Row] = [] if isinstance(answer, Said) else answer.rows
    number = min(asked_page(request.args), MOST_PAGES)
    shown = found[(number - 1) * LINES : number * LINES]
    return office.page(
        "rows.html",
        view=view,
        chips=view.chips(),
        acts=None,
        wrong=answer if isinstance(answer, Said) else None,
        answer=answer if isinstance(answer, Answer) else None,
        question=answer.question if isinstance(answer, Answer) else None,
        lines=[
            ([view.names.of(by, key) for by, key in zip(answer.question.by, row.key, strict=True)], row)
            for row in shown
        ]
        if isinstance(answer, Answer)
        else [],
        heads=[dimension_name(step), *([dimension_name(part)] if part else [])],
        page=number,
        more=len(found) > number * LINES,
        sheet="",
    )


def _acts(view: Explorer, sheet: str) -> Response:
    number = min(asked_page(request.args), MOST_PAGES)
    table = rows_of(
        view.office.store, sheet, view.asked.days, view.asked.filters, view.office.shop().timezone
    )
    wanted = [place for place, column in enumerate(table.columns) if column.name not in _LEFT_OUT]
    skip = (number - 1) * LINES
    found = list(islice(chain.from_iterable(table.pages), skip, skip + LINES + 1))
    serial = next((place for place, column in enumerate(table.columns) if column.name == "serial"), None)
    acts = [
        Act(
            tuple(_say(view, table.columns[place].name, row[place]) for place in wanted),
            str(row[serial]) if serial is not None else "",
        )
        for row in found[:LINES]
    ]
    return view.office.page(
        "rows.html",
        view=view,
        chips=view.chips(),
        acts=acts,
        wrong=None,
        answer=None,
        question=view.asked.question([view.figure.name]),
        heads=[_head(table.columns[place].name) for place in wanted],
        lines=[],
        page=number,
        more=len(found) > LINES,
        sheet=sheet,
    )


def _head(column: str) -> str:
    names = {
        "at": gettext("Time"),
        "serial": gettext("Coupon"),
        "campaign": gettext("Offer"),
        "channel": gettext("Channel"),
        "till": gettext("Till"),
        "staff": gettext("Staff"),
        "value_cents": gettext("Value given"),
        "basket_cents": gettext("Purchase"),
        "standing": gettext("Counts as"),
        "offline": gettext("Decided by"),
        "refusal": gettext("Reason"),
        "first_at": gettext("First time"),
        "first_till": gettext("First till"),
        "first_staff": gettext("First staff"),
        "cost_cents": gettext("Cost"),
        "settled_at": gettext("Settled"),
    }
    return names.get(column, column)


def _say(view: Explorer, column: str, cell: object) -> str:
    wording = view.office.wording()
    if cell is None or cell == "":
        return ""
    if column.endswith("_cents"):
        return wording.money(int(str(cell)))
    if column == "at" or column.endswith("_at"):
        return wording.dated(float(str(cell)))
    if column == "offline":
        return gettext("the till alone") if cell else gettext("the hub")
    if column == "standing":
        return {
            "first": gettext("redeemed"),
            "conflict": gettext("accepted twice"),
            "reversed": gettext("taken back"),
        }.get(str(cell), str(cell))
    dimension = {"campaign": Dimension.CAMPAIGN, "channel": Dimension.CHANNEL}.get(column)
    if column in ("staff", "first_staff"):
        dimension = Dimension.STAFF
    if column in ("till", "first_till"):
        dimension = Dimension.TILL
    return view.names.of(dimension, str(cell)) if dimension else str(cell)


ROUTES = (Route("/explore/rows", "rows", rows),)
