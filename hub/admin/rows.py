"""The rows behind a number: single acts of the counter; of people the finest sums that may be shown, never a single visit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from flask import request
from werkzeug.wrappers import Response

from hub.admin.explorer import Explorer
from hub.admin.naming import dimension_name
from hub.admin.office import Office, Route
from hub.admin.paging import asked_page
from hub.figures.address import FIELDS
from hub.figures.answer import Answer, Row
from hub.figures.engine import unfit
from hub.figures.question import Dimension
from hub.figures.rows_out import rows_of
from hub.sentences import Said
from hub.store.explore_views import VIEWS
from hub.storefront.languages import gettext

LINES = 50
MOST_PAGES = 40
"""Further pages would read what stands before them again; the whole is a file."""

SHEETS = {
    "taken": "coupons",
    **dict.fromkeys(("redeemed", "given_cents", "baskets", "earned_cents", "alone"), "redemptions"),
    "reversed": "reversals",
    "refused": "refusals",
    **dict.fromkeys(("conflicts", "conflict_cents"), "conflicts"),
    **dict.fromkeys(("purchases", "sales_cents"), "purchases"),
}
"""By figure, the acts that are counted in it (`hub.store.explore_views`). Which redemptions a member came back after has no rows:
they would tell of single members."""

Cells = dict[str, object]


def _counts(act: Cells) -> bool:
    return act["standing"] in ("first", "part")


_COUNTED: dict[str, Callable[[Cells], bool]] = {
    **dict.fromkeys(("redeemed", "given_cents"), _counts),
    **dict.fromkeys(
        ("baskets", "earned_cents"), lambda act: _counts(act) and act["basket_cents"] is not None
    ),
    "alone": lambda act: _counts(act) and bool(act["offline"]),
    **dict.fromkeys(("conflicts", "conflict_cents"), lambda act: act["settled_at"] is None),
}
"""By figure, which of these are counted; all of them where it has no entry."""

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
        400 if isinstance(answer, Said) else 200,
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
        not_narrowed=[],
    )


def _acts(view: Explorer, sheet: str) -> Response:
    office, filters = view.office, view.asked.filters
    wrong = unfit(office.store, view.asked.question([view.figure.name], ()))
    shops = filters.shops or (office.store.shop.number,)
    number = min(asked_page(request.args), MOST_PAGES)
    counted = _COUNTED.get(view.figure.name, lambda _: True)
    skip = (number - 1) * LINES
    found = [] if wrong else list(islice(filter(counted, _every(view, sheet, shops)), skip, skip + LINES + 1))
    columns = [column.name for column in VIEWS[sheet].columns if column.name not in _LEFT_OUT]
    shown = ["shop", *columns] if len(shops) > 1 else columns
    acts = [
        Act(tuple(_say(view, name, act[name]) for name in shown), str(act.get("serial", "")))
        for act in found[:LINES]
    ]
    return office.page(
        "rows.html",
        400 if wrong else 200,
        view=view,
        chips=view.chips(),
        acts=acts,
        wrong=wrong,
        answer=None,
        question=view.asked.question([view.figure.name]),
        heads=[_head(name) for name in shown],
        lines=[],
        page=number,
        more=len(found) > LINES,
        not_narrowed=[
            dimension_name(dimension)
            for dimension, name in FIELDS.items()
            if getattr(filters, name) and name != "shops" and name not in VIEWS[sheet].cuts
        ],
    )


def _every(view: Explorer, sheet: str, shops: Sequence[int]) -> Iterator[Cells]:
    """The acts of these shops, one shop after the other, read some at a time."""
    for number in shops:
        store = view.office.store.of_shop(number)
        shop = store.shop.get()
        if shop is None:
            continue
        table = rows_of(store, sheet, view.asked.days, view.asked.filters, shop.timezone)
        names = [column.name for column in table.columns]
        for row in chain.from_iterable(table.pages):
            yield {"shop": number, **dict(zip(names, row, strict=True))}


def _head(column: str) -> str:
    names = {
        "shop": gettext("Shop"),
        "cents": gettext("Paid"),
        "items": gettext("Things"),
        "zone": gettext("Zone"),
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
    if column == "cents" or column.endswith("_cents"):
        return wording.money(int(str(cell)))
    if column == "at" or column.endswith("_at"):
        return wording.dated(float(str(cell)))
    if column == "offline":
        return gettext("the till alone") if cell else gettext("the hub")
    if column == "standing":
        return {
            "first": gettext("redeemed"),
            "part": gettext("a part of a voucher"),
            "conflict": gettext("accepted twice"),
            "reversed": gettext("taken back"),
        }.get(str(cell), str(cell))
    dimension = {"shop": Dimension.SHOP, "campaign": Dimension.CAMPAIGN, "channel": Dimension.CHANNEL}.get(
        column
    )
    if column in ("staff", "first_staff"):
        dimension = Dimension.STAFF
    if column in ("till", "first_till"):
        dimension = Dimension.TILL
    return view.names.of(dimension, str(cell)) if dimension else str(cell)


ROUTES = (Route("/explore/rows", "rows", rows),)
