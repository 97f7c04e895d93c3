"""Figures and the rows behind the counter's as files: CSV for a spreadsheet, Parquet for programs; made while they are sent."""

from __future__ import annotations

from flask import abort, request
from werkzeug.wrappers import Response

from hub.admin.guard import allowed, needs
from hub.admin.made import family_name
from hub.admin.naming import dimension_name, names_of
from hub.admin.office import Office, Route
from hub.figures.address import Asked, read
from hub.figures.definitions import FIGURES, Family
from hub.figures.engine import ask
from hub.figures.parquet import MISSING
from hub.figures.question import Dimension
from hub.figures.rows_out import NAMES, rows_of
from hub.figures.table import Table, table_of
from hub.outside.asking import Refused
from hub.outside.figures import csv_response, parquet_response
from hub.roles import Right
from hub.sentences import Said
from hub.storefront.languages import gettext

CUTS = (
    *(Dimension.DAY, Dimension.WEEK, Dimension.MONTH, Dimension.HOUR, Dimension.WEEKHOUR, Dimension.ZONE, Dimension.CHANNEL),
    *(Dimension.CAMPAIGN, Dimension.STAFF, Dimension.TILL, Dimension.WAY, Dimension.SHOP),
)  # fmt: skip


def page(office: Office) -> Response:
    """What can be fetched, with a form for each."""
    asked = read(request.args, office.shop(), office.now(), default="30")
    return office.page(
        "files.html",
        asked=asked,
        families=[
            (family_name(family), [one for one in FIGURES.values() if one.family is family])
            for family in Family
            if any(one.family is family for one in FIGURES.values())
        ],
        cuts=[(str(one), dimension_name(one)) for one in CUTS],
        tables=[(name, rows_name(name)) for name in NAMES],
        may_rows=allowed(Right.EXPORT_DATA),
    )


def figures_file(office: Office, kind: str) -> Response:
    """Figures as a file: `figure=` as often as one likes, all that can be cut so where there is none; the rest as on a page."""
    asked = read(request.args, office.shop(), office.now(), default="30")
    wanted = [name for name in request.args.getlist("figure") if name in FIGURES] or list(FIGURES)
    names = tuple(name for name in dict.fromkeys(wanted) if set(asked.by) <= FIGURES[name].cuts)
    if not names:
        return _sorry(office, gettext("None of these numbers can be cut like that. Choose another cut."))
    answer = ask(office.store, asked.question(names), office.now())
    if isinstance(answer, Said):
        return _sorry(office, office.wording().say(answer))
    return _file(office, table_of(answer, names_of(office).of), kind, f"figures-{_days(asked)}")


@needs(Right.EXPORT_DATA)
def rows_file(office: Office, name: str, kind: str) -> Response:
    """The rows behind numbers of the counter, of the same days and filters as a page."""
    if name not in NAMES:
        abort(404)
    asked = read(request.args, office.shop(), office.now(), default="30")
    office.note("rows.fetched", name)
    table = rows_of(office.store, name, asked.days, asked.filters, office.shop().timezone)
    return _file(office, table, kind, f"{name}-{_days(asked)}")


def _file(office: Office, table: Table, kind: str, name: str) -> Response:
    if kind == "csv":
        return csv_response(table, office.shop(), name, for_people=True)
    try:
        return parquet_response(table, office.shop(), name)
    except Refused:
        return _sorry(office, office.wording().say(MISSING))


def _days(asked: Asked) -> str:
    return f"{asked.days.first.isoformat()}-{asked.days.last.isoformat()}"


def _sorry(office: Office, text: str) -> Response:
    return office.page("sorry.html", 422, title=gettext("This file cannot be made"), text=text)


def rows_name(name: str) -> str:
    """What a table of rows is called."""
    names = {
        "campaigns": gettext("Offers"),
        "coupons": gettext("Coupons taken"),
        "redemptions": gettext("Redemptions"),
        "reversals": gettext("Redemptions taken back"),
        "refusals": gettext("Refusals"),
        "conflicts": gettext("Accepted twice"),
        "purchases": gettext("Purchases"),
        "products": gettext("Products"),
    }
    return names.get(name, name)


ROUTES = (
    Route("/files", "files", page),
    Route("/figures.<any(csv, parquet):kind>", "figures_file", figures_file),
    Route("/rows/<name>.<any(csv, parquet):kind>", "rows_file", rows_file),
)
